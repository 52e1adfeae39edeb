"""A loop that works on due items in a bounded pool, and otherwise sleeps until an item is due."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from typing import Any, Final, Generic, TypeVar

from dcvd.kit.tasks import TaskPool

T = TypeVar("T")

_MIN_WAIT_S: Final = 0.001
COOL_DOWN_S: Final = 5.0


class DueLoop(Generic[T]):
    """Works on due items. Nothing is claimed in the store: after a crash, what was in flight is simply due again.

    fetch(limit, in_flight): up to `limit` due items, the longest waiting first, without those in flight.
    get_id(item): the item's id.
    work(item): works on one item; when it ends without having changed what is stored, the item is due again.
    get_idle_s(): seconds until something may become due, called when nothing is.
    wake_event: set by others when something may have become due.
    cool_down_s: seconds for which an item is left alone after its work raised, because it is still due and would be
        fetched again at once.
    """

    def __init__(
        self,
        pool: TaskPool,
        *,
        fetch: Callable[[int, Collection[str]], Awaitable[Sequence[T]]],
        get_id: Callable[[T], str],
        work: Callable[[T], Coroutine[Any, Any, None]],
        get_idle_s: Callable[[], float],
        wake_event: asyncio.Event,
        cool_down_s: float = COOL_DOWN_S,
    ) -> None:
        self._pool = pool
        self._fetch = fetch
        self._get_id = get_id
        self._work = work
        self._get_idle_s = get_idle_s
        self._wake_event = wake_event
        self._cool_down_s = cool_down_s
        self._in_flight: set[str] = set()

    async def run(self) -> None:
        """Run until cancelled; items in the pool then go on, and whoever owns the pool has to drain it."""
        while True:
            await self._pool.wait_free()
            # Cleared before the fetch: an item that becomes due after it wakes the loop again.
            self._wake_event.clear()
            max_items = self._pool.free_slots
            # As of this moment: what ends during the fetch may be due still in the state that it reads.
            items = await self._fetch(max_items, frozenset(self._in_flight))
            for item in items:
                await self._pool.wait_free()  # for ever, where the pool was drained meanwhile
                item_id = self._get_id(item)
                self._in_flight.add(item_id)
                self._pool.start(f"{self._pool.name}.{item_id}", self._work_one(item, item_id))
            if len(items) < max_items:
                await self._sleep()

    async def _work_one(self, item: T, item_id: str) -> None:
        cool_down_s = 0.0
        try:
            await self._work(item)
        except Exception:
            cool_down_s = self._cool_down_s
            raise
        finally:
            if cool_down_s:
                asyncio.get_running_loop().call_later(cool_down_s, self._release, item_id)
            else:
                self._release(item_id)

    def _release(self, item_id: str) -> None:
        """Forget an item that was in flight, and wake the loop: another may have waited only for its end."""
        self._in_flight.discard(item_id)
        self._wake_event.set()

    async def _sleep(self) -> None:
        # What was started begins before the next read, also where that follows at once.
        await asyncio.sleep(0)
        try:
            async with asyncio.timeout(max(self._get_idle_s(), _MIN_WAIT_S)):
                await self._wake_event.wait()
        except TimeoutError:
            return
