"""Domains as their organization reads them: one, or a page of a list."""

from collections.abc import AsyncIterator

from dcvd.core.domains.domain import Domain, DomainStatus
from dcvd.core.domains.hostnames import normalise_search
from dcvd.errors import NotFound
from dcvd.services.context import Context
from dcvd.store import domain_lists, domains
from dcvd.store.domain_lists import DomainFilter
from dcvd.store.engine.paging import MAX_LIMIT, Page, build_page, decode_cursor
from dcvd.store.engine.transactions import Snapshot


async def get(context: Context, org_id: str, domain_id: str) -> Domain:
    """Get a domain by its id. Raises NotFound, also for another organization's."""
    return await context.database.read(lambda snapshot: get_owned(snapshot, org_id, domain_id))


async def list_page(
    context: Context,
    org_id: str,
    *,
    status: DomainStatus | None,
    search: str | None,
    cursor: str | None,
    limit: int,
    is_dormant: bool | None = None,
) -> Page[Domain]:
    """List the domains that the caller may know of, newest first.

    search: a prefix of the name or of its registrable part; then they are listed by name.
    is_dormant: only the dormant ones, or only the others; None for all.
    """
    position = decode_cursor(cursor)
    wanted = DomainFilter(status=status, is_dormant=is_dormant, reach=context.caller.domains)
    if search:
        prefix = normalise_search(search)
        rows = await context.database.read(
            lambda snapshot: domain_lists.search(snapshot, org_id, prefix, wanted, after=position, limit=limit + 1)
        )
        return build_page(rows, limit, [row.name for row in rows])
    rows = await context.database.read(
        lambda snapshot: domain_lists.list_page(snapshot, org_id, wanted, before=position, limit=limit + 1)
    )
    return build_page(rows, limit, [row.id for row in rows])


async def iterate_pages(
    context: Context,
    org_id: str,
    *,
    status: DomainStatus | None,
    search: str | None,
    is_dormant: bool | None = None,
    page_size: int = MAX_LIMIT,
) -> AsyncIterator[list[Domain]]:
    """Yield all domains, page by page, see `list_page`.

    A domain that stays is yielded once, whatever is added or removed meanwhile.
    """
    cursor: str | None = None
    while True:
        page = await list_page(
            context, org_id, status=status, search=search, is_dormant=is_dormant, cursor=cursor, limit=page_size
        )
        if page.items:
            yield page.items
        cursor = page.next_cursor
        if cursor is None:
            return


def get_owned(snapshot: Snapshot, org_id: str, domain_id: str) -> Domain:
    """Get an organization's domain. Raises NotFound, also for another organization's."""
    domain = domains.get(snapshot, domain_id)
    if domain is None or domain.org_id != org_id:
        raise NotFound(f"There is no domain {domain_id}.")
    return domain
