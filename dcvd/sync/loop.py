"""The loop that checks due domains, so that no domain, and no organization, holds back another."""

import asyncio
from collections import deque
from collections.abc import Collection
from functools import partial
from typing import Final, Protocol

import structlog
from msgspec import Struct

from dcvd.core.domains.domain import Domain
from dcvd.core.instants import MINUTE, to_seconds
from dcvd.core.lifecycle.schedule import CheckLane
from dcvd.errors import RemoteError, StoreError
from dcvd.kit.failed_reads import READ_PAUSE_S, pause_after_failed_read
from dcvd.kit.movement import LoopMovement
from dcvd.kit.tasks import TaskPool
from dcvd.services.context import Context
from dcvd.services.lifecycle import checks
from dcvd.store.engine.transactions import Snapshot, Topic
from dcvd.sync.adaptive_rate import AdaptiveRate
from dcvd.sync.checker import ListedHostname
from dcvd.sync.due_domains import BATCH_SIZE, DueBatch, read_due
from dcvd.sync.lane_scheduler import LaneScheduler
from dcvd.sync.sweep import HostnameLister, ListSweep, SweepTiming

log = structlog.get_logger(__name__)

_FAILURE_DELAY_MS: Final = 5 * MINUTE
_COOL_DOWN_S: Final = 5.0
"""Seconds for which a domain is left alone after not even its failure could be stored."""
_LONGEST_CHECK_S: Final = 600.0
"""Seconds: a check that finds the budget of calls to Cloudflare used up may wait for five minutes."""


class DueDomainChecker(Protocol):
    """Checks a domain and stores the result."""

    async def check_due(self, domain: Domain, lane: CheckLane, listed: ListedHostname | None = None) -> None:
        """Check a due domain. Raises RemoteError when Cloudflare failed, after storing the rest of the check."""
        ...


class _QueuedDomain(Struct, frozen=True):
    domain: Domain
    listed: ListedHostname | None = None


