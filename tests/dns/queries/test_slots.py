"""Questions take turns: never more than there are slots, and no look takes the share of another."""

import asyncio
from contextlib import ExitStack

import pytest

from dcvd.dns.queries.budget import QueryBudget
from dcvd.dns.queries.slots import QuerySlots


class Asking:
    """Questions that stay under way until they are let go."""

    def __init__(self, slots: QuerySlots) -> None:
        self.slots = slots
        self.budget = QueryBudget("a.test", bypass_cache=False)
        self.let_go = asyncio.Event()
        self.tasks: list[asyncio.Task[None]] = []

    async def _question(self) -> None:
        async with self.slots.wait(self.budget):
            await self.let_go.wait()

    @property
    def in_flight(self) -> int:
        return self.slots.count_held(self.budget)

    async def ask(self, number: int) -> None:
        self.tasks += [asyncio.create_task(self._question()) for _ in range(number)]
        await asyncio.sleep(0)

    async def end(self) -> None:
        self.let_go.set()
        await asyncio.gather(*self.tasks)


async def _expect_free(slots: QuerySlots, count: int) -> None:
    """So many slots can be had at once, and no more."""
    asking = Asking(slots)
    await asking.ask(count + 1)
    assert asking.in_flight == count
    await asking.end()


async def test_a_look_alone_takes_all_and_no_more() -> None:
    slots = QuerySlots(8)
    with slots.track_check():
        asking = Asking(slots)
        await asking.ask(20)
        assert asking.in_flight == 8
        await asking.end()
    assert asking.in_flight == 0


async def test_looks_at_dead_zones_leave_a_healthy_one_its_share() -> None:
    slots = QuerySlots(8)
    with ExitStack() as stack:
        dead = [Asking(slots) for _ in range(3)]
        for _ in range(4):
            stack.enter_context(slots.track_check())
        for asking in dead:
            await asking.ask(20)
        assert [asking.in_flight for asking in dead] == [2, 2, 2]
        healthy = Asking(slots)
        await healthy.ask(2)
        assert healthy.in_flight == 2
        for asking in (*dead, healthy):
            await asking.end()


async def test_what_a_look_leaves_goes_to_those_that_wait() -> None:
    slots = QuerySlots(8)
    asking = Asking(slots)
    with slots.track_check():
        with slots.track_check():
            await asking.ask(20)
            assert asking.in_flight == 4
        assert asking.in_flight == 8
        await asking.end()


@pytest.mark.parametrize("granted", [True, False])
async def test_a_question_that_is_cut_off_gives_its_slot_back(granted: bool) -> None:
    slots = QuerySlots(2)
    with slots.track_check():
        asking = Asking(slots)
        await asking.ask(4)
        victim = asking.tasks[0 if granted else 3]
        victim.cancel()
        with pytest.raises(asyncio.CancelledError):
            await victim
        asking.tasks.remove(victim)
        await asyncio.sleep(0)
        assert asking.in_flight == 2
        await asking.end()
        assert asking.in_flight == 0
        await _expect_free(slots, 2)


async def test_a_question_that_is_cut_off_in_the_moment_of_its_turn_gives_its_slot_back() -> None:
    slots = QuerySlots(1)
    with slots.track_check():
        asking = Asking(slots)
        await asking.ask(2)
        asking.let_go.set()
        await asking.tasks[0]
        asking.tasks[1].cancel()
        await asyncio.gather(*asking.tasks, return_exceptions=True)
        assert asking.in_flight == 0
        await _expect_free(slots, 1)
