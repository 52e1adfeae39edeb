"""Choose the next queue: organizations take turns, and within each organization its endpoints take turns.

No endpoint can delay another. The attempts in flight to one endpoint are limited. Endpoints that are slow, silent or
still unknown hold only some of the pool's slots, and one organization only some of those: a tenant with a thousand
endpoints that drip their answers leaves the others what they need.

`SharedSlots` alone would not do: what takes turns here are queues, at two levels, and not tasks that wait.
"""

from collections import Counter, OrderedDict, deque
from typing import Final

from dcvd.delivery.endpoint_queue import EndpointQueue, Readiness
from dcvd.kit.limits.shared_slots import SharedSlots

_SLOW_SHARE: Final = 0.75
_ORGANIZATION_SHARE: Final = 0.75
_RESERVE_DIVISOR: Final = 8
"""One in so many slots is denied to an organization that is not alone: endpoints that were fast until now may all fall
silent at once."""


class FairScheduler:
    """Shares the slots among queues that may be able to start an attempt. Instants are as in `EndpointQueue`."""

    def __init__(self, slots: int) -> None:
        """`slots`: how many attempts may be in flight in all."""
        slow_slots = max(int(slots * _SLOW_SHARE), 1)
        self._slow_slots = SharedSlots[str](slow_slots, max(int(slow_slots * _ORGANIZATION_SHARE), 1))
        self._slots = slots
        self._org_ids: set[str] = set()
        self._in_flight: Counter[str] = Counter()
        self._rotation: OrderedDict[str, deque[EndpointQueue]] = OrderedDict()
        self._slow_queues: OrderedDict[str, OrderedDict[str, EndpointQueue]] = OrderedDict()
        self._slow_deliveries: dict[str, str] = {}
        self.postponed_queues: list[EndpointQueue] = []
        """Queues that may start only later; the caller of `choose` empties this list and sets timers for them."""

    @property
    def has_queues(self) -> bool:
        """Whether `choose` has queues to choose from."""
        return bool(self._rotation)

    def offer(self, queue: EndpointQueue) -> None:
        """Add a queue that may be able to start an attempt, now or once a slot is free."""
        if not queue.is_scheduled and queue.ready_count:
            queue.is_scheduled = True
            self._org_ids.add(queue.org_id)
            self._rotation.setdefault(queue.org_id, deque()).append(queue)

    def choose(self, now: int, limit: int) -> EndpointQueue | None:
        """Return the queue whose turn it is; None when no queue may start. The caller then calls `start`."""
        while (org_id := self._choose_organization()) is not None or self._offer_slow_queue():
            if org_id is None:
                continue
            org_queues = self._rotation[org_id]
            queue = org_queues.popleft()
            queue.is_scheduled = False
            if org_queues:
                self._rotation.move_to_end(org_id)
            else:
                del self._rotation[org_id]
            match queue.get_readiness(now, limit):
                case Readiness.READY if queue.is_fast or self._slow_slots.has_room(queue.org_id):
                    return queue
                case Readiness.READY:
                    queue.is_scheduled = True
                    self._slow_queues.setdefault(queue.org_id, OrderedDict())[queue.endpoint_id] = queue
                case Readiness.LATER:
                    self.postponed_queues.append(queue)
                    # It may have been offered a slow slot and does not use it: the next slow queue gets that slot.
                    self._offer_slow_queue()
                case Readiness.BLOCKED:
                    self._offer_slow_queue()
        return None

    def start(self, queue: EndpointQueue, delivery_id: str) -> None:
        """Count an attempt that starts, and put its queue at the end of its organization's turns."""
        self._in_flight[queue.org_id] += 1
        if not queue.is_fast:
            self._slow_deliveries[delivery_id] = queue.org_id
            self._slow_slots.hold(queue.org_id)
        self.offer(queue)

    def finish(self, queue: EndpointQueue, delivery_id: str) -> None:
        """Count an attempt that has ended."""
        self._in_flight[queue.org_id] -= 1
        if not self._in_flight[queue.org_id]:
            del self._in_flight[queue.org_id]
        if queue.is_fast:
            # It has proved fast, so it need not wait for a slow slot.
            self._remove_slow_queue(queue)
        org_id = self._slow_deliveries.pop(delivery_id, None)
        if org_id is not None:
            self._slow_slots.release(org_id)
            self._offer_slow_queue()
        self.offer(queue)

    def _choose_organization(self) -> str | None:
        """Choose the first organization in the rotation that may start more; None when there is none."""
        limit = self._slots if len(self._org_ids) <= 1 else self._slots - self._slots // _RESERVE_DIVISOR
        for _ in range(len(self._rotation)):
            org_id = next(iter(self._rotation))
            if self._in_flight[org_id] < limit:
                return org_id
            self._rotation.move_to_end(org_id)
        return None

    def _remove_slow_queue(self, queue: EndpointQueue) -> None:
        slow_queues = self._slow_queues.get(queue.org_id)
        if slow_queues is not None and slow_queues.pop(queue.endpoint_id, None) is not None:
            queue.is_scheduled = False
            if not slow_queues:
                del self._slow_queues[queue.org_id]

    def _offer_slow_queue(self) -> bool:
        """Offer the first slow queue that waits for a slot; False when there is none, or no slow slot is free."""
        while (org_id := next(filter(self._slow_slots.has_room, self._slow_queues), None)) is not None:
            slow_queues = self._slow_queues[org_id]
            _, queue = slow_queues.popitem(last=False)
            queue.is_scheduled = False
            if slow_queues:
                self._slow_queues.move_to_end(org_id)
            else:
                del self._slow_queues[org_id]
            self.offer(queue)
            if queue.is_scheduled:
                return True
            # It has nothing ready any more, so the next one gets the slot.
        return False
