"""Share the queries that may be in flight among checks, so that a dead zone's check delays no healthy one."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

from dcvd.dns.queries.budget import QueryBudget

_MIN_SLOTS_PER_CHECK: Final = 2


class QuerySlots:
    """Slots for `limit` queries at once. A check holds at most its share among the running checks, but may hold 2."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._free_slots = limit
        self._running_checks = 0
        self._waiters: deque[tuple[QueryBudget, asyncio.Future[None]]] = deque()

    @contextmanager
    def track_check(self) -> Iterator[None]:
        """Count a check as running for as long as the block lasts."""
        self._running_checks += 1
        try:
            yield
        finally:
            self._running_checks -= 1
            self._grant_slots()

    @asynccontextmanager
    async def hold_slot(self, budget: QueryBudget) -> AsyncIterator[None]:
        """Wait for a slot, and hold it for one query of that check as long as the block lasts."""
        await self._acquire(budget)
        try:
            yield
        finally:
            self._release(budget)

    async def _acquire(self, budget: QueryBudget) -> None:
        slot_future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append((budget, slot_future))
        self._grant_slots()
        try:
            await slot_future
        except asyncio.CancelledError:
            if slot_future.cancelled():
                self._waiters = deque(entry for entry in self._waiters if entry[1] is not slot_future)
            else:
                self._release(budget)
            raise

    def _release(self, budget: QueryBudget) -> None:
        self._free_slots += 1
        budget.in_flight -= 1
        self._grant_slots()

    def _grant_slots(self) -> None:
        """Give free slots to waiters in order of arrival, passing over those whose check already has its share."""
        share = max(_MIN_SLOTS_PER_CHECK, self._limit // max(1, self._running_checks))
        passed_over: list[tuple[QueryBudget, asyncio.Future[None]]] = []
        while self._free_slots and self._waiters:
            budget, slot_future = self._waiters.popleft()
            if slot_future.cancelled():
                continue
            if budget.in_flight >= share:
                passed_over.append((budget, slot_future))
                continue
            self._free_slots -= 1
            budget.in_flight += 1
            slot_future.set_result(None)
        self._waiters.extendleft(reversed(passed_over))
