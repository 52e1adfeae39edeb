"""A loop that takes what is due and works on it in a bounded pool, and otherwise sleeps until something is."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from typing import Any, Final, Generic, TypeVar

from dcvd.kit.tasks import TaskPool

T = TypeVar("T")

_MIN_WAIT_S: Final = 0.001
_COOL_DOWN_S: Final = 5.0


class DueLoop(Generic[T]):
    """Nothing is claimed in the store: what is in flight is known here alone, so after a crash it is simply due again.

    fetch(limit, in_flight): up to `limit` due items, the longest waiting first, without those in flight.
    key(item): the item's identifier.
    work(item): deals with one item; when it ends without having changed what is stored, the item is due again.
    idle(): seconds until something may become due, asked when nothing is.
    wake_event: set by others when something may have become due.
    cool_down_s: seconds for which an item is left alone after its work raised, because then it is still due as it was
        and would be taken again at once.
    read_ahead: how many items may be held beyond the pool's slots, so that one fetch serves many.
    """

    def __init__(
        self,
        pool: TaskPool,
        *,
        fetch: Callable[[int, Collection[str]], Awaitable[Sequence[T]]],
        get_id: Callable[[T], str],
        work: Callable[[T], Coroutine[Any, Any, None]],
        get_idle_s: Callable[[], Awaitable[float]],
        wake_event: asyncio.Event,
        read_ahead: int = 0,
        cool_down_s: float = _COOL_DOWN_S,
    ) -> None:
        self._pool = pool
        self._fetch = fetch
        self._get_id = get_id
        self._work = work
        self._get_idle_s = get_idle_s
        self._wake_event = wake_event
        self._read_ahead = read_ahead
        self._cool_down_s = cool_down_s
        self._in_flight: set[str] = set()

    @property
    def in_flight(self) -> frozenset[str]:
        """The identifiers of what is being worked on or held for it."""
        return frozenset(self._in_flight)

    async def run(self) -> None:
        """Runs until it is cancelled; what is in the pool then goes on and is its owner's to drain."""
        while True:
            await self._pool.wait_free()
            # Cleared before the fetch: what becomes due after it wakes us again.
            self._wake_event.clear()
            wanted = self._pool.free_slots + self._read_ahead
            items = await self._fetch(wanted, self._in_flight)
            await self._start(items)
            if len(items) < wanted:
                await self._sleep()

    async def _start(self, items: Sequence[T]) -> None:
        held = {self._get_id(item) for item in items}
        self._in_flight |= held
        try:
            for item in items:
                await self._pool.wait_free()
                key = self._get_id(item)
                self._pool.start(f"{self._pool.name}.{key}", self._work_one(item, key))
                held.discard(key)
        finally:
            self._in_flight -= held

    async def _work_one(self, item: T, item_id: str) -> None:
        rest = 0.0
        try:
            await self._work(item)
        except Exception:
            rest = self._cool_down_s
            raise
        finally:
            if rest:
                asyncio.get_running_loop().call_later(rest, self._in_flight.discard, item_id)
            else:
                self._in_flight.discard(item_id)

    async def _sleep(self) -> None:
        try:
            async with asyncio.timeout(max(await self._get_idle_s(), _MIN_WAIT_S)):
                await self._wake_event.wait()
        except TimeoutError:
            return
