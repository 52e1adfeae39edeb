"""The links in mails to contacts: by one they agree, by the other they want no more."""

from typing import assert_never

import structlog
from msgspec import Struct
from msgspec.structs import replace

from dcvd.core.alerts.contacts import Contact, ContactStatus, LinkAction, hash_link_token
from dcvd.core.audit import AuditAction
from dcvd.core.tokens.token import is_expired
from dcvd.services import audit
from dcvd.services.context import Context
from dcvd.store.alerts import contacts, messages
from dcvd.store.engine.transactions import Snapshot, Transaction
from dcvd.store.organizations import organizations

log = structlog.get_logger(__name__)


class LinkedContact(Struct, frozen=True):
    """The contact to whom a link was sent, and the name of the organization."""

    contact: Contact
    organization: str


async def find(context: Context, action: LinkAction, token: str) -> LinkedContact | None:
    """Find to whom a link was sent; None where it is unknown, was replaced by a later one, or is expired."""
    return await context.database.read(lambda snapshot: _find(context, snapshot, action, token))


async def follow(context: Context, action: LinkAction, token: str) -> LinkedContact | None:
    """Do what a link is for; to do it again changes nothing. None as for `find`."""

    def unit(tx: Transaction) -> LinkedContact | None:
        linked = _find(context, tx, action, token)
        if linked is None:
            return None
        contact = linked.contact
        match action:
            case LinkAction.CONFIRM:
                return replace(linked, contact=_confirm(context, tx, contact))
            case LinkAction.UNSUBSCRIBE:
                return replace(linked, contact=_unsubscribe(context, tx, contact))
            case _:
                assert_never(action)

    # Strangers may ask: what leads nowhere must not take the writer's time.
    return None if await find(context, action, token) is None else await context.database.write(unit)


def _confirm(context: Context, tx: Transaction, contact: Contact) -> Contact:
    if contact.status is not ContactStatus.ACTIVE:
        contacts.confirm(tx, contact.id, context.now())
        _record(context, tx, contact, AuditAction.CONTACT_CONFIRMED)
    return replace(contact, status=ContactStatus.ACTIVE)


def _unsubscribe(context: Context, tx: Transaction, contact: Contact) -> Contact:
    if contact.status is not ContactStatus.UNSUBSCRIBED:
        now = context.now()
        contacts.set_status(tx, contact.id, ContactStatus.UNSUBSCRIBED, now)
        contacts.end_confirmation(tx, contact.id)
        messages.drop_of_contact(tx, contact.id, "the contact wants no more mails", now)
        _record(context, tx, contact, AuditAction.CONTACT_UNSUBSCRIBED)
    return replace(contact, status=ContactStatus.UNSUBSCRIBED)


def _record(context: Context, tx: Transaction, contact: Contact, action: AuditAction) -> None:
    audit.record(context, tx, contact.org_id, action, contact.id, actor=f"contact:{contact.id}")
    log.info(action.value, org_id=contact.org_id, contact_id=contact.id)


def _find(context: Context, snapshot: Snapshot, action: LinkAction, token: str) -> LinkedContact | None:
    contact = contacts.find_by_token(snapshot, action, hash_link_token(token))
    if contact is None or (action is LinkAction.CONFIRM and is_expired(contact.confirmation_expires_at, context.now())):
        return None
    organization = organizations.find(snapshot, contact.org_id)
    return None if organization is None else LinkedContact(contact, organization.name)
