"""Events: immutable, numbered without a gap within their organization."""

from collections.abc import Collection, Sequence
from typing import Final

from dcvd.core.events import Event, read_domain_name
from dcvd.core.ids import IdPrefix, earliest_id
from dcvd.store.engine.json_text import encode_list
from dcvd.store.engine.struct_table import StructTable
from dcvd.store.engine.transactions import Snapshot, Topic, Transaction
from dcvd.store.organizations import organizations

_EVENTS: Final = StructTable("events", Event)


def insert_all(tx: Transaction, events: Sequence[Event]) -> None:
    """Store new events."""
    _EVENTS.insert_all(tx, events)
    for org_id in {event.org_id for event in events}:
        tx.announce(Topic.EVENTS, org_id)


def list_of_org(snapshot: Snapshot, org_id: str, *, after: int, limit: int) -> list[Event]:
    """List an organization's events numbered above `after`, in order."""
    return _EVENTS.fetch_all(
        snapshot, "WHERE org_id = ? AND sequence > ? ORDER BY sequence LIMIT ?", (org_id, after, limit)
    )


def list_of_domain(
    snapshot: Snapshot, domain_id: str, position: tuple[int, int], *, newest_first: bool, limit: int
) -> list[Event]:
    """List a domain's events beyond a position (instant, number), in that order or against it."""
    columns = dict(zip(("created_at", "sequence"), position, strict=True))
    return _EVENTS.list_of_domain(snapshot, domain_id, columns, newest_first=newest_first, limit=limit)


def get(snapshot: Snapshot, event_id: str) -> Event | None:
    """Get an event by its id, of whichever organization."""
    return _EVENTS.fetch_one(snapshot, "WHERE id = ?", (event_id,))


def find_domain(snapshot: Snapshot, event_id: str) -> tuple[str | None, str | None]:
    """Find the id and the name of the domain that an event is about, which may be removed; None where it is none."""
    event = get(snapshot, event_id)
    return (None, None) if event is None else (event.domain_id, read_domain_name(event.body))


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
    return snapshot.fetch_column(
        "SELECT id FROM events WHERE id > ? AND id < ? AND created_at < ?"
        " AND NOT EXISTS (SELECT 1 FROM deliveries WHERE deliveries.event_id = events.id) ORDER BY id LIMIT ?",
        (after, earliest_id(IdPrefix.EVENT, cutoff_at), cutoff_at, limit),
    )


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
