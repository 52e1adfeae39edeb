"""The lanes of all endpoints that are owed something: kept up to date from the database, and woken in time."""

import asyncio
import heapq
import itertools
from collections.abc import Collection, Sequence
from typing import Final

from dcvd.core.webhooks.deliveries import DueDelivery
from dcvd.core.webhooks.endpoint import OpenedEndpoint
from dcvd.delivery.endpoint_queue import Lane
from dcvd.delivery.fair_scheduler import Turns
from dcvd.errors import StoreError
from dcvd.services.context import Context
from dcvd.services.webhooks import endpoints
from dcvd.store.engine.database import Snapshot, Topic
from dcvd.store.webhooks import deliveries

_AHEAD: Final = 64
_AHEAD_IN_ALL: Final = 4096
_LEAST_AHEAD: Final = 8
_LANES_A_READ: Final = 64
_MOST_LANES: Final = 10_000
"""Beyond so many, those that have nothing to do are forgotten."""


class Lanes:
    """Offers lanes to `turns` as they become able. `woken` is set when there is something to read or to begin."""

    def __init__(self, context: Context, turns: Turns) -> None:
        self._context = context
        self._turns = turns
        self._lanes: dict[str, Lane] = {}
        self._to_read: dict[str, Lane] = {}
        self._timers: list[tuple[int, int, Lane]] = []
        self._numbers = itertools.count()
        self._to_survey = True
        self._most_lanes = _MOST_LANES
        self.woken = asyncio.Event()
        context.database.subscribe(Topic.DELIVERIES, self._owed)
        context.database.subscribe(Topic.ENDPOINTS, self._changed)

    def survey_again(self) -> None:
        """Look through all endpoints at the next update."""
        self._to_survey = True
        self.woken.set()

    def doubt(self, endpoint_ids: Collection[str]) -> None:
        """Something was perhaps stored about these endpoints, or is owed to others for it, that nobody announced."""
        for endpoint_id in endpoint_ids:
            self._changed(endpoint_id)
        self.survey_again()

    async def update(self) -> None:
        """Read what has to be read; where it is much, a part of it, and `woken` is set for the rest.

        Raises StoreError; what was not read then is read the next time.
        """
        if self._to_survey:
            self._to_survey = False
            try:
                await self._survey()
            except StoreError:
                self._to_survey = True
                raise
        self._ring()
        lanes = list(itertools.islice(self._to_read.values(), _LANES_A_READ))
        for lane in lanes:
            del self._to_read[lane.id]
        try:
            await self._read(lanes)
        except BaseException:
            self._to_read.update({lane.id: lane for lane in lanes})
            raise
        if self._to_read:
            self.woken.set()

    def ring(self) -> float | None:
        """Do what is due by the clock; returns the seconds until more is, None when nothing is planned."""
        self._ring()
        return max(self._timers[0][0] - self._context.now(), 0) / 1000 if self._timers else None

    def is_well(self, endpoint_id: str) -> bool:
        """Whether an endpoint is known not to have failed since its last success."""
        lane = self._lanes.get(endpoint_id)
        return lane is not None and lane.well

    def plan(self, lane: Lane, instant: int) -> None:
        """Have a look at a lane at an instant."""
        if lane.rings_at is None or instant < lane.rings_at:
            lane.rings_at = instant
            heapq.heappush(self._timers, (instant, next(self._numbers), lane))

    def refill(self, lane: Lane) -> None:
        """Read on before a lane that has more to come runs dry."""
        if lane.unread and lane.ready <= _LEAST_AHEAD and lane.id not in self._to_read:
            self._to_read[lane.id] = lane
            self.woken.set()

    def unread(self, lane: Lane) -> None:
        """Something may be due to a lane that was not read."""
        lane.unread = True
        self._to_read[lane.id] = lane
        self.woken.set()

    def _owed(self, endpoint_id: str) -> None:
        """Something new is, or may be, due to an endpoint; to any of them where none is named."""
        if endpoint_id:
            self.unread(self._lane(endpoint_id))
        else:
            self.survey_again()

    def _changed(self, endpoint_id: str) -> None:
        """An endpoint's settings or health changed: no attempt begins with what was known before."""
        lane = self._lanes.get(endpoint_id)
        if lane is not None:
            lane.stale = True
            # Not only until the read begins: while it runs, what is known is still what was.
            lane.well = False
            self.unread(lane)

    def _lane(self, endpoint_id: str) -> Lane:
        lane = self._lanes.get(endpoint_id)
        if lane is None:
            if len(self._lanes) >= self._most_lanes:
                self._lanes = {lane.id: lane for lane in self._lanes.values() if not lane.idle}
                # Where few are idle, so many must come again first: looking through all for each would never end.
                self._most_lanes = max(2 * len(self._lanes), _MOST_LANES)
            lane = self._lanes[endpoint_id] = Lane(endpoint_id, asyncio.get_running_loop().time)
        return lane

    def _ring(self) -> None:
        now = self._context.now()
        while self._timers and self._timers[0][0] <= now:
            instant, _, lane = heapq.heappop(self._timers)
            if lane.rings_at != instant:
                continue
            lane.rings_at = None
            if lane.next_due_at is not None and lane.next_due_at <= now:
                lane.next_due_at = None
                self.unread(lane)
            elif lane.next_due_at is not None:
                self.plan(lane, lane.next_due_at)
            self._turns.offer(lane)
            self.woken.set()

    async def _survey(self) -> None:
        """Find every endpoint that is owed something."""
        after: str | None = ""
        while after is not None:
            start = after
            owed, after = await self._context.database.read(
                lambda snapshot, start=start: deliveries.owed_to(snapshot, after=start)  # type: ignore[misc]
            )
            for endpoint_id in owed:
                self.unread(self._lane(endpoint_id))

    async def _read(self, lanes: Sequence[Lane]) -> None:
        context = self._context
        now = context.now()
        ahead = min(max(_AHEAD_IN_ALL // max(len(self._lanes), 1), _LEAST_AHEAD), _AHEAD)
        asked: list[tuple[Lane, bool, list[str], int]] = []
        for lane in lanes:
            if lane.stale:
                lane.refresh()
            if lane.ready >= ahead:
                # It stays unread, and is read when it runs dry: a backlog that grows must not come into memory.
                continue
            asked.append((lane, lane.stale, lane.known, ahead - lane.ready))
            # Cleared before the read: what happens from here on is seen by the next one.
            lane.stale = lane.unread = False
            lane.next_due_at = None
        if not asked:
            return

        def query(snapshot: Snapshot) -> list[tuple[OpenedEndpoint | None, list[DueDelivery], int | None]]:
            return [
                (
                    endpoints.opened(context, snapshot, lane.id) if stale else lane.opened,
                    deliveries.due(snapshot, lane.id, now, limit, known),
                    deliveries.next_due_at(snapshot, lane.id, now),
                )
                for lane, stale, known, limit in asked
            ]

        try:
            read = await context.database.read(query)
        except BaseException:
            for lane, stale, _, _ in asked:
                lane.stale = lane.stale or stale
                lane.unread = True
            raise
        for (lane, _, _, limit), (opened, due, next_due_at) in zip(asked, read, strict=True):
            if lane.stale:
                # It changed again while it was read, and is read again.
                lane.unread = True
                continue
            lane.settle(opened)
            if opened is None:
                self._lanes.pop(lane.id, None)
                continue
            lane.add(due)
            lane.unread = lane.unread or len(due) >= limit
            if next_due_at is not None:
                # An attempt that ended meanwhile may have planned something sooner, which the read did not see.
                lane.plan(next_due_at)
            if lane.next_due_at is not None:
                self.plan(lane, lane.next_due_at)
            self._turns.offer(lane)
