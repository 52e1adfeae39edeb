"""What fails by a fault of our own machine uses up no attempt and blames nobody, and is tried again soon."""

import asyncio
import email.utils
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any

import pytest
import structlog
from msgspec.structs import replace

from dcvd.core.http.exchanges import OwnFault
from dcvd.core.webhooks.deliveries import AttemptOutcome
from dcvd.core.webhooks.health import EndpointHealth
from dcvd.delivery import DeliveryPool, EndpointTestRunner
from dcvd.delivery.attempt import make_attempt
from dcvd.errors import Retryable
from dcvd.kit.egress.control import ControlServer
from dcvd.kit.egress.failures import EgressError
from dcvd.metrics import Metrics
from dcvd.services.context import Context
from dcvd.services.webhooks import endpoints
from tests.delivery.conftest import at_work, configure, subscribe
from tests.delivery.owing import happen
from tests.delivery.receivers import Receiver
from tests.delivery.views import attempts, delivered, health_of, states
from tests.descriptors import no_descriptor_left
from tests.kit.receivers import egress, raw_receiver, silent_backlog
from tests.manual_clock import RealClock
from tests.services.webhooks.attempts import due
from tests.system_names import Resolver
from tests.waiting import until


@pytest.fixture(autouse=True)
def _in_real_time(context: Context) -> None:
    context.clock = RealClock()


@contextmanager
def _resolver_down(resolver: Resolver) -> Iterator[None]:
    resolver.is_down = True
    try:
        yield
    finally:
        resolver.is_down = False


def _count_own_faults(metrics: Metrics) -> float:
    families = [family for family in metrics.registry.collect() if family.name == "dcvd_delivery_own_faults"]
    return sum(sample.value for family in families for sample in family.samples)


@pytest.mark.parametrize("kind", ["descriptors", "resolver"])
async def test_a_fault_of_our_own_uses_up_no_attempt_and_blames_nobody_and_the_delivery_follows_soon(
    context: Context, org: str, receiver: Receiver, resolver: Resolver, kind: str
) -> None:
    configure(context, retry_schedule=(0,))
    port = receiver.base.rpartition(":")[2]
    resolver.answers["hooks.example"] = [["127.0.0.1"]]
    fault: Any = no_descriptor_left() if kind == "descriptors" else _resolver_down(resolver)
    url = f"{receiver.base}/hooks" if kind == "descriptors" else f"http://hooks.example:{port}/hooks"
    # The database opens its files at their first use.
    await happen(context, org)
    await asyncio.gather(*(states(context) for _ in range(20)))
    endpoint, _ = await subscribe(context, org, url)
    metrics = Metrics()
    async with at_work(context, metrics, own_fault_pause_s=0.01) as pool:
        assert (pool.find_own_fault(endpoint), await pool.check_sending()) == (None, True)

        async def failed_often() -> bool:
            return _count_own_faults(metrics) >= 3

        with structlog.testing.capture_logs() as logs, fault:
            await happen(context, org)
            await until(failed_often)
            assert (await states(context), await attempts(context)) == ([("pending", 0)], [])
            expected = OwnFault.LIMIT if kind == "descriptors" else OwnFault.RESOLVER
            assert (pool.find_own_fault(endpoint), await pool.check_sending()) == (expected, False)
        await delivered(context, 1)

        async def is_over() -> bool:
            return (pool.find_own_fault(endpoint), await pool.check_sending()) == (None, True)

        await until(is_over)  # the pool hears of what is stored a moment later
    assert [(number, outcome) for number, outcome, *_ in await attempts(context)] == [(1, "delivered")]
    assert await health_of(context, endpoint) == EndpointHealth()
    assert len([entry for entry in logs if entry["event"] == "delivery.own_fault"]) == 1


async def test_a_tenant_whose_name_servers_do_not_answer_has_no_attempts_for_nothing(
    context: Context, org: str, resolver: Resolver
) -> None:
    configure(context, retry_schedule=(0, 0))
    resolver.failing_names = {"broken.example"}
    await subscribe(context, org, "http://broken.example/hooks")
    metrics = Metrics()
    async with at_work(context, metrics):
        await happen(context, org)

        async def is_dead() -> bool:
            return await states(context) == [("dead", 2)]

        await until(is_dead)
    assert _count_own_faults(metrics) == 0


