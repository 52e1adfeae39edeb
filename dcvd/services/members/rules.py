"""Who may do what about members: nobody touches what is above their rank, and somebody stays who may do everything."""

from dcvd.core.callers import CallerKind
from dcvd.core.members import Member, MemberStatus
from dcvd.core.sentences.wording import word
from dcvd.core.tokens.token import Role, has_rank, say_role
from dcvd.errors import Conflict, Forbidden, NotFound
from dcvd.services.context import Context
from dcvd.store import members
from dcvd.store.engine.transactions import Snapshot


def get_owned(snapshot: Snapshot, org_id: str, member_id: str) -> Member:
    """Get an organization's member. Raises NotFound, also for another organization's."""
    member = members.get(snapshot, member_id)
    if member is None or member.org_id != org_id:
        raise NotFound(word("member_unknown", member=member_id))
    return member


def check_rank(context: Context, role: Role) -> None:
    """Raise Forbidden where a role, of a member or one that they are to get, is above the caller's."""
    if not has_rank(context.caller.role, role):
        raise Forbidden(word("member_rank", own=say_role(context.caller.role), role=say_role(role)))


def check_grant(context: Context, role: Role) -> None:
    """Raise Forbidden where somebody is to be given a role in which they may do more than the caller.

    A member has no scopes: to let others read is what `members:write` is for, and all else is beyond it.
    """
    check_rank(context, role)
    if context.caller.scopes is not None and role is not Role.MEMBER:
        raise Forbidden(
            word("member_scopes", role=say_role(role), member=say_role(Role.MEMBER)),
        )


def check_owner_stays(context: Context, snapshot: Snapshot, member: Member) -> None:
    """Raise Conflict where a member who is to lose their role or status is the last active owner.

    Owner tokens do not count: people who sign in would be left without anybody who can appoint others. Operators may.
    """
    if context.caller.kind is CallerKind.OPERATOR or member.role is not Role.OWNER:
        return
    if member.status is MemberStatus.ACTIVE and not members.has_other_active_owner(snapshot, member.org_id, member.id):
        raise Conflict(word("last_owner"), code="last_owner")
