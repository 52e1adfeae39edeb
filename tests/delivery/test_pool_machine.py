"""The pool at work while tenants call and the process ends: what is due is sent, once at a time, when it was said."""

import asyncio
import math
import random
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Coroutine
from contextlib import AsyncExitStack, suppress
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any, Final, TypeVar

from aiohttp import web
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec import Struct

from dcvd.config import CloudflareConfig, Config, Live
from dcvd.config.sections import WebhooksConfig
from dcvd.core.events import EventType
from dcvd.core.instants import SECOND
from dcvd.core.secret import Secret
from dcvd.core.webhooks.deliveries import Delivery
from dcvd.core.webhooks.replays import ReplayStatus
from dcvd.errors import Conflict
from dcvd.services import organizations
from dcvd.services.context import Context
from dcvd.services.webhooks import endpoints, replay_job, replays
from dcvd.services.webhooks.endpoints import EndpointChange, HeldDeliveries
from dcvd.store.engine.pragmas import prepare_writer
from tests.conftest import VAULT
from tests.delivery.conftest import at_work
from tests.delivery.owing import happen
from tests.delivery.receivers import receiving
from tests.examples import examples
from tests.manual_clock import ManualClock
from tests.services.memory import make_blank
from tests.unreliable_database import UnreliableDatabase

T = TypeVar("T")

_DOMAINS: Final = ("dom_a", "dom_b", None)
_TYPES: Final = (EventType.DOMAIN_ADDED, EventType.DOMAIN_ERROR)
_PATHS: Final = ("/one", "/two")
_NOWHERE: Final = "/nowhere"
_BROADCAST: Final = "127.255.255.255"
"""The system itself refuses every connection to it: no receiver is to blame for such a failure."""
_CONCURRENCY: Final = 3
_ANY: Final = st.integers(0, 59)
"""Which one of those that there are; a draw from them would depend on what the pool has come to."""
_WAITS_FOR_NOTHING: Final = (
    "SELECT w.url, d.event_id FROM webhook_endpoints w JOIN deliveries d ON d.endpoint_id = w.id"
    " WHERE w.org_id = ? AND d.next_attempt_at <= ? AND w.health <> 'disabled'"
    " AND (w.paused_until IS NULL OR w.paused_until <= ?)"
)
_ALL: Final = (
    "SELECT d.id, w.url, d.event_id, d.state, d.next_attempt_at, d.attempts,"
    " (SELECT max(a.started_at) FROM attempts a WHERE a.delivery_id = d.id) FROM webhook_endpoints w"
    " JOIN deliveries d ON d.endpoint_id = w.id WHERE w.org_id = ? ORDER BY d.id"
)


class _Row(Struct, frozen=True):
    id: str
    url: str
    event_id: str
    state: str
    next_attempt_at: int | None
    attempts: int
    last_start: int | None
    """When the last attempt began of those that have ended."""

    @property
    def key(self) -> tuple[str, str]:
        """Which path gets it, and under which id."""
        return f"/{self.url.rpartition('/')[2]}", self.event_id


class _Answers:
    """What the receiver of a path says: a status at once, or nothing until it is released."""

    def __init__(self) -> None:
        self.status: int | None = None
        self.open: Counter[str] = Counter()
        self.received: Counter[str] = Counter()
        self.twice_at_once: set[str] = set()
        self._held: dict[str, asyncio.Future[int]] = {}

    @property
    def held_ids(self) -> set[str]:
        return set(self._held)

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        event_id = request.headers["webhook-id"]
        self.received[event_id] += 1
        self.open[event_id] += 1
        if self.open[event_id] > 1:
            self.twice_at_once.add(event_id)
        try:
            if self.status is not None:
                return web.Response(status=self.status)
            answer = self._held[event_id] = asyncio.get_running_loop().create_future()
            return web.Response(status=await answer)
        finally:
            self.open[event_id] -= 1
            self._held.pop(event_id, None)

    def release(self, event_id: str, status: int) -> None:
        self._held[event_id].set_result(status)


