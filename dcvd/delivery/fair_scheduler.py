"""Choose the next queue: organizations take turns, and within each organization its endpoints take turns.

No endpoint can delay another. The attempts in flight to one endpoint are limited, and those to one origin. Endpoints
that are slow, silent or still unknown hold only some of the pool's slots, and one organization only some of those: a
tenant with a thousand endpoints that drip their answers leaves the others what they need.

`SharedSlots` alone would not do: what takes turns here are queues, at two levels, and not tasks that wait.
"""

from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from typing import Final

from msgspec import Struct

from dcvd.delivery.endpoint_queue import EndpointQueue, Readiness
from dcvd.delivery.origin_slots import OriginSlots
from dcvd.delivery.waiting_queues import WaitingQueues
from dcvd.kit.limits.shared_slots import SharedSlots

_SLOW_SHARE: Final = 0.75
_ORGANIZATION_SHARE: Final = 0.75
_RESERVE_DIVISOR: Final = 8
"""One in so many slots is denied to an organization that is not alone: endpoints that were fast until now may all fall
silent at once."""


class _Place(Struct, frozen=True, gc=False):
    """Where queues wait that are all fast, or all slow. origin: whose slots they wait for; empty for a slow slot."""

    origin: str
    is_fast: bool


_FOR_SLOW_SLOT: Final = _Place("", is_fast=False)


class _Attempt(Struct, frozen=True, gc=False):
    """The slots that an attempt in flight holds. By its end its endpoint may have another origin and another speed."""

    origin: str
    is_fast: bool


