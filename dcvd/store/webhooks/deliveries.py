"""Deliveries: new ones, those that are due, and the results of their attempts.

The statements of the delivery pool take and return their rows as one JSON text. Each row that crosses into Python takes
the interpreter's lock again, and while the event loop is busy that can mean milliseconds a row.
"""

from collections.abc import Callable, Collection, Sequence
from itertools import accumulate
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from dcvd.core.clock_discipline import ClockStep
from dcvd.core.events import EventType
from dcvd.core.webhooks.deliveries import (
    AttemptConsequence,
    Delivery,
    DeliveryState,
    DueDelivery,
    FinishedAttempt,
    NextAttemptReason,
)
from dcvd.store.engine.json_text import encode_json, encode_list
from dcvd.store.engine.transactions import Snapshot, Topic, Transaction
from dcvd.store.webhooks import attempts, endpoints
from dcvd.store.webhooks.changes import announce_changes
from dcvd.store.webhooks.delivery_history import DELIVERIES
from dcvd.store.webhooks.delivery_order import HAS_EARLIER


class NewDelivery(Struct, frozen=True, array_like=True):
    """A delivery that was not tried yet; due at `due_at`, unless it is None or an earlier event has to go first."""

    id: str
    org_id: str
    endpoint_id: str
    event_id: str
    event_type: EventType
    domain_id: str | None
    sequence: int
    due_at: int | None
    created_at: int
    request_id: str | None


class _DueRow(Struct, frozen=True, array_like=True, gc=False):
    id: str
    event_id: str
    event_type: EventType
    domain_id: str | None
    attempts: int
    attempts_before: int
    requests: int
    expires_at: int | None
    body_bytes: int
    request_id: str | None
    created_at: int


_DUE_ROWS: Final = msgspec.json.Decoder(list[_DueRow])
_PAGE: Final = 500
_CANCELLED: Final = AttemptConsequence(reason=NextAttemptReason.CANCELLED)

_INSERT: Final = (
    "INSERT INTO deliveries (id, org_id, endpoint_id, event_id, event_type, domain_id, sequence, state,"
    " next_attempt_at, created_at, updated_at, request_id)"
    " SELECT n.id, n.org_id, n.endpoint_id, n.event_id, n.event_type, n.domain_id, n.sequence, 'pending',"
    f" CASE WHEN n.domain_id IS NOT NULL AND {HAS_EARLIER.format('n')} THEN NULL ELSE n.due_at END,"
    " n.created_at, n.created_at, n.request_id FROM ("
    " SELECT json_extract(value, '$[0]') AS id, json_extract(value, '$[1]') AS org_id,"
    " json_extract(value, '$[2]') AS endpoint_id, json_extract(value, '$[3]') AS event_id,"
    " json_extract(value, '$[4]') AS event_type, json_extract(value, '$[5]') AS domain_id,"
    " json_extract(value, '$[6]') AS sequence, json_extract(value, '$[7]') AS due_at,"
    " json_extract(value, '$[8]') AS created_at, json_extract(value, '$[9]') AS request_id FROM json_each(?)) n"
)
_DUE: Final = (
    "SELECT json_group_array(json_array(few.id, few.event_id, few.event_type, few.domain_id, few.attempts,"
    " few.attempts_before, few.requests, e.expires_at, length(e.body), few.request_id, few.created_at)),"
    # As texts in JSON, every quotation mark of the bodies would be escaped, and read again.
    " group_concat(CAST(e.body AS TEXT), '')"
    " FROM (SELECT id, event_id, event_type, domain_id, attempts, attempts_before, requests, request_id, created_at"
    " FROM deliveries"
    " WHERE endpoint_id = ?1 AND next_attempt_at IS NOT NULL AND next_attempt_at <= ?2"
    " AND id NOT IN (SELECT value FROM json_each(?3)) ORDER BY next_attempt_at LIMIT ?4) few"
    " JOIN events e ON e.id = few.event_id"
)
_APPLY_FAILURES: Final = (
    "UPDATE deliveries SET attempts = o.number, last_error = o.error, updated_at = ?1,"
    # What its tenant dropped, cancelled or requested meanwhile stays so.
    " state = CASE WHEN deliveries.state = 'pending' AND deliveries.requests = o.requests"
    " THEN o.state ELSE deliveries.state END,"
    " next_attempt_at = CASE WHEN deliveries.state <> 'pending' THEN NULL"
    " WHEN deliveries.requests <> o.requests THEN deliveries.next_attempt_at"
    f" WHEN deliveries.domain_id IS NOT NULL AND {HAS_EARLIER.format('deliveries')} THEN NULL ELSE o.next_attempt_at "
    "END"
    " FROM (SELECT json_extract(value, '$[0]') AS id, json_extract(value, '$[1]') AS state,"
    " json_extract(value, '$[2]') AS number, json_extract(value, '$[3]') AS next_attempt_at,"
    " json_extract(value, '$[4]') AS error, json_extract(value, '$[5]') AS requests"
    " FROM json_each(?2)) o WHERE deliveries.id = o.id"
    " RETURNING deliveries.id, deliveries.state, deliveries.requests, deliveries.next_attempt_at"
)
_RESCHEDULE_BEYOND: Final = (
    "UPDATE deliveries SET next_attempt_at = ?1 FROM (SELECT json_extract(value, '$[0]') AS endpoint_id,"
    " json_extract(value, '$[1]') AS latest_at FROM json_each(?2)) w"
    " WHERE deliveries.endpoint_id = w.endpoint_id AND deliveries.next_attempt_at > w.latest_at"
)


