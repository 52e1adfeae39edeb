"""Members who act in a session of their own, without a token: their membership or a group gives them the role."""

from dcvd.config.web_section import WebOidcConfig
from dcvd.core.callers import Caller, CallerKind
from dcvd.core.members import Member, MemberStatus
from dcvd.core.sessions import Session
from dcvd.core.tokens.token import Role
from dcvd.services.context import Context
from dcvd.store import members, sessions
from dcvd.store.engine.transactions import Snapshot


def find_member_caller(context: Context, snapshot: Snapshot, session: Session) -> Caller | None:
    """Find whom a member's session makes a caller now; None where they may do nothing."""
    member = None if session.member_id is None else members.get(snapshot, session.member_id)
    if member is None:
        return None
    return build_member_caller(context.config.web_oidc, member, session.issuer, session.role_group)


def build_member_caller(
    oidc: WebOidcConfig, member: Member, issuer: str | None, role_group: str | None
) -> Caller | None:
    """Return the caller that a member is who signed in at a provider; None for one who may do nothing.

    Their group there gives the role where groups are configured to, and else the membership does. So nobody may do
    anything who is no active member any more, signed in at another provider, or with a group that gives no role.
    """
    role = member.role
    if oidc.role_claim:
        found = None if role_group is None else oidc.roles.get(role_group)
        if found is None:
            return None
        role = found
    if member.status is not MemberStatus.ACTIVE or issuer != oidc.issuer:
        return None
    return Caller(kind=CallerKind.MEMBER, role=role, id=member.id, org_id=member.org_id, member_id=member.id)


def find_session_role(context: Context, snapshot: Snapshot, caller: Caller) -> Role | None:
    """Find the role that a member has in their session now; None where they have none."""
    session = None if caller.session_id is None else sessions.get(snapshot, caller.session_id)
    found = None if session is None else find_member_caller(context, snapshot, session)
    return None if found is None else found.role
