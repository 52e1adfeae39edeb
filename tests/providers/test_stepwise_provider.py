"""A change of several steps ends whole, or soon."""

import asyncio

import pytest

from dcvd.core.records.zones import Zone, ZoneRecord
from dcvd.providers.owner_names import OwnerName
from dcvd.providers.stepwise_provider import ChangeStep, StepwiseProvider

ZONE = Zone(id="z", name="customer.test")
THEIRS = ZoneRecord(type="A", name="app.customer.test", value="192.0.2.1", id="1")
OURS = ZoneRecord(type="CNAME", name="app.customer.test", value="edge.sandbox.test")


class _Slow(StepwiseProvider):
    """A provider that answers nothing until it may, and is then asked for its records or for a step."""

    def __init__(self, *, finish_s: float) -> None:
        super().__init__("Slow", finish_s=finish_s)
        self.records = [THEIRS]
        self.asked = asyncio.Event()
        self.may_answer = {"read": asyncio.Event(), "remove": asyncio.Event(), "add": asyncio.Event()}

    async def _check_credentials(self) -> str | None:
        return None

    async def _find_zone(self, name: str) -> Zone | None:
        return ZONE

    async def _read(self, owner: OwnerName) -> list[ZoneRecord]:
        await self._answer("read")
        return list(self.records)

    async def _make_step(self, owner: OwnerName, step: ChangeStep) -> None:
        await self._answer("remove" if step.removed else "add")
        self.records = [*(record for record in self.records if record not in step.removed), *step.added]

    async def _answer(self, question: str) -> None:
        if not self.may_answer[question].is_set():
            self.asked.set()
        await self.may_answer[question].wait()


async def _begin(provider: _Slow, *answers: str) -> asyncio.Task[None]:
    """A change that waits for the first answer that does not come."""
    for answer in answers:
        provider.may_answer[answer].set()
    change = asyncio.create_task(provider.change(ZONE, [THEIRS], [OURS]))
    await provider.asked.wait()
    return change


async def test_a_change_that_is_cancelled_before_its_first_step_ends_at_once_and_touches_nothing() -> None:
    provider = _Slow(finish_s=60)
    change = await _begin(provider)
    change.cancel()
    await asyncio.wait({change})
    assert change.cancelled()
    assert provider.records == [THEIRS]


async def test_a_change_that_is_cancelled_between_its_steps_ends_whole_and_then_the_cancellation_counts() -> None:
    provider = _Slow(finish_s=60)
    change = await _begin(provider, "read", "remove")
    for _ in range(3):  # a stop cancels what the end of a job's time has cancelled already
        change.cancel()
        await asyncio.sleep(0)
    assert not change.done()
    assert provider.records == []
    provider.may_answer["add"].set()
    await asyncio.wait({change})
    assert change.cancelled()
    assert provider.records == [OURS]


async def test_a_provider_that_stays_silent_holds_up_a_cancelled_change_only_for_a_moment() -> None:
    provider = _Slow(finish_s=0.01)
    change = await _begin(provider, "read", "remove")
    change.cancel()
    await asyncio.wait({change})
    assert change.cancelled()
    assert [task for task in asyncio.all_tasks() if task.get_name().startswith("change.")] == []


async def test_a_time_limit_around_a_change_still_ends_as_a_time_limit() -> None:
    provider = _Slow(finish_s=0.01)
    for answer in ("read", "remove"):
        provider.may_answer[answer].set()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await provider.change(ZONE, [THEIRS], [OURS])