def insert(tx: Transaction, new_deliveries: Sequence[NewDelivery]) -> None:
    """Store new deliveries. Of one domain's events the earlier has to come first, in `new_deliveries` and in time."""
    if new_deliveries:
        tx.execute(_INSERT, (encode_json(_hold_back_later(tx, new_deliveries)),))
        for endpoint_id in {delivery.endpoint_id for delivery in new_deliveries}:
            tx.announce(Topic.DELIVERIES, endpoint_id)
        announce_changes(tx, [(delivery.org_id, delivery.endpoint_id) for delivery in new_deliveries])


def insert_finished(tx: Transaction, delivery: Delivery) -> None:
    """Store a delivery that was never pending."""
    DELIVERIES.insert_all(tx, [delivery])
    announce_changes(tx, [(delivery.org_id, delivery.endpoint_id)])


def list_due(
    snapshot: Snapshot, endpoint_id: str, now: int, limit: int, excluded_ids: Collection[str]
) -> list[DueDelivery]:
    """List an endpoint's due deliveries, the longest waiting first, without those in `excluded_ids`."""
    row = snapshot.fetch_one(_DUE, (endpoint_id, now, encode_list(excluded_ids), limit))
    due_rows, bodies = ([], b"") if row is None else (_DUE_ROWS.decode(row[0]), (row[1] or "").encode())
    ends = accumulate(due_row.body_bytes for due_row in due_rows)
    return [
        DueDelivery(
            id=due_row.id,
            event_id=due_row.event_id,
            event_type=due_row.event_type,
            domain_id=due_row.domain_id,
            attempts=due_row.attempts,
            attempts_before=due_row.attempts_before,
            requests=due_row.requests,
            expires_at=due_row.expires_at,
            body=bodies[end - due_row.body_bytes : end],
            request_id=due_row.request_id,
            created_at=due_row.created_at,
        )
        for due_row, end in zip(due_rows, ends, strict=True)
    ]


def find_next_due_at(snapshot: Snapshot, endpoint_id: str, after_at: int) -> int | None:
    """Find the earliest instant later than `after_at` at which a delivery to an endpoint is due."""
    return snapshot.fetch_value(
        "SELECT min(next_attempt_at) FROM deliveries WHERE endpoint_id = ? AND next_attempt_at > ?",
        (endpoint_id, after_at),
    )


def list_owed_endpoints(snapshot: Snapshot, *, after: str, limit: int = _PAGE) -> tuple[list[str], str | None]:
    """List a page of endpoints with pending deliveries, ordered by id, and where the next page begins."""
    rows = snapshot.fetch_all(
        "SELECT w.id, EXISTS (SELECT 1 FROM deliveries d WHERE d.endpoint_id = w.id AND d.next_attempt_at IS NOT NULL)"
        " FROM webhook_endpoints w WHERE w.id > ? ORDER BY w.id LIMIT ?",
        (after, limit),
    )
    return [row[0] for row in rows if row[1]], rows[-1][0] if len(rows) == limit else None


def apply_attempts(
    tx: Transaction, finished_attempts: Sequence[FinishedAttempt], consequences: Sequence[AttemptConsequence], now: int
) -> list[AttemptConsequence]:
    """Store attempts, each with its consequence, and what follows from them, except for deliveries removed meanwhile.

    Returns the consequences; where a delivery was requested again or cancelled meanwhile, that is the consequence. One
    that waits behind an earlier event of its domain has no next attempt yet.
    """
    planned = list(zip(finished_attempts, consequences, strict=True))
    delivered = [each for each in planned if each[1].reason is NextAttemptReason.DELIVERED]
    failed = [each for each in planned if each[1].reason is not NextAttemptReason.DELIVERED]
    # Those that delivered first: a later event of the domain that has failed waits for them no more.
    attempts.insert_finished(tx, delivered, now)
    failed = _apply_failures(tx, failed, now)
    attempts.insert_finished(tx, failed, now)
    announce_changes(tx, [(finished.org_id, finished.endpoint_id) for finished in finished_attempts])
    applied = {finished.due_delivery.id: consequence for finished, consequence in (*delivered, *failed)}
    return [applied[finished.due_delivery.id] for finished in finished_attempts]


