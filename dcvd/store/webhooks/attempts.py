"""The attempts made for deliveries, and their counts by time and latency."""

from collections.abc import Sequence
from functools import cache
from typing import Final

import msgspec

from dcvd.core.http.exchanges import FailureReason, Timings
from dcvd.core.http.retry_after import parse_retry_after_ms
from dcvd.core.instants import MINUTE
from dcvd.core.webhooks.deliveries import (
    Attempt,
    AttemptConsequence,
    AttemptOutcome,
    FinishedAttempt,
    NextAttemptReason,
    RecordedAttempt,
)
from dcvd.core.webhooks.latency import latency_bucket
from dcvd.store.engine.json_text import encode_json
from dcvd.store.engine.rows import placeholders, split_rows
from dcvd.store.engine.statement_units import StatementUnit
from dcvd.store.engine.transactions import Snapshot, Transaction
from dcvd.store.webhooks.changes import list_changes

SLOT_MS: Final = 5 * MINUTE
"""Attempts are counted by slots of this length."""


_FIELDS: Final = (
    "delivery_id, number, started_at, dns_ms, connect_ms, tls_ms, first_byte_ms, total_ms, outcome, reason,"
    " status_code, error, headers, response, body_fault, remote_ip, counted, next_attempt_at, next_reason"
)
_EXCHANGE: Final = (
    "delivery_id, number, started_at, dns_ms, connect_ms, tls_ms, first_byte_ms, total_ms, status_code, headers,"
    " response, body_fault, remote_ip"
)
_CONTEXT: Final = "endpoint_id, domain_id, recovered_type, started, latency, ended_at"
_JUDGEMENT: Final = "outcome, reason, error, counted, next_attempt_at, next_reason"
_STORE: Final = f"INSERT INTO finished_attempts ({_EXCHANGE}, {_CONTEXT}, {_JUDGEMENT}) VALUES {{0}}"
_WIDTH: Final = len(f"{_EXCHANGE}, {_CONTEXT}, {_JUDGEMENT}".split(", "))
_PLACES: Final = ", ".join("?" * len(f"{_EXCHANGE}, {_CONTEXT}".split(", ")))
_DELIVERED_ROW: Final = f"({_PLACES}, '{AttemptOutcome.DELIVERED}', '', '', 1, -1, '{NextAttemptReason.DELIVERED}')"
_NO_NUMBER: Final = -1
_NO_TEXT: Final = ""
MAX_DELIVERED: Final = 256
"""How many attempts one statement stores at most."""
_REPEATED: Final = AttemptConsequence(reason=NextAttemptReason.REPEATED)
_NO_CONTEXT: Final = (None, None, None, None, None, None)
_HEADERS: Final = msgspec.json.Decoder(dict[str, str])


def insert(tx: Transaction, recorded_attempts: Sequence[RecordedAttempt]) -> None:
    """Store attempts alone, in full, except those whose delivery was removed meanwhile."""
    _store(
        tx,
        [
            (*_describe_exchange(recorded.attempt), *_NO_CONTEXT, *_describe_judgement(recorded))
            for recorded in recorded_attempts
        ],
    )


def insert_finished(
    tx: Transaction, finished_attempts: Sequence[tuple[FinishedAttempt, AttemptConsequence]], now: int
) -> None:
    """Store attempts, each with what follows from it, those that they repeated too, and what follows itself.

    What follows for a delivery that failed is stored already.

    They are counted for their endpoints' rates, those that delivered end their deliveries, and where a delivery has
    ended, the next of its domain is due.
    """
    repeated = [finished.attempt.repeated for finished, _ in finished_attempts if finished.attempt.repeated is not None]
    insert(tx, [RecordedAttempt(attempt=attempt, consequence=_REPEATED) for attempt in repeated])
    _store(
        tx,
        [
            (
                *_describe_exchange(finished.attempt),
                *_describe_context(finished, None, now),
                *_describe_judgement(RecordedAttempt(attempt=finished.attempt, consequence=consequence)),
            )
            for finished, consequence in finished_attempts
        ],
    )


def write_delivered(finished_attempts: Sequence[FinishedAttempt], now: int) -> StatementUnit:
    """Write the unit that stores one to `MAX_DELIVERED` attempts that delivered, with all that follows from them.

    Of none of them its endpoint has failed since its last success, and none has repeated another.
    """
    rows = [
        _describe_exchange(finished.attempt) + _describe_context(finished, str(finished.due_delivery.event_type), now)
        for finished in finished_attempts
    ]
    ((count, values),) = split_rows(rows, max_rows=MAX_DELIVERED)
    changed = [(finished.org_id, finished.endpoint_id) for finished in finished_attempts]
    return StatementUnit("record_attempts", _write_delivered_sql(count), values, list_changes(changed))


