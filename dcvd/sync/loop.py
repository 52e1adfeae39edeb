"""The timer: whatever domain is due is looked at, the longest waiting first, and none holds back another."""

import asyncio
from collections import deque
from collections.abc import Collection
from functools import partial
from typing import Final, Protocol

import structlog
from msgspec import Struct

from dcvd.core.domains.domain import Domain
from dcvd.core.instants import MINUTE
from dcvd.core.lifecycle.schedule import Lane
from dcvd.errors import RemoteError, StoreError
from dcvd.kit.tasks import Pool
from dcvd.services.context import Context
from dcvd.services.lifecycle import checks
from dcvd.store import domains
from dcvd.store.engine.database import Snapshot, Topic
from dcvd.sync.adaptive_rate import Pace
from dcvd.sync.checker import Listed
from dcvd.sync.lane_scheduler import Turns
from dcvd.sync.sweep import Lister, Sweep

log = structlog.get_logger(__name__)

_AFTER_FAILURE: Final = 5 * MINUTE
_REST: Final = 5.0
"""Seconds for which a domain is left alone whose failure could not even be stored."""
_STORE_PAUSE: Final = 1.0
"""Seconds after which the database is read again where it failed."""
_BATCH: Final = 32
"""How many due domains of a lane are read at once, and how many a walk may have waiting."""


class Looker(Protocol):
    """Makes a look and stores it."""

    async def look_in_turn(self, domain: Domain, kind: Lane, listed: Listed | None = None) -> None:
        """Raises RemoteError when Cloudflare failed; what could be seen is stored all the same."""
        ...


class _Item(Struct, frozen=True):
    domain: Domain
    listed: Listed | None = None


class SyncLoop:
    """Looks at due domains, `sync.concurrency` at once.

    Nothing is claimed in the store: what is in flight is known here alone, so after a crash it is simply due again.
    """

    def __init__(self, context: Context, looker: Looker, lister: Lister, *, pace: Pace | None = None) -> None:
        self._context = context
        self._looker = looker
        self.pool = Pool(context.config.sync.concurrency, "sync")
        self._pace = pace if pace is not None else Pace()
        self._turns = Turns(self.pool.limit)
        self._ready: dict[Lane, deque[_Item]] = {kind: deque() for kind in Lane}
        self._held: set[str] = set()
        self._read_again_at = dict.fromkeys(Lane, 0.0)
        self._stored = context.database.listen(Topic.DOMAINS)
        self._changed = asyncio.Event()
        self._room = asyncio.Event()
        self._sweep = Sweep(context, lister, self._pace, offer=self._offer, held=self._held, over=self._changed.set)

    async def run(self) -> None:
        """Runs until it is cancelled; what is in the pool then goes on and is its owner's to drain."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._sweep.run(), name="sync.sweep")
            group.create_task(self._wake_on_commits(), name="sync.woken")
            group.create_task(self._start_looks(), name="sync.looks")

    async def _start_looks(self) -> None:
        while True:
            # Cleared before the look around: what changes after it wakes us again.
            self._changed.clear()
            try:
                await self._read_due()
            except StoreError as error:
                log.warning("sync.not_read", error=error.message, retry_in_s=_STORE_PAUSE)
                await asyncio.sleep(_STORE_PAUSE)
                self._read_again_at = dict.fromkeys(Lane, 0.0)
                continue
            kind = self._turns.next([kind for kind, ready in self._ready.items() if ready])
            if kind is None:
                await self._sleep()
                continue
            item = self._ready[kind].popleft()
            self._room.set()
            self._turns.take(kind)
            await self._pace.turn()
            await self.pool.wait_free()
            task = self.pool.start(f"sync.{item.domain.id}", self._look(item, kind))
            task.add_done_callback(partial(self._ended, kind))

    async def _look(self, item: _Item, kind: Lane) -> None:
        domain, rest = item.domain, 0.0
        try:
            await self._looker.look_in_turn(domain, kind, item.listed)
        except RemoteError as error:
            log.warning("sync.cloudflare_failed", domain=domain.name, domain_id=domain.id, error=error.message)
        except Exception:
            # Whatever it was, this domain waits its turn like the others and is not tried in a circle.
            rest = _REST
            await checks.postpone(self._context, domain, self._context.now() + _AFTER_FAILURE)
            rest = 0.0
            raise
        finally:
            if rest:
                asyncio.get_running_loop().call_later(rest, self._held.discard, domain.id)
            else:
                self._held.discard(domain.id)

    def _ended(self, kind: Lane, _task: "asyncio.Task[None]") -> None:
        self._turns.give_back(kind)
        self._changed.set()

    async def _read_due(self) -> None:
        """Fill up the lanes that have run out, in one read. While a walk is on, its pages bring what is routine."""
        loop = asyncio.get_running_loop()
        wanted = [
            kind
            for kind, ready in self._ready.items()
            if not ready
            and self._turns.room(kind) > 0
            and loop.time() >= self._read_again_at[kind]
            and not (kind is Lane.ROUTINE and self._sweep.busy)
        ]
        if not wanted:
            return
        for kind in wanted:
            # Before the read: a commit during it sets it back.
            self._read_again_at[kind] = loop.time() + self._context.config.sync.tick / 1000
        found = await self._due(wanted)
        for kind, due in found.items():
            if len(due) >= _BATCH:
                self._read_again_at[kind] = 0.0
                if kind is Lane.ROUTINE and self._sweep.consider():
                    continue
            for domain in due:
                if domain.id not in self._held:
                    self._hold(_Item(domain), kind)

    async def _due(self, wanted: Collection[Lane]) -> dict[Lane, list[Domain]]:
        now = self._context.now()
        # What is being looked at is still due in the store, so as many more are asked for. What ends meanwhile may
        # still be due in what is read.
        held = frozenset(self._held)
        most = _BATCH + len(held)

        def query(snapshot: Snapshot) -> dict[Lane, list[Domain]]:
            return {kind: domains.due(snapshot, kind, now, most) for kind in wanted}

        found = await self._context.database.read(query)
        return {kind: [each for each in due if each.id not in held][:_BATCH] for kind, due in found.items()}

    async def _offer(self, domain: Domain, listed: Listed, kind: Lane) -> None:
        """Take a domain that a walk has come across; waits while enough of them are waiting."""
        while len(self._ready[kind]) >= _BATCH:
            self._room.clear()
            await self._room.wait()
        if domain.id not in self._held:
            self._hold(_Item(domain, listed), kind)
            self._changed.set()

    def _hold(self, item: _Item, kind: Lane) -> None:
        self._held.add(item.domain.id)
        self._ready[kind].append(item)

    async def _wake_on_commits(self) -> None:
        while True:
            await self._stored.wait()
            self._stored.clear()
            self._read_again_at = dict.fromkeys(Lane, 0.0)
            self._changed.set()

    async def _sleep(self) -> None:
        try:
            async with asyncio.timeout(self._context.config.sync.tick / 1000):
                await self._changed.wait()
        except TimeoutError:
            return
