"""Each endpoint has as long for its answer as its tenant says, and delays nobody by it."""

import asyncio

import pytest
from aiohttp import web

from dcvd.core.webhooks.deliveries import AttemptOutcome
from dcvd.delivery import EndpointTestRunner
from dcvd.services.context import Context
from dcvd.services.organizations import quotas
from dcvd.services.webhooks import endpoints
from dcvd.services.webhooks.endpoints import EndpointChange
from tests.core.webhooks.attempts import explain
from tests.delivery.attempts.test_conformance import probing
from tests.delivery.conftest import at_work, configure, subscribe
from tests.delivery.owing import happen
from tests.delivery.receivers import Receiver, never, ok
from tests.delivery.views import attempts, delivered
from tests.manual_clock import RealClock
from tests.waiting import until


@pytest.fixture(autouse=True)
def _in_real_time(context: Context) -> None:
    context.clock = RealClock()


async def _late(_: web.Request) -> web.StreamResponse:
    await asyncio.sleep(0.3)
    return web.Response()


async def _give(context: Context, org: str, endpoint_id: str, seconds: int | None) -> None:
    await endpoints.change(context, org, endpoint_id, EndpointChange(timeout_seconds=seconds))


async def test_an_endpoint_may_have_more_time_than_the_operator_gives_or_less_from_its_next_attempt_on(
    context: Context, org: str, endpoint: str, receiver: Receiver
) -> None:
    configure(context, timeout=50, retry_schedule=(0, *[20] * 20))
    receiver.answer = _late
    async with at_work(context):
        await happen(context, org)

        await until(lambda: _has_timeouts(context, 2))
        await _give(context, org, endpoint, 30)
        await delivered(context, 1)
        configure(context, timeout=60_000)
        await _give(context, org, endpoint, 1)
        receiver.answer = never
        before = await _count_timeouts(context)
        await happen(context, org)
        await until(lambda: _has_timeouts(context, before + 1), 10)


async def _count_timeouts(context: Context) -> int:
    return [outcome for _, outcome, *_ in await attempts(context)].count("timeout")


async def _has_timeouts(context: Context, count: int) -> bool:
    return await _count_timeouts(context) >= count


async def test_tests_of_an_endpoint_give_it_its_own_time_and_say_how_much_it_was(
    context: Context, org: str, endpoint: str, receiver: Receiver
) -> None:
    configure(context, timeout=50)
    receiver.answer = _late
    async with probing(context) as prober:
        assert await _outcome(prober, org, endpoint) is AttemptOutcome.TIMEOUT
        await _give(context, org, endpoint, 30)
        assert await _outcome(prober, org, endpoint) is AttemptOutcome.DELIVERED
        assert (await prober.check_conformance(org, endpoint)).conforms is False
        await _give(context, org, endpoint, 1)
        receiver.answer = never
        _, recorded = await prober.send_test(org, endpoint)
        assert recorded.attempt.outcome is AttemptOutcome.TIMEOUT
        assert "within 1 s" in explain(recorded.attempt, receiver.url).sentence


async def _outcome(prober: EndpointTestRunner, org: str, endpoint: str) -> AttemptOutcome:
    return (await prober.send_test(org, endpoint))[1].attempt.outcome


@pytest.mark.parametrize("slots", [2, 4, 8])
async def test_where_one_organization_hangs_for_thirty_seconds_nothing_of_another_waits_in_a_small_pool(
    context: Context, org: str, rival_org: str, receiver: Receiver, slots: int
) -> None:
    configure(context, concurrency=slots, origin_concurrency=1_000)
    await quotas.set_quotas(context, rival_org, {"endpoints": 50})
    receiver.answer = never
    await subscribe(context, org, f"{receiver.base}/well")
    receiver.answers["/well"] = receiver.answers["/new"] = ok
    async with at_work(context):
        await happen(context, org)
        await delivered(context, 1)
        for number in range(20):
            made, _ = await subscribe(context, rival_org, f"{receiver.base}/hang/{number}")
            await _give(context, rival_org, made, 30)
        await happen(context, rival_org, 5)
        await until(lambda: _is_hanging(receiver))
        async with asyncio.timeout(10):
            for number in range(20):
                await happen(context, org)
                await delivered(context, number + 2)
            new, _ = await subscribe(context, org, f"{receiver.base}/new")
            await happen(context, org)
            await delivered(context, 1, new)


async def _is_hanging(receiver: Receiver) -> bool:
    return any(path.startswith("/hang") for path in receiver.by_path)
