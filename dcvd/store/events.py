"""Events: immutable, numbered without a gap within their organization."""

from collections.abc import Collection, Sequence
from typing import Final

from dcvd.core.events import Event, EventType
from dcvd.core.ids import IdPrefix, earliest_id
from dcvd.store import organizations
from dcvd.store.engine.database import Row, Snapshot, Topic, Transaction
from dcvd.store.engine.json_text import encode_list

_COLUMNS: Final = "id, org_id, sequence, type, domain_id, body, created_at, expires_at"


def insert_all(tx: Transaction, events: Sequence[Event]) -> None:
    """Store new events."""
    tx.execute_many(
        f"INSERT INTO events ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                event.id,
                event.org_id,
                event.sequence,
                event.type,
                event.domain_id,
                event.body,
                event.created_at,
                event.expires_at,
            )
            for event in events
        ],
    )
    for org_id in {event.org_id for event in events}:
        tx.announce(Topic.EVENTS, org_id)


def list_of_org(snapshot: Snapshot, org_id: str, *, after: int, limit: int) -> list[Event]:
    """List an organization's events numbered above `after`, in order."""
    rows = snapshot.fetch_all(
        f"SELECT {_COLUMNS} FROM events WHERE org_id = ? AND sequence > ? ORDER BY sequence LIMIT ?",
        (org_id, after, limit),
    )
    return [_from_row(row) for row in rows]


def list_of_domain(
    snapshot: Snapshot, domain_id: str, position: tuple[int, int], *, newest_first: bool, limit: int
) -> list[Event]:
    """List a domain's events beyond a position (instant, number), in that order or against it."""
    beyond, order = ("<", "DESC") if newest_first else (">", "ASC")
    rows = snapshot.fetch_all(
        f"SELECT {_COLUMNS} FROM events WHERE domain_id = ? AND (created_at, sequence) {beyond} (?, ?)"
        f" ORDER BY created_at {order}, sequence {order} LIMIT ?",
        (domain_id, *position, limit),
    )
    return [_from_row(row) for row in rows]


def get(snapshot: Snapshot, event_id: str) -> Event | None:
    """Get an event by its id, of whichever organization."""
    row = snapshot.fetch_one(f"SELECT {_COLUMNS} FROM events WHERE id = ?", (event_id,))
    return None if row is None else _from_row(row)


def find_sequence_range(snapshot: Snapshot, org_id: str, since_at: int, until_at: int) -> tuple[int, int] | None:
    """Find the least and the greatest number of the events from `since_at` to `until_at`, both included.

    Returns None where there are none.
    """
    row = snapshot.fetch_one(
        "SELECT min(sequence), max(sequence) FROM events WHERE org_id = ? AND created_at >= ? AND created_at <= ?",
        (org_id, since_at, until_at),
    )
    return None if row is None or row[0] is None else (row[0], row[1])


def list_old_ids(snapshot: Snapshot, cutoff_at: int, *, after: str, limit: int) -> list[str]:
    """List, in order, events of every organization older than an instant that no delivery needs any more."""
    rows = snapshot.fetch_all(
        "SELECT id FROM events WHERE id > ? AND id < ? AND created_at < ?"
        " AND NOT EXISTS (SELECT 1 FROM deliveries WHERE deliveries.event_id = events.id) ORDER BY id LIMIT ?",
        (after, earliest_id(IdPrefix.EVENT, cutoff_at), cutoff_at, limit),
    )
    return [row[0] for row in rows]


def delete(tx: Transaction, ids: Collection[str]) -> int:
    """Remove those of the events that no delivery needs, and store that they are past retention; return how many."""
    rows = tx.fetch_all(
        "DELETE FROM events WHERE id IN (SELECT value FROM json_each(?))"
        " AND NOT EXISTS (SELECT 1 FROM deliveries WHERE deliveries.event_id = events.id) RETURNING org_id, sequence",
        (encode_list(ids),),
    )
    newest: dict[str, int] = {}
    for org_id, sequence in rows:
        newest[org_id] = max(sequence, newest.get(org_id, 0))
    for org_id, sequence in newest.items():
        organizations.forget_events(tx, org_id, sequence)
    return len(rows)


def _from_row(row: Row) -> Event:
    return Event(
        id=row[0],
        org_id=row[1],
        sequence=row[2],
        type=EventType(row[3]),
        domain_id=row[4],
        body=row[5],
        created_at=row[6],
        expires_at=row[7],
    )
