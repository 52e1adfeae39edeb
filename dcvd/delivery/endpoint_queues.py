"""The lanes of all endpoints that are owed something: kept up to date from the database, and woken in time."""

import asyncio
import heapq
import itertools
from collections.abc import Collection, Sequence
from typing import Final

from dcvd.core.instants import to_seconds
from dcvd.core.webhooks.deliveries import DueDelivery
from dcvd.core.webhooks.endpoint import UnsealedEndpoint
from dcvd.delivery.endpoint_queue import EndpointQueue
from dcvd.delivery.fair_scheduler import FairScheduler
from dcvd.errors import StoreError
from dcvd.services.context import Context
from dcvd.services.webhooks import endpoints
from dcvd.store.engine.database import Snapshot, Topic
from dcvd.store.webhooks import deliveries

_READ_AHEAD: Final = 64
_READ_AHEAD_TOTAL: Final = 4096
_MIN_READ_AHEAD: Final = 8
_QUEUES_PER_READ: Final = 64
_MAX_QUEUES: Final = 10_000
"""Beyond so many, those that have nothing to do are forgotten."""


class EndpointQueues:
    """Offers lanes to `scheduler` as they become able.

    `wake_event` is set when there is something to read or to begin.
    """

    def __init__(self, context: Context, scheduler: FairScheduler) -> None:
        self._context = context
        self._scheduler = scheduler
        self._queues: dict[str, EndpointQueue] = {}
        self._to_read: dict[str, EndpointQueue] = {}
        self._timers: list[tuple[int, int, EndpointQueue]] = []
        self._tie_breakers = itertools.count()
        self._needs_survey = True
        self._max_queues = _MAX_QUEUES
        self.wake_event = asyncio.Event()
        context.database.subscribe(Topic.DELIVERIES, self._on_deliveries_owed)
        context.database.subscribe(Topic.ENDPOINTS, self._on_endpoint_change)

    def request_survey(self) -> None:
        """Look through all endpoints at the next update."""
        self._needs_survey = True
        self.wake_event.set()

    def request_reread(self, endpoint_ids: Collection[str]) -> None:
        """Something was perhaps stored about these endpoints, or is owed to others for it, that nobody announced."""
        for endpoint_id in endpoint_ids:
            self._on_endpoint_change(endpoint_id)
        self.request_survey()

    async def update(self) -> None:
        """Read what has to be read; where it is much, a part of it, and `woken` is set for the rest.

        Raises StoreError; what was not read then is read the next time.
        """
        if self._needs_survey:
            self._needs_survey = False
            try:
                await self._survey()
            except StoreError:
                self._needs_survey = True
                raise
        self._fire_due_timers()
        lanes = list(itertools.islice(self._to_read.values(), _QUEUES_PER_READ))
        for lane in lanes:
            del self._to_read[lane.endpoint_id]
        try:
            await self._read(lanes)
        except BaseException:
            self._to_read.update({lane.endpoint_id: lane for lane in lanes})
            raise
        if self._to_read:
            self.wake_event.set()

    def fire_timers(self) -> float | None:
        """Do what is due by the clock; returns the seconds until more is, None when nothing is planned."""
        self._fire_due_timers()
        return to_seconds(max(self._timers[0][0] - self._context.now(), 0)) if self._timers else None

    def is_healthy(self, endpoint_id: str) -> bool:
        """Whether an endpoint is known not to have failed since its last success."""
        lane = self._queues.get(endpoint_id)
        return lane is not None and lane.is_healthy

    def schedule_wake(self, queue: EndpointQueue, wake_at: int) -> None:
        """Have a look at a lane at an instant."""
        if queue.wake_at is None or wake_at < queue.wake_at:
            queue.wake_at = wake_at
            heapq.heappush(self._timers, (wake_at, next(self._tie_breakers), queue))

    def refill(self, queue: EndpointQueue) -> None:
        """Read on before a lane that has more to come runs dry."""
        if queue.has_unread and queue.ready_count <= _MIN_READ_AHEAD and queue.endpoint_id not in self._to_read:
            self._to_read[queue.endpoint_id] = queue
            self.wake_event.set()

    def mark_unread(self, queue: EndpointQueue) -> None:
        """Something may be due to a lane that was not read."""
        queue.has_unread = True
        self._to_read[queue.endpoint_id] = queue
        self.wake_event.set()

    def _on_deliveries_owed(self, endpoint_id: str) -> None:
        """Something new is, or may be, due to an endpoint; to any of them where none is named."""
        if endpoint_id:
            self.mark_unread(self._get_or_create_queue(endpoint_id))
        else:
            self.request_survey()

    def _on_endpoint_change(self, endpoint_id: str) -> None:
        """An endpoint's settings or health changed: no attempt begins with what was known before."""
        lane = self._queues.get(endpoint_id)
        if lane is not None:
            lane.is_stale = True
            # Not only until the read begins: while it runs, what is known is still what was.
            lane.is_healthy = False
            self.mark_unread(lane)

    def _get_or_create_queue(self, endpoint_id: str) -> EndpointQueue:
        lane = self._queues.get(endpoint_id)
        if lane is None:
            if len(self._queues) >= self._max_queues:
                self._queues = {lane.endpoint_id: lane for lane in self._queues.values() if not lane.is_idle}
                # Where few are idle, so many must come again first: looking through all for each would never end.
                self._max_queues = max(2 * len(self._queues), _MAX_QUEUES)
            lane = self._queues[endpoint_id] = EndpointQueue(endpoint_id, asyncio.get_running_loop().time)
        return lane

    def _fire_due_timers(self) -> None:
        now = self._context.now()
        while self._timers and self._timers[0][0] <= now:
            instant, _, lane = heapq.heappop(self._timers)
            if lane.wake_at != instant:
                continue
            lane.wake_at = None
            if lane.next_due_at is not None and lane.next_due_at <= now:
                lane.next_due_at = None
                self.mark_unread(lane)
            elif lane.next_due_at is not None:
                self.schedule_wake(lane, lane.next_due_at)
            self._scheduler.offer(lane)
            self.wake_event.set()

    async def _survey(self) -> None:
        """Find every endpoint that is owed something."""
        after: str | None = ""
        while after is not None:
            start = after
            owed, after = await self._context.database.read(
                lambda snapshot, start=start: deliveries.list_owed_endpoints(snapshot, after=start)  # type: ignore[misc]
            )
            for endpoint_id in owed:
                self.mark_unread(self._get_or_create_queue(endpoint_id))

    async def _read(self, queues: Sequence[EndpointQueue]) -> None:
        context = self._context
        now = context.now()
        ahead = min(max(_READ_AHEAD_TOTAL // max(len(self._queues), 1), _MIN_READ_AHEAD), _READ_AHEAD)
        asked: list[tuple[EndpointQueue, bool, list[str], int]] = []
        for lane in queues:
            if lane.is_stale:
                lane.clear_ready()
            if lane.ready_count >= ahead:
                # It stays unread, and is read when it runs dry: a backlog that grows must not come into memory.
                continue
            asked.append((lane, lane.is_stale, lane.known_ids, ahead - lane.ready_count))
            # Cleared before the read: what happens from here on is seen by the next one.
            lane.is_stale = lane.has_unread = False
            lane.next_due_at = None
        if not asked:
            return

        def query(snapshot: Snapshot) -> list[tuple[UnsealedEndpoint | None, list[DueDelivery], int | None]]:
            return [
                (
                    endpoints.unseal_endpoint(context, snapshot, lane.endpoint_id) if stale else lane.unsealed_endpoint,
                    deliveries.list_due(snapshot, lane.endpoint_id, now, limit, known),
                    deliveries.find_next_due_at(snapshot, lane.endpoint_id, now),
                )
                for lane, stale, known, limit in asked
            ]

        try:
            read = await context.database.read(query)
        except BaseException:
            for lane, stale, _, _ in asked:
                lane.is_stale = lane.is_stale or stale
                lane.has_unread = True
            raise
        for (lane, _, _, limit), (opened, due, next_due_at) in zip(asked, read, strict=True):
            if lane.is_stale:
                # It changed again while it was read, and is read again.
                lane.has_unread = True
                continue
            lane.apply_settings(opened)
            if opened is None:
                self._queues.pop(lane.endpoint_id, None)
                continue
            lane.add(due)
            lane.has_unread = lane.has_unread or len(due) >= limit
            if next_due_at is not None:
                # An attempt that ended meanwhile may have planned something sooner, which the read did not see.
                lane.plan_due(next_due_at)
            if lane.next_due_at is not None:
                self.schedule_wake(lane, lane.next_due_at)
            self._scheduler.offer(lane)
