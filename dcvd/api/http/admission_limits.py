"""Who may stream now, and who may have a domain looked at."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final
from weakref import WeakValueDictionary

from dcvd.errors import Conflict
from dcvd.kit.limits.admission_limit import AdmissionLimit

MAX_SYNCS_PER_ORGANIZATION: Final = 8
MAX_SYNCS: Final = 32
MAX_SYNCS_PER_MINUTE: Final = 60
"""Of one organization: each sync takes a call of Cloudflare's budget before the loop's own, and all share it."""
_LOCK_TIMEOUT_S: Final = 5.0  # seconds; a client that was cut off may be back before its last step has ended


class StreamSlots:
    """One stream an organization at a time: each may keep megabytes, and two would only take turns."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def reserve(self, org_id: str) -> AsyncIterator[None]:
        """Raises Conflict where another one goes on for long."""
        lock = self._locks.setdefault(org_id, asyncio.Lock())
        try:
            async with asyncio.timeout(_LOCK_TIMEOUT_S):
                await lock.acquire()
        except TimeoutError as error:
            message = "Another bulk call of this organization is under way: try again when it has ended."
            raise Conflict(message, code="bulk_in_progress") from error
        try:
            yield
        finally:
            lock.release()


def build_dns_plan_limit(monotonic: Callable[[], float] = time.monotonic) -> AdmissionLimit:
    """Of what stands at customers' providers, who are asked while the caller waits."""
    return AdmissionLimit(
        "plans of DNS records",
        max_per_caller=MAX_SYNCS_PER_ORGANIZATION,
        max_total=MAX_SYNCS,
        max_per_minute=MAX_SYNCS_PER_MINUTE,
        monotonic=monotonic,
    )


def build_sync_limit(monotonic: Callable[[], float] = time.monotonic) -> AdmissionLimit:
    """Of `POST …/sync`. A few run side by side, as a page of domains that is refreshed wants it."""
    return AdmissionLimit(
        "syncs",
        max_per_caller=MAX_SYNCS_PER_ORGANIZATION,
        max_total=MAX_SYNCS,
        max_per_minute=MAX_SYNCS_PER_MINUTE,
        monotonic=monotonic,
    )
