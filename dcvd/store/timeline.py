"""What changed domains, and who; requests, observations and transitions. Jobs and events are in their own tables."""

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Struct

from dcvd.core.ids import Prefix, earliest_id
from dcvd.core.timeline import EntryKind, Note
from dcvd.store.engine.database import Row, Snapshot, Transaction

Position = tuple[int, int, str]
"""(instant, kind, id): where an entry stands in its domain's timeline."""

_COLUMNS: Final = "id, org_id, domain_id, kind, actor, data, at"
_NOTE: Final = msgspec.json.Decoder(Note)


class StoredEntry(Struct, frozen=True, kw_only=True):
    """An entry; `at` in milliseconds."""

    id: str
    org_id: str
    domain_id: str
    kind: EntryKind
    actor: str
    note: Note
    at: int


def insert_all(tx: Transaction, entries: Sequence[StoredEntry]) -> None:
    """Store new entries of the three kinds."""
    tx.many(
        f"INSERT INTO timeline ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (entry.id, entry.org_id, entry.domain_id, entry.kind, entry.actor, _text(entry.note), entry.at)
            for entry in entries
        ],
    )


def rewrite(tx: Transaction, entry_id: str, note: Note) -> None:
    """Have an entry say something else; its place stays."""
    tx.run("UPDATE timeline SET data = ? WHERE id = ?", (_text(note), entry_id))


def latest(snapshot: Snapshot, domain_id: str, kind: EntryKind, since: int, limit: int) -> list[StoredEntry]:
    """The newest entries of a kind that a domain has since an instant (excluded), newest first."""
    rows = snapshot.all(
        f"SELECT {_COLUMNS} FROM timeline WHERE domain_id = ? AND at > ? AND kind = ?"
        " ORDER BY at DESC, id DESC LIMIT ?",
        (domain_id, since, kind, limit),
    )
    return [_entry(row) for row in rows]


def of_domain(
    snapshot: Snapshot, domain_id: str, position: Position, *, newest_first: bool, limit: int
) -> list[StoredEntry]:
    """Entries beyond a position, in the order of the timeline or against it."""
    beyond, order = ("<", "DESC") if newest_first else (">", "ASC")
    rows = snapshot.all(
        f"SELECT {_COLUMNS} FROM timeline WHERE domain_id = ? AND (at, kind, id) {beyond} (?, ?, ?)"
        f" ORDER BY at {order}, kind {order}, id {order} LIMIT ?",
        (domain_id, *position, limit),
    )
    return [_entry(row) for row in rows]


def org_of(snapshot: Snapshot, domain_id: str) -> str | None:
    """Whose domain it is or was, as long as anything is kept of it."""
    for table in ("domains WHERE id", "timeline WHERE domain_id", "events WHERE domain_id", "jobs WHERE domain_id"):
        row = snapshot.one(f"SELECT org_id FROM {table} = ? LIMIT 1", (domain_id,))
        if row is not None:
            return str(row[0])
    return None


def delete_old(tx: Transaction, before: int, limit: int) -> int:
    """Remove entries older than an instant; returns how many."""
    return tx.run(
        "DELETE FROM timeline WHERE id IN (SELECT id FROM timeline WHERE id < ? AND at < ? ORDER BY id LIMIT ?)",
        (earliest_id(Prefix.TIMELINE, before), before, limit),
    )


def _text(note: Note) -> str:
    return msgspec.json.encode(note).decode()


def _entry(row: Row) -> StoredEntry:
    return StoredEntry(
        id=row[0],
        org_id=row[1],
        domain_id=row[2],
        kind=EntryKind(row[3]),
        actor=row[4],
        note=_NOTE.decode(row[5]),
        at=row[6],
    )
