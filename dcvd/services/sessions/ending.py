"""End sessions, which ends what their browsers have under way."""

from dcvd.core.tokens.token import has_rank
from dcvd.errors import NotFound
from dcvd.services.context import Context
from dcvd.services.sessions.rules import end, get_visible
from dcvd.services.tokens.rights import check_rank, is_visible
from dcvd.store import sessions
from dcvd.store.engine.transactions import Transaction
from dcvd.store.tokens import tokens


async def end_one(context: Context, org_id: str, session_id: str) -> None:
    """End a session at once, also in requests that are under way.

    Raises NotFound, Forbidden for one of a token with a higher role than the caller's.
    """

    def unit(tx: Transaction) -> None:
        session, token = get_visible(context, tx, org_id, session_id)
        check_rank(context.caller, token)
        end(context, tx, [session])

    await context.database.write(unit)


async def end_own(context: Context, session_id: str) -> None:
    """End a session of the caller's own token, whatever else they may do. Raises NotFound."""

    def unit(tx: Transaction) -> None:
        session = sessions.get(tx, session_id)
        if session is None or session.token_id != context.caller.id:
            raise NotFound(f"There is no session {session_id}.")
        end(context, tx, [session])

    await context.database.write(unit)


async def end_all(context: Context, org_id: str) -> int:
    """End all sessions of an organization that the caller may end, but their own; return how many."""
    caller = context.caller

    def unit(tx: Transaction) -> int:
        endable = {
            token.id
            for token in tokens.list_all_of_org(tx, org_id)
            if has_rank(caller.role, token.role) and is_visible(caller, token)
        }
        ended = [
            session
            for session in sessions.list_all_of_org(tx, org_id)
            if session.id != caller.session_id and session.token_id in endable
        ]
        end(context, tx, ended)
        return len(ended)

    return await context.database.write(unit)
