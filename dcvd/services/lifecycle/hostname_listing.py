"""Read the whole list of the zone's custom hostnames, each hostname once."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Final, Protocol

import structlog
from msgspec import Struct

from dcvd.core.domains.observations import CloudflareHostname
from dcvd.custom_hostnames.wire import CustomHostnamePage
from dcvd.errors import Retryable

log = structlog.get_logger(__name__)

RETRY_DELAYS_S: Final = (1.0, 2.0, 4.0, 8.0)
"""Seconds before each repeated request of a page."""
_MAX_PASSES: Final = 3


class HostnameLister(Protocol):
    """Lists Cloudflare's custom hostnames, page by page."""

    async def list_page(self, number: int) -> CustomHostnamePage:
        """Return a page; the first is number 1. Raises RemoteError."""
        ...


class ListedPage(Struct, frozen=True, kw_only=True):
    """A page with those of its hostnames that no earlier one had; `unreadable`: how many entries could not be read.

    total_pages: None where Cloudflare does not say it.
    """

    number: int
    total_pages: int | None
    hostnames: list[CloudflareHostname]
    unreadable: int = 0


async def list_hostnames(
    lister: HostnameLister, *, retry_delays_s: Sequence[float] = RETRY_DELAYS_S
) -> AsyncIterator[ListedPage]:
    """Yield the pages of the list. Pages shift while hostnames come and go: where some were missed, it is read again.

    Raises Retryable, Permanent or Unauthorized.
    """
    found_ids = set[str]()
    for pass_number in range(_MAX_PASSES):
        number, unreadable = 1, 0
        totals, ids_in_pass = set[int | None](), set[str]()
        while True:
            page = await _fetch(lister, number, retry_delays_s)
            new = {each.id: each for each in page.hostnames if each.id not in found_ids}
            found_ids.update(new)
            ids_in_pass.update(each.id for each in page.hostnames)
            unreadable += page.unreadable
            totals.add(page.total_count)
            yield ListedPage(
                number=number,
                total_pages=page.total_pages,
                hostnames=list(new.values()),
                unreadable=0 if pass_number else page.unreadable,
            )
            number += 1
            is_empty = not page.hostnames and not page.unreadable
            if is_empty or (page.total_pages is not None and number > page.total_pages):
                break
        total = page.total_count
        if total is None or (len(totals) == 1 and len(ids_in_pass) + unreadable >= total):
            return
        log.info("hostnames.list_shifted", found=len(ids_in_pass), total=total)


async def _fetch(lister: HostnameLister, number: int, retry_delays_s: Sequence[float]) -> CustomHostnamePage:
    for delay_s in retry_delays_s:
        try:
            return await lister.list_page(number)
        except Retryable as error:
            log.warning("hostnames.page_failed", page=number, error=error.message, retry_s=delay_s)
            await asyncio.sleep(delay_s)
    return await lister.list_page(number)
