"""Change and remove members. What their tokens and links may do changes with them, also in open requests."""

from dcvd.core.audit import AuditAction
from dcvd.core.http.entity_tags import ANY_STATE, Precondition
from dcvd.core.members import Member, MemberStatus, say_status
from dcvd.core.sentences.sentence import say
from dcvd.core.sentences.wording import word
from dcvd.core.tokens.token import Role, has_rank
from dcvd.errors import Conflict
from dcvd.services import audit
from dcvd.services.context import Context
from dcvd.services.links import revocation
from dcvd.services.members.rules import check_grant, check_owner_stays, check_rank, get_owned
from dcvd.services.rights_changes import announce_change
from dcvd.services.tokens import descent
from dcvd.store import links, members, sessions
from dcvd.store.engine.transactions import Transaction
from dcvd.store.tokens import tokens


async def change(
    context: Context,
    org_id: str,
    member_id: str,
    *,
    role: Role | None = None,
    status: MemberStatus | None = None,
    precondition: Precondition = ANY_STATE,
) -> Member:
    """Change a member's role or status; None leaves it.

    One who is active again after a suspension is invited where they never accepted. The open invitation of one who is
    suspended, or gets a higher role, ends.

    Raises NotFound, Forbidden for a role above the caller's, Conflict for the last active owner, and for whom only
    their acceptance can make active; PreconditionFailed where they are in another state than `precondition` says.
    """

    def unit(tx: Transaction) -> Member:
        member = get_owned(tx, org_id, member_id)
        check_rank(context, member.role)
        precondition.check(member.entity_tag, say("the_member", id=member_id))
        new_role = member.role if role is None else role
        if new_role is not member.role:
            check_grant(context, new_role)
        new_status = member.status if status is None else _choose_status(member, status)
        if (new_role, new_status) == (member.role, member.status):
            return member
        if new_role is not Role.OWNER or new_status is not MemberStatus.ACTIVE:
            check_owner_stays(context, tx, member)
        # Whoever made the invitation for a lower role knows it, and may not have the rank of the higher one.
        ends_invite = new_status is MemberStatus.SUSPENDED or not has_rank(member.role, new_role)
        members.change(tx, member_id, new_role, new_status, context.now(), ends_invite=ends_invite)
        if new_status is MemberStatus.SUSPENDED:
            sessions.delete_of_member(tx, member_id)
        announce_change(context, tx, member_id)
        for token_id in tokens.change_rights_of_member(tx, member_id):
            announce_change(context, tx, token_id)
        for link in links.list_of_member(tx, member_id):
            announce_change(context, tx, link.id)
        audit.record_difference(
            context,
            tx,
            org_id,
            AuditAction.MEMBER_CHANGED,
            member_id,
            {"role": member.role.value, "status": member.status.value},
            {"role": new_role.value, "status": new_status.value},
        )
        return get_owned(tx, org_id, member_id)

    return await context.database.write(unit)


async def remove(context: Context, org_id: str, member_id: str) -> None:
    """Remove a member, and revoke their tokens and links at once.

    Raises NotFound, Forbidden for a member of a higher role, Conflict for the last active owner.
    """

    def unit(tx: Transaction) -> None:
        member = get_owned(tx, org_id, member_id)
        check_rank(context, member.role)
        check_owner_stays(context, tx, member)
        before = {"address": member.address, "role": member.role.value, "status": member.status.value}
        audit.record(context, tx, org_id, AuditAction.MEMBER_REMOVED, member_id, before=before)
        revocation.end(context, tx, links.list_of_member(tx, member_id))
        announce_change(context, tx, member_id)
        token_ids = tokens.change_rights_of_member(tx, member_id)
        for token_id in token_ids:
            descent.bequeath(tx, token_id)
            announce_change(context, tx, token_id)
        tokens.delete_all(tx, token_ids)
        members.delete(tx, member_id)

    await context.database.write(unit)


def _choose_status(member: Member, status: MemberStatus) -> MemberStatus:
    if status is MemberStatus.SUSPENDED or status is member.status:
        return status
    if status is MemberStatus.INVITED or member.status is MemberStatus.INVITED:
        raise Conflict(word("member_not_confirmed", status=say_status(member.status)), code="member_not_confirmed")
    return MemberStatus.ACTIVE if member.confirmed_at is not None else MemberStatus.INVITED
