"""Figures of endpoints: attempts over time, what was answered, and what is not done."""

from collections.abc import Collection
from typing import Final

from msgspec import Struct

from dcvd.core.webhooks.deliveries import AttemptOutcome
from dcvd.store.engine.json_text import encode_list
from dcvd.store.engine.transactions import Snapshot

_COUNT_SOME: Final = "(SELECT count(*) FROM (SELECT 1 FROM deliveries WHERE endpoint_id = few.value AND {0} LIMIT ?2))"
_KINDS: Final = ("next_attempt_at IS NOT NULL", "state = 'pending' AND next_attempt_at IS NULL", "state = 'dead'")
_BACKLOGS: Final = f"SELECT few.value, {', '.join(map(_COUNT_SOME.format, _KINDS))} FROM json_each(?1) few"


class AnswerCount(Struct, frozen=True):
    """How many attempts ended so; status_code: None where no answer came."""

    outcome: AttemptOutcome
    status_code: int | None
    attempts: int


class EndpointBacklog(Struct, frozen=True):
    """What is not done of an endpoint's deliveries, see `core.webhooks.deliveries.Backlog`; none is counted far."""

    pending: int = 0
    waiting: int = 0
    dead: int = 0


def list_counts_by_span(
    snapshot: Snapshot, endpoint_id: str, since_at: int, span_ms: int
) -> list[tuple[int, bool, int, int]]:
    """List (start of the span, delivered, class of latency, attempts) of an endpoint from an instant on."""
    rows = snapshot.fetch_all(
        "SELECT started - started % ?1, delivered, latency, sum(attempts) FROM endpoint_rates"
        " WHERE endpoint_id = ?2 AND started >= ?3 GROUP BY 1, 2, 3",
        (span_ms, endpoint_id, since_at),
    )
    return [(row[0], bool(row[1]), row[2], row[3]) for row in rows]


def sum_counts(snapshot: Snapshot, endpoint_ids: Collection[str], since_at: int) -> dict[str, tuple[int, int]]:
    """Count the attempts that delivered, and those that failed, by the ids of endpoints that had any."""
    rows = snapshot.fetch_all(
        "SELECT r.endpoint_id, sum(r.attempts * r.delivered), sum(r.attempts * (1 - r.delivered))"
        " FROM json_each(?) few JOIN endpoint_rates r ON r.endpoint_id = few.value AND r.started >= ?"
        " GROUP BY r.endpoint_id",
        (encode_list(endpoint_ids), since_at),
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def count_answers(snapshot: Snapshot, endpoint_id: str, since_at: int, latest: int) -> list[AnswerCount]:
    """Count how attempts from an instant on have ended, out of those for the latest deliveries of an endpoint."""
    rows = snapshot.fetch_all(
        "SELECT a.outcome, a.status_code, count(*)"
        " FROM (SELECT id FROM deliveries WHERE endpoint_id = ? ORDER BY id DESC LIMIT ?) few"
        " CROSS JOIN attempts a ON a.delivery_id = few.id"
        " WHERE a.started_at >= ? AND a.counted = 1 GROUP BY a.outcome, a.status_code",
        (endpoint_id, latest, since_at),
    )
    return [AnswerCount(AttemptOutcome(row[0]), row[1], row[2]) for row in rows]


def count_backlogs(snapshot: Snapshot, endpoint_ids: Collection[str], limit: int) -> dict[str, EndpointBacklog]:
    """Count what is not done at each of some endpoints, of each kind no further than `limit`."""
    rows = snapshot.fetch_all(_BACKLOGS, (encode_list(endpoint_ids), limit))
    return {row[0]: EndpointBacklog(*row[1:]) for row in rows}
