"""Authenticate the browser of a session: its caller is whoever signed in, with the rights that they have now."""

from collections.abc import Callable

from msgspec.structs import replace

from dcvd.core.callers import Caller, CallerKind
from dcvd.core.operators import OperatorRights, ProcessUser
from dcvd.core.sessions import Session, is_session_secret
from dcvd.core.tokens.token import hash_token
from dcvd.errors import Unauthenticated
from dcvd.services.context import Context
from dcvd.services.tokens.authentication import REFUSAL, admit_found, find_token_caller
from dcvd.services.tokens.member_sessions import find_member_caller
from dcvd.store import sessions
from dcvd.store.engine.transactions import Snapshot


async def authenticate_session(
    context: Context,
    presented_secret: str,
    update_use: Callable[[Session], Session],
    rights: OperatorRights,
    address: str | None = None,
    request_id: str | None = None,
) -> Caller:
    """Return the caller whom a session's secret stands for, with the rights that its token, member or operator has now.

    update_use: returns a session with its last use, also where that is not stored yet. rights: who is an operator now.
    address: the client's.

    Raises Unauthenticated where the session has ended, or its token's secret works no more; Forbidden where the
    organization may not use dcvd, or from a network that is not allowed.
    """
    if not is_session_secret(presented_secret):
        raise Unauthenticated(REFUSAL)
    secret_hash = hash_token(presented_secret)

    def find_caller(snapshot: Snapshot, now: int) -> Caller | None:
        found = sessions.find_by_hash(snapshot, secret_hash)
        if found is None:
            return None
        session, token_hash = found
        if not update_use(session).is_in_force(context.config.web.session_idle, now):
            return None
        if token_hash is not None:
            caller = find_token_caller(snapshot, token_hash, now)
        elif session.operator is not None:
            caller = _find_operator(session.operator, rights)
        else:
            caller = find_member_caller(context, snapshot, session)
        return None if caller is None else replace(caller, session_id=session.id, session_expires_at=session.expires_at)

    return await admit_found(context, find_caller, address, request_id)


def _find_operator(user: ProcessUser, rights: OperatorRights) -> Caller | None:
    role = rights.find_role(user.uid, user.gid)
    if role is None:
        return None
    return Caller(kind=CallerKind.OPERATOR, role=role, id=str(user.uid), gid=user.gid)
