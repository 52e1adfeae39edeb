"""Add, list, change and remove the contacts of an organization."""

from collections.abc import Collection
from typing import Any

from dcvd.core.alerts.contacts import MAX_CONTACTS, Contact, ContactStatus, parse_kinds
from dcvd.core.alerts.kinds import AlertKind
from dcvd.core.audit import AuditAction
from dcvd.core.http.entity_tags import ANY_STATE, Precondition
from dcvd.core.ids import IdPrefix
from dcvd.core.members import Member, normalize_address
from dcvd.core.sentences.sentence import say
from dcvd.core.sentences.wording import word
from dcvd.errors import Conflict, InvalidInput, QuotaReached
from dcvd.services import audit
from dcvd.services.alerts.rules import ask, can_have_contacts, find_refusal, get_owned, require_mail
from dcvd.services.context import Context
from dcvd.store import members
from dcvd.store.alerts import contacts, messages
from dcvd.store.engine.paging import Page, build_page, decode_cursor
from dcvd.store.engine.transactions import Snapshot, Transaction


async def add(
    context: Context,
    org_id: str,
    *,
    address: str | None = None,
    member_id: str | None = None,
    kinds: Collection[str] | None = None,
) -> Contact:
    """Add a contact, by an address or as a member of the organization, and have them asked whether they agree.

    Raises NotConfigured without a mail server, InvalidInput, Conflict for an address that is there already,
    QuotaReached, TooManyRequests.
    """
    require_mail(context)
    valid_kinds = parse_kinds(kinds)
    if (address is None) == (member_id is None):
        raise InvalidInput("address", word("contact_address_or_member"))
    valid_address = None if address is None else normalize_address(address)

    def unit(tx: Transaction) -> Contact:
        chosen = valid_address if valid_address is not None else _find_address(tx, org_id, member_id)
        existing = contacts.find_by_address(tx, org_id, chosen)
        if existing is not None:
            raise Conflict(word("contact_exists", address=chosen), code="contact_exists", existing_id=existing.id)
        if contacts.count_of_org(tx, org_id, MAX_CONTACTS) >= MAX_CONTACTS:
            raise QuotaReached(word("contacts_too_many", most=MAX_CONTACTS))
        if (refusal := find_refusal(context, tx, org_id, chosen)) is not None:
            raise refusal
        contact = _insert(context, tx, org_id, chosen, member_id, valid_kinds)
        context.remember_result(tx, lambda: contact)
        return contact

    return await context.database.write(unit)


def add_member(context: Context, tx: Transaction, member: Member) -> None:
    """Have a new member asked whether they want alerts, where there are mails, and room for another contact."""
    if (
        can_have_contacts(context.config)
        and contacts.find_by_address(tx, member.org_id, member.address) is None
        and contacts.count_of_org(tx, member.org_id, MAX_CONTACTS) < MAX_CONTACTS
        and find_refusal(context, tx, member.org_id, member.address) is None
    ):
        _insert(context, tx, member.org_id, member.address, member.id, None, actor=f"member:{member.id}")


async def list_page(context: Context, org_id: str, *, cursor: str | None, limit: int) -> Page[Contact]:
    """List an organization's contacts, newest first. Raises NotConfigured without a mail server."""
    require_mail(context)
    before = decode_cursor(cursor)
    rows = await context.database.read(
        lambda snapshot: contacts.list_of_org(snapshot, org_id, before=before, limit=limit + 1)
    )
    return build_page(rows, limit, [row.id for row in rows])


async def get(context: Context, org_id: str, contact_id: str) -> Contact:
    """Get a contact. Raises NotConfigured without a mail server, NotFound, also for another organization's."""
    require_mail(context)
    return await context.database.read(lambda snapshot: get_owned(snapshot, org_id, contact_id))


async def change(
    context: Context,
    org_id: str,
    contact_id: str,
    *,
    kinds: Collection[str] | None,
    precondition: Precondition = ANY_STATE,
) -> Contact:
    """Change what a contact is told; None is everything.

    Raises NotConfigured, NotFound, InvalidInput, PreconditionFailed.
    """
    require_mail(context)
    valid_kinds = parse_kinds(kinds)

    def unit(tx: Transaction) -> Contact:
        contact = get_owned(tx, org_id, contact_id)
        precondition.check(contact.entity_tag, say("the_contact", id=contact_id))
        if contact.kinds == valid_kinds:
            return contact
        contacts.set_kinds(tx, contact_id, valid_kinds, context.now())
        before, after = {"kinds": contact.kinds}, {"kinds": valid_kinds}
        audit.record_difference(context, tx, org_id, AuditAction.CONTACT_CHANGED, contact_id, before, after)
        return get_owned(tx, org_id, contact_id)

    return await context.database.write(unit)


async def ask_again(context: Context, org_id: str, contact_id: str) -> Contact:
    """Have a contact asked once more, who has not agreed, wants no more mails, or whose address did not exist.

    Raises NotConfigured, NotFound, Conflict for one who is told already, TooManyRequests.
    """
    require_mail(context)

    def unit(tx: Transaction) -> Contact:
        contact = get_owned(tx, org_id, contact_id)
        if contact.status is ContactStatus.ACTIVE:
            raise Conflict(word("contact_active"), code="contact_active")
        if (refusal := find_refusal(context, tx, org_id, contact.address)) is not None:
            raise refusal
        ask(context, tx, contact)
        audit.record(context, tx, org_id, AuditAction.CONTACT_ASKED, contact_id)
        context.remember_result(tx, lambda: contact)
        return contact

    return await context.database.write(unit)


async def remove(context: Context, org_id: str, contact_id: str) -> None:
    """Remove a contact, who gets no more mails from this moment on. Raises NotFound."""

    def unit(tx: Transaction) -> None:
        contact = get_owned(tx, org_id, contact_id)
        before = {"address": contact.address, "status": contact.status.value}
        audit.record(context, tx, org_id, AuditAction.CONTACT_REMOVED, contact_id, before=before)
        messages.drop_of_contact(tx, contact_id, "the contact was removed", context.now())
        contacts.delete(tx, contact_id)

    await context.database.write(unit)


def _find_address(snapshot: Snapshot, org_id: str, member_id: str | None) -> str:
    member = None if member_id is None else members.get(snapshot, member_id)
    if member is None or member.org_id != org_id:
        raise InvalidInput("memberId", word("member_unknown", member=str(member_id)))
    return member.address


def _insert(
    context: Context,
    tx: Transaction,
    org_id: str,
    address: str,
    member_id: str | None,
    kinds: tuple[AlertKind, ...] | None,
    *,
    actor: str | None = None,
) -> Contact:
    now = context.now()
    contact = Contact(
        id=context.new_id(IdPrefix.CONTACT),
        org_id=org_id,
        address=address,
        member_id=member_id,
        kinds=kinds,
        created_at=now,
        updated_at=now,
    )
    contacts.insert(tx, contact)
    ask(context, tx, contact)
    after: dict[str, Any] = {"address": address, "memberId": member_id, "kinds": kinds}
    audit.record(context, tx, org_id, AuditAction.CONTACT_ADDED, contact.id, after=after, actor=actor)
    return contact
