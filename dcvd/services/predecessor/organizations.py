"""Plans what becomes of organizations, how they look, their people, and what was done in them."""

from msgspec.structs import replace

from dcvd.core.alerts.contacts import MAX_CONTACTS, Contact
from dcvd.core.audit import AuditAction
from dcvd.core.ids import IdPrefix
from dcvd.core.instants import format_instant
from dcvd.core.members import Member, MemberStatus
from dcvd.core.operators import OPERATOR_ORG_ID
from dcvd.core.predecessor.rows import (
    BrandingRow,
    HistoryRow,
    LogoRow,
    MemberRow,
    OrganizationRow,
)
from dcvd.errors import DcvdError, InvalidInput
from dcvd.services import audit
from dcvd.services.context import Context
from dcvd.services.names import MAX_NAME_CHARACTERS, validate_name
from dcvd.services.predecessor.plan import ORIGIN, Plan, bring, leave_out, refuse
from dcvd.store import members
from dcvd.store.alerts import contacts
from dcvd.store.engine.transactions import Snapshot, Transaction
from dcvd.store.organizations import branding as branding_table
from dcvd.store.organizations import organizations
from dcvd.store.organizations.branding import Logo
from dcvd.store.organizations.organizations import Organization


def plan_organization(context: Context, snapshot: Snapshot, row: OrganizationRow) -> Plan:
    """Plan an organization; where its name is taken, it gets another one."""
    if row.id == OPERATOR_ORG_ID:
        return refuse("Its id is one that dcvd uses itself.")
    if organizations.find(snapshot, row.id) is not None:
        return refuse("Another organization has its id for a name; rename that one first.")
    try:
        name = _choose_name(snapshot, row)
    except InvalidInput as error:
        return refuse(error.message)
    organization = Organization(id=row.id, name=name, created_at=_choose_instant(context, row.created_at))

    def store(tx: Transaction) -> None:
        organizations.insert(tx, organization)
        after = {"name": name, **ORIGIN}
        audit.record(context, tx, row.id, AuditAction.ORGANIZATION_CREATED, row.id, after=after)

    return bring(store) if name == row.title else bring(store, f"Its name is {name!r} here.")


def _choose_name(snapshot: Snapshot, row: OrganizationRow) -> str:
    name = validate_name(row.title, subject="organization")
    if name.startswith(f"{IdPrefix.ORGANIZATION}_"):
        name = f"Organization {name}"[:MAX_NAME_CHARACTERS]
    for suffix in ("", f" ({row.id[:8]})", f" ({row.id})"):
        candidate = name[: max(MAX_NAME_CHARACTERS - len(suffix), 0)] + suffix
        if len(candidate) <= MAX_NAME_CHARACTERS and organizations.find(snapshot, candidate) is None:
            return candidate
    raise InvalidInput("name", f"The name {name!r} is taken; rename the organization that has it.")


def plan_branding(context: Context, snapshot: Snapshot, row: BrandingRow) -> Plan:
    """Plan an organization's colour."""
    if branding_table.get(snapshot, row.org_id).primary_color is not None:
        return leave_out("The organization has a colour here already.")

    def store(tx: Transaction) -> None:
        branding = replace(branding_table.get(tx, row.org_id), primary_color=row.color)
        branding_table.put(tx, row.org_id, branding, context.now())
        after = {"primaryColor": row.color, **ORIGIN}
        audit.record(context, tx, row.org_id, AuditAction.BRANDING_CHANGED, row.org_id, after=after)

    return bring(store)


def plan_logo(context: Context, snapshot: Snapshot, row: LogoRow, logo: Logo | DcvdError | None) -> Plan:
    """Plan an organization's logo, which was fetched, or could not be; None in a dry run, which fetches nothing."""
    if branding_table.get(snapshot, row.org_id).logo_id is not None:
        return leave_out("The organization has a logo here already.")
    if isinstance(logo, DcvdError):
        return refuse(logo.message)

    def store(tx: Transaction) -> None:
        assert logo is not None, "a dry run stores nothing"
        branding = replace(branding_table.get(tx, row.org_id), logo_id=context.random_bytes(16).hex())
        assert branding.logo_id is not None, "it was given one"
        branding_table.replace_logo(tx, row.org_id, branding.logo_id, logo, context.now())
        branding_table.put(tx, row.org_id, branding, context.now())
        after = {"logoId": branding.logo_id, **ORIGIN}
        audit.record(context, tx, row.org_id, AuditAction.BRANDING_CHANGED, row.org_id, after=after)

    return bring(store, f"It would be fetched from {row.url}.") if logo is None else bring(store)


def plan_member(context: Context, snapshot: Snapshot, row: MemberRow) -> Plan:
    """Plan a person: a member who has no invitation yet, and a contact who is not asked yet. No mail is sent."""
    if members.find_by_address(snapshot, row.org_id, row.address) is not None:
        return leave_out("The organization has a member with this address already.")
    now = context.now()
    created_at = _choose_instant(context, row.created_at)
    member = Member(
        id=row.id,
        org_id=row.org_id,
        address=row.address,
        role=row.role,
        status=row.status,
        created_at=created_at,
        updated_at=now,
    )
    is_contact = (
        row.status is not MemberStatus.SUSPENDED
        and contacts.find_by_address(snapshot, row.org_id, row.address) is None
        and contacts.count_of_org(snapshot, row.org_id, MAX_CONTACTS) < MAX_CONTACTS
    )

    def store(tx: Transaction) -> None:
        members.insert(tx, member, invite_hash=None)
        after = {"address": member.address, "role": member.role.value, **ORIGIN}
        audit.record(context, tx, member.org_id, AuditAction.MEMBER_INVITED, member.id, after=after)
        if is_contact:
            _store_contact(context, tx, member)

    if row.status is MemberStatus.SUSPENDED:
        return bring(store, "They were suspended there, and are here.")
    told = "They are a contact once they are asked and agree" if is_contact else "They are no contact"
    return bring(store, f"They have no invitation until you make one (dcvd member invite-again). {told}.")


def _store_contact(context: Context, tx: Transaction, member: Member) -> None:
    now = context.now()
    contact = Contact(
        id=context.new_id(IdPrefix.CONTACT),
        org_id=member.org_id,
        address=member.address,
        member_id=member.id,
        created_at=now,
        updated_at=now,
    )
    contacts.insert(tx, contact)
    after = {"address": member.address, "memberId": member.id, **ORIGIN}
    audit.record(context, tx, member.org_id, AuditAction.CONTACT_ADDED, contact.id, after=after)


def plan_history(context: Context, row: HistoryRow) -> Plan:
    """Plan an entry of the audit log: it stands in the chain with the instant of the import, and says its own."""
    after = {
        "occurredAt": format_instant(row.occurred_at),
        "action": row.action,
        "userId": row.user_id,
        "entityType": row.entity_type,
        "details": row.details,
        **ORIGIN,
    }

    def store(tx: Transaction) -> None:
        audit.record(context, tx, row.org_id, AuditAction.HISTORY_IMPORTED, row.entity_id, after=after)

    return bring(store)


def _choose_instant(context: Context, instant: int | None) -> int:
    """Return an instant of the past; what is not known, or lies ahead, is now."""
    now = context.now()
    return now if instant is None else min(instant, now)
