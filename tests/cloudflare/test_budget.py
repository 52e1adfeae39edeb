"""The pace: never more than allowed in any window, and none of it wasted."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcvd.cloudflare.budget import Budget
from dcvd.kit.window import Window


class _Time:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@given(limit=st.integers(1, 20), gaps=st.lists(st.floats(0, 30), max_size=80))
def test_no_window_ever_holds_more_calls_than_the_limit(limit: int, gaps: list[float]) -> None:
    time = _Time()
    window = Window(limit, 60.0, time)
    calls: list[float] = []
    for gap in gaps:
        time.now += gap
        while (wait := window.wait()) > 0:
            time.now += wait + 1e-9
        window.take()
        calls.append(time.now)
    for index, moment in enumerate(calls):
        inside = [call for call in calls[: index + 1] if call > moment - 60.0 + 1e-6]
        assert len(inside) <= limit


def test_a_busy_caller_uses_the_whole_window() -> None:
    time = _Time()
    window = Window(15, 60.0, time)
    began = time.now
    for _ in range(150):
        time.now += window.wait()
        window.take()
    assert time.now - began == pytest.approx(9 * 60.0)


def test_no_limit_never_waits() -> None:
    window = Window(0, 60.0, _Time())
    for _ in range(1000):
        assert window.wait() == 0
        window.take()


async def _certificate(budget: Budget) -> None:
    async with budget.call(certificate=True):
        pass


async def test_certificates_wait_without_holding_up_other_calls() -> None:
    time = _Time()
    budget = Budget(1000, 1, time)
    async with budget.call(certificate=True):
        pass
    waiting = asyncio.create_task(_certificate(budget))
    await asyncio.sleep(0)
    async with asyncio.timeout(1), budget.call():
        pass
    assert not waiting.done()
    waiting.cancel()
    await asyncio.wait([waiting])


@pytest.mark.parametrize(
    ("status", "ratelimit", "retry_after", "pause"),
    [
        (200, '"default";r=50;t=30', None, 0.0),
        (200, '"default";r=0;t=30', None, 30.0),
        (429, None, 17.0, 17.0),
        (429, None, 9999.0, 600.0),
        (200, "nonsense", None, 0.0),
        (200, None, None, 0.0),
    ],
)
def test_answers_tell_when_to_pause(
    status: int, ratelimit: str | None, retry_after: float | None, pause: float
) -> None:
    time = _Time()
    budget = Budget(0, 0, time)
    budget.heed(status, ratelimit, retry_after)
    assert budget.paused_for() == pytest.approx(pause)


def test_refusals_without_a_time_are_probed_ever_more_rarely_until_an_answer_comes() -> None:
    time = _Time()
    budget = Budget(0, 0, time)
    pauses = []
    for _ in range(9):
        budget.heed(429, None, None)
        pauses.append(budget.paused_for())
        time.now += budget.paused_for()
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    budget.heed(200, None, None)
    budget.heed(429, None, None)
    assert budget.paused_for() == 1
