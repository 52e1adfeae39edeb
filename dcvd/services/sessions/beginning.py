"""Begin a session: a browser that shows who it acts for gets a secret of its own."""

from msgspec import Struct
from msgspec.structs import replace

from dcvd.core.audit import AuditAction
from dcvd.core.callers import Caller, CallerKind
from dcvd.core.ids import IdPrefix
from dcvd.core.members import Member
from dcvd.core.oidc.people import VerifiedPerson
from dcvd.core.operators import OperatorRights, ProcessUser
from dcvd.core.organizations.status import build_refusal
from dcvd.core.secret import Secret
from dcvd.core.sessions import (
    MAX_SESSIONS_OF_HOLDER,
    MAX_SESSIONS_OF_ORG,
    Session,
    choose_operator_lifetime,
    mint_session_secret,
    shorten_user_agent,
)
from dcvd.core.tokens.token import hash_token
from dcvd.services import audit
from dcvd.services.context import Context
from dcvd.services.sessions.rules import describe_session, end
from dcvd.services.sessions.sign_in_links import find_link
from dcvd.services.tokens.member_sessions import build_member_caller
from dcvd.store import sessions, sign_in_links
from dcvd.store.engine.transactions import Transaction
from dcvd.store.organizations import organizations


class Browser(Struct, frozen=True, kw_only=True):
    """The browser that signs in, as its request tells; None where it does not."""

    request_id: str | None = None
    address: str | None = None
    user_agent: str | None = None


class BegunSession(Struct, frozen=True):
    """A new session with its secret, which its browser keeps, and nobody else."""

    session: Session
    secret: Secret

    @property
    def lifetime_ms(self) -> int:
        """How long it lasts in all."""
        return self.session.expires_at - self.session.created_at


async def begin(context: Context, org_id: str, plain_token: str, *, user_agent: str | None) -> BegunSession:
    """Begin a session with the rights of the caller, who was authenticated by this token.

    Where the token, or its organization, has as many as it may, the oldest one ends.
    """
    caller = context.caller
    session = _draft(
        context,
        Browser(address=caller.address, user_agent=user_agent),
        context.config.web.session_lifetime,
        org_id=org_id,
        token_id=caller.id,
    )
    token_hash = hash_token(plain_token)
    return await context.database.write(lambda tx: _store(context, tx, session, token_hash))


async def begin_for_operator(
    context: Context, code: str, rights: OperatorRights, browser: Browser
) -> BegunSession | None:
    """Begin a session with the rights of the operator who was given this link, which is used up with it.

    Returns None where the link is used, or too old, or its operator is none any more.
    """
    link = await find_link(context, code)
    role = None if link is None else rights.find_role(link.operator.uid, link.operator.gid)
    if link is None or role is None:
        return None
    acting = context.for_caller(
        Caller(
            kind=CallerKind.OPERATOR,
            role=role,
            id=str(link.operator.uid),
            gid=link.operator.gid,
            request_id=browser.request_id,
            address=browser.address,
        )
    )
    lifetime_ms = choose_operator_lifetime(context.config.web.session_lifetime)
    session = _draft(context, browser, lifetime_ms, operator=link.operator)
    code_hash = hash_token(code)

    def unit(tx: Transaction) -> BegunSession | None:
        if sign_in_links.find_by_hash(tx, code_hash) is None:
            return None
        sign_in_links.delete(tx, code_hash)
        return _store(acting, tx, session, None)

    return await acting.database.write(unit)


def begin_for_member(
    context: Context, tx: Transaction, person: VerifiedPerson, member: Member, browser: Browser
) -> BegunSession | None:
    """Begin a session with the rights of an active member, whose address a provider has verified as this person's.

    Returns None where they may do nothing, or their organization may not use dcvd.
    """
    caller = build_member_caller(context.config.web_oidc, member, person.issuer, person.role_group)
    if caller is None or member.address != person.address:
        return None
    if build_refusal(organizations.read_status(tx, member.org_id)) is not None:
        return None
    acting = context.for_caller(replace(caller, request_id=browser.request_id, address=browser.address))
    session = _draft(
        context,
        browser,
        context.config.web.session_lifetime,
        org_id=member.org_id,
        member_id=member.id,
        person=person,
    )
    return _store(acting, tx, session, None)


def _draft(
    context: Context,
    browser: Browser,
    lifetime_ms: int,
    *,
    org_id: str | None = None,
    token_id: str | None = None,
    member_id: str | None = None,
    operator: ProcessUser | None = None,
    person: VerifiedPerson | None = None,
) -> Session:
    now = context.now()
    return Session(
        id=context.new_id(IdPrefix.SESSION),
        org_id=org_id,
        token_id=token_id,
        member_id=member_id,
        operator=operator,
        issuer=None if person is None else person.issuer,
        role_group=None if person is None else person.role_group,
        created_at=now,
        last_used_at=now,
        expires_at=now + lifetime_ms,
        address=browser.address,
        user_agent=shorten_user_agent(browser.user_agent),
    )


def _store(context: Context, tx: Transaction, session: Session, token_hash: str | None) -> BegunSession:
    secret = mint_session_secret(context.random_bytes)
    sessions.insert(tx, session, hash_token(secret.reveal()), token_hash)
    after = {"role": context.caller.role.value, **describe_session(session)}
    audit.record(context, tx, session.org_id, AuditAction.SESSION_BEGUN, session.id, after=after)
    end(
        context,
        tx,
        sessions.list_beyond(tx, session, of_holder=MAX_SESSIONS_OF_HOLDER, of_org=MAX_SESSIONS_OF_ORG),
    )
    return BegunSession(session, secret)
