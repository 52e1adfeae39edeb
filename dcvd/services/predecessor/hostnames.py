"""Finds the hostnames of the predecessor's domains at Cloudflare: by their ids, else by their names."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing

from msgspec import Struct

from dcvd.core.domains.observations import CloudflareHostname
from dcvd.core.predecessor.rows import DomainRow
from dcvd.custom_hostnames import wire
from dcvd.custom_hostnames.budget import Urgency
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.errors import RemoteError
from dcvd.services.lifecycle.hostname_listing import list_hostnames


class FoundHostnames(Struct, frozen=True, kw_only=True):
    """What Cloudflare has: by name. problem: why it could not be asked about all of them, as a sentence."""

    by_name: Mapping[str, CloudflareHostname] = {}
    asked_names: frozenset[str] = frozenset()
    problem: str | None = None

    def is_known(self, name: str) -> bool:
        """Whether Cloudflare was asked about a name."""
        return name in self.asked_names


async def find_hostnames(
    cloudflare: CloudflareClient, named_rows: Sequence[tuple[str, DomainRow]], *, retry_delays_s: Sequence[float]
) -> FoundHostnames:
    """Find the hostnames of rows, of each its normalised name: by the whole list, or by a call each if that is less.

    What a failure of Cloudflare's leaves open is said, and no error.
    """
    if not named_rows:
        return FoundHostnames()
    if not cloudflare.is_configured:
        return FoundHostnames(problem="No zone or token of Cloudflare's is configured.")
    found: dict[str, CloudflareHostname] = {}
    asked: set[str] = set()
    problem = None
    try:
        names = frozenset(name for name, _ in named_rows)
        pages = _list(cloudflare, names, at_most=len(named_rows), retry_delays_s=retry_delays_s)
        async with aclosing(pages):
            async for page in pages:
                found |= page
        # What is on no page may be there all the same: one that was named otherwise, or is just being made.
        for name, row in named_rows:
            if name not in found and (hostname := await _find_one(cloudflare, name, row)) is not None:
                found[name] = hostname
            asked.add(name)
    except RemoteError as error:
        problem = error.message
    return FoundHostnames(by_name=found, asked_names=frozenset(asked | found.keys()), problem=problem)


async def _list(
    cloudflare: CloudflareClient, names: frozenset[str], *, at_most: int, retry_delays_s: Sequence[float]
) -> AsyncGenerator[dict[str, CloudflareHostname], None]:
    """Yield the hostnames of these names, page by page; none where the list has more than `at_most` pages."""
    async with aclosing(list_hostnames(cloudflare, retry_delays_s=retry_delays_s)) as pages:  # type: ignore[type-var]  # it is a generator
        async for page in pages:
            if page.total_pages is not None and page.total_pages > at_most:
                return
            yield {each.hostname: each for each in page.hostnames if each.hostname in names}


async def _find_one(cloudflare: CloudflareClient, name: str, row: DomainRow) -> CloudflareHostname | None:
    if wire.is_id(row.cf_id):
        hostname = await cloudflare.get(row.cf_id, urgency=Urgency.SOON, owner=row.org_id)
        if isinstance(hostname, CloudflareHostname) and hostname.hostname == name:
            return hostname
    return await cloudflare.find(name, urgency=Urgency.SOON, owner=row.org_id)
