"""Limit how much is done at once, in all and for each claimant, so that none takes what the others need."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Hashable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Generic, TypeVar

C = TypeVar("C", bound=Hashable)


class SharedSlots(Generic[C]):
    """Has `limit` slots, of which one claimant may hold `max_per_claimant`.

    Claimants that wait take turns, each in its own order of arrival. Whoever finds room passes nobody by: then all that
    wait hold as many slots as they may.

    free_slots: the number of slots that nobody holds; only this class changes it.
    """

    def __init__(self, limit: int, max_per_claimant: int) -> None:
        self.limit = limit
        self.free_slots = limit
        self._max_per_claimant = max_per_claimant
        self._held_slots: dict[C, int] = {}
        self._waiters: OrderedDict[C, deque[asyncio.Future[None]]] = OrderedDict()

    def count_held(self, claimant: C) -> int:
        """Return how many slots a claimant holds."""
        return self._held_slots.get(claimant, 0)

    def has_room(self, claimant: C) -> bool:
        """Whether a claimant may hold one more slot now."""
        return self.free_slots > 0 and self._held_slots.get(claimant, 0) < self._max_per_claimant

    def set_max_per_claimant(self, max_per_claimant: int) -> None:
        """Set how many slots one claimant may hold; whoever holds more keeps them."""
        self._max_per_claimant = max_per_claimant
        self._grant_slots()

    @contextmanager
    def take(self, claimant: C) -> Iterator[None]:
        """Hold a slot for which `has_room` as long as the block lasts."""
        self.hold(claimant)
        try:
            yield
        finally:
            self.release(claimant)

    @asynccontextmanager
    async def wait(self, claimant: C) -> AsyncIterator[None]:
        """Wait for a slot, and hold it as long as the block lasts."""
        await self.acquire(claimant)
        try:
            yield
        finally:
            self.release(claimant)

    async def acquire(self, claimant: C) -> None:
        """Wait for a slot, which is held until `release`."""
        if self.has_room(claimant):
            self.hold(claimant)
        else:
            await self._wait_for_grant(claimant)

    def hold(self, claimant: C) -> None:
        """Count a slot for which `has_room` as held, until `release`."""
        self.free_slots -= 1
        self._held_slots[claimant] = self._held_slots.get(claimant, 0) + 1

    def release(self, claimant: C) -> None:
        """Give back a slot."""
        self.free_slots += 1
        held = self._held_slots.pop(claimant) - 1
        if held:
            self._held_slots[claimant] = held
        self._grant_slots()

    async def _wait_for_grant(self, claimant: C) -> None:
        slot_future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.setdefault(claimant, deque()).append(slot_future)
        try:
            await slot_future
        except asyncio.CancelledError:
            # Without a slot it stays in the queue until its turn, which is then passed over.
            if not slot_future.cancelled():
                self.release(claimant)
            raise

    def _grant_slots(self) -> None:
        while self._waiters and (claimant := next(filter(self.has_room, self._waiters), None)) is not None:
            waiters = self._waiters[claimant]
            slot_future = waiters.popleft()
            if not slot_future.cancelled():
                self.hold(claimant)
                self._waiters.move_to_end(claimant)
                slot_future.set_result(None)
            if not waiters:
                del self._waiters[claimant]
