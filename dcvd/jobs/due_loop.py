"""A loop that takes what is due and works on it in a bounded pool, and otherwise sleeps until something is."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from typing import Any, Final, Generic, TypeVar

from dcvd.kit.tasks import Pool

T = TypeVar("T")

_SHORTEST_WAIT: Final = 0.001
_REST: Final = 5.0


class DueLoop(Generic[T]):
    """Nothing is claimed in the store: what is in flight is known here alone, so after a crash it is simply due again.

    fetch(limit, in_flight): up to `limit` due items, the longest waiting first, without those in flight.
    key(item): the item's identifier.
    work(item): deals with one item; when it ends without having changed what is stored, the item is due again.
    idle(): seconds until something may become due, asked when nothing is.
    woken: set by others when something may have become due.
    rest: seconds for which an item is left alone after its work raised, because then it is still due as it was and
        would be taken again at once.
    ahead: how many items may be held beyond the pool's slots, so that one fetch serves many.
    """

    def __init__(
        self,
        pool: Pool,
        *,
        fetch: Callable[[int, Collection[str]], Awaitable[Sequence[T]]],
        key: Callable[[T], str],
        work: Callable[[T], Coroutine[Any, Any, None]],
        idle: Callable[[], Awaitable[float]],
        woken: asyncio.Event,
        ahead: int = 0,
        rest: float = _REST,
    ) -> None:
        self._pool = pool
        self._fetch = fetch
        self._key = key
        self._work = work
        self._idle = idle
        self._woken = woken
        self._ahead = ahead
        self._rest = rest
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
            self._woken.clear()
            wanted = self._pool.free + self._ahead
            items = await self._fetch(wanted, self._in_flight)
            await self._start(items)
            if len(items) < wanted:
                await self._sleep()

    async def _start(self, items: Sequence[T]) -> None:
        held = {self._key(item) for item in items}
        self._in_flight |= held
        try:
            for item in items:
                await self._pool.wait_free()
                key = self._key(item)
                self._pool.start(f"{self._pool.name}.{key}", self._one(item, key))
                held.discard(key)
        finally:
            self._in_flight -= held

    async def _one(self, item: T, key: str) -> None:
        rest = 0.0
        try:
            await self._work(item)
        except Exception:
            rest = self._rest
            raise
        finally:
            if rest:
                asyncio.get_running_loop().call_later(rest, self._in_flight.discard, key)
            else:
                self._in_flight.discard(key)

    async def _sleep(self) -> None:
        try:
            async with asyncio.timeout(max(await self._idle(), _SHORTEST_WAIT)):
                await self._woken.wait()
        except TimeoutError:
            return
