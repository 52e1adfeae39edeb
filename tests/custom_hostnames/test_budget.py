"""The pace: never more than allowed in any window, and none of it wasted."""

import asyncio

import pytest

from dcvd.custom_hostnames.budget import CloudflareBudget, Urgency
from tests.manual_clock import ManualMonotonic


async def _certificate(budget: CloudflareBudget) -> None:
    async with budget.reserve_call(urgency=Urgency.NOW, orders_certificate=True):
        pass


async def test_certificates_wait_without_holding_up_other_calls() -> None:
    time = ManualMonotonic()
    budget = CloudflareBudget(1000, 1, time)
    async with budget.reserve_call(urgency=Urgency.NOW, orders_certificate=True):
        pass
    waiting = asyncio.create_task(_certificate(budget))
    await asyncio.sleep(0)
    async with asyncio.timeout(10), budget.reserve_call(urgency=Urgency.NOW):
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
        (429, None, 0.0, 1.0),
        (200, "nonsense", None, 0.0),
        (200, None, None, 0.0),
    ],
)
def test_answers_tell_when_to_pause(
    status: int, ratelimit: str | None, retry_after: float | None, pause: float
) -> None:
    time = ManualMonotonic()
    budget = CloudflareBudget(0, 0, time)
    budget.learn_from(status, ratelimit, retry_after)
    assert budget.get_pause_s() == pytest.approx(pause)


def test_refusals_without_a_time_are_probed_ever_more_rarely_until_an_answer_comes() -> None:
    time = ManualMonotonic()
    budget = CloudflareBudget(0, 0, time)
    pauses = []
    for _ in range(9):
        budget.learn_from(429, None, None)
        pauses.append(budget.get_pause_s())
        time.now += budget.get_pause_s()
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    budget.learn_from(200, None, None)
    budget.learn_from(429, None, None)
    assert budget.get_pause_s() == 1


class _Cloudflare:
    """Counts calls by a sliding window, at an instant of its own between a call's beginning and its end."""

    def __init__(self, limit: int, window: float, others: int = 0) -> None:
        self.refused = 0
        self.taken: list[float] = []
        self._limit = limit
        self._window = window
        self._others = others

    async def call(self, budget: CloudflareBudget, urgency: Urgency, latency: float, part: float) -> None:
        loop = asyncio.get_running_loop()
        async with budget.reserve_call(urgency=urgency):
            began = loop.time()
            await asyncio.sleep(latency * part)
            now = loop.time()
            self.taken.append(now)
            used = sum(taken > now - self._window for taken in self.taken) + self._others
            self.refused += used > self._limit
            left = max(self._limit - used, 0)
            await asyncio.sleep(latency * (1 - part))
            budget.learn_from(200, f'"default";r={left};t=1', None, elapsed_s=loop.time() - began)


async def test_routine_calls_use_nearly_all_of_it_evenly_and_are_never_refused() -> None:
    loop = asyncio.get_running_loop()
    limit, window, span = 50, 0.2, 1.0
    budget = CloudflareBudget(limit, 0, loop.time, window_s=window)
    cloudflare = _Cloudflare(limit, window)
    began = loop.time()

    async def worker(number: int) -> None:
        while loop.time() < began + span:
            await cloudflare.call(budget, Urgency.ROUTINE, 0.005, number / 8)

    await asyncio.gather(*(worker(number) for number in range(8)))
    assert cloudflare.refused == 0
    # A machine under load wastes some; the bench measures the real share.
    assert len(cloudflare.taken) >= 0.6 * limit * span / window
    halves = [sum(taken < began + span / 2 for taken in cloudflare.taken), len(cloudflare.taken) / 2]
    assert halves[0] == pytest.approx(halves[1], rel=0.4)


async def test_whoever_waits_for_an_answer_finds_a_call_left() -> None:
    loop = asyncio.get_running_loop()
    budget = CloudflareBudget(100, 0, loop.time, window_s=60.0)
    routine = [asyncio.create_task(_Cloudflare(100, 60.0).call(budget, Urgency.ROUTINE, 0, 0)) for _ in range(200)]
    soon = [asyncio.create_task(_Cloudflare(100, 60.0).call(budget, Urgency.SOON, 0, 0)) for _ in range(200)]
    await asyncio.sleep(0.05)
    # Half of the window at once, and a few more before the first has to wait.
    assert 45 <= sum(task.done() for task in soon) <= 56
    async with asyncio.timeout(10), budget.reserve_call(urgency=Urgency.NOW):
        pass
    for task in (*routine, *soon):
        task.cancel()
    await asyncio.gather(*routine, *soon, return_exceptions=True)


async def test_calls_that_will_probably_fail_do_not_hold_up_routine_ones() -> None:
    loop = asyncio.get_running_loop()
    budget = CloudflareBudget(100, 0, loop.time, window_s=1.0)
    done: list[Urgency] = []

    async def worker(urgency: Urgency) -> None:
        while True:
            async with budget.reserve_call(urgency=urgency):
                done.append(urgency)

    tasks = [asyncio.create_task(worker(Urgency.LAST)) for _ in range(20)]
    tasks.append(asyncio.create_task(worker(Urgency.ROUTINE)))
    await asyncio.sleep(0.6)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert done.count(Urgency.LAST) > 0
    assert done.count(Urgency.ROUTINE) > 1.5 * done.count(Urgency.LAST)


