"""Events: immutable, numbered without a gap within their organization."""

from dcvd.core.events import Event, EventType
from dcvd.store.database import Snapshot, Topic, Transaction


def insert(tx: Transaction, event: Event) -> None:
    """Store a new event."""
    tx.run(
        "INSERT INTO events (id, org_id, sequence, type, domain_id, body, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (event.id, event.org_id, event.sequence, event.type, event.domain_id, event.body, event.created_at),
    )
    tx.announce(Topic.EVENTS)


def of_org(snapshot: Snapshot, org_id: str, *, after: int, limit: int) -> list[Event]:
    """In order, those numbered above `after`."""
    rows = snapshot.all(
        "SELECT id, org_id, sequence, type, domain_id, body, created_at FROM events"
        " WHERE org_id = ? AND sequence > ? ORDER BY sequence LIMIT ?",
        (org_id, after, limit),
    )
    return [
        Event(
            id=row[0],
            org_id=row[1],
            sequence=row[2],
            type=EventType(row[3]),
            domain_id=row[4],
            body=row[5],
            created_at=row[6],
        )
        for row in rows
    ]


def delete_old(tx: Transaction, before: int, limit: int) -> int:
    """Remove events older than an instant that no delivery needs any more; returns how many."""
    return tx.run(
        "DELETE FROM events WHERE id IN (SELECT id FROM events WHERE created_at < ?"
        " AND NOT EXISTS (SELECT 1 FROM deliveries WHERE deliveries.event_id = events.id) LIMIT ?)",
        (before, limit),
    )
