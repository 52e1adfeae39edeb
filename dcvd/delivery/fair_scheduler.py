"""Whose turn it is: organizations in rotation, and within each its endpoints in rotation.

No endpoint can delay another. What is under way to one is bounded, and those that are slow, silent or still unknown
hold some of the pool's slots at most, of which one organization again holds only some: a tenant with a thousand
endpoints that drip their answers leaves the others what they need.
"""

from collections import Counter, OrderedDict, deque
from typing import Final

from dcvd.delivery.endpoint_queue import EndpointQueue, Readiness

_SLOW_SHARE: Final = 0.75
_ORGANIZATION_SHARE: Final = 0.75
_RESERVE_DIVISOR: Final = 8
"""One in so many slots is out of reach of an organization that is not alone: endpoints that answered soon until now may
all fall silent at once."""


class FairScheduler:
    """Lanes that may be able to start something. Times as for `Lane`."""

    def __init__(self, slots: int) -> None:
        """`slots`: how many attempts may be under way in all."""
        self._slow_slots = max(int(slots * _SLOW_SHARE), 1)
        self._slow_slots_per_org = max(int(self._slow_slots * _ORGANIZATION_SHARE), 1)
        self._slots = slots
        self._org_ids: set[str] = set()
        self._in_flight: Counter[str] = Counter()
        self._rotation: OrderedDict[str, deque[EndpointQueue]] = OrderedDict()
        self._slow_queues: OrderedDict[str, OrderedDict[str, EndpointQueue]] = OrderedDict()
        self._slow_in_flight: Counter[str] = Counter()
        self._slow_deliveries: dict[str, str] = {}
        self.postponed_queues: list[EndpointQueue] = []
        """Lanes that were passed over because they are able only later; whoever takes turns plans them."""

    @property
    def has_queues(self) -> bool:
        """Whether `next` has lanes to look at."""
        return bool(self._rotation)

    def offer(self, queue: EndpointQueue) -> None:
        """The lane may be able to start something, now or once a slot is free."""
        if not queue.is_scheduled and queue.ready_count:
            queue.is_scheduled = True
            self._org_ids.add(queue.org_id)
            self._rotation.setdefault(queue.org_id, deque()).append(queue)

    def choose(self, now: int, limit: int) -> EndpointQueue | None:
        """The lane whose turn it is, which has to `begin`; None when no lane is able."""
        while (org_id := self._choose_organization()) is not None or self._offer_slow_queue():
            if org_id is None:
                continue
            ring = self._rotation[org_id]
            lane = ring.popleft()
            lane.is_scheduled = False
            if ring:
                self._rotation.move_to_end(org_id)
            else:
                del self._rotation[org_id]
            match lane.get_readiness(now, limit):
                case Readiness.READY if lane.is_fast or self._may_hold_slow_slot(lane.org_id):
                    return lane
                case Readiness.READY:
                    lane.is_scheduled = True
                    self._slow_queues.setdefault(lane.org_id, OrderedDict())[lane.endpoint_id] = lane
                case Readiness.LATER:
                    self.postponed_queues.append(lane)
                    # It may have come for the slot of one that is parked, which then must not wait for another.
                    self._offer_slow_queue()
                case Readiness.BLOCKED:
                    self._offer_slow_queue()
        return None

    def start(self, queue: EndpointQueue, delivery_id: str) -> None:
        """An attempt starts; the lane goes to the end of its ring."""
        self._in_flight[queue.org_id] += 1
        if not queue.is_fast:
            self._slow_deliveries[delivery_id] = queue.org_id
            self._slow_in_flight[queue.org_id] += 1
        self.offer(queue)

    def finish(self, queue: EndpointQueue, delivery_id: str) -> None:
        """An attempt has ended."""
        self._in_flight[queue.org_id] -= 1
        if not self._in_flight[queue.org_id]:
            del self._in_flight[queue.org_id]
        if queue.is_fast:
            # It has shown that it need not wait for a slot of the sluggish.
            self._remove_slow_queue(queue)
        org_id = self._slow_deliveries.pop(delivery_id, None)
        if org_id is not None:
            self._slow_in_flight[org_id] -= 1
            if not self._slow_in_flight[org_id]:
                del self._slow_in_flight[org_id]
            self._offer_slow_queue()
        self.offer(queue)

    def _choose_organization(self) -> str | None:
        """The first organization with a lane in its ring that has not yet got all that it may have."""
        most = self._slots if len(self._org_ids) <= 1 else self._slots - self._slots // _RESERVE_DIVISOR
        for _ in range(len(self._rotation)):
            org_id = next(iter(self._rotation))
            if self._in_flight[org_id] < most:
                return org_id
            self._rotation.move_to_end(org_id)
        return None

    def _may_hold_slow_slot(self, org_id: str) -> bool:
        return len(self._slow_deliveries) < self._slow_slots and self._slow_in_flight[org_id] < self._slow_slots_per_org

    def _remove_slow_queue(self, queue: EndpointQueue) -> None:
        parked = self._slow_queues.get(queue.org_id)
        if parked is not None and parked.pop(queue.endpoint_id, None) is not None:
            queue.is_scheduled = False
            if not parked:
                del self._slow_queues[queue.org_id]

    def _offer_slow_queue(self) -> bool:
        """Offer the first parked lane that may be slow; False when there is none, or no slot for it."""
        while len(self._slow_deliveries) < self._slow_slots:
            org_id = next((org_id for org_id in self._slow_queues if self._may_hold_slow_slot(org_id)), None)
            if org_id is None:
                return False
            parked = self._slow_queues[org_id]
            _, lane = parked.popitem(last=False)
            lane.is_scheduled = False
            if parked:
                self._slow_queues.move_to_end(org_id)
            else:
                del self._slow_queues[org_id]
            self.offer(lane)
            if lane.is_scheduled:
                return True
            # It has nothing ready any more, and leaves the slot to the next.
        return False
