"""Who may do what about members: nobody touches what is above their rank, and somebody stays who may do everything."""

from dcvd.core.callers import CallerKind
from dcvd.core.members import Member, MemberStatus
from dcvd.core.tokens.token import Role, has_rank
from dcvd.errors import Conflict, Forbidden, NotFound
from dcvd.services.context import Context
from dcvd.store import members
from dcvd.store.engine.transactions import Snapshot


def get_owned(snapshot: Snapshot, org_id: str, member_id: str) -> Member:
    """Get an organization's member. Raises NotFound, also for another organization's."""
    member = members.get(snapshot, member_id)
    if member is None or member.org_id != org_id:
        raise NotFound(f"There is no member {member_id}.")
    return member


def check_rank(context: Context, role: Role) -> None:
    """Raise Forbidden where a role, of a member or one that they are to get, is above the caller's."""
    if not has_rank(context.caller.role, role):
        raise Forbidden(
            f"Whoever has the role {context.caller.role.value} cannot invite, change or remove members with the higher "
            f"role {role.value}."
        )


def check_grant(context: Context, role: Role) -> None:
    """Raise Forbidden where somebody is to be given a role in which they may do more than the caller.

    A member has no scopes: to let others read is what `members:write` is for, and all else is beyond it.
    """
    check_rank(context, role)
    if context.caller.scopes is not None and role is not Role.MEMBER:
        raise Forbidden(
            f"This token is limited to scopes, which {role.value}s are not: it gives people the role "
            f"{Role.MEMBER.value} alone. Take a token without scopes.",
        )


def check_owner_stays(context: Context, snapshot: Snapshot, member: Member) -> None:
    """Raise Conflict where a member who is to lose their role or status is the last active owner.

    Owner tokens do not count: people who sign in would be left without anybody who can appoint others. Operators may.
    """
    if context.caller.kind is CallerKind.OPERATOR or member.role is not Role.OWNER:
        return
    if member.status is MemberStatus.ACTIVE and not members.has_other_active_owner(snapshot, member.org_id, member.id):
        raise Conflict("This member is the last active owner: make another one an owner first.", code="last_owner")
