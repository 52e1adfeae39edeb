"""Read and make due what replays send: dead letters by their ids, events by their numbers."""

from collections.abc import Collection
from typing import Any, Final

from msgspec import Struct

from dcvd.core.events import EventType
from dcvd.core.webhooks.deliveries import DeliveryState
from dcvd.core.webhooks.endpoint import Endpoint
from dcvd.store.engine.json_text import encode_list
from dcvd.store.engine.transactions import Snapshot, Topic, Transaction
from dcvd.store.webhooks.changes import announce_changes

_OF_TYPES: Final = "(?{0} IS NULL OR {1} IN (SELECT value FROM json_each(?{0})))"


class DeadLetter(Struct, frozen=True):
    """A dead letter that is to be tried again."""

    id: str
    endpoint_id: str
    domain_id: str | None


class PastEvent(Struct, frozen=True):
    """An event, and its delivery to one endpoint, if there is one.

    body: None where nobody has to look at it: the endpoint gets whatever happens, or has the delivery.
    """

    id: str
    sequence: int
    type: EventType
    domain_id: str | None
    created_at: int
    delivery_id: str | None
    state: DeliveryState | None
    body: bytes | None


def list_dead_letters(
    snapshot: Snapshot,
    org_id: str,
    endpoint_id: str | None,
    *,
    after: str,
    before: str,
    types: Collection[EventType] | None,
    limit: int,
) -> list[DeadLetter]:
    """List dead letters, ordered by id, from `after` (excluded) to `before` (excluded)."""
    condition, owner_id = _dead_letter_condition(org_id, endpoint_id)
    rows = snapshot.fetch_all(
        f"SELECT id, endpoint_id, domain_id FROM deliveries WHERE {condition} AND id > ?2 AND id < ?3"
        f" AND {_OF_TYPES.format(4, 'event_type')} ORDER BY id LIMIT ?5",
        (owner_id, after, before, _encode_types(types), limit),
    )
    return [DeadLetter(*row) for row in rows]


def count_dead_letters(
    snapshot: Snapshot,
    org_id: str,
    endpoint_id: str | None,
    *,
    after: str,
    before: str,
    types: Collection[EventType] | None,
) -> int:
    """Count what `list_dead_letters` would return without a limit."""
    condition, owner_id = _dead_letter_condition(org_id, endpoint_id)
    return snapshot.fetch_count(
        f"SELECT count(*) FROM deliveries WHERE {condition} AND id > ?2 AND id < ?3"
        f" AND {_OF_TYPES.format(4, 'event_type')}",
        (owner_id, after, before, _encode_types(types)),
    )


def list_past_events(snapshot: Snapshot, endpoint: Endpoint, *, after: int, last: int, limit: int) -> list[PastEvent]:
    """List events in order, those numbered from `after` (excluded) to `last`, of whatever type."""
    rows = snapshot.fetch_all(
        "SELECT e.id, e.sequence, e.type, e.domain_id, e.created_at, d.id, d.state,"
        " CASE WHEN ? AND d.id IS NULL THEN e.body END FROM events e"
        " LEFT JOIN deliveries d ON d.event_id = e.id AND d.endpoint_id = ?"
        " WHERE e.org_id = ? AND e.sequence > ? AND e.sequence <= ? ORDER BY e.sequence LIMIT ?",
        (endpoint.match is not None, endpoint.id, endpoint.org_id, after, last, limit),
    )
    return [
        PastEvent(
            id=row[0],
            sequence=row[1],
            type=EventType(row[2]),
            domain_id=row[3],
            created_at=row[4],
            delivery_id=row[5],
            state=None if row[6] is None else DeliveryState(row[6]),
            body=row[7],
        )
        for row in rows
    ]


def requeue(tx: Transaction, ids: Collection[str], now: int) -> None:
    """Restart the schedule of deliveries, due at once; the caller has to put them in order.

    An attempt that is in flight does not change that, unless it delivers.
    """
    rows = tx.fetch_all(
        "UPDATE deliveries SET state = 'pending', attempts_before = attempts, requests = requests + 1,"
        " next_attempt_at = ?1, updated_at = ?1"
        " WHERE id IN (SELECT value FROM json_each(?2)) RETURNING org_id, endpoint_id",
        (now, encode_list(ids)),
    )
    for _, endpoint_id in set(rows):
        tx.announce(Topic.DELIVERIES, endpoint_id)
    announce_changes(tx, [(org_id, endpoint_id) for org_id, endpoint_id in rows])


def make_due(tx: Transaction, delivery_id: str, now: int) -> None:
    """Make a pending delivery due now, unless it waits for an earlier event of its domain.

    An attempt that is in flight does not change that, unless it delivers.
    """
    rows = tx.fetch_all(
        "UPDATE deliveries SET next_attempt_at = ?, requests = requests + 1, updated_at = ?"
        " WHERE id = ? AND next_attempt_at IS NOT NULL"
        " RETURNING org_id, endpoint_id",
        (now, now, delivery_id),
    )
    for _, endpoint_id in rows:
        # Not as a new delivery, which is not in flight.
        tx.announce(Topic.ENDPOINTS, endpoint_id)
    announce_changes(tx, [(org_id, endpoint_id) for org_id, endpoint_id in rows])


def _dead_letter_condition(org_id: str, endpoint_id: str | None) -> tuple[str, str]:
    if endpoint_id is None:
        return "org_id = ?1 AND state = 'dead'", org_id
    return "endpoint_id = ?1 AND state = 'dead'", endpoint_id


def _encode_types(types: Collection[EventType] | None) -> Any:
    return None if types is None else encode_list(types)
