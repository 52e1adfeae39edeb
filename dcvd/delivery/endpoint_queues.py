"""The queues of all endpoints with unfinished deliveries, kept up to date from the database and woken in time."""

import asyncio
import heapq
import itertools
from collections.abc import Collection, Sequence
from typing import Final

from dcvd.core.http.exchanges import OwnFault
from dcvd.core.instants import to_seconds
from dcvd.core.webhooks.deliveries import DueDelivery
from dcvd.core.webhooks.endpoint import UnsealedEndpoint
from dcvd.delivery.endpoint_queue import EndpointQueue
from dcvd.delivery.fair_scheduler import FairScheduler
from dcvd.errors import StoreError
from dcvd.services.context import Context
from dcvd.services.webhooks import endpoints
from dcvd.store.engine.transactions import Snapshot, Topic
from dcvd.store.webhooks import deliveries

_READ_AHEAD: Final = 64
_READ_AHEAD_TOTAL: Final = 4096
_MIN_READ_AHEAD: Final = 8
_QUEUES_PER_READ: Final = 64
_MAX_QUEUES: Final = 10_000
"""With more queues than this, idle ones are dropped. They are no `RecentEntries`: a queue that was used least recently
may still have deliveries to send."""


class EndpointQueues:
    """Holds one queue for each endpoint, and offers a queue to `scheduler` when it may be able to start an attempt.

    wake_event: set when there is something to read or to start.
    max_queues: with more queues than this, idle ones are dropped.
    """

    def __init__(self, context: Context, scheduler: FairScheduler, *, max_queues: int = _MAX_QUEUES) -> None:
        self._context = context
        self._scheduler = scheduler
        self._queues: dict[str, EndpointQueue] = {}
        self._to_read: dict[str, EndpointQueue] = {}
        self._half_empty: dict[str, EndpointQueue] = {}
        """Queues with unread deliveries that need no read yet, and are read with the next one that does."""
        self._timers: list[tuple[int, int, EndpointQueue]] = []
        self._tie_breakers = itertools.count()
        self._needs_survey = True
        self._min_limit = self._limit = max_queues
        self.wake_event = asyncio.Event()
        context.database.subscribe(Topic.DELIVERIES, self._on_deliveries_owed)
        context.database.subscribe(Topic.ENDPOINTS, self._on_endpoint_change)

    def request_survey(self) -> None:
        """Look for unfinished deliveries of all endpoints at the next update."""
        self._needs_survey = True
        self.wake_event.set()

    def request_reread(self, endpoint_ids: Collection[str]) -> None:
        """Read these endpoints again, and look at all others: a change to any may have been stored unannounced."""
        for endpoint_id in endpoint_ids:
            self._on_endpoint_change(endpoint_id)
        self.request_survey()

    async def update(self) -> None:
        """Read the queues that need it. Of many, read some, and set `wake_event` for the rest.

        Raises StoreError; the next update then reads what is missing.
        """
        if self._needs_survey:
            self._needs_survey = False
            try:
                await self._survey()
            except StoreError:
                self._needs_survey = True
                raise
        self.fire_timers()
        queues = list(itertools.islice(self._to_read.values(), _QUEUES_PER_READ))
        half_empty = self._take_half_empty(_QUEUES_PER_READ - len(queues)) if queues else []
        for queue in queues:
            del self._to_read[queue.endpoint_id]
        queues += half_empty
        try:
            await self._read(queues)
        except BaseException:
            self._to_read.update({queue.endpoint_id: queue for queue in queues})
            raise
        if self._to_read:
            self.wake_event.set()

    def fire_timers(self) -> float | None:
        """Fire the timers that are due; return the seconds until the next one, None when there is none."""
        now = self._context.now()
        while self._timers and self._timers[0][0] <= now:
            fire_at, _, queue = heapq.heappop(self._timers)
            if queue.wake_at != fire_at:
                continue
            queue.wake_at = None
            if queue.next_due_at is not None and queue.next_due_at <= now:
                queue.next_due_at = None
                self.mark_unread(queue)
            elif queue.next_due_at is not None:
                self.schedule_wake(queue, queue.next_due_at)
            self._scheduler.offer(queue)
            self.wake_event.set()
        return to_seconds(max(self._timers[0][0] - self._context.now(), 0)) if self._timers else None

    def is_healthy(self, endpoint_id: str) -> bool:
        """Whether an endpoint is known not to have failed since its last success."""
        queue = self._queues.get(endpoint_id)
        return queue is not None and queue.is_healthy

    def find_own_fault(self, endpoint_id: str) -> OwnFault | None:
        """Return the fault of our own by which deliveries to an endpoint wait, if there is one."""
        queue = self._queues.get(endpoint_id)
        return None if queue is None else queue.held_by

    def schedule_wake(self, queue: EndpointQueue, wake_at: int) -> None:
        """Wake a queue at an instant."""
        if queue.wake_at is None or wake_at < queue.wake_at:
            queue.wake_at = wake_at
            heapq.heappush(self._timers, (wake_at, next(self._tie_breakers), queue))

    def refill(self, queue: EndpointQueue) -> None:
        """Request a read of a queue that has unread deliveries and will soon run dry."""
        if not queue.has_unread or queue.endpoint_id in self._to_read:
            return
        if queue.ready_count <= _MIN_READ_AHEAD:
            self._half_empty.pop(queue.endpoint_id, None)
            self._to_read[queue.endpoint_id] = queue
            self.wake_event.set()
        elif queue.ready_count <= _READ_AHEAD // 2:
            self._half_empty[queue.endpoint_id] = queue

    def mark_unread(self, queue: EndpointQueue) -> None:
        """Note that a queue may have due deliveries that were not read, and request a read."""
        queue.has_unread = True
        self._to_read[queue.endpoint_id] = queue
        self.wake_event.set()

    def _on_deliveries_owed(self, endpoint_id: str) -> None:
        """Handle new deliveries of an endpoint; an empty id means that any endpoint may have some."""
        if endpoint_id:
            self.mark_unread(self._get_or_create_queue(endpoint_id))
        else:
            self.request_survey()

    def _on_endpoint_change(self, endpoint_id: str) -> None:
        """Handle a change of an endpoint's settings or health: no attempt starts with the old ones."""
        queue = self._queues.get(endpoint_id)
        if queue is not None:
            queue.note_change()
            self.mark_unread(queue)

    def _get_or_create_queue(self, endpoint_id: str) -> EndpointQueue:
        queue = self._queues.get(endpoint_id)
        if queue is None:
            if len(self._queues) >= self._limit:
                self._queues = {queue.endpoint_id: queue for queue in self._queues.values() if not queue.is_idle}
                # Where few are idle, the limit doubles: otherwise every new queue would cause a search through all.
                self._limit = max(2 * len(self._queues), self._min_limit)
            queue = self._queues[endpoint_id] = EndpointQueue(endpoint_id, asyncio.get_running_loop().time)
        return queue

    async def _survey(self) -> None:
        """Find every endpoint with unfinished deliveries."""
        after: str | None = ""
        while after is not None:
            start = after
            endpoint_ids, after = await self._context.database.read(
                lambda snapshot, start=start: deliveries.list_owed_endpoints(snapshot, after=start)  # type: ignore[misc]
            )
            for endpoint_id in endpoint_ids:
                self.mark_unread(self._get_or_create_queue(endpoint_id))

    def _take_half_empty(self, limit: int) -> list[EndpointQueue]:
        """Take up to `limit` queues to be read with those in `_to_read`, none of which is among them.

        Many reads of few queues find the same pages cold again.
        """
        taken: list[EndpointQueue] = []
        most = self._choose_read_ahead() // 2
        while self._half_empty and len(taken) < limit:
            endpoint_id, queue = self._half_empty.popitem()
            if queue.has_unread and queue.ready_count <= most and endpoint_id not in self._to_read:
                taken.append(queue)
        return taken

    def _choose_read_ahead(self) -> int:
        return min(max(_READ_AHEAD_TOTAL // max(len(self._queues), 1), _MIN_READ_AHEAD), _READ_AHEAD)

    async def _read(self, queues: Sequence[EndpointQueue]) -> None:
        context = self._context
        now = context.now()
        read_ahead = self._choose_read_ahead()
        requests: list[tuple[EndpointQueue, bool, list[str], int]] = []
        for queue in queues:
            if queue.is_stale:
                queue.clear_ready()
            if queue.ready_count >= read_ahead:
                # It stays unread and is read when it runs dry: a growing backlog must not fill the memory.
                continue
            requests.append((queue, queue.is_stale, queue.known_ids, read_ahead - queue.ready_count))
            # The marks are cleared before the read: the next read sees what happens from here on.
            queue.is_stale = queue.has_unread = False
            queue.is_being_read = True
            queue.next_due_at = None
        if not requests:
            return

        def query(snapshot: Snapshot) -> list[tuple[UnsealedEndpoint | None, list[DueDelivery], int | None]]:
            return [
                (
                    endpoints.unseal_endpoint(context, snapshot, queue.endpoint_id)
                    if is_stale
                    else queue.unsealed_endpoint,
                    deliveries.list_due(snapshot, queue.endpoint_id, now, limit, known_ids),
                    deliveries.find_next_due_at(snapshot, queue.endpoint_id, now),
                )
                for queue, is_stale, known_ids, limit in requests
            ]

        try:
            results = await context.database.read(query)
        except BaseException:
            for queue, is_stale, _, _ in requests:
                queue.is_stale = queue.is_stale or is_stale
                queue.has_unread = True
            raise
        finally:
            for queue, _, _, _ in requests:
                queue.is_being_read = False
        for (queue, _, _, limit), (unsealed_endpoint, due_deliveries, next_due_at) in zip(
            requests, results, strict=True
        ):
            if queue.is_stale:
                # The endpoint changed while it was read, so it is read again.
                queue.has_unread = True
                continue
            queue.apply_settings(unsealed_endpoint)
            if unsealed_endpoint is None:
                # Whether it is removed, or its secrets may be readable again later, is not known here.
                queue.is_stale = True
                if queue.is_idle:
                    # Otherwise a second queue would not know what is in flight.
                    self._queues.pop(queue.endpoint_id, None)
                continue
            queue.add(due_deliveries)
            queue.has_unread = queue.has_unread or len(due_deliveries) >= limit
            if next_due_at is not None:
                # An attempt that ended meanwhile may have set an earlier instant, which the read did not see.
                queue.plan_due(next_due_at)
            if queue.next_due_at is not None:
                self.schedule_wake(queue, queue.next_due_at)
            self._scheduler.offer(queue)
