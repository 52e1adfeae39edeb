"""Read sessions that have not ended, never with a secret."""

from collections.abc import Callable, Iterable

from dcvd.core.sessions import Session, find_holder
from dcvd.services.context import Context
from dcvd.services.sessions.rules import build_unknown_error, get_visible, list_visible
from dcvd.store import sessions
from dcvd.store.engine.paging import Page, build_page, decode_cursor

UpdateUse = Callable[[Session], Session]
"""Returns a session with its last use, also where that is not stored yet."""


async def list_page(
    context: Context, org_id: str | None, update_use: UpdateUse, *, cursor: str | None, limit: int
) -> Page[Session]:
    """List the sessions of an organization of which the caller may know, newest first; None: those of operators."""
    before = decode_cursor(cursor)
    visible = await context.database.read(lambda snapshot: list_visible(context, snapshot, org_id))
    found = _keep_in_force(context, (session for session, _ in visible), update_use)
    rows = [session for session in found if before is None or session.id < before][: limit + 1]
    return build_page(rows, limit, [row.id for row in rows])


async def list_own(context: Context, update_use: UpdateUse) -> list[Session]:
    """List the sessions of the caller's own token, or of whoever else they are, newest first."""
    holder = find_holder(context.caller)
    found = await context.database.read(lambda snapshot: sessions.list_of_holder(snapshot, holder))
    return _keep_in_force(context, found, update_use)


async def get(context: Context, org_id: str | None, session_id: str, update_use: UpdateUse) -> Session:
    """Get a session by its id. Raises NotFound, also where the caller may not know of it, or it has ended."""
    session, _ = await context.database.read(lambda snapshot: get_visible(context, snapshot, org_id, session_id))
    for found in _keep_in_force(context, [session], update_use):
        return found
    raise build_unknown_error(session_id)


async def find_end(context: Context, session_id: str, update_use: UpdateUse) -> int | None:
    """Find when a session of whomever ends if it is not used again; None for one that is not there."""
    session = await context.database.read(lambda snapshot: sessions.get(snapshot, session_id))
    return None if session is None else update_use(session).find_end(context.config.web.session_idle)


def _keep_in_force(context: Context, found: Iterable[Session], update_use: UpdateUse) -> list[Session]:
    idle_ms, now = context.config.web.session_idle, context.now()
    updated = map(update_use, found)
    return [session for session in updated if session.is_in_force(idle_ms, now)]
