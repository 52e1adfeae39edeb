"""Read tokens, never with a plain text."""

from collections.abc import Collection

from dcvd.core.tokens.token import Token
from dcvd.services.context import Context
from dcvd.services.tokens.rights import check_visible, is_visible
from dcvd.store.engine.paging import Page, build_page, decode_cursor
from dcvd.store.engine.transactions import Snapshot
from dcvd.store.tokens import tokens


async def list_page(context: Context, org_id: str, *, cursor: str | None, limit: int) -> Page[Token]:
    """List the tokens of an organization that the caller may know of, newest first."""
    before = decode_cursor(cursor)
    if context.caller.domains is not None:
        return await _list_visible(context, org_id, before, limit)
    rows = await context.database.read(
        lambda snapshot: tokens.list_of_org(snapshot, org_id, before=before, limit=limit + 1)
    )
    return build_page(rows, limit, [row.id for row in rows])


async def get(context: Context, org_id: str, token_id: str) -> Token:
    """Get a token by its id. Raises NotFound, also for one that the caller may not know of."""
    return await context.database.read(lambda snapshot: get_visible(context, snapshot, org_id, token_id))


def get_visible(context: Context, snapshot: Snapshot, org_id: str, token_id: str) -> Token:
    """Get a token by its id. Raises NotFound, also for one that the caller may not know of."""
    return check_visible(context.caller, tokens.get(snapshot, token_id), org_id, token_id)


async def find_names(context: Context, org_id: str, token_ids: Collection[str]) -> dict[str, str]:
    """Find the names of tokens that the caller may know of."""
    rows = await context.database.read(lambda snapshot: tokens.list_all_of_org(snapshot, org_id))
    return {row.id: row.name for row in rows if row.id in token_ids and is_visible(context.caller, row)}


async def _list_visible(context: Context, org_id: str, before: str | None, limit: int) -> Page[Token]:
    rows = await context.database.read(lambda snapshot: tokens.list_all_of_org(snapshot, org_id))
    visible = [row for row in rows if is_visible(context.caller, row) and (before is None or row.id < before)]
    visible.sort(key=lambda row: row.id, reverse=True)
    return build_page(visible[: limit + 1], limit, [row.id for row in visible])
