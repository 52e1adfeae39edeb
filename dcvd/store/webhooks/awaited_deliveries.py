"""What deliveries wait for: each for the first pending one of its domain at its endpoint."""

from collections.abc import Collection
from typing import Final

from dcvd.core.webhooks.deliveries import Delivery
from dcvd.store.engine.json_text import encode_list
from dcvd.store.engine.transactions import Snapshot
from dcvd.store.webhooks.delivery_history import DELIVERIES

_AWAITED: Final = (
    f"SELECT waiting.id, {', '.join(f'awaited.{column}' for column in DELIVERIES.columns)}"
    " FROM json_each(?) few JOIN deliveries waiting ON waiting.id = few.value JOIN deliveries awaited ON awaited.id = ("
    " SELECT first.id FROM deliveries first WHERE first.endpoint_id = waiting.endpoint_id"
    " AND first.domain_id = waiting.domain_id AND first.state = 'pending' AND first.sequence < waiting.sequence"
    " ORDER BY first.sequence LIMIT 1)"
    " WHERE waiting.state = 'pending' AND waiting.next_attempt_at IS NULL"
)


def find_awaited(snapshot: Snapshot, ids: Collection[str]) -> dict[str, Delivery]:
    """Find, by the ids of those deliveries that wait, the one that has to end before them."""
    if not ids:
        return {}
    rows = snapshot.fetch_all(_AWAITED, (encode_list(ids),))
    return {row[0]: DELIVERIES.from_row(row[1:]) for row in rows}
