"""Import the hostnames that the zone at Cloudflare has already into an organization.

Each page of Cloudflare's list is one transaction, so an import that ended in the middle is run again: what it has
adopted is there already then.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import Final, Protocol

import structlog
from msgspec import Struct
from msgspec.structs import replace

from dcvd.core.domains.adoption import HostnameSelection
from dcvd.core.domains.observations import CloudflareHostname
from dcvd.errors import NotConfigured
from dcvd.services.context import Context
from dcvd.services.domains import adoptions
from dcvd.services.domains.adoptions import Adoption
from dcvd.services.lifecycle.hostname_listing import HostnameLister, ListedPage, list_hostnames
from dcvd.store.engine.transactions import Snapshot, Transaction

log = structlog.get_logger(__name__)

_MAX_LOOK_UPS: Final = 10
"""So many names are looked up one by one; for more, the list is read."""
_HEARTBEAT_S: Final = 2.0


class ImportRequest(Struct, frozen=True, kw_only=True):
    """Who imports what. `target`: where the customers' records lead; None for the configured target."""

    org_id: str
    actor: str
    selection: HostnameSelection = HostnameSelection()
    target: str | None = None
    dry_run: bool = False


class ImportStep(Struct, frozen=True, kw_only=True):
    """How far an import is, and what became of the hostnames of its last page; none while it waits for its turn.

    page, pages: of Cloudflare's list; None where it does not say how many there are. left: how many hostnames were not
    meant. unreadable: how many entries of the list could not be read. missing: at the end, the names that were asked
    for and that the zone does not have.
    """

    page: int
    pages: int | None
    adoptions: list[Adoption] = []
    left: int = 0
    unreadable: int = 0
    missing: tuple[str, ...] = ()


class HostnameSource(HostnameLister, Protocol):
    """The zone at Cloudflare, whose hostnames are listed and looked up."""

    async def find(self, hostname: str) -> CloudflareHostname | None:
        """Find the hostname of exactly this name; None when the zone does not have it. Raises RemoteError."""
        ...


class HostnameImporter:
    """Imports hostnames, with the one budget of calls that all share."""

    def __init__(self, cloudflare: HostnameSource, *, heartbeat_s: float = _HEARTBEAT_S) -> None:
        """`heartbeat_s`: seconds without a page after which a step says that the import goes on."""
        self._cloudflare = cloudflare
        self._heartbeat_s = heartbeat_s

    async def run(self, context: Context, request: ImportRequest) -> AsyncGenerator[ImportStep, None]:
        """Import, and yield each step once it is stored. Raises RemoteError, NotConfigured."""
        _require_cloudflare(context)
        step = ImportStep(page=0, pages=None)
        simulated, missing = 0, set(request.selection.only or ())
        async with aclosing(self._read_pages(request.selection)) as pages:
            async for page in _yield_while_waiting(pages, self._heartbeat_s):
                if page is None:
                    yield ImportStep(page=step.page, pages=step.pages)
                    continue
                missing.difference_update(each.hostname for each in page.hostnames)
                selected = [each for each in page.hostnames if request.selection.includes(each.hostname)]
                found = await self._adopt(context, request, selected, simulated)
                simulated += sum(each.outcome == "would_adopt" for each in found)
                step = ImportStep(
                    page=page.number,
                    pages=page.total_pages,
                    adoptions=found,
                    left=len(page.hostnames) - len(selected),
                    unreadable=page.unreadable,
                )
                yield step
        if missing:
            yield ImportStep(page=step.page, pages=step.pages, missing=tuple(sorted(missing)))

    async def _read_pages(self, selection: HostnameSelection) -> AsyncGenerator[ListedPage, None]:
        if selection.only is None or len(selection.only) > _MAX_LOOK_UPS:
            async for page in list_hostnames(self._cloudflare):
                yield page
            return
        names = sorted(selection.only)
        for number, name in enumerate(names, 1):
            found = await self._cloudflare.find(name)
            yield ListedPage(number=number, total_pages=len(names), hostnames=[] if found is None else [found])

    async def _adopt(
        self, context: Context, request: ImportRequest, hostnames: Sequence[CloudflareHostname], simulated: int
    ) -> list[Adoption]:
        if not hostnames:
            return []

        def evaluate(snapshot: Snapshot) -> list[Adoption]:
            return adoptions.evaluate(
                context,
                snapshot,
                request.org_id,
                hostnames,
                target=request.target,
                simulated=simulated,
                # Whoever names a hostname means it.
                with_left=request.selection.only is not None,
            )

        def unit(tx: Transaction) -> list[Adoption]:
            found = evaluate(tx)
            new_domains = [each.domain for each in found if each.outcome == "adopted" and each.domain is not None]
            adoptions.store(context, tx, request.org_id, new_domains, actor=request.actor)
            return found

        if not request.dry_run:
            found = await context.database.write(unit)
            count = sum(each.outcome == "adopted" for each in found)
            log.info("domains.imported", org_id=request.org_id, count=count, of=len(found))
            return found
        found = await context.database.read(evaluate)
        return [replace(each, outcome="would_adopt") if each.outcome == "adopted" else each for each in found]


def _require_cloudflare(context: Context) -> None:
    """Raise NotConfigured where the zone, or the token for it, is not known."""
    config = context.config.cloudflare
    for key, is_set in (("zone_id", config.zone_id), ("api_token_file", config.api_token.reveal())):
        if not is_set:
            raise NotConfigured(
                f"cloudflare.{key} is not set, or you may not read it: set it, or run this as the user of dcvd."
            )


async def _yield_while_waiting(
    pages: AsyncIterator[ListedPage], heartbeat_s: float
) -> AsyncGenerator[ListedPage | None, None]:
    """Yield the pages, and None as often as one is waited for."""
    while True:
        task = asyncio.create_task(_read_next(pages), name="domains.import_page")
        try:
            while not (await asyncio.wait({task}, timeout=heartbeat_s))[0]:
                yield None
            page = task.result()
        finally:
            if not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        if page is None:
            return
        yield page


async def _read_next(pages: AsyncIterator[ListedPage]) -> ListedPage | None:
    return await anext(pages, None)
