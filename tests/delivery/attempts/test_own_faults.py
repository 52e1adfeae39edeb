"""What fails by a fault of our own machine uses up no attempt and blames nobody, and is tried again soon."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import structlog

from dcvd.core.webhooks.health import EndpointHealth
from dcvd.delivery import DeliveryPool, EndpointTestRunner
from dcvd.errors import Retryable
from dcvd.kit.clock import SystemClock
from dcvd.metrics import Metrics
from dcvd.services.context import Context
from tests.delivery.conftest import at_work, configure, subscribe
from tests.delivery.owing import happen
from tests.delivery.receivers import Receiver
from tests.delivery.views import attempts, delivered, health_of, states
from tests.descriptors import no_descriptor_left
from tests.system_names import Resolver
from tests.waiting import until


@pytest.fixture(autouse=True)
def _in_real_time(context: Context) -> None:
    context.clock = SystemClock()


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
    async with at_work(context, metrics, own_fault_pause_s=0.01):

        async def failed_often() -> bool:
            return _count_own_faults(metrics) >= 3

        with structlog.testing.capture_logs() as logs, fault:
            await happen(context, org)
            await until(failed_often)
            assert (await states(context), await attempts(context)) == ([("pending", 0)], [])
        await delivered(context, 1)
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
