"""Who may stream now, and who may have a domain looked at."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final
from weakref import WeakValueDictionary

from dcvd.errors import Conflict
from dcvd.kit.limits.admission_limit import Turnstile

MOST_SYNCS_OF_ONE: Final = 8
MOST_SYNCS_OF_ALL: Final = 32
MOST_SYNCS_A_MINUTE: Final = 60
"""Of one organization: each sync takes a call of Cloudflare's budget before the loop's own, and all share it."""
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


def dns_plans(monotonic: Callable[[], float] = time.monotonic) -> Turnstile:
    """Of what stands at customers' providers, who are asked while the caller waits."""
    return Turnstile(
        "plans of DNS records",
        most_of_one=MOST_SYNCS_OF_ONE,
        most_of_all=MOST_SYNCS_OF_ALL,
        most_a_minute=MOST_SYNCS_A_MINUTE,
        monotonic=monotonic,
    )


def syncs(monotonic: Callable[[], float] = time.monotonic) -> Turnstile:
    """Of `POST …/sync`. A few run side by side, as a page of domains that is refreshed wants it."""
    return Turnstile(
        "syncs",
        most_of_one=MOST_SYNCS_OF_ONE,
        most_of_all=MOST_SYNCS_OF_ALL,
        most_a_minute=MOST_SYNCS_A_MINUTE,
        monotonic=monotonic,
    )