async def test_what_others_use_slows_the_routine_down_and_does_not_stop_it() -> None:
    time = ManualMonotonic()
    budget = CloudflareBudget(1000, 0, time, window_s=100.0)
    assert await _waits(budget, time) == pytest.approx(0.1)
    budget.learn_from(200, '"default";r=493;t=100', None)
    assert await _waits(budget, time) == pytest.approx(0.2)
    assert budget.get_pause_s() == 0
    # Told that nobody else uses it, or after the time that was named, the usual pace is back.
    budget.learn_from(200, '"default";r=990;t=100', None)
    assert await _waits(budget, time) == pytest.approx(0.1)
    budget.learn_from(200, '"default";r=100;t=30', None)
    time.now += 30
    assert await _waits(budget, time) == pytest.approx(0.1)


async def test_a_call_that_ceased_to_count_while_the_answer_was_on_its_way_is_nobody_elses() -> None:
    time = ManualMonotonic()
    budget = CloudflareBudget(20, 0, time, window_s=20.0)
    await _routine(budget)
    time.now += 20.2
    async with budget.reserve_call(urgency=Urgency.NOW):
        # Made half a second ago, when Cloudflare still counted the first.
        budget.learn_from(200, '"default";r=18;t=20', None, elapsed_s=0.5)
    assert await _waits(budget, time) == pytest.approx(1.0)


async def test_with_others_cloudflare_is_never_asked_for_more_than_is_left() -> None:
    loop = asyncio.get_running_loop()
    budget = CloudflareBudget(40, 0, loop.time, window_s=0.2)
    cloudflare = _Cloudflare(40, 0.2, others=20)
    began = loop.time()
    while loop.time() < began + 0.5:
        urgency = Urgency.NOW if len(cloudflare.taken) % 3 else Urgency.ROUTINE
        await cloudflare.call(budget, urgency, 0.001, 0.5)
    assert cloudflare.refused == 0
    assert len(cloudflare.taken) > 20


async def _waits(budget: CloudflareBudget, time: ManualMonotonic) -> float:
    """Seconds from one routine call to the next when many follow each other."""
    at = []
    for _ in range(8):
        task = asyncio.create_task(_routine(budget))
        await asyncio.sleep(0)
        while not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            time.now += 0.05
            task = asyncio.create_task(_routine(budget))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        at.append(time.now)
    return round(at[-1] - at[-2], 6)


async def _routine(budget: CloudflareBudget) -> None:
    async with budget.reserve_call(urgency=Urgency.ROUTINE):
        pass


async def test_one_organization_with_many_calls_delays_another_by_a_few_and_not_by_all_of_them() -> None:
    loop = asyncio.get_running_loop()
    budget = CloudflareBudget(2, 0, loop.time, window_s=0.02)
    order: list[str] = []

    async def call(owner: str) -> None:
        async with budget.reserve_call(urgency=Urgency.NOW, owner=owner):
            order.append(owner)

    await asyncio.gather(*(call(owner) for owner in [*["greedy"] * 20, "small"]))
    assert order.index("small") <= 4


async def test_it_reports_what_is_left_and_who_waits() -> None:
    time = ManualMonotonic()
    budget = CloudflareBudget(1000, 1, time)
    assert (budget.report().requests_left, budget.report().certificates_left) == (1000, 1)
    async with budget.reserve_call(urgency=Urgency.NOW, orders_certificate=True):
        pass
    waiting = [asyncio.create_task(_certificate(budget)) for _ in range(3)]
    await asyncio.sleep(0)
    report = budget.report()
    assert (report.requests_left, report.requests_limit) == (999, 1000)
    assert (report.certificates_left, report.certificates_limit) == (0, 1)
    assert (report.waiting_calls, report.waiting_certificates) == (3, 3)
    budget.learn_from(429, None, 17.0)
    paused = asyncio.create_task(_routine(budget))
    await asyncio.sleep(0)
    assert (budget.report().waiting_calls, budget.report().pause_s) == (4, 17.0)
    for task in (*waiting, paused):
        task.cancel()
    await asyncio.wait([*waiting, paused])
    assert (budget.report().waiting_calls, budget.report().waiting_certificates) == (0, 0)


async def test_calls_that_others_make_are_taken_off_what_is_left() -> None:
    time = ManualMonotonic()
    budget = CloudflareBudget(1000, 0, time)
    budget.learn_from(200, '"default";r=400;t=100', None)
    left = budget.report().requests_left
    assert left is not None
    assert 395 <= left <= 400
    assert budget.report().certificates_left is None


async def test_it_tells_who_waits_by_how_urgent_that_is() -> None:
    budget = CloudflareBudget(2, 1, ManualMonotonic())
    async with budget.reserve_call(urgency=Urgency.NOW, orders_certificate=True):
        pass
    waiting = [asyncio.create_task(_certificate(budget)) for _ in range(2)]
    await asyncio.sleep(0)
    assert budget.count_waiting() == {"now": 0, "soon": 0, "routine": 0, "last": 0, "certificate": 2}
    async with budget.reserve_call(urgency=Urgency.NOW):
        pass
    late = asyncio.create_task(_call(budget, Urgency.LAST))
    await asyncio.sleep(0)
    assert budget.count_waiting() == {"now": 0, "soon": 0, "routine": 0, "last": 1, "certificate": 2}
    for task in (*waiting, late):
        task.cancel()
    await asyncio.wait([*waiting, late])
    assert not any(budget.count_waiting().values())


async def _call(budget: CloudflareBudget, urgency: Urgency) -> None:
    async with budget.reserve_call(urgency=urgency):
        pass
