"""The stored timeline: requests, observations and transitions. Jobs and events have tables of their own."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from dcvd.core.timeline import TimelineEntryKind, TimelineNote
from dcvd.store.engine.json_text import encode_json
from dcvd.store.engine.struct_table import StructTable
from dcvd.store.engine.transactions import Snapshot, Transaction

TimelinePosition = tuple[int, int, str]
"""The position of an entry in its domain's timeline: (instant, kind, id)."""


class StoredTimelineEntry(Struct, frozen=True, kw_only=True):
    """A timeline entry; `occurred_at` in milliseconds."""

    id: str
    org_id: str
    domain_id: str
    kind: TimelineEntryKind
    actor: str
    note: TimelineNote
    occurred_at: int


_ENTRIES: Final = StructTable(
    "timeline", StoredTimelineEntry, renamed={"note": "data", "occurred_at": "at"}, json_fields=["note"]
)


def insert_all(tx: Transaction, entries: Sequence[StoredTimelineEntry]) -> None:
    """Store new entries."""
    _ENTRIES.insert_all(tx, entries)


def update_note(tx: Transaction, entry: StoredTimelineEntry, note: TimelineNote) -> None:
    """Replace the note of an entry, whose position stays."""
    tx.execute(
        "UPDATE timeline SET data = ? WHERE domain_id = ? AND at = ? AND kind = ? AND id = ?",
        (encode_json(note), entry.domain_id, entry.occurred_at, entry.kind, entry.id),
    )


def list_latest(
    snapshot: Snapshot, domain_id: str, kind: TimelineEntryKind, since_at: int, limit: int
) -> list[StoredTimelineEntry]:
    """List the newest entries of a kind that a domain has since an instant (excluded), newest first."""
    return _ENTRIES.fetch_all(
        snapshot,
        "WHERE domain_id = ? AND at > ? AND kind = ? ORDER BY at DESC, id DESC LIMIT ?",
        (domain_id, since_at, kind, limit),
    )


def list_of_domain(
    snapshot: Snapshot, domain_id: str, position: TimelinePosition, *, newest_first: bool, limit: int
) -> list[StoredTimelineEntry]:
    """List a domain's entries beyond a position, in the order of the timeline or against it."""
    columns = dict(zip(("at", "kind", "id"), position, strict=True))
    return _ENTRIES.list_of_domain(snapshot, domain_id, columns, newest_first=newest_first, limit=limit)


def find_org(snapshot: Snapshot, domain_id: str) -> str | None:
    """Find the organization that has or had a domain, as long as anything of the domain is stored."""
    for table in ("domains WHERE id", "timeline WHERE domain_id", "events WHERE domain_id", "jobs WHERE domain_id"):
        row = snapshot.fetch_one(f"SELECT org_id FROM {table} = ? LIMIT 1", (domain_id,))
        if row is not None:
            return str(row[0])
    return None


def delete_old(tx: Transaction, cutoff_at: int, limit: int) -> int:
    """Remove entries older than an instant; return how many."""
    return tx.delete_some(
        "timeline",
        "(domain_id, at, kind, id)",
        "org_id IN (SELECT id FROM organizations) AND at < ?",
        (cutoff_at, limit),
    )
