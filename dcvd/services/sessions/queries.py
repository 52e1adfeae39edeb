"""Read sessions that have not ended, never with a secret."""

from collections.abc import Callable, Iterable

from dcvd.core.sessions import Session
from dcvd.core.tokens.token import is_expired
from dcvd.errors import NotFound
from dcvd.services.context import Context
from dcvd.services.sessions.rules import get_visible
from dcvd.services.tokens.rights import is_visible
from dcvd.store import sessions
from dcvd.store.engine.paging import Page, build_page, decode_cursor
from dcvd.store.engine.transactions import Snapshot
from dcvd.store.tokens import tokens

UpdateUse = Callable[[Session], Session]
"""Returns a session with its last use, also where that is not stored yet."""


async def list_page(
    context: Context, org_id: str, update_use: UpdateUse, *, cursor: str | None, limit: int
) -> Page[Session]:
    """List the sessions of an organization whose tokens the caller may know of, newest first."""
    before = decode_cursor(cursor)

    def query(snapshot: Snapshot) -> list[Session]:
        visible = {
            token.id
            for token in tokens.list_all_of_org(snapshot, org_id)
            if is_visible(context.caller, token) and not is_expired(token.expires_at, context.now())
        }
        return [each for each in sessions.list_all_of_org(snapshot, org_id) if each.token_id in visible]

    found = _keep_in_force(context, await context.database.read(query), update_use)
    rows = [session for session in found if before is None or session.id < before][: limit + 1]
    return build_page(rows, limit, [row.id for row in rows])


async def list_own(context: Context, update_use: UpdateUse) -> list[Session]:
    """List the sessions of the caller's own token, newest first."""
    found = await context.database.read(lambda snapshot: sessions.list_of_token(snapshot, context.caller.id))
    return _keep_in_force(context, found, update_use)


async def get(context: Context, org_id: str, session_id: str, update_use: UpdateUse) -> Session:
    """Get a session by its id. Raises NotFound, also where the caller may not know of its token, or it has ended."""
    session, token = await context.database.read(lambda snapshot: get_visible(context, snapshot, org_id, session_id))
    if not is_expired(token.expires_at, context.now()):
        for found in _keep_in_force(context, [session], update_use):
            return found
    raise NotFound(f"There is no session {session_id}.")


def _keep_in_force(context: Context, found: Iterable[Session], update_use: UpdateUse) -> list[Session]:
    idle_ms, now = context.config.web.session_idle, context.now()
    updated = map(update_use, found)
    return [session for session in updated if session.is_in_force(idle_ms, now)]
