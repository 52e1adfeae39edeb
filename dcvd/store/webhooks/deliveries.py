"""What is owed: new deliveries, those that are due, and what became of them.

The statements of the delivery pool take and give their rows as one JSON text. Each row that crosses into Python takes
the interpreter's lock again, and while the event loop is busy that can mean milliseconds a row.
"""

from collections.abc import Collection, Sequence
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from dcvd.core.events import EventType
from dcvd.core.webhooks.deliveries import Attempt, AttemptConsequence, Delivery, DeliveryState, DueDelivery
from dcvd.store.engine.database import Snapshot, Topic, Transaction
from dcvd.store.engine.rows import placeholders, split_rows
from dcvd.store.webhooks import endpoints


class NewDelivery(Struct, frozen=True, array_like=True):
    """One event for one endpoint, not yet tried; due at `due_at` unless it is to wait, as None says, or has to."""

    id: str
    org_id: str
    endpoint_id: str
    event_id: str
    event_type: EventType
    domain_id: str | None
    sequence: int
    due_at: int | None
    created_at: int


class AttemptResult(Struct, frozen=True, kw_only=True):
    """An attempt that was made, and what follows from it for its delivery."""

    due_delivery: DueDelivery
    endpoint_id: str
    attempt: Attempt
    consequence: AttemptConsequence


class _DueRow(Struct, frozen=True, array_like=True):
    id: str
    event_id: str
    event_type: EventType
    domain_id: str | None
    attempts: int
    attempts_before: int
    expires_at: int | None
    body: str


_DUE_ROWS: Final = msgspec.json.Decoder(list[_DueRow])
_PAGE: Final = 500

_HAS_EARLIER: Final = (
    "EXISTS (SELECT 1 FROM deliveries earlier WHERE earlier.endpoint_id = {0}.endpoint_id"
    " AND earlier.domain_id = {0}.domain_id AND earlier.state = 'pending' AND earlier.sequence < {0}.sequence)"
)
_INSERT: Final = (
    "INSERT INTO deliveries (id, org_id, endpoint_id, event_id, event_type, domain_id, sequence, state,"
    " next_attempt_at, created_at, updated_at)"
    " SELECT n.id, n.org_id, n.endpoint_id, n.event_id, n.event_type, n.domain_id, n.sequence, 'pending',"
    f" CASE WHEN n.domain_id IS NOT NULL AND {_HAS_EARLIER.format('n')} THEN NULL ELSE n.due_at END,"
    " n.created_at, n.created_at FROM ("
    " SELECT json_extract(value, '$[0]') AS id, json_extract(value, '$[1]') AS org_id,"
    " json_extract(value, '$[2]') AS endpoint_id, json_extract(value, '$[3]') AS event_id,"
    " json_extract(value, '$[4]') AS event_type, json_extract(value, '$[5]') AS domain_id,"
    " json_extract(value, '$[6]') AS sequence, json_extract(value, '$[7]') AS due_at,"
    " json_extract(value, '$[8]') AS created_at FROM json_each(?)) n"
)
_DUE: Final = (
    "SELECT json_group_array(json_array(few.id, few.event_id, few.event_type, few.domain_id, few.attempts,"
    " few.attempts_before, e.expires_at, CAST(e.body AS TEXT)))"
    " FROM (SELECT id, event_id, event_type, domain_id, attempts, attempts_before FROM deliveries"
    " WHERE endpoint_id = ?1 AND next_attempt_at IS NOT NULL AND next_attempt_at <= ?2"
    " AND id NOT IN (SELECT value FROM json_each(?3)) ORDER BY next_attempt_at LIMIT ?4) few"
    " JOIN events e ON e.id = few.event_id"
)
_RECORD: Final = (
    "UPDATE deliveries SET attempts = o.number, last_error = o.error, updated_at = ?1,"
    # What its tenant dropped or asked for again meanwhile stays so, unless it has arrived after all.
    " state = CASE WHEN o.state = 'delivered' OR deliveries.state = 'pending'"
    " AND deliveries.attempts_before = o.attempts_before THEN o.state ELSE deliveries.state END,"
    " next_attempt_at = CASE WHEN deliveries.state <> 'pending' OR o.state = 'delivered' THEN NULL"
    " WHEN deliveries.attempts_before <> o.attempts_before THEN deliveries.next_attempt_at"
    f" WHEN deliveries.domain_id IS NOT NULL AND {_HAS_EARLIER.format('deliveries')} THEN NULL ELSE o.next_attempt_at "
    "END"
    " FROM (SELECT json_extract(value, '$[0]') AS id, json_extract(value, '$[1]') AS state,"
    " json_extract(value, '$[2]') AS number, json_extract(value, '$[3]') AS next_attempt_at,"
    " json_extract(value, '$[4]') AS error, json_extract(value, '$[5]') AS attempts_before"
    " FROM json_each(?2)) o WHERE deliveries.id = o.id"
)
_PROMOTE: Final = (
    "UPDATE deliveries SET next_attempt_at = ? WHERE state = 'pending' AND next_attempt_at IS NULL AND id IN ("
    " SELECT (SELECT d.id FROM deliveries d WHERE d.endpoint_id = column1 AND d.domain_id = column2"
    " AND d.state = 'pending' ORDER BY d.sequence LIMIT 1) FROM (VALUES {0})) RETURNING endpoint_id"
)
_DEMOTE: Final = (
    "UPDATE deliveries SET next_attempt_at = NULL WHERE id IN ("
    " SELECT d.id FROM json_each(?1) pair JOIN deliveries d ON d.endpoint_id = json_extract(pair.value, '$[0]')"
    " AND d.domain_id = json_extract(pair.value, '$[1]') AND d.state = 'pending'"
    f" WHERE d.next_attempt_at IS NOT NULL AND {_HAS_EARLIER.format('d')})"
)