class FairScheduler:
    """Shares the slots among queues that may be able to start an attempt. Instants are as in `EndpointQueue`.

    A queue that may not start, because its origin has no room or no slow slot is free, waits apart: it costs nothing
    until an attempt ends. Where both are missing it waits for its origin.
    """

    def __init__(self, slots: int, get_origin_limit: Callable[[], int]) -> None:
        """Share `slots` attempts in flight; for `get_origin_limit` see `OriginSlots`."""
        slow_slots = max(int(slots * _SLOW_SHARE), 1)
        self._slow_slots = SharedSlots[str](slow_slots, max(int(slow_slots * _ORGANIZATION_SHARE), 1))
        self._origin_slots = OriginSlots(get_origin_limit)
        self._slots = slots
        self._org_ids: set[str] = set()
        self._in_flight: Counter[str] = Counter()
        self._attempts: dict[str, _Attempt] = {}
        self._rotation: OrderedDict[str, deque[EndpointQueue]] = OrderedDict()
        self._waiting: OrderedDict[_Place, WaitingQueues] = OrderedDict()
        self._places: dict[str, _Place] = {}
        """The place of each waiting queue, by its endpoint."""
        self.postponed_queues: list[EndpointQueue] = []
        """Queues that may start only later; the caller of `choose` empties this list and sets timers for them."""

    @property
    def has_queues(self) -> bool:
        """Whether `choose` has queues to choose from."""
        return bool(self._rotation)

    def offer(self, queue: EndpointQueue) -> None:
        """Add a queue that may be able to start an attempt, now or once a slot is free."""
        if queue.is_scheduled:
            place = self._places.get(queue.endpoint_id)
            if place is None or (queue.is_fast is place.is_fast and place.origin in ("", queue.origin)):
                return
            self._stop_waiting(queue, place)
        if queue.ready_count:
            queue.is_scheduled = True
            self._org_ids.add(queue.org_id)
            self._rotation.setdefault(queue.org_id, deque()).append(queue)

    def choose(self, now: int, limit: int) -> EndpointQueue | None:
        """Return the queue whose turn it is; None when no queue may start. The caller then calls `start`."""
        while (org_id := self._choose_organization()) is not None or self._offer_waiting():
            if org_id is None:
                continue
            org_queues = self._rotation[org_id]
            queue = org_queues.popleft()
            queue.is_scheduled = False
            if org_queues:
                self._rotation.move_to_end(org_id)
            else:
                del self._rotation[org_id]
            readiness = queue.get_readiness(now, limit)
            if readiness is Readiness.READY:
                if not self._origin_slots.has_room(queue.origin, org_id, is_fast=queue.is_fast):
                    self._wait(queue, _Place(queue.origin, queue.is_fast))
                elif not queue.is_fast and not self._slow_slots.has_room(org_id):
                    self._wait(queue, _FOR_SLOW_SLOT)
                else:
                    return queue
            elif readiness is Readiness.LATER:
                self.postponed_queues.append(queue)
            # It may have been offered a slot that it does not use: the next queue that waits gets that one.
            self._offer_waiting()
        return None

    def start(self, queue: EndpointQueue, delivery_id: str) -> None:
        """Count an attempt that starts, and put its queue at the end of its organization's turns."""
        self._in_flight[queue.org_id] += 1
        self._attempts[delivery_id] = _Attempt(queue.origin, queue.is_fast)
        self._origin_slots.hold(queue.origin, queue.org_id, is_fast=queue.is_fast)
        if not queue.is_fast:
            self._slow_slots.hold(queue.org_id)
        self.offer(queue)

    def finish(self, queue: EndpointQueue, delivery_id: str) -> None:
        """Count an attempt that has ended."""
        self._in_flight[queue.org_id] -= 1
        if not self._in_flight[queue.org_id]:
            del self._in_flight[queue.org_id]
        attempt = self._attempts.pop(delivery_id)
        self._origin_slots.release(attempt.origin, queue.org_id, is_fast=attempt.is_fast)
        if not attempt.is_fast:
            self._slow_slots.release(queue.org_id)
        if self._waiting:
            # A queue that waits comes before the one whose attempt has ended.
            self._offer_waiting()
        self.offer(queue)

    def hold_origin(self, origin: str, org_id: str) -> bool:
        """Count a request beside the deliveries like one to a slow endpoint at an origin, if that has room for it.

        Returns whether it has; the caller then calls `release_origin`.
        """
        if not self._origin_slots.has_room(origin, org_id, is_fast=False):
            return False
        self._origin_slots.hold(origin, org_id, is_fast=False)
        return True

    def release_origin(self, origin: str, org_id: str) -> None:
        """Count a request beside the deliveries as ended; queues that waited for its origin are offered."""
        self._origin_slots.release(origin, org_id, is_fast=False)
        self._offer_waiting()

    def _choose_organization(self) -> str | None:
        """Choose the first organization in the rotation that may start more; None when there is none."""
        for _ in range(len(self._rotation)):
            org_id = next(iter(self._rotation))
            if self._has_room(org_id):
                return org_id
            self._rotation.move_to_end(org_id)
        return None

    def _has_room(self, org_id: str) -> bool:
        limit = self._slots if len(self._org_ids) <= 1 else self._slots - self._slots // _RESERVE_DIVISOR
        return self._in_flight[org_id] < limit

    def _wait(self, queue: EndpointQueue, place: _Place) -> None:
        queue.is_scheduled = True
        self._places[queue.endpoint_id] = place
        self._waiting.setdefault(place, WaitingQueues()).add(queue)

    def _stop_waiting(self, queue: EndpointQueue, place: _Place) -> None:
        queue.is_scheduled = False
        del self._places[queue.endpoint_id]
        self._waiting[place].remove(queue)
        if not self._waiting[place]:
            del self._waiting[place]

    def _offer_waiting(self) -> bool:
        """Offer the first waiting queue that may start; False when there is none. The places take turns.

        There are few of them: queues wait for an origin only while attempts to it are in flight.
        """
        return any(self._offer_waiting_at(place) for place in tuple(self._waiting))

    def _offer_waiting_at(self, place: _Place) -> bool:
        if not place.is_fast and not self._slow_slots.free_slots:
            return False
        if place.origin and not self._origin_slots.has_free(place.origin, is_fast=place.is_fast):
            return False

        def may_start(org_id: str) -> bool:
            return (
                self._has_room(org_id)
                and (not place.origin or self._origin_slots.has_room(place.origin, org_id, is_fast=place.is_fast))
                and (place.is_fast or self._slow_slots.has_room(org_id))
            )

        while (queue := self._waiting[place].take(may_start)) is not None:
            del self._places[queue.endpoint_id]
            queue.is_scheduled = False
            if not place.origin and not self._origin_slots.has_room(queue.origin, queue.org_id, is_fast=False):
                self._wait(queue, _Place(queue.origin, queue.is_fast))
            else:
                self.offer(queue)
            # One that has nothing ready any more leaves the slot to the next one.
            is_offered = queue.is_scheduled and queue.endpoint_id not in self._places
            if not self._waiting[place]:
                del self._waiting[place]
                return is_offered
            if is_offered:
                self._waiting.move_to_end(place)
                return True
        return False
