"""How many bulk streams, syncs, DNS plans and downloads an organization may run at once, and a client sign-ins."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from weakref import WeakValueDictionary

from dcvd.errors import Conflict
from dcvd.kit.limits.admission_limit import AdmissionLimit

MAX_SYNCS_PER_ORGANIZATION: Final = 8
MAX_SYNCS: Final = 32
MAX_SYNCS_PER_MINUTE: Final = 60
"""Of one organization: each sync takes a call out of the Cloudflare budget that all share, ahead of the sync loop."""
_MAX_SIGN_INS_PER_CLIENT: Final = 8
_MAX_SIGN_INS: Final = 16
_MAX_SIGN_INS_PER_MINUTE: Final = 60
_MAX_DOWNLOADS_PER_ORGANIZATION: Final = 4
_MAX_DOWNLOADS: Final = 32
_MAX_DOWNLOADS_PER_MINUTE: Final = 60
_SLOT_TIMEOUT_S: Final = 5.0  # seconds; a client that reconnects may be back before its last call has ended


class StreamSlots:
    """Admits one stream of each organization at a time: a stream may hold megabytes, and two would be no faster.

    It is no `AdmissionLimit`: the next stream waits for some seconds, and all organizations may have one at once.
    """

    def __init__(self, *, timeout_s: float = _SLOT_TIMEOUT_S) -> None:
        self._timeout_s = timeout_s
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def reserve(self, org_id: str) -> AsyncIterator[None]:
        """Hold the organization's slot. Raises Conflict if another stream does not end within some seconds."""
        lock = self._locks.setdefault(org_id, asyncio.Lock())
        try:
            async with asyncio.timeout(self._timeout_s):
                await lock.acquire()
        except TimeoutError as error:
            message = "Another bulk call of this organization is in progress: try again when it has ended."
            raise Conflict(message, code="bulk_in_progress") from error
        try:
            yield
        finally:
            lock.release()


def build_check_limit(work: str) -> AdmissionLimit:
    """Build the limit of syncs, or of DNS plans: each asks Cloudflare or a provider while the caller waits.

    A few may run at once, so that a page of domains can be refreshed. `work` is the id of the words for it.
    """
    return AdmissionLimit(
        work, max_per_caller=MAX_SYNCS_PER_ORGANIZATION, max_total=MAX_SYNCS, max_per_minute=MAX_SYNCS_PER_MINUTE
    )


def build_sign_in_limit() -> AdmissionLimit:
    """Build the limit of sign-ins at the identity provider, of one client: each asks the provider."""
    return AdmissionLimit(
        "work_sign_ins",
        max_per_caller=_MAX_SIGN_INS_PER_CLIENT,
        max_total=_MAX_SIGN_INS,
        max_per_minute=_MAX_SIGN_INS_PER_MINUTE,
    )


def build_download_limit() -> AdmissionLimit:
    """Build the limit of downloads: each may go through all domains, and takes as much as some hundred other calls."""
    return AdmissionLimit(
        "work_downloads",
        max_per_caller=_MAX_DOWNLOADS_PER_ORGANIZATION,
        max_total=_MAX_DOWNLOADS,
        max_per_minute=_MAX_DOWNLOADS_PER_MINUTE,
    )
