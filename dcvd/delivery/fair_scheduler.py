"""Whose turn it is: organizations in rotation, and within each its endpoints in rotation.

No endpoint can delay another. What is under way to one is bounded, and those that are slow, silent or still unknown
hold some of the pool's slots at most, of which one organization again holds only some: a tenant with a thousand
endpoints that drip their answers leaves the others what they need.
"""

from collections import Counter, OrderedDict, deque
from typing import Final

from dcvd.delivery.endpoint_queue import Able, Lane

_SLUGGISH_SHARE: Final = 0.75
_ORG_SHARE: Final = 0.75
_RESERVE: Final = 8
"""One in so many slots is out of reach of an organization that is not alone: endpoints that answered soon until now may
all fall silent at once."""


class Turns:
    """Lanes that may be able to start something. Times as for `Lane`."""

    def __init__(self, slots: int) -> None:
        """`slots`: how many attempts may be under way in all."""
        self._sluggish_slots = max(int(slots * _SLUGGISH_SHARE), 1)
        self._org_slots = max(int(self._sluggish_slots * _ORG_SHARE), 1)
        self._slots = slots
        self._orgs: set[str] = set()
        self._under_way: Counter[str] = Counter()
        self._rings: OrderedDict[str, deque[Lane]] = OrderedDict()
        self._parked: OrderedDict[str, OrderedDict[str, Lane]] = OrderedDict()
        self._sluggish: Counter[str] = Counter()
        self._held: dict[str, str] = {}
        self.later: list[Lane] = []
        """Lanes that were passed over because they are able only later; whoever takes turns plans them."""

    @property
    def waiting(self) -> bool:
        """Whether `next` has lanes to look at."""
        return bool(self._rings)

    def offer(self, lane: Lane) -> None:
        """The lane may be able to start something, now or once a slot is free."""
        if not lane.queued and lane.ready:
            lane.queued = True
            self._orgs.add(lane.org_id)
            self._rings.setdefault(lane.org_id, deque()).append(lane)

    def next(self, now: int, limit: int) -> Lane | None:
        """The lane whose turn it is, which has to `begin`; None when no lane is able."""
        while (org_id := self._whose_turn()) is not None or self._unpark():
            if org_id is None:
                continue
            ring = self._rings[org_id]
            lane = ring.popleft()
            lane.queued = False
            if ring:
                self._rings.move_to_end(org_id)
            else:
                del self._rings[org_id]
            match lane.able(now, limit):
                case Able.YES if lane.brisk or self._may_be_slow(lane.org_id):
                    return lane
                case Able.YES:
                    lane.queued = True
                    self._parked.setdefault(lane.org_id, OrderedDict())[lane.id] = lane
                case Able.LATER:
                    self.later.append(lane)
                    # It may have come for the slot of one that is parked, which then must not wait for another.
                    self._unpark()
                case Able.NO:
                    self._unpark()
        return None

    def begin(self, lane: Lane, delivery_id: str) -> None:
        """An attempt starts; the lane goes to the end of its ring."""
        self._under_way[lane.org_id] += 1
        if not lane.brisk:
            self._held[delivery_id] = lane.org_id
            self._sluggish[lane.org_id] += 1
        self.offer(lane)

    def end(self, lane: Lane, delivery_id: str) -> None:
        """An attempt has ended."""
        self._under_way[lane.org_id] -= 1
        if not self._under_way[lane.org_id]:
            del self._under_way[lane.org_id]
        if lane.brisk:
            # It has shown that it need not wait for a slot of the sluggish.
            self._leave_park(lane)
        org_id = self._held.pop(delivery_id, None)
        if org_id is not None:
            self._sluggish[org_id] -= 1
            if not self._sluggish[org_id]:
                del self._sluggish[org_id]
            self._unpark()
        self.offer(lane)

    def _whose_turn(self) -> str | None:
        """The first organization with a lane in its ring that has not yet got all that it may have."""
        most = self._slots if len(self._orgs) <= 1 else self._slots - self._slots // _RESERVE
        for _ in range(len(self._rings)):
            org_id = next(iter(self._rings))
            if self._under_way[org_id] < most:
                return org_id
            self._rings.move_to_end(org_id)
        return None

    def _may_be_slow(self, org_id: str) -> bool:
        return len(self._held) < self._sluggish_slots and self._sluggish[org_id] < self._org_slots

    def _leave_park(self, lane: Lane) -> None:
        parked = self._parked.get(lane.org_id)
        if parked is not None and parked.pop(lane.id, None) is not None:
            lane.queued = False
            if not parked:
                del self._parked[lane.org_id]

    def _unpark(self) -> bool:
        """Offer the first parked lane that may be slow; False when there is none, or no slot for it."""
        while len(self._held) < self._sluggish_slots:
            org_id = next((org_id for org_id in self._parked if self._may_be_slow(org_id)), None)
            if org_id is None:
                return False
            parked = self._parked[org_id]
            _, lane = parked.popitem(last=False)
            lane.queued = False
            if parked:
                self._parked.move_to_end(org_id)
            else:
                del self._parked[org_id]
            self.offer(lane)
            if lane.queued:
                return True
            # It has nothing ready any more, and leaves the slot to the next.
        return False
