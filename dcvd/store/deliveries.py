"""Deliveries, and the attempts made for each."""

from collections.abc import Collection
from typing import Final

import msgspec
from msgspec import Struct

from dcvd.core.events import EventType
from dcvd.core.secret import Secret
from dcvd.core.webhooks import Attempt, DeliveryState, DueDelivery
from dcvd.store.database import Snapshot, Topic, Transaction


class NewDelivery(Struct, frozen=True, kw_only=True):
    """One event for one endpoint, not yet tried."""

    id: str
    org_id: str
    endpoint_id: str
    event_id: str
    due_at: int
    created_at: int


_DUE: Final = (
    "SELECT d.id, d.event_id, e.type, d.endpoint_id, w.url, w.secret, e.body, d.attempts FROM deliveries d"
    " JOIN events e ON e.id = d.event_id JOIN webhook_endpoints w ON w.id = d.endpoint_id"
    " WHERE d.state = 'pending' AND d.next_attempt_at <= ?1 AND w.enabled = 1"
    " AND d.id NOT IN (SELECT value FROM json_each(?2)) ORDER BY d.next_attempt_at LIMIT ?3"
)


def insert(tx: Transaction, delivery: NewDelivery) -> None:
    """Owe an event to an endpoint."""
    tx.run(
        "INSERT INTO deliveries (id, org_id, endpoint_id, event_id, state, next_attempt_at, created_at, updated_at)"
        " VALUES (?, ?, ?, ?, 'pending', ?, ?, ?)",
        (
            delivery.id,
            delivery.org_id,
            delivery.endpoint_id,
            delivery.event_id,
            delivery.due_at,
            delivery.created_at,
            delivery.created_at,
        ),
    )
    tx.announce(Topic.DELIVERIES)


def due(snapshot: Snapshot, now: int, limit: int, in_flight: Collection[str]) -> list[DueDelivery]:
    """What is due and not in flight, the longest waiting first."""
    rows = snapshot.all(_DUE, (now, msgspec.json.encode(list(in_flight)).decode(), limit))
    return [
        DueDelivery(
            id=row[0],
            event_id=row[1],
            event_type=EventType(row[2]),
            endpoint_id=row[3],
            url=row[4],
            secret=Secret(row[5]),
            body=row[6],
            attempts=row[7],
        )
        for row in rows
    ]


def next_due_at(snapshot: Snapshot, after: int) -> int | None:
    """The earliest instant later than `after` at which a delivery is due."""
    row = snapshot.one(
        "SELECT next_attempt_at FROM deliveries WHERE state = 'pending' AND next_attempt_at > ?"
        " ORDER BY next_attempt_at LIMIT 1",
        (after,),
    )
    return None if row is None else row[0]


def record_attempt(
    tx: Transaction, attempt: Attempt, state: DeliveryState, next_attempt_at: int | None, now: int
) -> bool:
    """Store how a try went and what follows from it; False when the delivery was deleted meanwhile."""
    changed = tx.run(
        "UPDATE deliveries SET state = ?, attempts = ?, next_attempt_at = ?, last_error = ?, updated_at = ?"
        " WHERE id = ?",
        (state, attempt.number, next_attempt_at, attempt.error, now, attempt.delivery_id),
    )
    if not changed:
        return False
    tx.run(
        "INSERT INTO attempts (delivery_id, number, started_at, duration_ms, outcome, status_code, error, response,"
        " remote_ip) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            attempt.delivery_id,
            attempt.number,
            attempt.started_at,
            attempt.duration_ms,
            attempt.outcome,
            attempt.status_code,
            attempt.error,
            attempt.response,
            attempt.remote_ip,
        ),
    )
    if state is DeliveryState.PENDING:
        tx.announce(Topic.DELIVERIES)
    return True


def pull_in(tx: Transaction, beyond: int, now: int) -> int:
    """Make due what is planned for after an instant; returns how many."""
    return tx.run(
        "UPDATE deliveries SET next_attempt_at = ? WHERE state = 'pending' AND next_attempt_at > ?", (now, beyond)
    )


def delete_ended(tx: Transaction, state: DeliveryState, before: int, limit: int) -> int:
    """Remove deliveries that ended in `state` before an instant, with their attempts; returns how many."""
    return tx.run(
        "DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries"
        " WHERE state <> 'pending' AND state = ? AND updated_at < ? LIMIT ?)",
        (state, before, limit),
    )
