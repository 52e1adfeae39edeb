"""What holds for a session: who may know of it, who may end it, and how it is ended."""

from collections.abc import Collection
from typing import Any

from dcvd.core.audit import AuditAction
from dcvd.core.instants import to_rfc3339
from dcvd.core.sessions import Session
from dcvd.core.tokens.token import Token
from dcvd.errors import NotFound
from dcvd.services import audit
from dcvd.services.context import Context
from dcvd.services.rights_changes import announce_change
from dcvd.services.tokens.rights import is_visible
from dcvd.store import sessions
from dcvd.store.engine.transactions import Snapshot, Transaction
from dcvd.store.tokens import tokens


def get_visible(context: Context, snapshot: Snapshot, org_id: str, session_id: str) -> tuple[Session, Token]:
    """Get an organization's session with its token. Raises NotFound, also where the caller may not know of it."""
    session = sessions.get(snapshot, session_id)
    token = None if session is None or session.org_id != org_id else tokens.get(snapshot, session.token_id)
    if session is None or token is None or not is_visible(context.caller, token):
        raise NotFound(f"There is no session {session_id}.")
    return session, token


def end(context: Context, tx: Transaction, ended: Collection[Session]) -> None:
    """Remove sessions, and end what their browsers have under way, in the transaction of what ends them."""
    sessions.delete_all(tx, [session.id for session in ended])
    for session in ended:
        announce_change(context, tx, session.id)
        audit.record(
            context, tx, session.org_id, AuditAction.SESSION_ENDED, session.id, before=describe_session(session)
        )


def describe_session(session: Session) -> dict[str, Any]:
    """Return what an audit shows of a session, without its secret."""
    return {
        "tokenId": session.token_id,
        "expiresAt": to_rfc3339(session.expires_at),
        "address": session.address,
        "userAgent": session.user_agent,
    }
