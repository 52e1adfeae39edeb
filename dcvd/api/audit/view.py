"""Entries of the audit as JSON."""

from typing import Any

from msgspec import Struct

from dcvd.core.audit import AuditAction, AuditEntry, decode_members
from dcvd.core.instants import to_rfc3339
from dcvd.http.answers.instants import Instant
from dcvd.store.engine.paging import Page


class AuditEntryView(Struct, frozen=True, kw_only=True, rename="camel"):
    """One change: who made it, what, on what, from which address, and the members that changed, without secrets."""

    id: str
    sequence: int
    at: Instant
    actor: str
    action: AuditAction
    object_id: str | None
    address: str | None
    request_id: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    hash: str


class AuditList(Struct, frozen=True, kw_only=True, rename="camel"):
    audit: list[AuditEntryView]
    next_cursor: str | None


def audit_entry_view(entry: AuditEntry) -> AuditEntryView:
    """Show one entry."""
    return AuditEntryView(
        id=entry.id,
        sequence=entry.sequence,
        at=to_rfc3339(entry.occurred_at),
        actor=entry.actor,
        action=AuditAction(entry.action),
        object_id=entry.object_id,
        address=entry.address,
        request_id=entry.request_id,
        before=decode_members(entry.before),
        after=decode_members(entry.after),
        hash=entry.hash.hex(),
    )


def audit_list(page: Page[AuditEntry]) -> AuditList:
    """Show a page of entries."""
    return AuditList(audit=[audit_entry_view(entry) for entry in page.items], next_cursor=page.next_cursor)
