"""The questions that may be under way at once, shared evenly: a look at a dead zone keeps none from a healthy one."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

from dcvd.dns.queries.budget import QueryBudget

_MIN_SLOTS_PER_CHECK: Final = 2


class QuerySlots:
    """`limit` at once; of a look no more than its share among the looks under way, and 2 at least."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._free_slots = limit
        self._running_checks = 0
        self._waiters: deque[tuple[QueryBudget, asyncio.Future[None]]] = deque()

    @contextmanager
    def track_check(self) -> Iterator[None]:
        """While a look is under way."""
        self._running_checks += 1
        try:
            yield
        finally:
            self._running_checks -= 1
            self._grant_slots()

    @asynccontextmanager
    async def hold_slot(self, budget: QueryBudget) -> AsyncIterator[None]:
        """While a question of that look is under way; waits for its turn."""
        await self._acquire(budget)
        try:
            yield
        finally:
            self._release(budget)

    async def _acquire(self, budget: QueryBudget) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append((budget, turn))
        self._grant_slots()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._waiters = deque(entry for entry in self._waiters if entry[1] is not turn)
            else:
                self._release(budget)
            raise

    def _release(self, budget: QueryBudget) -> None:
        self._free_slots += 1
        budget.in_flight -= 1
        self._grant_slots()

    def _grant_slots(self) -> None:
        """In the order of their coming, those whose look has not got its share."""
        share = max(_MIN_SLOTS_PER_CHECK, self._limit // max(1, self._running_checks))
        passed: list[tuple[QueryBudget, asyncio.Future[None]]] = []
        while self._free_slots and self._waiters:
            budget, turn = self._waiters.popleft()
            if turn.cancelled():
                continue
            if budget.in_flight >= share:
                passed.append((budget, turn))
                continue
            self._free_slots -= 1
            budget.in_flight += 1
            turn.set_result(None)
        self._waiters.extendleft(reversed(passed))
