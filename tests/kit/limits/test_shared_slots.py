"""Slots that claimants share: never more than there are, never more than one's share, and nobody waits for ever."""

import asyncio
from collections import Counter, deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcvd.kit.limits.shared_slots import SharedSlots
from tests.remembered import Keys


class Work:
    """Pieces of work that wait for a slot of their claimant's, and hold it until they are ended."""

    def __init__(self, slots: SharedSlots[str]) -> None:
        self.slots = slots
        self.claimants = Keys()
        self.waiting: dict[int, deque[asyncio.Task[None]]] = {}
        self.running: list[tuple[int, asyncio.Task[None], asyncio.Event]] = []

    async def begin(self, claimant: int) -> None:
        task = asyncio.create_task(self._run(claimant))
        self.waiting.setdefault(claimant, deque()).append(task)
        await asyncio.sleep(0)

    async def end(self, index: int) -> None:
        _, task, end_event = self.running.pop(index)
        end_event.set()
        await task
        await asyncio.sleep(0)

    async def cancel(self, claimant: int, index: int) -> None:
        tasks = self.waiting[claimant]
        task = tasks[index]
        del tasks[index]
        task.cancel()
        await asyncio.wait([task])

    async def _run(self, claimant: int) -> None:
        async with self.slots.wait(self.claimants.make(str(claimant))):
            task, end_event = self.waiting[claimant].popleft(), asyncio.Event()
            assert task is asyncio.current_task()
            self.running.append((claimant, task, end_event))
            await end_event.wait()

    def check(self, limit: int, share: int) -> None:
        held = Counter(claimant for claimant, _, _ in self.running)
        assert held.total() == limit - self.slots.free_slots <= limit
        for claimant in range(4):
            assert held[claimant] == self.slots.count_held(str(claimant)) <= share
            # Nobody waits for a slot that is there for them.
            assert not (self.waiting.get(claimant) and held.total() < limit and held[claimant] < share)


@given(
    limit=st.integers(1, 6),
    share=st.integers(1, 6),
    steps=st.lists(st.tuples(st.sampled_from(["begin", "begin", "end", "cancel"]), st.integers(0, 3)), max_size=60),
)
def test_nobody_holds_more_than_the_share_or_waits_while_there_is_room(
    limit: int, share: int, steps: list[tuple[str, int]]
) -> None:
    async def run() -> None:
        work = Work(SharedSlots[str](limit, share))
        for step, number in steps:
            if step == "begin":
                await work.begin(number)
            elif step == "end" and work.running:
                await work.end(number % len(work.running))
            elif step == "cancel" and work.waiting.get(number):
                await work.cancel(number, len(work.waiting[number]) // 2)
            work.check(limit, share)
        while work.running:
            await work.end(0)
            work.check(limit, share)
        # All that waited had their turn, and nothing of them is kept.
        assert not any(work.waiting.values())
        assert work.slots.free_slots == limit
        assert work.claimants.remembered == []

    asyncio.run(run())


@given(others=st.integers(1, 20), share=st.integers(1, 4))
def test_a_claimant_waits_for_no_more_than_one_turn_of_each_other(others: int, share: int) -> None:
    async def run() -> None:
        work = Work(SharedSlots[str](share, share))
        for _ in range(share + others):
            await work.begin(0)
        await work.begin(1)
        # One turn of the greedy one comes first at most, then the newcomer's.
        for _ in range(2):
            await work.end(0)
        assert not work.waiting[1]
        while work.running:
            await work.end(0)

    asyncio.run(run())


async def test_a_greater_share_lets_those_in_who_waited_for_it_and_a_smaller_one_takes_nothing_away() -> None:
    work = Work(SharedSlots[str](5, 2))
    for _ in range(4):
        await work.begin(0)
    assert work.slots.count_held("0") == 2
    work.slots.set_max_per_claimant(4)
    await asyncio.sleep(0)
    assert work.slots.count_held("0") == 4
    work.slots.set_max_per_claimant(1)
    assert (work.slots.count_held("0"), work.slots.has_room("0"), work.slots.has_room("1")) == (4, False, True)
    while work.running:
        await work.end(0)


async def test_a_waiter_that_is_cut_off_in_the_moment_of_its_turn_gives_its_slot_to_the_next() -> None:
    work = Work(SharedSlots[str](1, 1))
    for _ in range(3):
        await work.begin(0)
    _, running, end_event = work.running.pop()
    end_event.set()
    await running
    # The second has the slot and does not know it yet.
    await work.cancel(0, 0)
    await asyncio.sleep(0)
    assert (len(work.running), len(work.waiting[0])) == (1, 0)
    await work.end(0)
    assert work.slots.free_slots == 1


def test_a_slot_that_is_taken_without_waiting_comes_back_also_after_an_error() -> None:
    slots = SharedSlots[str](2, 1)
    with slots.take("a"):
        assert (slots.has_room("a"), slots.has_room("b")) == (False, True)
        with pytest.raises(ZeroDivisionError), slots.take("b"):
            raise ZeroDivisionError
        assert (slots.has_room("a"), slots.has_room("b")) == (False, True)
    assert (slots.free_slots, slots.has_room("a")) == (2, True)
