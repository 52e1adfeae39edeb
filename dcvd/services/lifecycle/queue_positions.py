"""The positions of domains that are asked for one by one, found many at a time."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final

from dcvd.core.domains.domain import Domain
from dcvd.core.lifecycle.registration_queue import QueuePosition, may_be_queued
from dcvd.services.context import Context
from dcvd.services.lifecycle import registration_queue
from dcvd.services.lifecycle.registration_queue import QueueCounter

_MOST_AT_ONCE: Final = 250
_COUNTED_ON_FROM: Final = 1_000
_COUNTED_ANEW_AFTER_S: Final = 1.0


class QueuePositions:
    """Finds the positions of domains in the registration queue; built once.

    Those that are asked for while a read is under way share the next one, which begins after all of them were asked.
    A queue of thousands is counted from its beginning once a second, and else from where the last read ended: each
    would count all of them for a handful that came, and a place in it is no promise.
    """

    def __init__(self, context: Context, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        """`monotonic` returns monotonic seconds."""
        self._context = context
        self._monotonic = monotonic
        self._is_reading = asyncio.Lock()
        self._next: _SharedRead | None = None
        self._counter: QueueCounter | None = None
        self._counted_at = 0.0

    async def find(self, domain: Domain) -> QueuePosition | None:
        """Find the position of a domain; None when Cloudflare has it, or it has had its turn. Raises StoreError."""
        if not may_be_queued(domain):
            return None
        shared = self._next
        if shared is None or len(shared.domains) >= _MOST_AT_ONCE:
            shared = self._next = _SharedRead(self._read)
        shared.domains.append(domain)
        # Whoever leaves takes nothing from the others who wait.
        return (await asyncio.shield(shared.task)).get(domain.id)

    async def _read(self, shared: "_SharedRead") -> Mapping[str, QueuePosition]:
        async with self._is_reading:
            if self._next is shared:
                self._next = None
            counter = self._take_counter()
            positions = await registration_queue.find_positions(self._context, shared.domains, counter)
            self._counter = counter
            return positions

    def _take_counter(self) -> QueueCounter:
        """Return one that counts on, where that is right; a read that fails leaves none behind."""
        counter, self._counter = self._counter, None
        now = self._monotonic()
        if (
            counter is None
            or counter.count_before < _COUNTED_ON_FROM
            or now - self._counted_at >= _COUNTED_ANEW_AFTER_S
        ):
            counter, self._counted_at = QueueCounter(), now
        return counter


class _SharedRead:
    """A read that waits for its turn, and whose positions it finds."""

    def __init__(self, read: "Callable[[_SharedRead], Coroutine[Any, Any, Mapping[str, QueuePosition]]]") -> None:
        self.domains: list[Domain] = []
        self.task = asyncio.create_task(read(self), name="queue_positions.read")
        # Those who wait may all have left, and then nobody else learns why it failed.
        self.task.add_done_callback(lambda task: task.cancelled() or task.exception())
