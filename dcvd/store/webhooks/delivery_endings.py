"""Deliveries that end without an attempt: dropped, cancelled, past their retention, or removed with their endpoint.

What waited for them in the order of its domain's events is due after that, see `delivery_order`.
"""

from collections.abc import Collection, Sequence

from dcvd.core.webhooks.deliveries import DeliveryState
from dcvd.store.engine.json_text import encode_list
from dcvd.store.engine.transactions import Row, Topic, Transaction
from dcvd.store.webhooks import endpoints
from dcvd.store.webhooks.changes import announce_changes
from dcvd.store.webhooks.delivery_order import let_successors_go


def drop(tx: Transaction, ids: Collection[str], reason: str, now: int) -> None:
    """Drop those of the deliveries that are pending; `reason` is shown as their last error."""
    rows = tx.fetch_all(
        "UPDATE deliveries SET state = 'dropped', next_attempt_at = NULL, last_error = ?, updated_at = ?"
        " WHERE id IN (SELECT value FROM json_each(?)) AND state = 'pending' RETURNING org_id, endpoint_id, domain_id",
        (reason, now, encode_list(ids)),
    )
    _let_successors_go(tx, rows, now)


def cancel(tx: Transaction, delivery_id: str, now: int) -> None:
    """Cancel a delivery that is pending. An attempt that is in flight goes on, and counts where it delivers."""
    rows = tx.fetch_all(
        "UPDATE deliveries SET state = 'cancelled', next_attempt_at = NULL, updated_at = ?"
        " WHERE id = ? AND state = 'pending' RETURNING org_id, endpoint_id, domain_id",
        (now, delivery_id),
    )
    _let_successors_go(tx, rows, now)
    for _, endpoint_id, _ in rows:
        # It may have been read ahead, to be sent soon.
        tx.announce(Topic.ENDPOINTS, endpoint_id)


def _let_successors_go(tx: Transaction, rows: Sequence[Row], now: int) -> None:
    """Let go what waited for deliveries that have ended, and tell those who look at them."""
    let_successors_go(tx, [row[1:] for row in rows], now)
    announce_changes(tx, {(org_id, endpoint_id) for org_id, endpoint_id, _ in rows})


def delete_ended(tx: Transaction, ids: Collection[str], cutoff_at: int) -> int:
    """Remove ended deliveries unchanged since an instant, with their attempts; return how many.

    The history of their endpoints starts after those that were no dead letters.
    """
    rows = tx.fetch_all(
        "DELETE FROM deliveries WHERE id IN (SELECT value FROM json_each(?)) AND state <> 'pending' AND updated_at < ?"
        " RETURNING endpoint_id, created_at, state",
        (encode_list(ids), cutoff_at),
    )
    endpoints.shorten_histories(tx, [row[:2] for row in rows if row[2] != DeliveryState.DEAD])
    return len(rows)


def delete_held(tx: Transaction, ids: Collection[str], cutoff_at: int, now: int) -> int:
    """Like `delete_ended`, for those held for disabled endpoints."""
    rows = tx.fetch_all(
        "DELETE FROM deliveries WHERE id IN (SELECT value FROM json_each(?)) AND state = 'pending' AND updated_at < ?"
        " AND EXISTS (SELECT 1 FROM webhook_endpoints w WHERE w.id = deliveries.endpoint_id AND w.health = 'disabled')"
        " RETURNING endpoint_id, domain_id",
        (encode_list(ids), cutoff_at),
    )
    let_successors_go(tx, rows, now)
    return len(rows)


def delete_of_endpoint(tx: Transaction, endpoint_id: str, limit: int, now: int) -> int:
    """Remove up to `limit` deliveries of an endpoint, whatever their state; return how many.

    Should the endpoint stay after all, its history starts after them.
    """
    rows = tx.fetch_all(
        "DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries WHERE endpoint_id = ? LIMIT ?)"
        " RETURNING domain_id, created_at, state",
        (endpoint_id, limit),
    )
    endpoints.shorten_histories(tx, [(endpoint_id, created_at) for _, created_at, _ in rows])
    let_successors_go(tx, [(endpoint_id, row[0]) for row in rows if row[2] == DeliveryState.PENDING], now)
    return len(rows)
