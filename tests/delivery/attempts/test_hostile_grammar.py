"""The pool at work against receivers that answer by a grammar of HTTP's faults."""

import asyncio
import time
from typing import Final

import pytest

from dcvd.services.context import Context
from tests.delivery.conftest import at_work, configure, subscribe
from tests.delivery.owing import happen
from tests.delivery.receivers import Receiver
from tests.delivery.views import attempted, attempts, delivered
from tests.kit.egress.grammar.receiver import build_url, playing
from tests.kit.receivers import open_sockets
from tests.waiting import until

_CONCURRENCY: Final = 6
_TIMEOUT_MS: Final = 300
_PROMPT_S: Final = 20  # for a machine that is busy


@pytest.mark.parametrize(
    ("seed", "count"), [(11, 24), *(pytest.param(seed, 90, marks=pytest.mark.sweep) for seed in range(12, 17))]
)
async def test_the_pool_makes_one_attempt_at_each_hostile_receiver_and_then_serves_a_good_one_at_once(
    context: Context, org: str, receiver: Receiver, seed: int, count: int
) -> None:
    configure(context, timeout=_TIMEOUT_MS, concurrency=_CONCURRENCY)
    before = open_sockets()
    async with playing(seed) as port, at_work(context) as pool:
        for number in range(count):
            await subscribe(context, org, build_url(port, number))
        await happen(context, org)
        await attempted(context, count, seconds=100)
        made = {attempt.endpoint_id: attempt for attempt in await attempts(context)}
        assert len(made) == count
        assert all((found.outcome == "delivered") is (found.status_code in range(200, 300)) for found in made.values())

        async def is_idle() -> bool:
            return pool.pool.running_count == 0

        await until(is_idle)
        assert pool.pool.free_slots == _CONCURRENCY
        good = [(await subscribe(context, org, f"{receiver.base}/{number}"))[0] for number in range(_CONCURRENCY)]
        start = time.monotonic()
        await happen(context, org)
        for endpoint in good:
            await delivered(context, 1, endpoint)
        assert time.monotonic() - start < _PROMPT_S
    await asyncio.sleep(0)
    assert open_sockets() == before
