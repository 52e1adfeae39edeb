"""Begin a session: a browser that shows a token gets a secret of its own."""

from msgspec import Struct

from dcvd.core.audit import AuditAction
from dcvd.core.ids import IdPrefix
from dcvd.core.secret import Secret
from dcvd.core.sessions import (
    MAX_SESSIONS_OF_ORG,
    MAX_SESSIONS_OF_TOKEN,
    Session,
    mint_session_secret,
    shorten_user_agent,
)
from dcvd.core.tokens.token import hash_token
from dcvd.services import audit
from dcvd.services.context import Context
from dcvd.services.sessions.rules import describe_session, end
from dcvd.store import sessions
from dcvd.store.engine.transactions import Transaction


class BegunSession(Struct, frozen=True):
    """A new session with its secret, which its browser keeps, and nobody else."""

    session: Session
    secret: Secret


async def begin(context: Context, org_id: str, plain_token: str, *, user_agent: str | None) -> BegunSession:
    """Begin a session with the rights of the caller, who was authenticated by this token.

    Where the token, or its organization, has as many as it may, the oldest one ends.
    """
    now, caller = context.now(), context.caller
    secret = mint_session_secret(context.random_bytes)
    session = Session(
        id=context.new_id(IdPrefix.SESSION),
        org_id=org_id,
        token_id=caller.id,
        created_at=now,
        last_used_at=now,
        expires_at=now + context.config.web.session_lifetime,
        address=caller.address,
        user_agent=shorten_user_agent(user_agent),
    )
    secret_hash, token_hash = hash_token(secret.reveal()), hash_token(plain_token)

    def unit(tx: Transaction) -> BegunSession:
        sessions.insert(tx, session, secret_hash, token_hash)
        audit.record(context, tx, org_id, AuditAction.SESSION_BEGUN, session.id, after=describe_session(session))
        end(
            context,
            tx,
            sessions.list_beyond(tx, caller.id, org_id, of_token=MAX_SESSIONS_OF_TOKEN, of_org=MAX_SESSIONS_OF_ORG),
        )
        return BegunSession(session, secret)

    return await context.database.write(unit)
