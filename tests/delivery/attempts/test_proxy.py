"""Deliveries and tests through the operator's proxy: what is wrong with it blames nobody."""

import pytest
import structlog

from dcvd.config import Config
from dcvd.core.webhooks.health import EndpointHealth
from dcvd.delivery import DeliveryPool, EndpointTestRunner
from dcvd.errors import Retryable
from dcvd.kit.egress.control import ControlServer
from dcvd.metrics import Metrics
from dcvd.services.context import Context
from dcvd.services.webhooks.outgoing_proxy import build_proxy
from tests.delivery.conftest import at_work, configure, subscribe
from tests.delivery.owing import happen
from tests.delivery.receivers import Receiver
from tests.delivery.views import attempts, delivered, health_of, states
from tests.kit.proxies import proxying
from tests.kit.receivers import ok
from tests.kit.receivers import receiver as plain_receiver
from tests.manual_clock import RealClock
from tests.waiting import until


@pytest.fixture(autouse=True)
def _in_real_time(context: Context) -> None:
    context.clock = RealClock()


def _count_proxy_faults(metrics: Metrics) -> float:
    value = metrics.registry.get_sample_value("dcvd_delivery_own_faults_total", {"reason": "proxy"})
    return value or 0.0


async def test_while_the_proxy_refuses_us_no_attempt_is_used_up_and_the_delivery_follows(
    context: Context, org: str, receiver: Receiver
) -> None:
    metrics = Metrics()
    async with proxying() as proxy:
        configure(context, retry_schedule=(0,), proxy=f"http://127.0.0.1:{proxy.port}")
        endpoint, _ = await subscribe(context, org, receiver.url)
        proxy.answer(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
        async with at_work(context, metrics, proxy=build_proxy(context.config), own_fault_pause_s=0.01):

            async def failed_often() -> bool:
                return _count_proxy_faults(metrics) >= 3

            with structlog.testing.capture_logs() as logs:
                await happen(context, org)
                await until(failed_often)
                assert (await states(context), await attempts(context)) == ([("pending", 0)], [])
            proxy.misbehave = None
            await delivered(context, 1)
        assert proxy.asked[-1] == receiver.base.removeprefix("http://")
    assert [(number, outcome) for number, outcome, *_ in await attempts(context)] == [(1, "delivered")]
    assert await health_of(context, endpoint) == EndpointHealth()
    (line,) = [entry for entry in logs if entry["event"] == "delivery.own_fault"]
    assert line["fault"] == "proxy"
    assert "it answered 407 to CONNECT" in line["error"]


async def test_a_receiver_that_the_proxy_cannot_reach_loses_its_attempts(
    context: Context, org: str, unused_tcp_port: int
) -> None:
    metrics = Metrics()
    async with proxying() as proxy, plain_receiver(ok) as port:
        configure(context, retry_schedule=(0, 0), proxy=f"http://127.0.0.1:{proxy.port}")
        await subscribe(context, org, f"http://127.0.0.1:{unused_tcp_port}/hooks")
        through = build_proxy(context.config)
        control = ControlServer(lambda: f"http://127.0.0.1:{port}/", proxy=through)
        async with at_work(context, metrics, control=control, proxy=through):
            await happen(context, org)

            async def is_dead() -> bool:
                return await states(context) == [("dead", 2)]

            await until(is_dead)
    assert _count_proxy_faults(metrics) == 0


async def test_tests_and_conformance_go_through_the_proxy_and_are_not_sent_while_it_fails(
    context: Context, org: str, receiver: Receiver
) -> None:
    async with proxying() as proxy:
        configure(context, proxy=f"http://127.0.0.1:{proxy.port}")
        endpoint, _ = await subscribe(context, org, receiver.url)
        through = build_proxy(context.config)
        runner = EndpointTestRunner(context, DeliveryPool(context, Metrics()), proxy=through)
        await runner.start()
        try:
            _, recorded = await runner.send_test(org, endpoint)
            assert recorded.attempt.remote_ip == "127.0.0.1"
            assert (await runner.check_conformance(org, endpoint)).probes
            assert proxy.asked
            # Kept tunnels would still serve.
            await runner.close()
            await runner.start()
            proxy.answer(b"HTTP/1.1 403 Forbidden\r\n\r\n")
            for request in (runner.send_test, runner.check_conformance):
                with pytest.raises(Retryable, match="fault of dcvd's own") as caught:
                    await request(org, endpoint)
                assert "403" not in caught.value.message
                assert str(proxy.port) not in caught.value.message
        finally:
            await runner.close()


async def test_without_a_proxy_in_the_configuration_there_is_none() -> None:
    assert build_proxy(Config()) is None
