"""Who may stream now."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from weakref import WeakValueDictionary

from dcvd.errors import Conflict

_PATIENCE: Final = 5.0  # seconds; a client that was cut off may be back before its last step has ended


class Streams:
    """One stream an organization at a time: each may keep megabytes, and two would only take turns."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def one_of(self, org_id: str) -> AsyncIterator[None]:
        """Raises Conflict where another one goes on for long."""
        lock = self._locks.setdefault(org_id, asyncio.Lock())
        try:
            async with asyncio.timeout(_PATIENCE):
                await lock.acquire()
        except TimeoutError as error:
            message = "Another bulk call of this organization is under way: try again when it has ended."
            raise Conflict(message, code="bulk_in_progress") from error
        try:
            yield
        finally:
            lock.release()
