"""Invite people, who become members once they accept: by that they show that the address is theirs."""

import structlog
from msgspec import Struct
from msgspec.structs import replace

from dcvd.core.audit import AuditAction
from dcvd.core.ids import IdPrefix
from dcvd.core.instants import to_rfc3339
from dcvd.core.members import (
    INVITE_LIFETIME_MS,
    Member,
    MemberStatus,
    hash_invite,
    mint_invite,
    normalize_address,
    say_status,
)
from dcvd.core.organizations.quotas import Quota
from dcvd.core.organizations.status import build_refusal
from dcvd.core.secret import Secret
from dcvd.core.sentences.wording import word
from dcvd.core.timeline import member_actor
from dcvd.core.tokens.token import Role
from dcvd.errors import Conflict, InvalidInput
from dcvd.services import audit
from dcvd.services.alerts import contacts as alert_contacts
from dcvd.services.context import Context
from dcvd.services.members.rules import check_grant, get_owned
from dcvd.services.organizations import quotas
from dcvd.store import members
from dcvd.store.engine.transactions import Snapshot, Transaction
from dcvd.store.organizations import organizations

log = structlog.get_logger(__name__)


class Invitation(Struct, frozen=True):
    """A member with the invitation that they are to be given, which is shown once and never stored."""

    member: Member
    invite: Secret


class InvitedMember(Struct, frozen=True):
    """A member who may accept, and the name of the organization that invites them."""

    member: Member
    organization: str


async def invite(context: Context, org_id: str, *, address: str, role: Role) -> Invitation:
    """Invite a person to an organization that exists.

    Raises InvalidInput for what is no address, Forbidden for a role that the caller cannot give, Conflict for a member
    that is there already, QuotaReached.
    """
    valid_address, now = normalize_address(address), context.now()
    check_grant(context, role)
    invitation, invite_hash = _mint(context)
    member = Member(
        id=context.new_id(IdPrefix.MEMBER),
        org_id=org_id,
        address=valid_address,
        role=role,
        status=MemberStatus.INVITED,
        invite_expires_at=now + INVITE_LIFETIME_MS,
        created_at=now,
        updated_at=now,
    )

    def unit(tx: Transaction) -> Invitation:
        existing = members.find_by_address(tx, org_id, valid_address)
        if existing is not None:
            raise Conflict(word("member_exists", address=valid_address), code="member_exists", existing_id=existing.id)
        quotas.require_room(context, tx, org_id, Quota.MEMBERS)
        members.insert(tx, member, invite_hash)
        after = {"address": valid_address, "role": role.value}
        audit.record(context, tx, org_id, AuditAction.MEMBER_INVITED, member.id, after=after)
        invited = Invitation(member, invitation)
        context.remember_result(tx, lambda: invited)
        return invited

    return await context.database.write(unit)


async def invite_again(context: Context, org_id: str, member_id: str) -> Invitation:
    """Make a new invitation for a member who has not accepted yet; the earlier one ends.

    Raises NotFound, Forbidden for a role that the caller cannot give, Conflict for one who needs none.
    """
    invitation, invite_hash = _mint(context)

    def unit(tx: Transaction) -> Invitation:
        member, now = get_owned(tx, org_id, member_id), context.now()
        check_grant(context, member.role)
        if member.status is not MemberStatus.INVITED:
            raise Conflict(word("member_not_invited", status=say_status(member.status)), code="not_invited")
        expires_at = now + INVITE_LIFETIME_MS
        members.set_invite(tx, member_id, invite_hash, expires_at, now)
        after = {"inviteExpiresAt": to_rfc3339(expires_at)}
        audit.record(context, tx, org_id, AuditAction.MEMBER_INVITED, member_id, after=after)
        invited = Invitation(replace(member, invite_expires_at=expires_at, updated_at=now), invitation)
        context.remember_result(tx, lambda: invited)
        return invited

    return await context.database.write(unit)


async def find(context: Context, presented_invite: str) -> InvitedMember | None:
    """Find whom an invitation is for; None where it cannot be accepted."""
    invite_hash = hash_invite(presented_invite)
    if invite_hash is None:
        return None

    def query(snapshot: Snapshot) -> InvitedMember | None:
        member = _find_open(context, snapshot, invite_hash)
        organization = None if member is None else organizations.find(snapshot, member.org_id)
        return None if member is None or organization is None else InvitedMember(member, organization.name)

    return await context.database.read(query)


async def accept(context: Context, presented_invite: str) -> Member:
    """Make an invited person an active member, whose address is confirmed by that. An invitation is good for one use.

    Raises InvalidInput, which does not say what exactly is wrong; Forbidden where the organization may not use the API.
    """
    invite_hash = hash_invite(presented_invite)
    if (
        invite_hash is None
        or await context.database.read(lambda snapshot: _find_open(context, snapshot, invite_hash)) is None
    ):
        raise _invalid_invite()

    def unit(tx: Transaction) -> Member:
        member = _find_open(context, tx, invite_hash)
        if member is None:
            raise _invalid_invite()
        if (refusal := build_refusal(organizations.read_status(tx, member.org_id))) is not None:
            raise refusal
        members.confirm(tx, member.id, context.now())
        audit.record(context, tx, member.org_id, AuditAction.MEMBER_ACCEPTED, member.id, actor=member_actor(member.id))
        alert_contacts.add_member(context, tx, member)
        return get_owned(tx, member.org_id, member.id)

    member = await context.database.write(unit)
    log.info("member.confirmed", org_id=member.org_id, member_id=member.id)
    return member


def _mint(context: Context) -> tuple[Secret, str]:
    invitation = mint_invite(context.random_bytes)
    invite_hash = hash_invite(invitation.reveal())
    assert invite_hash is not None, "what is minted has the form"
    return invitation, invite_hash


def _find_open(context: Context, snapshot: Snapshot, invite_hash: str) -> Member | None:
    member = members.find_by_invite(snapshot, invite_hash)
    if member is None or member.invite_expires_at is None or context.now() >= member.invite_expires_at:
        return None
    return member


def _invalid_invite() -> InvalidInput:
    return InvalidInput(
        "token",
        word("invitation_unusable"),
        code="invalid_invite",
    )