class PoolMachine(RuleBasedStateMachine):
    """Two endpoints of one organization at one receiver, and one that cannot be reached; time passes only when a rule
    says so."""

    @initialize()
    def begin(self) -> None:
        self.runner = asyncio.Runner()
        self.clock = ManualClock()
        self.answers = {path: _Answers() for path in (*_PATHS, _NOWHERE)}
        self.promises: dict[str, tuple[int, int]] = {}
        self.disabled_since: dict[str, int] = {}
        self.dropped_since: dict[str, int] = {}
        self.run(self._open())

    async def _open(self) -> None:
        self.stack = AsyncExitStack()
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        path = folder / "dcvd.db"
        path.write_bytes(make_blank())
        connection = sqlite3.connect(path, isolation_level=None)
        prepare_writer(connection)
        connection.close()
        self.database = await UnreliableDatabase.open(path)
        self.stack.push_async_callback(self.database.close)
        config = Config(
            cloudflare=CloudflareConfig(api_token=Secret("x"), zone_id="z", cname_target="edge.sandbox.test"),
            webhooks=WebhooksConfig(
                allow_http=True,
                allow_private=(IPv4Network("127.0.0.0/8"),),
                endpoint_concurrency=_CONCURRENCY,
                timeout=60 * SECOND,
                retry_schedule=(0, 5 * SECOND, 30 * SECOND),
            ),
        )
        self.context = Context(
            self.database,
            Live(config),
            vault=VAULT,
            clock=self.clock,
            random_bytes=random.Random(7).randbytes,
            random_fraction=lambda: 0.0,
        )
        self.org = (await organizations.create(self.context, "Acme")).id
        self.receiver = await self.stack.enter_async_context(receiving())
        self.receiver.answers.update(self.answers)
        nowhere = self.receiver.base.replace("127.0.0.1", _BROADCAST)
        self.endpoints = [
            (await endpoints.create(self.context, self.org, url=url, events=types))[0].id
            for url, types in (
                (f"{self.receiver.base}{_PATHS[0]}", _TYPES),
                (f"{self.receiver.base}{_PATHS[1]}", _TYPES[:1]),
                (f"{nowhere}{_NOWHERE}", _TYPES[1:]),
            )
        ]
        await self._start()

    async def _start(self) -> None:
        self.process = AsyncExitStack()
        await self.process.enter_async_context(at_work(self.context))

    def run(self, steps: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(steps)

    @rule(count=st.integers(1, 3), kind=st.sampled_from(_TYPES), domain=st.sampled_from(_DOMAINS))
    def something_happens(self, count: int, kind: EventType, domain: str | None) -> None:
        self.run(happen(self.context, self.org, count, kind=kind, domain_id=domain))

    @rule(path=st.sampled_from(_PATHS), status=st.sampled_from((None, 200, 500, None, 503, 410)))
    def a_receiver_answers_otherwise_from_now_on(self, path: str, status: int | None) -> None:
        self.answers[path].status = status

    @rule(
        path=st.sampled_from(_PATHS),
        status=st.sampled_from((200, 500, 500)),
        is_retried=st.booleans(),
        which=_ANY,
    )
    def a_held_request_is_answered_perhaps_after_a_retry(
        self, path: str, status: int, which: int, *, is_retried: bool
    ) -> None:
        if held_ids := self.answers[path].held_ids:
            event_id = sorted(held_ids)[which % len(held_ids)]
            if is_retried:
                self._retry(next(row for row in self.run(self._read()) if row.key == (path, event_id)))
            self.answers[path].release(event_id, status)

    @rule(which=_ANY)
    def one_is_retried(self, which: int) -> None:
        if rows := self.run(self._read()):
            self._retry(rows[which % len(rows)])

    @rule(path=st.sampled_from(_PATHS), status=st.sampled_from((200, 500)), which=_ANY)
    def a_held_request_is_answered_and_retried_just_after_its_attempt_is_stored(
        self, path: str, status: int, which: int
    ) -> None:
        if held_ids := self.answers[path].held_ids:
            event_id = sorted(held_ids)[which % len(held_ids)]
            row = next(row for row in self.run(self._read()) if row.key == (path, event_id))
            self.run(self._answer_and_retry(row, status))

    async def _answer_and_retry(self, row: _Row, status: int) -> None:
        """Let the retry share the transaction of the attempt, which is still in flight as far as the pool knows."""
        retries: list[asyncio.Task[Delivery]] = []

        async def retry_behind() -> None:
            self.database.before_write = None
            retries.append(asyncio.create_task(replays.retry(self.context, self.org, row.id)))

        self.clock.advance(1)
        path, event_id = row.key
        sent_before = self._count_sent(row)
        self.database.before_write = retry_behind
        self.answers[path].release(event_id, status)
        async with asyncio.timeout(10):
            while not retries:
                await asyncio.sleep(0)
        with suppress(Conflict):  # it waits for an earlier one
            self._note_promise(row, await retries[0], sent_before)

    def _retry(self, row: _Row) -> None:
        # A whole instant later: no two requests of tenants are answered within one.
        self.clock.advance(1)
        sent_before = self._count_sent(row)
        with suppress(Conflict):
            self._note_promise(row, self.run(replays.retry(self.context, self.org, row.id)), sent_before)

    def _note_promise(self, row: _Row, answered: Delivery, sent_before: int) -> None:
        self.dropped_since.pop(row.id, None)
        if answered.next_attempt_at is not None:
            self.promises[row.id] = (answered.next_attempt_at, sent_before)

    def _count_sent(self, row: _Row) -> int:
        path, event_id = row.key
        return row.attempts if path == _NOWHERE else self.answers[path].received[event_id]

    @rule(which=st.integers(0, 2), status=st.sampled_from(ReplayStatus))
    def many_are_replayed(self, which: int, status: ReplayStatus) -> None:
        async def replay() -> None:
            asked = await replays.prepare_replay(self.context, self.org, self.endpoints[which], status=status)
            job = await replay_job.start_replay(self.context, self.org, asked)
            while (going := await replay_job.run_next_batch(self.context, job)) is not None:
                job = going

        self.run(replay())
        self.dropped_since.clear()

    @rule(
        which=st.integers(0, 2),
        enabled=st.booleans(),
        held=st.sampled_from(HeldDeliveries),
        is_being_read=st.booleans(),
    )
    def an_endpoint_is_switched_perhaps_while_it_is_read(
        self, which: int, enabled: bool, held: HeldDeliveries, *, is_being_read: bool
    ) -> None:
        path, endpoint_id = (*_PATHS, _NOWHERE)[which], self.endpoints[which]
        change = EndpointChange(enabled=enabled, replay=held if enabled else HeldDeliveries.HELD)
        if enabled:
            self.disabled_since.pop(path, None)
        self.run(self._switch_during_read(endpoint_id, change) if is_being_read else self._switch(endpoint_id, change))
        self.clock.advance(1)
        if not enabled:
            self.disabled_since.setdefault(path, self.clock.now())

    async def _switch(self, endpoint_id: str, change: EndpointChange) -> None:
        await endpoints.change(self.context, self.org, endpoint_id, change)

    async def _switch_during_read(self, endpoint_id: str, change: EndpointChange) -> None:
        """Make the change between the snapshot that the pool reads and what it does with it."""
        changed = asyncio.Event()

        async def switch() -> None:
            current_task = asyncio.current_task()
            if current_task is not None and current_task.get_name() == "delivery":
                self.database.after_read = None
                await self._switch(endpoint_id, change)
                changed.set()

        self.database.after_read = switch
        await happen(self.context, self.org)
        async with asyncio.timeout(10):
            await changed.wait()

    @rule(seconds=st.sampled_from((1, 6, 40)))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds * SECOND)

    @rule()
    def the_process_ends_and_starts_again(self) -> None:
        async def restart() -> None:
            await self.process.aclose()
            async with asyncio.timeout(10):
                while self.receiver.open:
                    await asyncio.sleep(0.001)
            await self._start()

        self.run(restart())

    @invariant()
    def what_is_due_is_sent_and_only_once_at_a_time_and_what_was_answered_holds(self) -> None:
        self.run(self._wait_until_nothing_waits_for_nothing())
        assert all(not answers.twice_at_once for answers in self.answers.values())
        rows = self.run(self._read())
        self._check_that_nothing_is_sent_in_vain(rows)
        for row in rows:
            promise = self.promises.get(row.id)
            path, event_id = row.key
            if promise is None:
                continue
            if row.state in ("delivered", "dropped") or self._count_sent(row) > promise[1]:
                del self.promises[row.id]
            elif event_id not in self.answers[path].held_ids:
                # It waits for its endpoint, for an earlier event of its domain, or for the instant that was answered.
                assert row.state == "pending"
                assert row.next_attempt_at is None or row.next_attempt_at <= promise[0]

    def _check_that_nothing_is_sent_in_vain(self, rows: list[_Row]) -> None:
        for row in rows:
            if row.state == "dropped":
                self.dropped_since.setdefault(row.id, self.clock.now())
            last_start = row.last_start or 0
            assert last_start < self.disabled_since.get(row.key[0], math.inf), "it is sent to a disabled endpoint"
            assert last_start < self.dropped_since.get(row.id, math.inf), "it is sent although it is dropped"

    async def _wait_until_nothing_waits_for_nothing(self) -> None:
        """Raises TimeoutError if something is due and not sent."""
        async with asyncio.timeout(20):
            while await self._has_overdue():
                await asyncio.sleep(0.002)

    async def _has_overdue(self) -> bool:
        now = self.clock.now()
        rows = await self.database.read(lambda snapshot: snapshot.fetch_all(_WAITS_FOR_NOTHING, (self.org, now, now)))
        for url, event_id in rows:
            answers = self.answers[f"/{url.rpartition('/')[2]}"]
            if event_id not in answers.held_ids and len(answers.held_ids) < _CONCURRENCY:
                return True
        return False

    async def _read(self) -> list[_Row]:
        rows = await self.database.read(lambda snapshot: snapshot.fetch_all(_ALL, (self.org,)))
        return [_Row(*row) for row in rows]

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            self.run(self.process.aclose())
            self.run(self.stack.aclose())
            self.runner.close()


PoolMachine.TestCase.settings = examples(0.4, stateful_step_count=20)


class TestWhateverHappens(PoolMachine.TestCase):  # type: ignore[valid-type,misc]  # made by hypothesis
    """Nothing that is due is left lying, nothing is in flight twice, and a retry's answer holds."""
