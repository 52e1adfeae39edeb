"""Choose the next queue: of the organization that held slots for the least time, and so of its endpoints.

No endpoint can delay another. The attempts in flight to one endpoint are limited, and those to one origin. Endpoints
that are slow, silent or still unknown hold only some of the pool's slots, and one organization only some of those: a
tenant with a thousand endpoints that drip their answers leaves the others what they need.

`SharedSlots` would not do: what waits here are queues, at two levels and by the time for which they held slots, and not
tasks that take turns.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from msgspec import Struct

from dcvd.delivery.endpoint_queue import EndpointQueue, Readiness
from dcvd.delivery.origin_slots import OriginSlots
from dcvd.delivery.slot_time import SlotTime
from dcvd.delivery.slow_slots import SlowSlots
from dcvd.delivery.waiting_queues import WaitingQueues

_RESERVE_DIVISOR: Final = 8
"""One in so many slots is denied to an organization that is not alone: endpoints that were fast until now may all fall
silent at once. It is one slot at least, in a pool of more than one."""


class _Place(Struct, frozen=True, gc=False):
    """Where queues wait that are all fast, or all slow. origin: whose slots they wait for; empty for a slow slot."""

    origin: str
    is_fast: bool


_FOR_SLOW_SLOT: Final = _Place("", is_fast=False)


class _Attempt(Struct, frozen=True, gc=False):
    """The slots that an attempt in flight holds. By its end its endpoint may have another origin and another speed."""

    origin: str
    is_fast: bool
    started_s: float


class _Organization:
    """What an organization has used. floor_s: what the last one of its endpoints that got a slot had used before."""

    __slots__ = ("floor_s", "in_flight", "slot_time")

    def __init__(self) -> None:
        self.floor_s = 0.0
        self.in_flight = 0
        self.slot_time = SlotTime()


class FairScheduler:
    """Shares the slots among queues that may be able to start an attempt. Instants are as in `EndpointQueue`.

    A queue that may not start, because its origin has no room or no slow slot is free, waits apart: it costs nothing
    until an attempt ends. Where both are missing it waits for its origin.
    """

    def __init__(
        self, slots: int, get_origin_limit: Callable[[], int], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """Share `slots` attempts in flight; for `get_origin_limit` see `OriginSlots`."""
        self._slow_slots = SlowSlots(slots)
        self._origin_slots = OriginSlots(get_origin_limit)
        self._slots = self._organization_limit = slots
        self._monotonic = monotonic
        self._organizations: dict[str, _Organization] = {}
        self._floor_s = 0.0
        """What the organization that got the last slot had used before."""
        self._attempts: dict[str, _Attempt] = {}
        self._rotation = WaitingQueues()
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
            self._add(queue, self._get_organization(queue.org_id), self._monotonic())

    def _add(self, queue: EndpointQueue, organization: _Organization, now_s: float) -> None:
        queue.is_scheduled = True
        if not organization.in_flight and not self._is_waiting(queue.org_id):
            organization.slot_time.join(self._floor_s, now_s)
        if not queue.in_flight:
            queue.slot_time.join(organization.floor_s, now_s)
        self._rotation.add(queue, organization.slot_time, now_s)

    def choose(self, now: int, limit: int) -> EndpointQueue | None:
        """Return the queue whose turn it is; None when no queue may start. The caller then calls `start`."""
        while True:
            queue = self._rotation.take(self._has_room, self._monotonic())
            if queue is None:
                if self._offer_waiting():
                    continue
                return None
            queue.is_scheduled = False
            readiness = queue.get_readiness(now, limit)
            if readiness is Readiness.READY:
                if not self._origin_slots.has_room(queue.origin, queue.org_id, is_fast=queue.is_fast):
                    self._wait(queue, _Place(queue.origin, queue.is_fast))
                elif not queue.is_fast and not self._slow_slots.has_room(queue.org_id):
                    self._wait(queue, _FOR_SLOW_SLOT)
                else:
                    return queue
            elif readiness is Readiness.LATER:
                self.postponed_queues.append(queue)
            # It may have been offered a slot that it does not use: the next queue that waits gets that one.
            self._offer_waiting()

    def start(self, queue: EndpointQueue, delivery_id: str) -> None:
        """Count an attempt that starts; its queue waits for its next turn."""
        now_s = self._monotonic()
        organization = self._get_organization(queue.org_id)
        organization.in_flight += 1
        used_s = organization.slot_time.start(now_s, is_fast=queue.is_fast)
        if used_s > self._floor_s:
            self._floor_s = used_s
        used_s = queue.slot_time.start(now_s, is_fast=queue.is_fast)
        if used_s > organization.floor_s:
            organization.floor_s = used_s
        self._attempts[delivery_id] = _Attempt(queue.origin, queue.is_fast, now_s)
        self._origin_slots.hold(queue.origin, queue.org_id, is_fast=queue.is_fast)
        if not queue.is_fast:
            self._slow_slots.hold(queue.org_id)
        if queue.ready_count:
            self._add(queue, organization, now_s)

    def finish(self, queue: EndpointQueue, delivery_id: str) -> None:
        """Count an attempt that has ended."""
        now_s = self._monotonic()
        attempt = self._attempts.pop(delivery_id)
        organization = self._organizations[queue.org_id]
        organization.in_flight -= 1
        organization.slot_time.finish(attempt.started_s, now_s, is_fast=attempt.is_fast)
        queue.slot_time.finish(attempt.started_s, now_s, is_fast=attempt.is_fast)
        self._origin_slots.release(attempt.origin, queue.org_id, is_fast=attempt.is_fast)
        if not attempt.is_fast:
            self._slow_slots.release(queue.org_id)
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

    def _get_organization(self, org_id: str) -> _Organization:
        organization = self._organizations.get(org_id)
        if organization is None:
            organization = self._organizations[org_id] = _Organization()
            if len(self._organizations) > 1 and self._slots > 1:
                self._organization_limit = self._slots - max(self._slots // _RESERVE_DIVISOR, 1)
        return organization

    def _is_waiting(self, org_id: str) -> bool:
        return self._rotation.has(org_id) or any(queues.has(org_id) for queues in self._waiting.values())

    def _has_room(self, org_id: str) -> bool:
        return self._organizations[org_id].in_flight < self._organization_limit

    def _wait(self, queue: EndpointQueue, place: _Place) -> None:
        queue.is_scheduled = True
        self._places[queue.endpoint_id] = place
        slot_time = self._organizations[queue.org_id].slot_time
        self._waiting.setdefault(place, WaitingQueues()).add(queue, slot_time, self._monotonic())

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
        return bool(self._waiting) and any(self._offer_waiting_at(place) for place in tuple(self._waiting))

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

        while (queue := self._waiting[place].take(may_start, self._monotonic())) is not None:
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
