"""The attempts made for deliveries, and their counts by time and latency."""

from collections import Counter
from collections.abc import Sequence
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
from dcvd.store.engine.transactions import Snapshot, Transaction

SLOT_MS: Final = 5 * MINUTE
"""Attempts are counted by slots of this length."""


_FIELDS: Final = (
    "delivery_id, number, started_at, dns_ms, connect_ms, tls_ms, first_byte_ms, total_ms, outcome, reason,"
    " status_code, error, headers, response, body_fault, remote_ip, counted, next_attempt_at, next_reason"
)
_NO_NUMBER: Final = -1
_NO_TEXT: Final = ""
_VALUES: Final = ", ".join(
    # Most of these are NULL in most rows, and a NULL costs the interpreter fifteen times as much as a number.
    f"nullif(column{number}, {_NO_NUMBER})"
    if field in ("dns_ms", "connect_ms", "tls_ms", "first_byte_ms", "status_code", "next_attempt_at")
    else f"nullif(column{number}, '{_NO_TEXT}')"
    if field in ("reason", "error", "remote_ip", "next_reason")
    else f"CAST(column{number} AS BLOB)"
    if field == "response"
    else f"column{number}"
    for number, field in enumerate(_FIELDS.split(", "), start=1)
)
_INSERT: Final = (
    f"INSERT INTO attempts ({_FIELDS}) SELECT {_VALUES} FROM (VALUES {{0}})"
    " WHERE EXISTS (SELECT 1 FROM deliveries WHERE id = column1)"
    # A caller whose commit seemed to fail tries again, also where the attempt was stored after all.
    " ON CONFLICT DO NOTHING"
)
_COUNT: Final = (
    "INSERT INTO endpoint_rates (endpoint_id, started, delivered, latency, attempts) SELECT * FROM (VALUES {0})"
    " WHERE EXISTS (SELECT 1 FROM webhook_endpoints WHERE id = column1)"
    " ON CONFLICT DO UPDATE SET attempts = attempts + excluded.attempts"
)
_REPEATED: Final = AttemptConsequence(reason=NextAttemptReason.REPEATED)
_HEADERS: Final = msgspec.json.Decoder(dict[str, str])


def insert(tx: Transaction, recorded_attempts: Sequence[RecordedAttempt]) -> None:
    """Store attempts in full, those that they repeated too, except those whose delivery was removed meanwhile."""
    repeated = [
        RecordedAttempt(attempt=recorded.attempt.repeated, consequence=_REPEATED)
        for recorded in recorded_attempts
        if recorded.attempt.repeated is not None
    ]
    for count, values in split_rows([_to_row(recorded) for recorded in [*repeated, *recorded_attempts]]):
        tx.execute(_INSERT.format(placeholders(count, 19)), values)


def add_to_counts(tx: Transaction, finished_attempts: Sequence[FinishedAttempt]) -> None:
    """Count attempts for their endpoints' rates."""
    counts = Counter(
        (
            finished.endpoint_id,
            finished.attempt.started_at - finished.attempt.started_at % SLOT_MS,
            int(finished.attempt.outcome is AttemptOutcome.DELIVERED),
            latency_bucket(finished.attempt.timings.total_ms),
        )
        for finished in finished_attempts
    )
    for count, values in split_rows([(*key, attempt_count) for key, attempt_count in counts.items()]):
        tx.execute(_COUNT.format(placeholders(count, 5)), values)


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


def _to_row(recorded: RecordedAttempt) -> tuple[object, ...]:
    attempt, timings, consequence = recorded.attempt, recorded.attempt.timings, recorded.consequence
    return (
        attempt.delivery_id,
        attempt.number,
        attempt.started_at,
        _NO_NUMBER if timings.dns_ms is None else timings.dns_ms,
        _NO_NUMBER if timings.connect_ms is None else timings.connect_ms,
        _NO_NUMBER if timings.tls_ms is None else timings.tls_ms,
        _NO_NUMBER if timings.first_byte_ms is None else timings.first_byte_ms,
        timings.total_ms,
        str(attempt.outcome),
        _NO_TEXT if attempt.reason is None else str(attempt.reason),
        _NO_NUMBER if attempt.status_code is None else attempt.status_code,
        attempt.error or _NO_TEXT,
        encode_json(attempt.response_headers) if attempt.response_headers else "{}",
        attempt.response_body or "",
        attempt.body_fault,
        attempt.remote_ip or _NO_TEXT,
        int(attempt.counted),
        _NO_NUMBER if consequence is None or consequence.next_attempt_at is None else consequence.next_attempt_at,
        _NO_TEXT if consequence is None else str(consequence.reason),
    )
