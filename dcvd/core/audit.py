"""The audit: who changed what, in chains of entries in which a changed or removed one shows."""

import hashlib
from enum import StrEnum
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import astuple

DAEMON_CHAIN: Final = ""
"""The organization id in entries that concern no single organization."""
FIRST_HASH: Final = bytes(32)
"""What stands in place of the hash before a chain's first entry."""


class AuditAction(StrEnum):
    """What was done, as the subject and a verb."""

    TOKEN_MINTED = "token.minted"
    TOKEN_CHANGED = "token.changed"
    TOKEN_ROTATED = "token.rotated"
    TOKEN_REVOKED = "token.revoked"
    TOKEN_EXPIRED = "token.expired"
    LINK_CREATED = "link.created"
    LINK_REVOKED = "link.revoked"
    LINK_EXPIRED = "link.expired"
    SESSION_BEGUN = "session.begun"
    SESSION_ENDED = "session.ended"
    SIGN_IN_LINK_CREATED = "sign_in_link.created"
    DOMAIN_ADDED = "domain.added"
    DOMAIN_IMPORTED = "domain.imported"
    DOMAIN_CHANGED = "domain.changed"
    DOMAIN_REMOVED = "domain.removed"
    DOMAIN_MOVED = "domain.moved"
    DOMAIN_DORMANT = "domain.dormant"
    DOMAIN_WOKEN = "domain.woken"
    DNS_WRITE_REQUESTED = "dns.write_requested"
    DNS_UNDO_REQUESTED = "dns.undo_requested"
    ZONE_ADDED = "zone.added"
    ZONE_REMOVED = "zone.removed"
    ENDPOINT_CREATED = "endpoint.created"
    ENDPOINT_CHANGED = "endpoint.changed"
    ENDPOINT_REMOVED = "endpoint.removed"
    ENDPOINT_SECRET_ROTATED = "endpoint.secret_rotated"
    ENDPOINT_DISABLED = "endpoint.disabled"
    DELIVERY_RETRIED = "delivery.retried"
    DELIVERY_CANCELLED = "delivery.cancelled"
    REPLAY_REQUESTED = "replay.requested"
    JOB_RETRIED = "job.retried"
    CONNECTION_CREATED = "connection.created"
    CONNECTION_REMOVED = "connection.removed"
    EXTERNAL_ID_CREATED = "external_id.created"
    AUTHORIZATION_BEGUN = "authorization.begun"
    MEMBER_INVITED = "member.invited"
    MEMBER_ACCEPTED = "member.accepted"
    MEMBER_CHANGED = "member.changed"
    MEMBER_REMOVED = "member.removed"
    ORGANIZATION_CREATED = "organization.created"
    ORGANIZATION_CHANGED = "organization.changed"
    ORGANIZATION_SUSPENDED = "organization.suspended"
    ORGANIZATION_RESUMED = "organization.resumed"
    ORGANIZATION_DELETION_BEGUN = "organization.deletion_begun"
    ORGANIZATION_DELETED = "organization.deleted"
    CONTACT_ADDED = "contact.added"
    CONTACT_ASKED = "contact.asked"
    CONTACT_CONFIRMED = "contact.confirmed"
    CONTACT_UNSUBSCRIBED = "contact.unsubscribed"
    CONTACT_CHANGED = "contact.changed"
    CONTACT_REMOVED = "contact.removed"
    BRANDING_CHANGED = "branding.changed"
    HISTORY_IMPORTED = "history.imported"
    CONFIGURATION_RELOADED = "configuration.reloaded"
    VAULT_KEY_CHANGED = "vault.key_changed"
    VAULT_KEY_FORGOTTEN = "vault.key_forgotten"
    DATABASE_RESTORED = "database.restored"


class AuditDraft(Struct, frozen=True, kw_only=True):
    """What an entry says about a change. before, after: the members that changed, without secrets; None for nothing.

    request_id: the HTTP request that makes the change; None for the caller's own.
    """

    action: AuditAction
    object_id: str | None
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    request_id: str | None = None