class SyncLoop:
    """Checks due domains, `sync.concurrency` at once.

    Nothing is claimed in the store: checks in flight are known only here, so after a crash their domains are due again.
    """

    def __init__(
        self,
        context: Context,
        checker: DueDomainChecker,
        lister: HostnameLister,
        *,
        rate: AdaptiveRate | None = None,
        sweep_timing: SweepTiming | None = None,
        read_pause_s: float = READ_PAUSE_S,
        longest_check_s: float = _LONGEST_CHECK_S,
    ) -> None:
        self._context = context
        self._read_pause_s = read_pause_s
        self._checker = checker
        self.pool = TaskPool(context.config.sync.concurrency, "sync")
        self.movement = LoopMovement(
            "sync",
            lambda: self.pool.free_slots > 0,
            longest_step_s=lambda: longest_check_s,
            longest_sleep_s=lambda: to_seconds(context.config.sync.tick),
        )
        self._rate = rate if rate is not None else AdaptiveRate()
        self._scheduler = LaneScheduler(self.pool.limit)
        self._queues: dict[CheckLane, deque[_QueuedDomain]] = {lane: deque() for lane in CheckLane}
        self._in_flight: set[str] = set()
        self._last_org_ids = dict.fromkeys(CheckLane, "")
        self._next_read_times = dict.fromkeys(CheckLane, 0.0)
        self._commit_event = context.database.listen(Topic.DOMAINS)
        self._wake_event = asyncio.Event()
        self._space_event = asyncio.Event()
        self._sweep = ListSweep(
            context,
            lister,
            self._rate,
            enqueue=self._enqueue_listed,
            in_flight=self._in_flight,
            on_end=self._wake_event.set,
            timing=sweep_timing or SweepTiming(),
        )

    async def run(self) -> None:
        """Run until cancelled. Checks in the pool then go on, and the owner of `pool` drains it."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._sweep.run(), name="sync.sweep")
                group.create_task(self._wake_on_commits(), name="sync.woken")
                group.create_task(self._start_checks(), name="sync.looks")
        finally:
            self.movement.end()

    async def _start_checks(self) -> None:
        while True:
            self.movement.note_turn()
            # Cleared before the read: a change after it wakes the loop again.
            self._wake_event.clear()
            try:
                await self._read_due()
            except StoreError as error:
                await pause_after_failed_read(log, "sync.not_read", error, self._read_pause_s)
                self._next_read_times = dict.fromkeys(CheckLane, 0.0)
                continue
            lane = self._scheduler.choose([lane for lane, queue in self._queues.items() if queue])
            if lane is None:
                await self._sleep()
                continue
            item = self._queues[lane].popleft()
            self._space_event.set()
            self._scheduler.start(lane)
            await self._rate.wait_turn()
            await self.pool.wait_free()
            task = self.pool.start(f"sync.{item.domain.id}", self._check(item, lane))
            task.add_done_callback(partial(self._on_check_end, lane))

    async def _check(self, item: _QueuedDomain, lane: CheckLane) -> None:
        domain, cool_down_s = item.domain, 0.0
        self.movement.note_step()
        try:
            await self._checker.check_due(domain, lane, item.listed)
        except RemoteError as error:
            log.warning("sync.cloudflare_failed", domain=domain.name, domain_id=domain.id, error=error.message)
        except Exception:
            # Whatever it was, this domain waits like the others: it must not be checked again and again at once.
            cool_down_s = _COOL_DOWN_S
            await checks.postpone(self._context, domain, self._context.now() + _FAILURE_DELAY_MS)
            cool_down_s = 0.0
            raise
        finally:
            if cool_down_s:
                asyncio.get_running_loop().call_later(cool_down_s, self._in_flight.discard, domain.id)
            else:
                self._in_flight.discard(domain.id)

    def _on_check_end(self, lane: CheckLane, _task: "asyncio.Task[None]") -> None:
        self._scheduler.finish(lane)
        self.movement.note_step()
        self._wake_event.set()

    async def _read_due(self) -> None:
        """Fill the empty lanes by one read. While a sweep runs, its pages bring the routine domains."""
        loop = asyncio.get_running_loop()
        lanes = [
            lane
            for lane, queue in self._queues.items()
            if not queue
            and self._scheduler.count_room(lane) > 0
            and loop.time() >= self._next_read_times[lane]
            and not (lane is CheckLane.ROUTINE and self._sweep.is_active)
        ]
        if not lanes:
            return
        for lane in lanes:
            # Set before the read: a commit during the read resets it.
            self._next_read_times[lane] = loop.time() + to_seconds(self._context.config.sync.tick)
        for lane, batch in (await self._read_batches(lanes)).items():
            self._last_org_ids[lane] = batch.last_org_id
            if batch.is_full:
                self._next_read_times[lane] = 0.0
                if lane is CheckLane.ROUTINE and self._sweep.request():
                    continue
            for domain in batch.domains:
                if domain.id not in self._in_flight:
                    self._enqueue(_QueuedDomain(domain), lane)

    async def _read_batches(self, lanes: Collection[CheckLane]) -> dict[CheckLane, DueBatch]:
        now, last_org_ids = self._context.now(), dict(self._last_org_ids)
        # One whose check ends during the read may still be due in the result, so the set is taken before.
        in_flight_ids = frozenset(self._in_flight)

        def query(snapshot: Snapshot) -> dict[CheckLane, DueBatch]:
            return {
                lane: read_due(snapshot, lane, now, in_flight_ids=in_flight_ids, last_org_id=last_org_ids[lane])
                for lane in lanes
            }

        return await self._context.database.read(query)

    async def _enqueue_listed(self, domain: Domain, listed: ListedHostname, lane: CheckLane) -> None:
        """Queue a domain from a sweep's page; wait while as many wait in the lane as one read brings."""
        while len(self._queues[lane]) >= BATCH_SIZE:
            self._space_event.clear()
            await self._space_event.wait()
        if domain.id not in self._in_flight:
            self._enqueue(_QueuedDomain(domain, listed), lane)
            self._wake_event.set()

    def _enqueue(self, item: _QueuedDomain, lane: CheckLane) -> None:
        self._in_flight.add(item.domain.id)
        self._queues[lane].append(item)

    async def _wake_on_commits(self) -> None:
        while True:
            await self._commit_event.wait()
            self._commit_event.clear()
            self._next_read_times = dict.fromkeys(CheckLane, 0.0)
            self._wake_event.set()

    async def _sleep(self) -> None:
        try:
            async with asyncio.timeout(to_seconds(self._context.config.sync.tick)):
                await self._wake_event.wait()
        except TimeoutError:
            return
