"""Read members, never with an invitation."""

from collections.abc import Collection

from dcvd.core.members import Member
from dcvd.services.context import Context
from dcvd.services.members.rules import get_owned
from dcvd.store import members
from dcvd.store.engine.paging import Page, build_page, decode_cursor
from dcvd.store.tokens import tokens


async def list_page(context: Context, org_id: str, *, cursor: str | None, limit: int) -> Page[Member]:
    """List an organization's members, newest first."""
    before = decode_cursor(cursor)
    rows = await context.database.read(
        lambda snapshot: members.list_of_org(snapshot, org_id, before=before, limit=limit + 1)
    )
    return build_page(rows, limit, [row.id for row in rows])


async def find_last_uses(context: Context, members_of_page: Collection[Member]) -> dict[str, int]:
    """Find when the tokens of members were last used; members whose tokens never were are left out."""
    member_ids = [member.id for member in members_of_page]
    return await context.database.read(lambda snapshot: tokens.find_last_uses_of_members(snapshot, member_ids))


async def find_signed_in(context: Context, org_id: str) -> dict[str, str]:
    """Return the addresses, by their ids, of the active members who have sessions of their own."""
    found = await context.database.read(lambda snapshot: members.list_signed_in(snapshot, org_id))
    return {member.id: member.address for member in found}


async def get(context: Context, org_id: str, member_id: str) -> Member:
    """Get a member by their id. Raises NotFound, also for another organization's."""
    return await context.database.read(lambda snapshot: get_owned(snapshot, org_id, member_id))
