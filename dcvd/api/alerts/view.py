"""Contacts as JSON."""

from msgspec import Struct

from dcvd.core.alerts.contacts import Contact, ContactStatus
from dcvd.core.alerts.kinds import AlertKind
from dcvd.http.answers.instants import Instant
from dcvd.http.answers.views import build_view
from dcvd.store.engine.paging import Page


class ContactView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A contact."""

    id: str
    org_id: str
    address: str
    member_id: str | None
    kinds: list[AlertKind] | None
    status: ContactStatus
    last_error: str | None
    confirmation_expires_at: Instant | None
    confirmed_at: Instant | None
    created_at: Instant
    updated_at: Instant


class ContactAnswer(Struct, frozen=True):
    contact: ContactView


class ContactList(Struct, frozen=True, kw_only=True, rename="camel"):
    contacts: list[ContactView]
    next_cursor: str | None


def contact_answer(contact: Contact) -> ContactAnswer:
    """Show a contact."""
    return ContactAnswer(_show(contact))


def contact_list(page: Page[Contact]) -> ContactList:
    """Show a page of contacts."""
    return ContactList(contacts=[_show(contact) for contact in page.items], next_cursor=page.next_cursor)


def _show(contact: Contact) -> ContactView:
    return build_view(ContactView, contact, kinds=None if contact.kinds is None else list(contact.kinds))
