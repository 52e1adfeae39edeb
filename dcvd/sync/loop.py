"""The timer: whatever domain is due is looked at, the longest waiting first, and none holds back another."""

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
from dcvd.kit.tasks import TaskPool
from dcvd.services.context import Context
from dcvd.services.lifecycle import checks
from dcvd.store import domains
from dcvd.store.engine.database import Snapshot, Topic
from dcvd.sync.adaptive_rate import AdaptiveRate
from dcvd.sync.checker import ListedHostname
from dcvd.sync.lane_scheduler import LaneScheduler
from dcvd.sync.sweep import HostnameLister, ListSweep

log = structlog.get_logger(__name__)

_FAILURE_DELAY_MS: Final = 5 * MINUTE
_COOL_DOWN_S: Final = 5.0
"""Seconds for which a domain is left alone whose failure could not even be stored."""
_STORE_PAUSE: Final = 1.0
"""Seconds after which the database is read again where it failed."""
_BATCH_SIZE: Final = 32
"""How many due domains of a lane are read at once, and how many a walk may have waiting."""


class DueDomainChecker(Protocol):
    """Makes a look and stores it."""

    async def check_due(self, domain: Domain, lane: CheckLane, listed: ListedHostname | None = None) -> None:
        """Raises RemoteError when Cloudflare failed; what could be seen is stored all the same."""
        ...


class _QueuedDomain(Struct, frozen=True):
    domain: Domain
    listed: ListedHostname | None = None


class SyncLoop:
    """Looks at due domains, `sync.concurrency` at once.

    Nothing is claimed in the store: what is in flight is known here alone, so after a crash it is simply due again.
    """

    def __init__(
        self, context: Context, checker: DueDomainChecker, lister: HostnameLister, *, rate: AdaptiveRate | None = None
    ) -> None:
        self._context = context
        self._checker = checker
        self.pool = TaskPool(context.config.sync.concurrency, "sync")
        self._rate = rate if rate is not None else AdaptiveRate()
        self._scheduler = LaneScheduler(self.pool.limit)
        self._queues: dict[CheckLane, deque[_QueuedDomain]] = {kind: deque() for kind in CheckLane}
        self._in_flight: set[str] = set()
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
        )

    async def run(self) -> None:
        """Runs until it is cancelled; what is in the pool then goes on and is its owner's to drain."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._sweep.run(), name="sync.sweep")
            group.create_task(self._wake_on_commits(), name="sync.woken")
            group.create_task(self._start_checks(), name="sync.looks")

    async def _start_checks(self) -> None:
        while True:
            # Cleared before the look around: what changes after it wakes us again.
            self._wake_event.clear()
            try:
                await self._read_due()
            except StoreError as error:
                log.warning("sync.not_read", error=error.message, retry_in_s=_STORE_PAUSE)
                await asyncio.sleep(_STORE_PAUSE)
                self._next_read_times = dict.fromkeys(CheckLane, 0.0)
                continue
            kind = self._scheduler.choose([kind for kind, ready in self._queues.items() if ready])
            if kind is None:
                await self._sleep()
                continue
            item = self._queues[kind].popleft()
            self._space_event.set()
            self._scheduler.start(kind)
            await self._rate.wait_turn()
            await self.pool.wait_free()
            task = self.pool.start(f"sync.{item.domain.id}", self._check(item, kind))
            task.add_done_callback(partial(self._on_check_end, kind))

    async def _check(self, item: _QueuedDomain, lane: CheckLane) -> None:
        domain, rest = item.domain, 0.0
        try:
            await self._checker.check_due(domain, lane, item.listed)
        except RemoteError as error:
            log.warning("sync.cloudflare_failed", domain=domain.name, domain_id=domain.id, error=error.message)
        except Exception:
            # Whatever it was, this domain waits its turn like the others and is not tried in a circle.
            rest = _COOL_DOWN_S
            await checks.postpone(self._context, domain, self._context.now() + _FAILURE_DELAY_MS)
            rest = 0.0
            raise
        finally:
            if rest:
                asyncio.get_running_loop().call_later(rest, self._in_flight.discard, domain.id)
            else:
                self._in_flight.discard(domain.id)

    def _on_check_end(self, lane: CheckLane, _task: "asyncio.Task[None]") -> None:
        self._scheduler.finish(lane)
        self._wake_event.set()

    async def _read_due(self) -> None:
        """Fill up the lanes that have run out, in one read. While a walk is on, its pages bring what is routine."""
        loop = asyncio.get_running_loop()
        wanted = [
            kind
            for kind, ready in self._queues.items()
            if not ready
            and self._scheduler.count_room(kind) > 0
            and loop.time() >= self._next_read_times[kind]
            and not (kind is CheckLane.ROUTINE and self._sweep.is_active)
        ]
        if not wanted:
            return
        for kind in wanted:
            # Before the read: a commit during it sets it back.
            self._next_read_times[kind] = loop.time() + to_seconds(self._context.config.sync.tick)
        found = await self._read_due_domains(wanted)
        for kind, due in found.items():
            if len(due) >= _BATCH_SIZE:
                self._next_read_times[kind] = 0.0
                if kind is CheckLane.ROUTINE and self._sweep.request():
                    continue
            for domain in due:
                if domain.id not in self._in_flight:
                    self._enqueue(_QueuedDomain(domain), kind)

    async def _read_due_domains(self, lanes: Collection[CheckLane]) -> dict[CheckLane, list[Domain]]:
        now = self._context.now()
        # What is being looked at is still due in the store, so as many more are asked for. What ends meanwhile may
        # still be due in what is read.
        held = frozenset(self._in_flight)
        most = _BATCH_SIZE + len(held)

        def query(snapshot: Snapshot) -> dict[CheckLane, list[Domain]]:
            return {kind: domains.list_due(snapshot, kind, now, most) for kind in lanes}

        found = await self._context.database.read(query)
        return {kind: [each for each in due if each.id not in held][:_BATCH_SIZE] for kind, due in found.items()}

    async def _enqueue_listed(self, domain: Domain, listed: ListedHostname, lane: CheckLane) -> None:
        """Take a domain that a walk has come across; waits while enough of them are waiting."""
        while len(self._queues[lane]) >= _BATCH_SIZE:
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
