"""List tokens."""

from dcvd.core.tokens import Token
from dcvd.services.context import Context
from dcvd.store import tokens
from dcvd.store.engine.paging import Page, build_page, decode_cursor


async def list_page(context: Context, org_id: str, *, cursor: str | None, limit: int) -> Page[Token]:
    """List an organization's tokens, newest first; never with a plain text."""
    before = decode_cursor(cursor)
    rows = await context.database.read(
        lambda snapshot: tokens.list_of_org(snapshot, org_id, before=before, limit=limit + 1)
    )
    return build_page(rows, limit, [row.id for row in rows])
