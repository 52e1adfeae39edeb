"""`maxPerSecond` of an endpoint."""

import pytest

from dcvd.kit.clock import SystemClock
from dcvd.services import webhooks
from dcvd.services.context import Context
from dcvd.services.webhooks import Change
from tests.delivery.conftest import at_work, subscribe
from tests.delivery.owing import happen
from tests.delivery.receivers import Receiver
from tests.delivery.views import delivered, states

_ON_THE_WAY = 0.1
"""Seconds by which an arrival may lag behind its attempt's beginning."""


async def test_in_no_second_more_arrives_than_the_rate_allows_and_what_waits_burns_no_attempt(
    context: Context, org: str, receiver: Receiver
) -> None:
    context.clock = SystemClock()
    limited, _ = await subscribe(context, org, f"{receiver.base}/limited", max_per_second=10)
    free, _ = await subscribe(context, org, f"{receiver.base}/free")
    await happen(context, org, 24)
    async with at_work(context):
        await delivered(context, 24, free)
        assert receiver.by_path["/limited"] <= 20
        await delivered(context, 24, limited)
    times = [request.at for request in receiver.received if request.path == "/limited"]
    for start in times:
        assert sum(start <= at < start + 1 - _ON_THE_WAY for at in times) <= 10
    assert times[-1] - times[0] >= 2 - _ON_THE_WAY
    assert await states(context) == [("delivered", 1)] * 48


@pytest.mark.usefixtures("pool")
async def test_a_rate_that_is_lifted_holds_nothing_back_any_more(
    context: Context, org: str, endpoint: str, receiver: Receiver
) -> None:
    context.clock = SystemClock()
    await webhooks.change(context, org, endpoint, Change(max_per_second=1))
    await happen(context, org, 50)
    await delivered(context, 1)
    await webhooks.change(context, org, endpoint, Change(max_per_second=None))
    await delivered(context, 50)