@cache
def _write_delivered_sql(count: int) -> str:
    return _STORE.format(", ".join([_DELIVERED_ROW] * count))


def list_latest_of_delivery(snapshot: Snapshot, delivery_id: str, limit: int) -> list[RecordedAttempt]:
    """List the latest attempts of a delivery, in order; one that does not count comes before that which repeated it."""
    rows = snapshot.fetch_all(
        f"SELECT {_FIELDS} FROM attempts WHERE delivery_id = ? ORDER BY number DESC, counted DESC LIMIT ?",
        (delivery_id, limit),
    )
    return [
        RecordedAttempt(
            attempt=Attempt(
                delivery_id=row[0],
                number=row[1],
                started_at=row[2],
                timings=Timings(dns_ms=row[3], connect_ms=row[4], tls_ms=row[5], first_byte_ms=row[6], total_ms=row[7]),
                outcome=AttemptOutcome(row[8]),
                reason=None if row[9] is None else FailureReason(row[9]),
                status_code=row[10],
                error=row[11],
                response_headers=headers,
                response_body=row[13],
                body_fault=row[14],
                remote_ip=row[15],
                retry_after_ms=parse_retry_after_ms(headers.get("retry-after"), row[2]),
                counted=bool(row[16]),
            ),
            consequence=None
            if row[18] is None
            else AttemptConsequence(reason=NextAttemptReason(row[18]), next_attempt_at=row[17]),
        )
        for row in reversed(rows)
        for headers in (_HEADERS.decode(row[12]),)
    ]


def list_counts(snapshot: Snapshot, endpoint_id: str, since_at: int) -> list[tuple[int, bool, int, int]]:
    """List (start of the slot, delivered, class of latency, attempts) of an endpoint from an instant on."""
    rows = snapshot.fetch_all(
        "SELECT started, delivered, latency, attempts FROM endpoint_rates WHERE endpoint_id = ? AND started >= ?",
        (endpoint_id, since_at),
    )
    return [(row[0], bool(row[1]), row[2], row[3]) for row in rows]


def has_delivered_after(snapshot: Snapshot, endpoint_id: str, after_at: int) -> bool:
    """Whether an endpoint has been delivered anything in a slot that began after an instant."""
    return bool(
        snapshot.fetch_value(
            "SELECT EXISTS (SELECT 1 FROM endpoint_rates WHERE endpoint_id = ? AND started > ? AND delivered = 1)",
            (endpoint_id, after_at),
        )
    )


def delete_counts(tx: Transaction, cutoff_at: int, limit: int) -> int:
    """Remove counts of slots before an instant; return how many rows."""
    return tx.delete_some(
        "endpoint_rates", "(endpoint_id, started, delivered, latency)", "started < ?", (cutoff_at, limit)
    )


def _store(tx: Transaction, rows: Sequence[tuple[object, ...]]) -> None:
    for count, values in split_rows(rows):
        tx.execute(_STORE.format(placeholders(count, _WIDTH)), values)


def _describe_exchange(attempt: Attempt) -> tuple[object, ...]:
    timings = attempt.timings
    return (
        attempt.delivery_id,
        attempt.number,
        attempt.started_at,
        _NO_NUMBER if timings.dns_ms is None else timings.dns_ms,
        _NO_NUMBER if timings.connect_ms is None else timings.connect_ms,
        _NO_NUMBER if timings.tls_ms is None else timings.tls_ms,
        _NO_NUMBER if timings.first_byte_ms is None else timings.first_byte_ms,
        timings.total_ms,
        _NO_NUMBER if attempt.status_code is None else attempt.status_code,
        encode_json(attempt.response_headers) if attempt.response_headers else "{}",
        attempt.response_body or "",
        attempt.body_fault,
        attempt.remote_ip or _NO_TEXT,
    )


def _describe_context(finished: FinishedAttempt, recovered_type: str | None, now: int) -> tuple[object, ...]:
    """recovered_type: the type of event of which refusals are to be forgotten."""
    started_at = finished.attempt.started_at
    return (
        finished.endpoint_id,
        finished.due_delivery.domain_id,
        recovered_type,
        started_at - started_at % SLOT_MS,
        latency_bucket(finished.attempt.timings.total_ms),
        now,
    )


def _describe_judgement(recorded: RecordedAttempt) -> tuple[object, ...]:
    attempt, consequence = recorded.attempt, recorded.consequence
    return (
        str(attempt.outcome),
        _NO_TEXT if attempt.reason is None else str(attempt.reason),
        attempt.error or _NO_TEXT,
        int(attempt.counted),
        _NO_NUMBER if consequence is None or consequence.next_attempt_at is None else consequence.next_attempt_at,
        _NO_TEXT if consequence is None else str(consequence.reason),
    )
