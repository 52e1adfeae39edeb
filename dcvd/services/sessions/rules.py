"""What holds for a session: who may know of it, who may end it, and how it is ended."""

from collections.abc import Collection
from typing import Any

from dcvd.core.audit import AuditAction
from dcvd.core.instants import to_rfc3339
from dcvd.core.sentences.wording import word
from dcvd.core.sessions import Session
from dcvd.core.tokens.token import Role, is_expired
from dcvd.errors import NotFound
from dcvd.services import audit
from dcvd.services.context import Context
from dcvd.services.rights_changes import announce_change
from dcvd.services.tokens.member_sessions import find_member_caller
from dcvd.services.tokens.rights import is_visible
from dcvd.store import sessions
from dcvd.store.engine.transactions import Snapshot, Transaction
from dcvd.store.tokens import tokens


def list_visible(context: Context, snapshot: Snapshot, org_id: str | None) -> list[tuple[Session, Role]]:
    """List the sessions that the caller may know of, with the roles in which their browsers act, newest first.

    org_id: None for those of operators, of whom each may know all.
    """
    if org_id is None:
        return [(session, Role.OWNER) for session in sessions.list_of_operators(snapshot)]
    roles = _list_token_roles(context, snapshot, org_id)
    found = []
    for session in sessions.list_all_of_org(snapshot, org_id):
        if session.member_id is None:
            role = roles.get(session.holder)
        elif context.caller.domains is None:
            member = find_member_caller(context, snapshot, session)
            role = None if member is None else member.role
        else:
            role = None  # whoever is limited to some domains sees nobody who is not
        if role is not None:
            found.append((session, role))
    return found


def get_visible(context: Context, snapshot: Snapshot, org_id: str | None, session_id: str) -> tuple[Session, Role]:
    """Get one of the sessions that `list_visible` lists. Raises NotFound."""
    for session, role in list_visible(context, snapshot, org_id):
        if session.id == session_id:
            return session, role
    raise build_unknown_error(session_id)


def build_unknown_error(session_id: str) -> NotFound:
    """Build the error for a session that is not there, or of which the caller may not know."""
    return NotFound(word("session_unknown", session=session_id))


def _list_token_roles(context: Context, snapshot: Snapshot, org_id: str) -> dict[str, Role]:
    """Return the roles of an organization's tokens of whose sessions the caller may know, by their ids."""
    now = context.now()
    return {
        token.id: token.role
        for token in tokens.list_all_of_org(snapshot, org_id)
        if is_visible(context.caller, token) and not is_expired(token.expires_at, now)
    }


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
    holder = {
        "tokenId": session.token_id,
        "memberId": session.member_id,
        "roleGroup": session.role_group,
        "uid": None if session.operator is None else session.operator.uid,
    }
    return {
        **{name: value for name, value in holder.items() if value is not None},
        "expiresAt": to_rfc3339(session.expires_at),
        "address": session.address,
        "userAgent": session.user_agent,
    }
