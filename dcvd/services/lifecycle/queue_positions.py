"""The positions of domains that are asked for one by one, found many at a time: each read counts the queue anew."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final

from dcvd.core.domains.domain import Domain
from dcvd.core.lifecycle.registration_queue import QueuePosition, may_be_queued
from dcvd.services.context import Context
from dcvd.services.lifecycle import registration_queue

_MOST_AT_ONCE: Final = 250


class QueuePositions:
    """Finds the positions of domains in the registration queue; built once.

    Those that are asked for while a read is under way share the next one, which begins after all of them were asked.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._is_reading = asyncio.Lock()
        self._next: _SharedRead | None = None

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
            return await registration_queue.find_positions(self._context, shared.domains)


class _SharedRead:
    """A read that waits for its turn, and whose positions it finds."""

    def __init__(self, read: "Callable[[_SharedRead], Coroutine[Any, Any, Mapping[str, QueuePosition]]]") -> None:
        self.domains: list[Domain] = []
        self.task = asyncio.create_task(read(self), name="queue_positions.read")
        # Those who wait may all have left, and then nobody else learns why it failed.
        self.task.add_done_callback(lambda task: task.cancelled() or task.exception())