def _apply_failures(
    tx: Transaction, failed: Sequence[tuple[FinishedAttempt, AttemptConsequence]], now: int
) -> list[tuple[FinishedAttempt, AttemptConsequence]]:
    """Store what follows from attempts that failed, and return them with what follows in fact."""
    if not failed:
        return []
    rows = [
        (
            finished.due_delivery.id,
            consequence.state,
            finished.attempt.number,
            consequence.next_attempt_at,
            finished.attempt.error,
            finished.due_delivery.requests,
        )
        for finished, consequence in failed
    ]
    stored_rows = tx.fetch_all(_APPLY_FAILURES, (now, encode_json(rows)))
    pending = {row[0]: row[2:] for row in stored_rows if row[1] == DeliveryState.PENDING}
    cancelled_ids = {row[0] for row in stored_rows if row[1] == DeliveryState.CANCELLED}
    return [
        (
            finished,
            _CANCELLED
            if finished.due_delivery.id in cancelled_ids
            else _choose_consequence(
                consequence, finished.due_delivery.requests, pending.get(finished.due_delivery.id)
            ),
        )
        for finished, consequence in failed
    ]


def _choose_consequence(
    consequence: AttemptConsequence, requests: int, pending: tuple[int, int | None] | None
) -> AttemptConsequence:
    """Return the consequence of an attempt; `pending` has the requests and the next attempt that are stored now."""
    if pending is None:
        return consequence
    stored_requests, next_attempt_at = pending
    reason = consequence.reason if stored_requests == requests else NextAttemptReason.REQUESTED
    return AttemptConsequence(reason=reason, next_attempt_at=next_attempt_at)


def filter_dead(snapshot: Snapshot, ids: Collection[str]) -> set[str]:
    """Return those of the ids that are dead letters."""
    if not ids:
        return set()
    wanted_ids = encode_list(ids)
    return set(
        snapshot.fetch_column(
            "SELECT id FROM deliveries WHERE id IN (SELECT value FROM json_each(?)) AND state = 'dead'", (wanted_ids,)
        )
    )


def list_pending_ids(snapshot: Snapshot, endpoint_id: str, limit: int) -> list[str]:
    """List some of an endpoint's pending deliveries, due or not."""
    due_ids = snapshot.fetch_column(
        "SELECT id FROM deliveries WHERE endpoint_id = ? AND next_attempt_at IS NOT NULL LIMIT ?", (endpoint_id, limit)
    )
    return due_ids + snapshot.fetch_column(
        "SELECT id FROM deliveries WHERE endpoint_id = ? AND state = 'pending' AND next_attempt_at IS NULL LIMIT ?",
        (endpoint_id, limit - len(due_ids)),
    )


def reschedule_beyond(
    tx: Transaction, choose_latest_at: Callable[[int], int], now: int, *, page_size: int = _PAGE
) -> int:
    """Make due the deliveries that are planned for after an instant; return how many.

    choose_latest_at: returns the instant for endpoints of whose own schedules this is the longest delay, 0 for none.
    """
    rescheduled_count = 0
    after = ""
    while page := endpoints.list_longest_delays(tx, after=after, limit=page_size):
        rows = [(endpoint_id, choose_latest_at(delay_ms)) for endpoint_id, delay_ms in page]
        rescheduled_count += tx.execute(_RESCHEDULE_BEYOND, (now, encode_json(rows)))
        after = page[-1][0]
    if rescheduled_count:
        tx.announce(Topic.DELIVERIES)
    return rescheduled_count


def shift_plans(tx: Transaction, endpoint_ids: Collection[str], step: ClockStep) -> int:
    """Shift the next attempts for some endpoints by a step of the clock; return how many."""
    count = tx.execute(
        "UPDATE deliveries SET next_attempt_at = max(next_attempt_at + ?1, ?2) WHERE next_attempt_at > ?3"
        " AND next_attempt_at <= ?4 AND endpoint_id IN (SELECT value FROM json_each(?5))",
        (step.length_ms, step.after_at, step.planned_after, step.planned_until, encode_list(endpoint_ids)),
    )
    if count:
        tx.announce(Topic.DELIVERIES)
    return count


def _hold_back_later(snapshot: Snapshot, new_deliveries: Sequence[NewDelivery]) -> list[NewDelivery]:
    """Let deliveries wait that follow another new one: the statement that stores them does not see its own rows."""
    first_ids = {(delivery.endpoint_id, delivery.domain_id): delivery.id for delivery in reversed(new_deliveries)}
    later_ids = {
        delivery.id
        for delivery in new_deliveries
        if delivery.domain_id is not None and first_ids[delivery.endpoint_id, delivery.domain_id] != delivery.id
    }
    if not later_ids:
        return list(new_deliveries)
    endpoint_ids = {delivery.endpoint_id for delivery in new_deliveries if delivery.id in later_ids}
    unordered_ids = endpoints.filter_unordered(snapshot, endpoint_ids)
    return [
        replace(delivery, due_at=None)
        if delivery.id in later_ids and delivery.endpoint_id not in unordered_ids
        else delivery
        for delivery in new_deliveries
    ]