class AuditEntry(Struct, frozen=True, kw_only=True):
    """One change.

    org_id: the organization in whose chain it stands, or `DAEMON_CHAIN`. sequence: its number there, without a gap.
    actor: who made the change. address, request_id: from where and by which HTTP request; None where there was none.
    before, after: JSON. hash: of the entry before and of all that stands in this one.
    """

    id: str
    org_id: str
    sequence: int
    occurred_at: int
    actor: str
    action: str
    object_id: str | None
    address: str | None
    request_id: str | None
    before: str | None
    after: str | None
    hash: bytes


class AuditChain(Struct, frozen=True, kw_only=True):
    """The ends of a chain.

    first_sequence: the number of the oldest entry that is kept; hash_before: the hash of the entry before that one.
    last_sequence, last_hash: those of the newest entry, or of the one before the first where there is none.
    """

    org_id: str
    first_sequence: int = 1
    hash_before: bytes = FIRST_HASH
    last_sequence: int = 0
    last_hash: bytes = FIRST_HASH


_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(dict[str, Any])


def compute_hash(previous_hash: bytes, entry: AuditEntry) -> bytes:
    """Return the SHA-256 of the previous entry's hash and of an entry's values, in their order, as a JSON array."""
    *values, _ = astuple(entry)
    return hashlib.sha256(previous_hash + _ENCODER.encode(values)).digest()


def encode_members(members: dict[str, Any] | None) -> str | None:
    """Return the members of a change as JSON text; None for none."""
    return None if members is None else _ENCODER.encode(members).decode()


def decode_members(text: str | None) -> dict[str, Any] | None:
    """Return the members of a change that was stored; None for none."""
    return None if text is None else _DECODER.decode(text)


def keep_changed(before: dict[str, Any], after: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return two states with the members alone that differ."""
    names = [name for name in after if before.get(name) != after[name]]
    return {name: before.get(name) for name in names}, {name: after[name] for name in names}


class MemberChange(Struct, frozen=True):
    """A member that was set, with its values before and after in words; None where it was not there."""

    name: str
    before: str | None
    after: str | None


def list_changes(entry: AuditEntry) -> list[MemberChange]:
    """List the members that an entry shows, in their order, without those that there were none of and are none."""
    before, after = decode_members(entry.before) or {}, decode_members(entry.after) or {}
    return [
        MemberChange(name, _write_value(before, name), _write_value(after, name))
        for name in {**before, **after}
        if before.get(name) is not None or after.get(name) is not None
    ]


def _write_value(members: dict[str, Any], name: str) -> str | None:
    match members.get(name, _ABSENT):
        case str(text):
            return text
        case value if value is _ABSENT:
            return None
        case None:
            return "–"
        case value:
            return _ENCODER.encode(value).decode()


_ABSENT: Final = object()


class ChainFault(Struct, frozen=True):
    """Where a chain is broken, and how. sequence: the number of the first entry that is not as it was written."""

    org_id: str
    sequence: int
    reason: str


class ChainVerifier:
    """Verifies the entries of a chain, which are fed in order from the oldest that is kept."""

    def __init__(self, chain: AuditChain) -> None:
        self._chain = chain
        self._next_sequence = chain.first_sequence
        self._hash = chain.hash_before
        self.count = 0

    def feed(self, entry: AuditEntry) -> ChainFault | None:
        """Verify the next entry; None where it follows from those before."""
        expected = self._next_sequence
        if entry.sequence != expected:
            return ChainFault(self._chain.org_id, expected, "the entry is missing")
        if compute_hash(self._hash, entry) != entry.hash:
            return ChainFault(self._chain.org_id, expected, "the entry, or one before it, was changed")
        self._hash, self._next_sequence = entry.hash, expected + 1
        self.count += 1
        return None

    def end(self) -> ChainFault | None:
        """Verify that nothing is missing at the end."""
        if self._next_sequence != self._chain.last_sequence + 1 or self._hash != self._chain.last_hash:
            return ChainFault(self._chain.org_id, self._next_sequence, "the newest entries are missing or were changed")
        return None