def insert(tx: Transaction, new_deliveries: Sequence[NewDelivery]) -> None:
    """Owe events to endpoints; of one domain's events the earlier must come first in `new_deliveries`, and in time."""
    if new_deliveries:
        tx.execute(_INSERT, (_encode_json(_hold_back_later(new_deliveries)),))
        for endpoint_id in {delivery.endpoint_id for delivery in new_deliveries}:
            tx.announce(Topic.DELIVERIES, endpoint_id)


def insert_finished(tx: Transaction, delivery: Delivery) -> None:
    """Store a delivery that was never pending."""
    fields = Delivery.__struct_fields__
    tx.execute(
        f"INSERT INTO deliveries ({', '.join(fields)}) VALUES ({', '.join('?' * len(fields))})",
        [getattr(delivery, field) for field in fields],
    )


def list_due(
    snapshot: Snapshot, endpoint_id: str, now: int, limit: int, excluded_ids: Collection[str]
) -> list[DueDelivery]:
    """What an endpoint is owed now, the longest waiting first, without those that are `excluded_ids` already."""
    row = snapshot.fetch_one(_DUE, (endpoint_id, now, _encode_json(list(excluded_ids)), limit))
    return [
        DueDelivery(
            id=found.id,
            event_id=found.event_id,
            event_type=found.event_type,
            domain_id=found.domain_id,
            attempts=found.attempts,
            attempts_before=found.attempts_before,
            expires_at=found.expires_at,
            body=found.body.encode(),
        )
        for found in _DUE_ROWS.decode("[]" if row is None else row[0])
    ]


def find_next_due_at(snapshot: Snapshot, endpoint_id: str, after_at: int) -> int | None:
    """The earliest instant later than `after_at` at which something is due to an endpoint."""
    row = snapshot.fetch_one(
        "SELECT min(next_attempt_at) FROM deliveries WHERE endpoint_id = ? AND next_attempt_at > ?",
        (endpoint_id, after_at),
    )
    return None if row is None else row[0]


def list_owed_endpoints(snapshot: Snapshot, *, after: str) -> tuple[list[str], str | None]:
    """Endpoints that are owed something, a page in the order of their ids; then where the next page begins."""
    rows = snapshot.fetch_all(
        "SELECT w.id, EXISTS (SELECT 1 FROM deliveries d WHERE d.endpoint_id = w.id AND d.next_attempt_at IS NOT NULL)"
        " FROM webhook_endpoints w WHERE w.id > ? ORDER BY w.id LIMIT ?",
        (after, _PAGE),
    )
    return [row[0] for row in rows if row[1]], rows[-1][0] if len(rows) == _PAGE else None


def record_results(tx: Transaction, results: Sequence[AttemptResult], now: int) -> None:
    """Store how attempts went and what follows from them; those whose delivery was removed meanwhile leave no trace."""
    arrived = [(end.due_delivery.id,) for end in results if end.consequence.state is DeliveryState.DELIVERED]
    for count, ids in split_rows(arrived):
        tx.execute(
            # Delivered is delivered, whatever its tenant has asked for meanwhile.
            "UPDATE deliveries SET state = 'delivered', attempts = attempts + 1, next_attempt_at = NULL,"
            f" last_error = NULL, updated_at = ? WHERE id IN ({placeholders(count)}) AND state <> 'delivered'",
            (now, *ids),
        )
    rows = [
        (
            end.due_delivery.id,
            end.consequence.state,
            end.attempt.number,
            end.consequence.next_attempt_at,
            end.attempt.error,
            end.due_delivery.attempts_before,
        )
        for end in results
        if end.consequence.state is not DeliveryState.DELIVERED
    ]
    if rows:
        tx.execute(_RECORD, (now, _encode_json(rows)))
    promote(
        tx,
        {
            (end.endpoint_id, end.due_delivery.domain_id)
            for end in results
            if end.due_delivery.domain_id is not None and end.consequence.next_attempt_at is None
        },
        now,
    )


