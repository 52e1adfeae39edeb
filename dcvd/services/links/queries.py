"""Read links, never with a token."""

from typing import Final

from msgspec import Struct

from dcvd.core.links import Link, LinkStatus
from dcvd.services.context import Context
from dcvd.services.links.rules import get_visible, is_visible
from dcvd.store import links
from dcvd.store.engine.paging import Page, build_page, decode_cursor, encode_cursor
from dcvd.store.engine.transactions import Snapshot

_MAX_EXAMINED: Final = 1_000
"""Links that one page examines for a caller who is limited to some domains; it may be short of its limit."""


class LinkFilter(Struct, frozen=True, kw_only=True):
    """The conditions of a list; None is no condition."""

    domain_id: str | None = None
    status: LinkStatus | None = None


async def list_page(context: Context, org_id: str, wanted: LinkFilter, *, cursor: str | None, limit: int) -> Page[Link]:
    """List the links of an organization that the caller may know of, newest first."""
    before, is_limited = decode_cursor(cursor), context.caller.domains is not None
    count = _MAX_EXAMINED if is_limited else limit + 1

    def query(snapshot: Snapshot) -> Page[Link]:
        rows = links.list_of_org(
            snapshot,
            org_id,
            context.now(),
            domain_id=wanted.domain_id,
            status=wanted.status,
            before=before,
            limit=count,
        )
        if not is_limited:
            return build_page(rows, limit, [row.id for row in rows])
        visible: list[Link] = []
        for row in rows:
            if is_visible(context, snapshot, row):
                if len(visible) == limit:
                    return Page(visible, encode_cursor(visible[-1].id))
                visible.append(row)
        return Page(visible, None if len(rows) < count else encode_cursor(rows[-1].id))

    return await context.database.read(query)


async def get(context: Context, org_id: str, link_id: str) -> Link:
    """Get a link by its id. Raises NotFound, also for one that the caller may not know of."""
    return await context.database.read(lambda snapshot: get_visible(context, snapshot, org_id, link_id))
