"""The watch over the clock, with a real server that tells the time, and a machine's clock that steps."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, MutableMapping
from contextlib import asynccontextmanager
from email.utils import formatdate
from typing import Any

import pytest
import structlog
from aiohttp import web

from dcvd.core.clock_discipline import MAX_DOWNTIME_MS, RememberedTime
from dcvd.core.instants import DAY, HOUR, SECOND
from dcvd.daemon.metrics.sources import CLOCK, show_clock
from dcvd.janitor import ClockWatch, SystemWatch
from dcvd.kit.disciplined_clock import DisciplinedClock
from dcvd.kit.egress.control import ControlServer
from dcvd.metrics import Metrics
from dcvd.services import clock_steps
from dcvd.services.context import Context
from dcvd.services.domains import additions, queries
from dcvd.services.events import operator_events
from dcvd.store import domains as stored_domains
from tests.janitor.test_system_watch import told
from tests.kit.receivers import receiver
from tests.unreliable_database import Fate, strike
from tests.waiting import until

NOW = 1_800_000_000_000


class Machine:
    """A machine whose clock is ahead of the true time by what a test says, beside a server that tells the true one."""

    def __init__(self, context: Context) -> None:
        self._origin_ns = time.monotonic_ns()
        self.ahead_ms = 0
        self.asked = 0
        self.metrics = Metrics()
        self.metrics.add_source(CLOCK, lambda: show_clock(self.clock))
        self.clock = DisciplinedClock(get_wall_ns=lambda: (self.true_now() + self.ahead_ms) * 1_000_000)
        self.context = Context(context.database, context.live_config, clock=self.clock)

    def true_now(self) -> int:
        return NOW + (time.monotonic_ns() - self._origin_ns) // 1_000_000

    def watch(self, url: str) -> ClockWatch:
        control = ControlServer(lambda: url, clock=self.clock, on_date=self.clock.hear_date, fault_lifetime_s=0)
        return ClockWatch(self.context, self.clock, control, self.metrics, look_interval_s=0.01, first_ask_pause_s=0.01)

    async def tell(self, _: web.Request) -> web.Response:
        self.asked += 1
        return web.Response(status=403, headers={"Date": formatdate(self.true_now() / 1000, usegmt=True)})

    def is_right(self) -> bool:
        """Whether what is gone by is the true time, but for the fractions of seconds that a `Date` lacks."""
        return abs(self.clock.now() - self.true_now()) < 2 * SECOND

    def gauge(self, name: str) -> float:
        found = self.metrics.registry.get_sample_value(name)
        assert found is not None
        return found


@pytest.fixture
def machine(context: Context) -> Machine:
    return Machine(context)


@pytest.fixture
async def url(machine: Machine) -> AsyncIterator[str]:
    async with receiver(machine.tell) as port:
        yield f"http://127.0.0.1:{port}/client/v4"


@pytest.fixture
def nobody(unused_tcp_port: int) -> str:
    """Where nobody answers."""
    return f"http://127.0.0.1:{unused_tcp_port}/"


@pytest.fixture(autouse=True)
def log_lines() -> Iterator[list[MutableMapping[str, Any]]]:
    with structlog.testing.capture_logs() as lines:
        yield lines


@asynccontextmanager
async def at_work(watch: ClockWatch) -> AsyncIterator[None]:
    task = asyncio.create_task(watch.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


def logged(lines: list[MutableMapping[str, Any]]) -> list[str]:
    return [line["event"] for line in lines if line["event"].startswith("clock.")]


# At the start


async def test_a_first_start_asks_for_the_time(machine: Machine, url: str) -> None:
    await machine.watch(url).begin()
    assert machine.asked == 1
    assert machine.clock.confirmed_now() is not None
    remembered = await clock_steps.read_remembered(machine.context)
    assert remembered is not None
    assert remembered.confirmed_at == remembered.seen_at
    assert machine.gauge("dcvd_clock_confirmed") == 1


@pytest.mark.parametrize("ahead_ms", [100 * DAY, -30 * HOUR, 365 * DAY, -365 * DAY])
async def test_a_start_with_a_wrong_clock_goes_by_the_time_that_it_is_told(
    machine: Machine, url: str, ahead_ms: int, log_lines: list[MutableMapping[str, Any]]
) -> None:
    machine.ahead_ms = ahead_ms
    await machine.watch(url).begin()
    assert machine.is_right()
    assert machine.clock.confirmed_now() is not None
    assert logged(log_lines) == ["clock.wrong"]
    assert machine.gauge("dcvd_clock_ahead_seconds") == pytest.approx(ahead_ms / 1000, abs=2)


async def test_a_start_soon_after_a_stop_asks_nobody(machine: Machine, url: str) -> None:
    before = machine.true_now() - MAX_DOWNTIME_MS + 5 * SECOND
    await clock_steps.remember(machine.context, RememberedTime(seen_at=before, confirmed_at=before))
    await machine.watch(url).begin()
    assert machine.asked == 0
    assert machine.clock.confirmed_now() is not None


async def test_a_machine_that_was_off_for_long_goes_on_as_soon_as_it_is_told_the_time(
    machine: Machine, url: str, nobody: str, log_lines: list[MutableMapping[str, Any]]
) -> None:
    before = machine.true_now() - 100 * DAY
    await clock_steps.remember(machine.context, RememberedTime(seen_at=before, confirmed_at=before))
    await machine.watch(nobody).begin()
    assert machine.is_right()
    assert machine.clock.confirmed_now() is None
    assert machine.gauge("dcvd_clock_confirmed") == 0
    assert logged(log_lines) == ["clock.unconfirmed"]
    await machine.watch(url).begin()
    assert machine.clock.confirmed_now() is not None


async def test_a_clock_that_was_put_back_before_a_start_is_not_gone_by(machine: Machine, nobody: str) -> None:
    before = machine.true_now()
    await clock_steps.remember(machine.context, RememberedTime(seen_at=before, confirmed_at=before))
    machine.ahead_ms = -30 * HOUR
    await machine.watch(nobody).begin()
    assert machine.is_right()
    assert machine.clock.confirmed_now() is not None


# While it runs


@pytest.mark.parametrize("ahead_ms", [100 * DAY, -30 * HOUR])
async def test_a_step_changes_nothing_and_is_logged_once_and_told(
    machine: Machine, url: str, ahead_ms: int, log_lines: list[MutableMapping[str, Any]]
) -> None:
    await operator_events.begin(machine.context)
    watch = machine.watch(url)
    await watch.begin()
    system = asyncio.create_task(SystemWatch(machine.context, machine.clock, measure_free=lambda _: 2 << 30).run())
    async with at_work(watch):
        machine.ahead_ms = ahead_ms

        async def is_told() -> bool:
            return await told(machine.context) == [("system.clock_wrong", "raised")] and machine.asked > 2

        await until(is_told)
        assert machine.is_right()
        machine.ahead_ms = 0

        async def is_over() -> bool:
            return (await told(machine.context))[1:] == [("system.clock_wrong", "recovered")]

        await until(is_over)
    system.cancel()
    await asyncio.wait([system])
    assert logged(log_lines) == ["clock.wrong", "clock.right"]
    assert machine.gauge("dcvd_clock_steps_total") == 0


async def test_a_step_that_nothing_contradicts_plans_anew_once_the_database_takes_it(
    machine: Machine, nobody: str, org: str
) -> None:
    watch = machine.watch(nobody)
    await watch.begin()
    domain = await additions.add(machine.context, org, "app.customer.test")
    planned_at = machine.clock.now() + HOUR
    await machine.context.database.write(lambda tx: stored_domains.set_next_check(tx, domain.id, planned_at))
    has_struck = strike(machine.context.database, "plan_anew.<locals>.unit", 1, Fate.LOST)
    async with at_work(watch):
        machine.ahead_ms = -30 * HOUR

        async def is_planned_anew() -> bool:
            return machine.gauge("dcvd_clock_steps_total") == 1

        await until(is_planned_anew)
    assert has_struck()
    next_check_at = (await queries.get(machine.context, org, domain.id)).next_check_at
    assert next_check_at == pytest.approx(planned_at - 30 * HOUR, abs=2 * SECOND)


async def test_an_operator_who_sets_a_clock_right_while_nobody_tells_the_time_is_followed_when_somebody_does(
    machine: Machine, url: str
) -> None:
    wrong = machine.true_now() + 3 * DAY
    await clock_steps.remember(machine.context, RememberedTime(seen_at=wrong, confirmed_at=wrong))
    watch = machine.watch(url)
    machine.ahead_ms = 3 * DAY
    machine.clock.begin(RememberedTime(seen_at=wrong, confirmed_at=wrong))
    machine.ahead_ms = 0
    async with at_work(watch):

        async def is_right() -> bool:
            return machine.is_right() and machine.gauge("dcvd_clock_steps_total") == 1

        await until(is_right)