def filter_dead(snapshot: Snapshot, ids: Collection[str]) -> set[str]:
    """Those of the ids that are dead letters."""
    if not ids:
        return set()
    wanted = _encode_json(list(ids))
    rows = snapshot.fetch_all(
        "SELECT id FROM deliveries WHERE id IN (SELECT value FROM json_each(?)) AND state = 'dead'", (wanted,)
    )
    return {row[0] for row in rows}


def promote(tx: Transaction, pairs: Collection[tuple[str, str]], now: int) -> None:
    """Make the first pending delivery of each (endpoint, domain) due, where it waited behind one that has ended."""
    for count, values in split_rows(sorted(pairs)):
        for (endpoint_id,) in tx.fetch_all(_PROMOTE.format(placeholders(count, 2)), (now, *values)):
            tx.announce(Topic.DELIVERIES, endpoint_id)


def put_in_order(tx: Transaction, pairs: Collection[tuple[str, str]], now: int) -> None:
    """Of each (endpoint, domain) let the earliest pending event alone be due, after others were put before it."""
    if pairs:
        tx.execute(_DEMOTE, (_encode_json(sorted(pairs)),))
        promote(tx, pairs, now)


def drop(tx: Transaction, ids: Collection[str], reason: str, now: int) -> set[tuple[str, str]]:
    """End pending deliveries unsent; returns the (endpoint, domain) pairs in which others may now be first."""
    rows = tx.fetch_all(
        "UPDATE deliveries SET state = 'dropped', next_attempt_at = NULL, last_error = ?, updated_at = ?"
        " WHERE id IN (SELECT value FROM json_each(?)) AND state = 'pending' RETURNING endpoint_id, domain_id",
        (reason, now, _encode_json(list(ids))),
    )
    return {(endpoint_id, domain_id) for endpoint_id, domain_id in rows if domain_id is not None}


def list_pending_ids(snapshot: Snapshot, endpoint_id: str, limit: int) -> list[str]:
    """Some of what an endpoint is owed, due or not."""
    rows = snapshot.fetch_all(
        "SELECT id FROM deliveries WHERE endpoint_id = ? AND next_attempt_at IS NOT NULL LIMIT ?", (endpoint_id, limit)
    )
    rows += snapshot.fetch_all(
        "SELECT id FROM deliveries WHERE endpoint_id = ? AND state = 'pending' AND next_attempt_at IS NULL LIMIT ?",
        (endpoint_id, limit - len(rows)),
    )
    return [row[0] for row in rows]


def reschedule_beyond(tx: Transaction, latest_at: int, now: int) -> int:
    """Make due what is planned for after an instant; returns how many."""
    pulled = 0
    after = ""
    while ids := endpoints.list_ids(tx, after=after, limit=_PAGE):
        pulled += tx.execute(
            "UPDATE deliveries SET next_attempt_at = ?1"
            " WHERE endpoint_id IN (SELECT value FROM json_each(?2)) AND next_attempt_at > ?3",
            (now, _encode_json(ids), latest_at),
        )
        after = ids[-1]
    if pulled:
        tx.announce(Topic.DELIVERIES)
    return pulled


def _hold_back_later(new_deliveries: Sequence[NewDelivery]) -> list[NewDelivery]:
    """The statement that stores them does not see its own rows, so what waits behind another of them must say so."""
    first = {(delivery.endpoint_id, delivery.domain_id): delivery.id for delivery in reversed(new_deliveries)}
    return [
        delivery
        if delivery.domain_id is None or first[delivery.endpoint_id, delivery.domain_id] == delivery.id
        else replace(delivery, due_at=None)
        for delivery in new_deliveries
    ]


def _encode_json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def find_first_ahead(snapshot: Snapshot, delivery: Delivery) -> str | None:
    """The pending delivery of an earlier event of the same domain that is to end first; None when there is none."""
    if delivery.domain_id is None:
        return None
    row = snapshot.fetch_one(
        "SELECT id FROM deliveries WHERE endpoint_id = ? AND domain_id = ? AND state = 'pending' AND sequence < ?"
        " ORDER BY sequence LIMIT 1",
        (delivery.endpoint_id, delivery.domain_id, delivery.sequence),
    )
    return None if row is None else row[0]
