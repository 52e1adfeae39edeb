"""Members who act in a session of their own, without a token: their rights are those of their membership."""

from dcvd.core.callers import Caller, CallerKind
from dcvd.core.members import Member, MemberStatus, choose_lower
from dcvd.core.sessions import Session
from dcvd.core.tokens.token import Role
from dcvd.services.context import Context
from dcvd.store import members, sessions
from dcvd.store.engine.transactions import Snapshot


def find_member_caller(context: Context, snapshot: Snapshot, session: Session) -> Caller | None:
    """Find whom a member's session makes a caller now; None where they may do nothing.

    So it is for whoever is no active member any more, where the provider is not the one at which they signed in, and
    where their groups count that did not count then.
    """
    oidc = context.config.web_oidc
    member = None if session.member_id is None else members.get(snapshot, session.member_id)
    if member is None or session.issuer != oidc.issuer or (oidc.role_claim and session.role_limit is None):
        return None
    return build_member_caller(member, session.role_limit)


def build_member_caller(member: Member, role_limit: Role | None) -> Caller | None:
    """Return the caller that a member is; None for one who may do nothing. role_limit: None for their whole role."""
    if member.status is not MemberStatus.ACTIVE:
        return None
    role = member.role if role_limit is None else choose_lower(member.role, role_limit)
    return Caller(kind=CallerKind.MEMBER, role=role, id=member.id, org_id=member.org_id, member_id=member.id)


def find_session_role(context: Context, snapshot: Snapshot, caller: Caller) -> Role | None:
    """Find the role that a member has in their session now; None where they have none."""
    session = None if caller.session_id is None else sessions.get(snapshot, caller.session_id)
    found = None if session is None else find_member_caller(context, snapshot, session)
    return None if found is None else found.role
