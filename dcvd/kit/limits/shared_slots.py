"""Limit how much is done at once, in all and for each claimant, so that none takes what the others need."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Hashable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Generic, TypeVar

C = TypeVar("C", bound=Hashable)


class SharedSlots(Generic[C]):
    """Has `limit` slots, of which one claimant may hold `max_per_claimant`.

    Claimants that wait and may hold more take turns, each in its own order of arrival. So whoever may hold a slot and
    does not wait passes nobody: all others that wait hold as many as they may, or no slot is free.
    """

    def __init__(self, limit: int, max_per_claimant: int) -> None:
        self.limit = limit
        self._max_per_claimant = max_per_claimant
        self._free_slots = limit
        self._held_slots: dict[C, int] = {}
        self._waiters: OrderedDict[C, deque[asyncio.Future[None]]] = OrderedDict()

    @property
    def free_slots(self) -> int:
        """The number of slots that nobody holds."""
        return self._free_slots

    def count_held(self, claimant: C) -> int:
        """Return how many slots a claimant holds."""
        return self._held_slots.get(claimant, 0)

    def has_room(self, claimant: C) -> bool:
        """Whether a claimant may hold one more slot now."""
        return self._free_slots > 0 and self._held_slots.get(claimant, 0) < self._max_per_claimant

    def set_max_per_claimant(self, max_per_claimant: int) -> None:
        """Set how many slots one claimant may hold; whoever holds more keeps them."""
        self._max_per_claimant = max_per_claimant
        self._grant_slots()

    @contextmanager
    def take(self, claimant: C) -> Iterator[None]:
        """Hold a slot for which `has_room` as long as the block lasts."""
        self._hold(claimant)
        try:
            yield
        finally:
            self._release(claimant)

    @asynccontextmanager
    async def wait(self, claimant: C) -> AsyncIterator[None]:
        """Wait for a slot, and hold it as long as the block lasts."""
        if self.has_room(claimant):
            self._hold(claimant)
        else:
            await self._wait_for_grant(claimant)
        try:
            yield
        finally:
            self._release(claimant)

    async def _wait_for_grant(self, claimant: C) -> None:
        slot_future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiters = self._waiters.setdefault(claimant, deque())
        waiters.append(slot_future)
        try:
            await slot_future
        except asyncio.CancelledError:
            if not slot_future.cancelled():
                self._release(claimant)
            elif slot_future in waiters:
                waiters.remove(slot_future)
                self._drop_if_empty(claimant)
            raise

    def _hold(self, claimant: C) -> None:
        self._free_slots -= 1
        self._held_slots[claimant] = self._held_slots.get(claimant, 0) + 1

    def _release(self, claimant: C) -> None:
        self._free_slots += 1
        self._held_slots[claimant] -= 1
        if not self._held_slots[claimant]:
            del self._held_slots[claimant]
        if self._waiters:
            self._grant_slots()

    def _grant_slots(self) -> None:
        while (claimant := next((claimant for claimant in self._waiters if self.has_room(claimant)), None)) is not None:
            slot_future = self._waiters[claimant].popleft()
            if not slot_future.cancelled():
                self._hold(claimant)
                self._waiters.move_to_end(claimant)
                slot_future.set_result(None)
            self._drop_if_empty(claimant)

    def _drop_if_empty(self, claimant: C) -> None:
        if not self._waiters[claimant]:
            del self._waiters[claimant]
