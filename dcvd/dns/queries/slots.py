"""The questions that may be under way at once, shared evenly: a look at a dead zone keeps none from a healthy one."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

from dcvd.dns.queries.budget import Budget

_LEAST: Final = 2


class Slots:
    """`most` at once; of a look no more than its share among the looks under way, and 2 at least."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._free = most
        self._looks = 0
        self._waiting: deque[tuple[Budget, asyncio.Future[None]]] = deque()

    @contextmanager
    def look(self) -> Iterator[None]:
        """While a look is under way."""
        self._looks += 1
        try:
            yield
        finally:
            self._looks -= 1
            self._grant()

    @asynccontextmanager
    async def slot(self, budget: Budget) -> AsyncIterator[None]:
        """While a question of that look is under way; waits for its turn."""
        await self._take(budget)
        try:
            yield
        finally:
            self._give_back(budget)

    async def _take(self, budget: Budget) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((budget, turn))
        self._grant()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._waiting = deque(entry for entry in self._waiting if entry[1] is not turn)
            else:
                self._give_back(budget)
            raise

    def _give_back(self, budget: Budget) -> None:
        self._free += 1
        budget.under_way -= 1
        self._grant()

    def _grant(self) -> None:
        """In the order of their coming, those whose look has not got its share."""
        share = max(_LEAST, self._most // max(1, self._looks))
        passed: list[tuple[Budget, asyncio.Future[None]]] = []
        while self._free and self._waiting:
            budget, turn = self._waiting.popleft()
            if turn.cancelled():
                continue
            if budget.under_way >= share:
                passed.append((budget, turn))
                continue
            self._free -= 1
            budget.under_way += 1
            turn.set_result(None)
        self._waiting.extendleft(reversed(passed))
