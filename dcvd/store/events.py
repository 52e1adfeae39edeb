"""Events: immutable, numbered without a gap within their organization."""

from collections.abc import Collection, Sequence
from typing import Final

from msgspec import Struct

from dcvd.core.epochs import epoch_of, sequence_before
from dcvd.core.events import Event, EventType, read_domain_name
from dcvd.core.ids import IdPrefix, earliest_id
from dcvd.core.operators import OPERATOR_ORG_ID
from dcvd.store.engine.json_text import encode_list
from dcvd.store.engine.paging import HIGHEST_KEY
from dcvd.store.engine.struct_table import StructTable
from dcvd.store.engine.transactions import Snapshot, Topic, Transaction
from dcvd.store.organizations import organizations

_EVENTS: Final = StructTable("events", Event)
_LAST: Final = (1 << 63) - 1


class EventPosition(Struct, frozen=True, kw_only=True):
    """Where a list from new to old goes on: behind an event with these values, or at its beginning."""

    created_at: int = 1 << 62
    sequence: int = 1 << 62
    id: str = HIGHEST_KEY


class CommitPosition(Struct, frozen=True, kw_only=True):
    """The place of an event in the order of commits, or, without an event, the place before all.

    number: SQLite's own for the row. It may stand for another event once the one that had it is removed.
    """

    number: int = 0
    event_id: str | None = None


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
    """List a domain's events beyond a position (instant, number), in that order or against it.

    Those that are kept for the operator's programs are not among them.
    """
    beyond, order = ("<", "DESC") if newest_first else (">", "ASC")
    return _EVENTS.fetch_all(
        snapshot,
        f"WHERE domain_id = ? AND (created_at, sequence) {beyond} (?, ?) AND org_id <> ?"
        f" ORDER BY created_at {order}, sequence {order} LIMIT ?",
        (domain_id, *position, OPERATOR_ORG_ID, limit),
    )


def find_last_at(snapshot: Snapshot, domain_id: str, event_type: EventType) -> int | None:
    """Find when the last event of a type of a domain was recorded."""
    return snapshot.fetch_value(
        "SELECT created_at FROM events WHERE domain_id = ? AND type = ?"
        " ORDER BY created_at DESC, sequence DESC LIMIT 1",
        (domain_id, event_type),
    )


def get(snapshot: Snapshot, event_id: str) -> Event | None:
    """Get an event by its id, of whichever organization."""
    return _EVENTS.fetch_one(snapshot, "WHERE id = ?", (event_id,))


def find_domain(snapshot: Snapshot, event_id: str) -> tuple[str | None, str | None]:
    """Find the id and the name of the domain that an event is about, which may be removed; None where it is none."""
    event = get(snapshot, event_id)
    return (None, None) if event is None else (event.domain_id, read_domain_name(event.body))


def list_newest(
    snapshot: Snapshot, *, org_id: str | None, domain_id: str | None, before: EventPosition, limit: int
) -> list[Event]:
    """List events beyond a position, newest first: those about a domain, else those of an organization, else all."""
    condition, values = "", list[str]()
    columns: Sequence[str] = ("id",)
    if domain_id is not None:
        condition, values, columns = "domain_id = ? AND ", [domain_id], ("created_at", "sequence", "id")
    elif org_id is not None:
        condition, values, columns = "org_id = ? AND ", [org_id], ("sequence",)
    return _EVENTS.fetch_all(
        snapshot,
        f"WHERE {condition}({', '.join(columns)}) < ({', '.join('?' * len(columns))})"
        f" ORDER BY {', '.join(f'{column} DESC' for column in columns)} LIMIT ?",
        (*values, *(getattr(before, column) for column in columns), limit),
    )


def list_committed(snapshot: Snapshot, *, after: CommitPosition, limit: int) -> list[tuple[CommitPosition, Event]]:
    """List the events of every organization that were committed after one, in that order, each with its position."""
    rows = snapshot.fetch_all(
        f"SELECT rowid, {', '.join(_EVENTS.columns)} FROM events WHERE rowid > ? ORDER BY rowid LIMIT ?",
        (after.number, limit),
    )
    return [(CommitPosition(number=row[0], event_id=row[1]), _EVENTS.from_row(row[1:])) for row in rows]


def list_last_committed(snapshot: Snapshot, limit: int) -> list[tuple[CommitPosition, Event]]:
    """List the last events of every organization against the order of their commits, each with its position."""
    # With a bound that is none, the statement says that it begins at the end, and not with a walk through the table.
    rows = snapshot.fetch_all(
        f"SELECT rowid, {', '.join(_EVENTS.columns)} FROM events WHERE rowid <= ? ORDER BY rowid DESC LIMIT ?",
        (_LAST, limit),
    )
    return [(CommitPosition(number=row[0], event_id=row[1]), _EVENTS.from_row(row[1:])) for row in rows]


def find_commit_before(snapshot: Snapshot, before_at: int) -> CommitPosition:
    """Find the last event that was made before an instant, in the order of commits."""
    before_id = earliest_id(IdPrefix.EVENT, before_at)
    row = snapshot.fetch_one("SELECT rowid, id FROM events WHERE id < ? ORDER BY id DESC LIMIT 1", (before_id,))
    return CommitPosition() if row is None else CommitPosition(number=row[0], event_id=row[1])


def has_commit(snapshot: Snapshot, position: CommitPosition) -> bool:
    """Whether the event at a position is still the one that it names."""
    return snapshot.fetch_value("SELECT id FROM events WHERE rowid = ?", (position.number,)) == position.event_id


def find_last_at_of_org(snapshot: Snapshot, org_id: str) -> int | None:
    """Find when an organization's newest event was made; None where none is stored."""
    instant: int | None = snapshot.fetch_value(
        "SELECT created_at FROM events WHERE org_id = ? ORDER BY sequence DESC LIMIT 1", (org_id,)
    )
    return instant


def find_sequence_range(snapshot: Snapshot, org_id: str, since_at: int, until_at: int) -> tuple[int, int] | None:
    """Find the least and the greatest number of the events from `since_at` to `until_at`, both included.

    Returns None where there are none.
    """
    row = snapshot.fetch_one(
        "SELECT min(sequence), max(sequence) FROM events WHERE org_id = ? AND created_at >= ? AND created_at <= ?",
        (org_id, since_at, until_at),
    )
    return None if row is None or row[0] is None else (row[0], row[1])


def find_sequence_before_last(snapshot: Snapshot, org_id: str, count: int) -> int:
    """Find the number of the event before the last `count` ones; 0 where no more are stored."""
    last_sequence = organizations.read_last_sequence(snapshot, org_id)
    epoch_start = sequence_before(epoch_of(last_sequence))
    if last_sequence - count >= epoch_start:
        return last_sequence - count  # within an epoch no number is left out
    if epoch_start == 0:
        return 0
    return snapshot.fetch_count(
        "SELECT sequence FROM events WHERE org_id = ? ORDER BY sequence DESC LIMIT 1 OFFSET ?", (org_id, count)
    )


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
