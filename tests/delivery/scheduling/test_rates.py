"""`maxPerSecond` of an endpoint."""

import asyncio

import pytest

from dcvd.services.context import Context
from dcvd.services.webhooks import endpoints
from dcvd.services.webhooks.endpoints import EndpointChange
from tests.delivery.conftest import at_work, subscribe
from tests.delivery.owing import happen
from tests.delivery.receivers import Receiver
from tests.delivery.views import delivered, states
from tests.manual_clock import RealClock


async def test_nothing_arrives_before_the_rate_allows_it_and_what_waits_burns_no_attempt(
    context: Context, org: str, receiver: Receiver
) -> None:
    context.clock = RealClock()
    limited, _ = await subscribe(context, org, f"{receiver.base}/limited", max_per_second=10)
    free, _ = await subscribe(context, org, f"{receiver.base}/free")
    await happen(context, org, 24)
    # An arrival may lag behind its attempt by as long as this machine pleases, but is never ahead of it: that every
    # window of a second holds no more is proved of the window itself.
    began = asyncio.get_running_loop().time()
    async with at_work(context):
        await delivered(context, 24, free)
        assert receiver.by_path["/limited"] < 24
        await delivered(context, 24, limited)
    times = sorted(request.at for request in receiver.received if request.path == "/limited")
    assert [at >= began + place // 10 for place, at in enumerate(times)] == [True] * 24
    assert await states(context) == [("delivered", 1)] * 48


@pytest.mark.usefixtures("pool")
async def test_a_rate_that_is_lifted_holds_nothing_back_any_more(
    context: Context, org: str, endpoint: str, receiver: Receiver
) -> None:
    # The wall clock stands still, so what waits for an instant waits for ever: only the change lets it go.
    await endpoints.change(context, org, endpoint, EndpointChange(max_per_second=1))
    await happen(context, org, 50)
    await delivered(context, 1)
    await endpoints.change(context, org, endpoint, EndpointChange(max_per_second=None))
    await delivered(context, 50)
