"""No endpoint delays another, however dead, slow or flooded it is. Judged by counts and order, not by the clock."""

import asyncio

import pytest

from dcvd.services.context import Context
from dcvd.services.organizations import quotas
from tests.delivery.conftest import at_work, configure, subscribe
from tests.delivery.owing import backlog, happen
from tests.delivery.receivers import Receiver, dripping, never, ok, receiving
from tests.delivery.views import attempts, delivered
from tests.manual_clock import RealClock
from tests.system_names import Resolver
from tests.waiting import until


@pytest.fixture(autouse=True)
def _in_real_time(context: Context) -> None:
    context.clock = RealClock()


async def _healthy(context: Context, org_id: str, receiver: Receiver, count: int, each: int) -> list[str]:
    made = [(await subscribe(context, org_id, f"{receiver.base}/healthy/{number}"))[0] for number in range(count)]
    await happen(context, org_id, each)
    return made


def _arrived(receiver: Receiver) -> int:
    return sum(count for path, count in receiver.by_path.items() if path.startswith("/healthy"))


async def _all_arrive(receiver: Receiver, count: int) -> None:
    async with asyncio.timeout(10):
        while _arrived(receiver) < count:
            await asyncio.sleep(0.005)


@pytest.mark.sweep
async def test_a_dead_endpoint_with_a_backlog_of_fifty_thousand_delays_none_of_fifty_healthy_ones(
    context: Context, org: str, receiver: Receiver
) -> None:
    configure(context, timeout=300)
    dead, _ = await subscribe(context, org, f"{receiver.base}/dead", events=("domain.removed",))
    receiver.answers["/dead"] = never
    await backlog(context, org, dead, 50_000)
    await _healthy(context, org, receiver, 50, 10)
    began = asyncio.get_running_loop().time()
    async with at_work(context):
        await _all_arrive(receiver, 500)
        # At first as many as to any endpoint, then a quarter of that at once, each for 300 ms.
        position = max(index for index, request in enumerate(receiver.received) if request.path != "/dead")
        before = [request for request in receiver.received[:position] if request.path == "/dead"]
        assert 1 <= len(before) <= 8 + 2 * ((receiver.received[position].at - began) // 0.3)
        assert receiver.open <= 8 + 1


async def test_while_the_dead_one_holds_its_slots_what_happens_now_goes_out_at_once(
    context: Context, org: str, receiver: Receiver
) -> None:
    configure(context, timeout=60_000)
    dead, _ = await subscribe(context, org, f"{receiver.base}/dead", events=("domain.removed",))
    receiver.answers["/dead"] = never
    await backlog(context, org, dead, 2_000)
    await _healthy(context, org, receiver, 5, 1)
    async with at_work(context):
        await _all_arrive(receiver, 5)
        await receiver.gets(8, "/dead")
        for number in range(1, 20):
            await happen(context, org)
            await _all_arrive(receiver, 5 * (number + 1))
        # It never got another slot: its attempts have a minute each, and none has ended yet.
        assert receiver.by_path["/dead"] == 8


async def test_three_hundred_endpoints_that_drip_leave_another_organization_what_it_needs(
    context: Context, org: str, rival_org: str, receiver: Receiver
) -> None:
    receiver.answer = dripping
    configure(context, origin_concurrency=1_000)
    await quotas.set_quotas(context, rival_org, {"endpoints": 300})
    for number in range(300):
        await subscribe(context, rival_org, f"{receiver.base}/drip/{number}")
    await happen(context, rival_org, 5)
    async with at_work(context):
        await receiver.holds(36)
        healthy = await _healthy(context, org, receiver, 10, 20)
        for number in range(10):
            receiver.answers[f"/healthy/{number}"] = ok
        await asyncio.gather(*(delivered(context, 20, endpoint) for endpoint in healthy))
        assert sum(count for path, count in receiver.by_path.items() if path.startswith("/drip")) == 36


async def test_a_hundred_webhooks_at_one_origin_make_one_event_into_no_hundred_posts_at_once(
    context: Context, org: str, receiver: Receiver
) -> None:
    receiver.answer = never
    for number in range(40):
        await subscribe(context, org, f"{receiver.base}/amplified/{number}")
    async with at_work(context):
        await happen(context, org)
        await receiver.holds(12)
        # Another origin has room: what waits for this one holds no slot.
        async with receiving() as elsewhere:
            other, _ = await subscribe(context, org, elsewhere.url, events=("domain.removed",))
            await backlog(context, org, other, 100)
            await delivered(context, 100, other)
    assert receiver.by_path.total() == 12


async def test_a_flooded_endpoint_lets_another_in_after_a_few_of_its_own(
    context: Context, org: str, receiver: Receiver
) -> None:
    flooded, _ = await subscribe(context, org, f"{receiver.base}/flood", events=("domain.removed",))
    await backlog(context, org, flooded, 10_000)
    other, _ = await subscribe(context, org, f"{receiver.base}/other")
    async with at_work(context):
        await receiver.gets(100, "/flood")
        before = receiver.by_path["/flood"]
        await happen(context, org)
        await delivered(context, 1, other)
        position = next(index for index, request in enumerate(receiver.received) if request.path == "/other")
        assert position - before <= 60


async def test_what_one_organization_floods_is_shared_by_turns_with_another(
    context: Context, org: str, rival_org: str, receiver: Receiver
) -> None:
    for number in range(20):
        flooded, _ = await subscribe(context, rival_org, f"{receiver.base}/flood/{number}", events=("domain.removed",))
        await backlog(context, rival_org, flooded, 500)
    other, _ = await subscribe(context, org, f"{receiver.base}/other", events=("domain.removed",))
    await backlog(context, org, other, 100)
    async with at_work(context):
        await delivered(context, 100, other)
    last = max(index for index, request in enumerate(receiver.received) if request.path == "/other")
    assert sum(request.path != "/other" for request in receiver.received[:last]) <= 1_200


async def test_dead_names_of_one_tenant_cost_another_neither_an_attempt_nor_a_wait(
    context: Context, org: str, rival_org: str, receiver: Receiver, resolver: Resolver
) -> None:
    configure(context, timeout=300, retry_schedule=(0, *[100] * 20))
    await quotas.set_quotas(context, org, {"endpoints": 150})
    port = receiver.base.rpartition(":")[2]
    resolver.answers["good.example"] = [["127.0.0.1"]]
    resolver.silent_names = {f"dead{number}.example" for number in range(150)}
    for name in sorted(resolver.silent_names):
        await subscribe(context, org, f"http://{name}:{port}/dead")
    good, _ = await subscribe(context, rival_org, f"http://good.example:{port}/hooks")
    await happen(context, org, 5)
    async with at_work(context):

        async def many_have_timed_out() -> bool:
            return len(await attempts(context)) >= 100

        await until(many_have_timed_out)
        # Their lookups go on for seconds, and others wait for a place.
        await happen(context, rival_org)
        async with asyncio.timeout(4):  # a silent name is silent for five seconds
            await delivered(context, 1, good)
        assert [outcome for _, outcome, *_, endpoint in await attempts(context) if endpoint == good] == ["delivered"]
        resolver.silent.set()