async def test_a_test_that_our_own_machine_cannot_send_is_no_attempt(
    context: Context, org: str, resolver: Resolver
) -> None:
    endpoint, _ = await subscribe(context, org, "http://hooks.example/")
    runner = EndpointTestRunner(context, DeliveryPool(context, Metrics()))
    await runner.start()
    with _resolver_down(resolver):
        for request in (runner.send_test, runner.check_conformance):
            with pytest.raises(Retryable, match="fault of dcvd's own") as caught:
                await request(org, endpoint)
            assert caught.value.code == "sending_failed"
    await runner.close()
    assert (await states(context), await attempts(context)) == ([], [])


@asynccontextmanager
async def _clock_server(ahead_s: list[float], status: int) -> AsyncIterator[int]:
    """A server whose clock is ahead of ours by the last of these seconds; gives its port."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        date = email.utils.formatdate(time.time() + ahead_s[-1], usegmt=True)
        code = status if ahead_s[-1] else 200
        writer.write(f"HTTP/1.1 {code} Status\r\nContent-Length: 0\r\nDate: {date}\r\n\r\n".encode())
        await writer.drain()

    async with raw_receiver(answer) as port:
        yield port


async def test_a_timestamp_that_is_refused_because_our_clock_is_wrong_uses_up_no_attempt(
    context: Context, org: str
) -> None:
    configure(context, retry_schedule=(0,))
    ahead_s = [600.0]
    metrics = Metrics()
    async with _clock_server(ahead_s, 401) as port:
        endpoint, _ = await subscribe(context, org, f"http://127.0.0.1:{port}/hooks")
        control = ControlServer(lambda: f"http://127.0.0.1:{port}/")
        async with at_work(context, metrics, control=control, own_fault_pause_s=0.01):

            async def failed_often() -> bool:
                return _count_own_faults(metrics) >= 3

            with structlog.testing.capture_logs() as logs:
                await happen(context, org)
                await until(failed_often)
                assert (await states(context), await attempts(context)) == ([("pending", 0)], [])
            ahead_s.append(0.0)
            await delivered(context, 1)
    assert await health_of(context, endpoint) == EndpointHealth()
    (line,) = [entry for entry in logs if entry["event"] == "delivery.own_fault"]
    assert line["fault"] == "clock"
    assert "the clock of this machine is wrong by 10 min" in line["error"]


async def test_a_receiver_whose_own_clock_is_wrong_is_told_so_and_no_more(context: Context, org: str) -> None:
    configure(context, retry_schedule=(0,))
    async with _clock_server([600.0], 401) as port, _clock_server([0.0], 200) as right_port:
        await subscribe(context, org, f"http://127.0.0.1:{port}/hooks")
        control = ControlServer(lambda: f"http://127.0.0.1:{right_port}/")
        async with at_work(context, control=control):
            await happen(context, org)

            async def is_dead() -> bool:
                return await states(context) == [("dead", 1)]

            await until(is_dead)


async def test_while_nothing_on_the_internet_answers_no_endpoint_is_blamed(context: Context, org: str) -> None:
    configure(context, retry_schedule=(0,), timeout=100)
    metrics = Metrics()
    async with silent_backlog("127.0.0.1") as port:
        endpoint, _ = await subscribe(context, org, f"http://127.0.0.1:{port}/hooks")
        control = ControlServer(lambda: f"http://127.0.0.1:{port}/", timeout_s=0.1)
        async with at_work(context, metrics, control=control, own_fault_pause_s=0.01):
            await happen(context, org)

            async def failed_often() -> bool:
                return _count_own_faults(metrics) >= 2

            await until(failed_often)
    assert (await states(context), await attempts(context)) == ([("pending", 0)], [])
    assert await health_of(context, endpoint) == EndpointHealth()


async def test_where_they_are_to_count_a_fault_of_our_own_is_an_attempt_like_any_other(
    context: Context, org: str
) -> None:
    endpoint_id, _ = await subscribe(context, org, "http://127.0.0.1:9/hooks")
    await happen(context, org)
    unsealed = await context.database.read(lambda snapshot: endpoints.unseal_endpoint(context, snapshot, endpoint_id))
    assert unsealed is not None
    (due_delivery,) = await due(context, unsealed.endpoint)
    async with silent_backlog("127.0.0.1") as silent:
        control = ControlServer(lambda: f"http://127.0.0.1:{silent}/", timeout_s=0.1)
        url = f"http://127.0.0.1:{silent}/hooks"
        silenced = replace(unsealed, endpoint=replace(unsealed.endpoint, url=url))
        async with egress(control=control) as client:
            attempt = partial(make_attempt, client, silenced, due_delivery, clock=context.clock, timeout_s=0.1)
            with pytest.raises(EgressError):
                await attempt()
            counted = await attempt(counts_own_faults=True)
    assert (counted.outcome, counted.number) == (AttemptOutcome.TIMEOUT, 1)
