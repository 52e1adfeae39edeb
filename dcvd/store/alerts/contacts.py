"""Contacts; of the tokens in the mails to them only the hashes are stored."""

from typing import Final

from dcvd.core.alerts.contacts import Contact, ContactStatus, LinkAction
from dcvd.core.alerts.kinds import AlertKind
from dcvd.store.engine.json_text import encode_json
from dcvd.store.engine.struct_table import StructTable
from dcvd.store.engine.transactions import Snapshot, Transaction

_CONTACTS: Final = StructTable("alert_contacts", Contact)


def insert(tx: Transaction, contact: Contact) -> None:
    """Store a new contact, whose address no other of the organization has."""
    _CONTACTS.insert_all(tx, [contact])


def get(snapshot: Snapshot, contact_id: str) -> Contact | None:
    """Get a contact by its id, of whichever organization."""
    return _CONTACTS.fetch_one(snapshot, "WHERE id = ?", (contact_id,))


def find_by_address(snapshot: Snapshot, org_id: str, address: str) -> Contact | None:
    """Find an organization's contact with a normalised address."""
    return _CONTACTS.fetch_one(snapshot, "WHERE org_id = ? AND address = ?", (org_id, address))


def find_by_token(snapshot: Snapshot, action: LinkAction, token_hash: str) -> Contact | None:
    """Find the contact of which a token of this hash was made for an action."""
    column = "confirmation_hash" if action is LinkAction.CONFIRM else "unsubscribe_hash"
    return _CONTACTS.fetch_one(snapshot, f"WHERE {column} = ?", (token_hash,))


def list_of_org(snapshot: Snapshot, org_id: str, *, before: str | None, limit: int) -> list[Contact]:
    """List an organization's contacts with an id below `before`, newest first."""
    return _CONTACTS.list_of_org(snapshot, org_id, before=before, limit=limit)


def count_of_org(snapshot: Snapshot, org_id: str, limit: int) -> int:
    """Count an organization's contacts, but no further than `limit`."""
    return _CONTACTS.count_of_org(snapshot, org_id, limit)


def list_active(snapshot: Snapshot, org_id: str) -> list[Contact]:
    """List the contacts of an organization that are told; a member who is suspended is not."""
    return _CONTACTS.fetch_all(
        snapshot,
        "WHERE org_id = ? AND status = 'active' AND (member_id IS NULL OR EXISTS"
        " (SELECT 1 FROM members WHERE members.id = alert_contacts.member_id AND members.status <> 'suspended'))"
        " ORDER BY id",
        (org_id,),
    )


def set_kinds(tx: Transaction, contact_id: str, kinds: tuple[AlertKind, ...] | None, now: int) -> None:
    """Store what a contact is told."""
    tx.execute(
        "UPDATE alert_contacts SET kinds = ?, updated_at = ? WHERE id = ?",
        (None if kinds is None else encode_json(kinds), now, contact_id),
    )


def set_status(tx: Transaction, contact_id: str, status: ContactStatus, now: int) -> None:
    """Store whether a contact is told anything; bounces are counted anew."""
    tx.execute(
        "UPDATE alert_contacts SET status = ?, bounces = 0, updated_at = ? WHERE id = ?", (status, now, contact_id)
    )


def confirm(tx: Transaction, contact_id: str, now: int) -> None:
    """Store that whoever has the address wants the alerts."""
    tx.execute(
        "UPDATE alert_contacts SET status = 'active', bounces = 0, last_error = NULL, confirmed_at = ?1,"
        " updated_at = ?1 WHERE id = ?2",
        (now, contact_id),
    )


def note_delivery(tx: Transaction, contact_id: str, bounces: int, last_error: str | None) -> None:
    """Store what the mail server said of a contact's address. Whoever reads the contact sees no other version of it."""
    tx.execute(
        "UPDATE alert_contacts SET bounces = ?1, last_error = ?2"
        " WHERE id = ?3 AND (bounces, last_error) IS NOT (?1, ?2)",
        (bounces, last_error, contact_id),
    )


def get_sealed_key(snapshot: Snapshot, contact_id: str) -> bytes | None:
    """Get the sealed key of which a contact's tokens are made; None before the first mail."""
    key: bytes | None = snapshot.fetch_value("SELECT sealed_key FROM alert_contacts WHERE id = ?", (contact_id,))
    return key


def set_key(tx: Transaction, contact_id: str, sealed_key: bytes, unsubscribe_hash: str) -> None:
    """Store the sealed key of which a contact's tokens are made, and the hash of the one by which it unsubscribes."""
    tx.execute(
        "UPDATE alert_contacts SET sealed_key = ?, unsubscribe_hash = ? WHERE id = ?",
        (sealed_key, unsubscribe_hash, contact_id),
    )


def set_confirmation(tx: Transaction, contact_id: str, confirmation_hash: str, expires_at: int) -> None:
    """Store the hash of the token in the question that is sent now; an earlier one ends."""
    tx.execute(
        "UPDATE alert_contacts SET confirmation_hash = ?, confirmation_expires_at = ? WHERE id = ?",
        (confirmation_hash, expires_at, contact_id),
    )


def delete(tx: Transaction, contact_id: str) -> None:
    """Remove a contact."""
    tx.execute("DELETE FROM alert_contacts WHERE id = ?", (contact_id,))


def end_confirmation(tx: Transaction, contact_id: str) -> None:
    """End the question that was last sent: the link in it must not undo what was decided since."""
    tx.execute(
        "UPDATE alert_contacts SET confirmation_hash = NULL, confirmation_expires_at = NULL WHERE id = ?", (contact_id,)
    )
