"""When deliveries that wait for their next attempt are due, after the schedule of their endpoint has changed."""

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from dcvd.store.engine.transactions import Topic, Transaction
from dcvd.store.webhooks.delivery_order import DuePosition

_PLANNED_PAGE: Final = (
    "SELECT d.id, d.attempts - d.attempts_before, coalesce(a.started_at + a.total_ms, d.created_at),"
    " d.next_attempt_at, d.rowid"
    " FROM deliveries d LEFT JOIN attempts a ON a.delivery_id = d.id AND a.number = d.attempts AND a.counted = 1"
    " WHERE d.endpoint_id = ?1 AND d.next_attempt_at > ?2 AND (d.next_attempt_at, d.rowid) > (?3, ?4)"
    " AND (d.attempts = 0 OR a.next_reason = 'schedule') ORDER BY d.next_attempt_at, d.rowid LIMIT ?5"
)


class PlannedDelivery(Struct, frozen=True):
    """A delivery whose next attempt has been planned by the schedule.

    failed_attempts: since its schedule was last started. since: when the last of them ended or, where there was none,
    the event happened.
    """

    id: str
    failed_attempts: int
    since: int


def plan_again(
    tx: Transaction,
    endpoint_id: str,
    plan: Callable[[PlannedDelivery], int],
    after: DuePosition,
    limit: int,
    now: int,
) -> DuePosition | None:
    """Plan some deliveries of an endpoint again that are not due yet, in the order in which they were planned.

    What an answer's `Retry-After` has put off stays so. Returns after which position to go on; None at the end.
    """
    rows = tx.fetch_all(_PLANNED_PAGE, (endpoint_id, now, *after, limit))
    changed = [
        (due_at, row[0])
        for row in rows
        if (due_at := max(plan(PlannedDelivery(row[0], row[1], row[2])), now)) != row[3]
    ]
    if changed:
        tx.execute_many("UPDATE deliveries SET next_attempt_at = ? WHERE id = ?", changed)
        tx.announce(Topic.DELIVERIES, endpoint_id)
        tx.announce(Topic.DELIVERY_LISTS, endpoint_id)
    return (rows[-1][3], rows[-1][4]) if len(rows) == limit else None
