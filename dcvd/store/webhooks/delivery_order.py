"""The order of each domain's events at each endpoint: of its pending deliveries exactly the first is due.

An endpoint whose `ordering` is `none` has no such order: each of its pending deliveries is due.

Whoever ends, removes or adds a pending delivery has this put right in the same transaction, so that a stop between two
transactions leaves no delivery that waits for nothing.
"""

from collections.abc import Collection, Sequence
from typing import Final

from dcvd.store.engine.json_text import encode_json, encode_list
from dcvd.store.engine.rows import placeholders, split_rows
from dcvd.store.engine.transactions import Topic, Transaction

DuePosition = tuple[int, int]
"""A position among the due deliveries of an endpoint: the instant, and the row's number."""
FIRST_DUE: Final[DuePosition] = (-(2**62), 0)
_EARLIER: Final = (
    "EXISTS (SELECT 1 FROM deliveries earlier WHERE earlier.endpoint_id = {0}.endpoint_id"
    " AND earlier.domain_id = {0}.domain_id AND earlier.state = 'pending' AND earlier.sequence < {0}.sequence)"
)
HAS_EARLIER: Final = (
    f"({_EARLIER} AND EXISTS (SELECT 1 FROM webhook_endpoints w WHERE w.id = {{0}}.endpoint_id"
    " AND w.ordering = 'domain'))"
)
"""SQL: whether a delivery has to wait for an earlier one of the same domain; to be formatted with a row's name."""
_RELEASE: Final = (
    "UPDATE deliveries SET next_attempt_at = ? WHERE id IN ("
    " SELECT id FROM deliveries WHERE endpoint_id = ? AND state = 'pending' AND next_attempt_at IS NULL LIMIT ?)"
)
_DUE_PAGE: Final = (
    "SELECT id, next_attempt_at, rowid FROM deliveries WHERE endpoint_id = ? AND next_attempt_at IS NOT NULL"
    " AND (next_attempt_at, rowid) > (?, ?) ORDER BY next_attempt_at, rowid LIMIT ?"
)
_HOLD_BACK: Final = (
    "UPDATE deliveries SET next_attempt_at = NULL WHERE id IN ("
    " SELECT d.id FROM json_each(?) few JOIN deliveries d ON d.id = few.value"
    f" WHERE d.domain_id IS NOT NULL AND {_EARLIER.format('d')})"
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
    f" WHERE d.next_attempt_at IS NOT NULL AND {HAS_EARLIER.format('d')})"
)
_NEXT_OF_PAIR: Final = (
    "coalesce((SELECT d.id FROM deliveries d WHERE d.state = 'pending' AND d.domain_id = {0} AND d.endpoint_id > {1}"
    " ORDER BY d.endpoint_id, d.sequence LIMIT 1),"
    " (SELECT d.id FROM deliveries d WHERE d.state = 'pending' AND d.domain_id > {0}"
    " ORDER BY d.domain_id, d.endpoint_id, d.sequence LIMIT 1))"
)
_FIRST_OF_PAIRS: Final = (
    "WITH RECURSIVE pair (domain_id, endpoint_id, next_attempt_at) AS ("
    " SELECT domain_id, endpoint_id, next_attempt_at FROM deliveries"
    f" WHERE id = {_NEXT_OF_PAIR.format('?1', '?2')}"
    " UNION ALL"
    " SELECT n.domain_id, n.endpoint_id, n.next_attempt_at FROM pair JOIN deliveries n"
    f" ON n.id = {_NEXT_OF_PAIR.format('pair.domain_id', 'pair.endpoint_id')} LIMIT ?3)"
    " SELECT domain_id, endpoint_id, next_attempt_at FROM pair"
)


def promote(tx: Transaction, pairs: Collection[tuple[str, str]], now: int) -> None:
    """Make the first pending delivery of each (endpoint, domain) due, where it waited for one that has ended."""
    for count, values in split_rows(sorted(pairs)):
        for (endpoint_id,) in tx.fetch_all(_PROMOTE.format(placeholders(count, 2)), (now, *values)):
            tx.announce(Topic.DELIVERIES, endpoint_id)


def put_in_order(tx: Transaction, rows: Sequence[tuple[str, str | None]], now: int) -> None:
    """Let only the earliest be due after deliveries were put before others; of each its endpoint and its domain."""
    if pairs := _select_pairs(rows):
        tx.execute(_DEMOTE, (encode_json(sorted(pairs)),))
        promote(tx, pairs, now)
    for endpoint_id in {endpoint_id for endpoint_id, _ in rows}:
        # Deliveries that were read ahead may have to wait behind an earlier event now.
        tx.announce(Topic.ENDPOINTS, endpoint_id)


def let_successors_go(tx: Transaction, rows: Sequence[tuple[str, str | None]], now: int) -> None:
    """Make due what waited for deliveries that have ended or are removed; of each its endpoint and its domain."""
    promote(tx, _select_pairs(rows), now)


def release_waiting(tx: Transaction, endpoint_id: str, limit: int, now: int) -> int:
    """Make due up to `limit` deliveries of an endpoint that wait for others; return how many."""
    count = tx.execute(_RELEASE, (now, endpoint_id, limit))
    if count:
        tx.announce(Topic.DELIVERIES, endpoint_id)
        tx.announce(Topic.DELIVERY_LISTS, endpoint_id)
    return count


def hold_back_later(tx: Transaction, endpoint_id: str, after: DuePosition, limit: int) -> DuePosition | None:
    """Let those of the next due deliveries of an endpoint wait that follow another one of their domain.

    Returns after which position to go on; None at the end.
    """
    rows = tx.fetch_all(_DUE_PAGE, (endpoint_id, *after, limit))
    if tx.execute(_HOLD_BACK, (encode_list([row[0] for row in rows]),)):
        # They may have been read ahead, to be sent soon.
        tx.announce(Topic.ENDPOINTS, endpoint_id)
        tx.announce(Topic.DELIVERY_LISTS, endpoint_id)
    return (rows[-1][1], rows[-1][2]) if len(rows) == limit else None


def repair_next_pairs(
    tx: Transaction, after: tuple[str, str], limit: int, now: int
) -> tuple[int, tuple[str, str] | None]:
    """Make due what waits for nothing, in the next pairs of domain and endpoint after one.

    Returns how many pairs were repaired, and after which pair to go on; None at the end.
    """
    rows = tx.fetch_all(_FIRST_OF_PAIRS, (*after, limit))
    stuck_pairs = [(endpoint_id, domain_id) for domain_id, endpoint_id, due_at in rows if due_at is None]
    promote(tx, stuck_pairs, now)
    return len(stuck_pairs), (rows[-1][0], rows[-1][1]) if len(rows) == limit else None


def _select_pairs(rows: Sequence[tuple[str, str | None]]) -> set[tuple[str, str]]:
    """Select the pairs that have an order: an event without a domain waits for none."""
    return {(endpoint_id, domain_id) for endpoint_id, domain_id in rows if domain_id is not None}
