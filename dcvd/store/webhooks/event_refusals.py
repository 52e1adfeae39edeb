"""Types of events that endpoints refuse."""

from collections.abc import Collection, Iterable
from typing import Final

from dcvd.core.events import EventType
from dcvd.core.webhooks.event_refusals import EventRefusal
from dcvd.store.engine.json_text import encode_json, encode_list
from dcvd.store.engine.struct_table import StructTable
from dcvd.store.engine.transactions import Snapshot, Transaction

Pair = tuple[str, EventType]
"""The id of an endpoint, and a type of event."""

_REFUSALS: Final = StructTable("event_refusals", EventRefusal)
_OF_PAIRS: Final = (
    "WHERE (endpoint_id, event_type) IN"
    " (SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?))"
)


def find(snapshot: Snapshot, pairs: Collection[Pair]) -> dict[Pair, EventRefusal]:
    """Find what is known of refusals of these types by these endpoints."""
    refusals = _REFUSALS.fetch_all(snapshot, _OF_PAIRS, (encode_json(sorted(pairs)),))
    return {(refusal.endpoint_id, refusal.event_type): refusal for refusal in refusals}


def list_of_endpoint(snapshot: Snapshot, endpoint_id: str) -> list[EventRefusal]:
    """List what is known of an endpoint's refusals, ordered by type."""
    return _REFUSALS.fetch_all(snapshot, "WHERE endpoint_id = ? ORDER BY event_type", (endpoint_id,))


def insert_all(tx: Transaction, refusals: Iterable[EventRefusal]) -> None:
    """Store refusals of which nothing is stored."""
    _REFUSALS.insert_all(tx, refusals)


def delete(tx: Transaction, pairs: Collection[Pair]) -> None:
    """Remove what is known of refusals of these types by these endpoints."""
    # Nothing is refused for good as a rule, and then each of many batches costs one look.
    if pairs and tx.fetch_one("SELECT 1 FROM event_refusals WHERE endpoint_id > '' LIMIT 1") is not None:
        tx.execute(f"DELETE FROM event_refusals {_OF_PAIRS}", (encode_json(sorted(pairs)),))


def delete_of_endpoint(tx: Transaction, endpoint_id: str, *, kept_types: Collection[EventType] = ()) -> None:
    """Remove what is known of an endpoint's refusals, except those of some types."""
    tx.execute(
        "DELETE FROM event_refusals WHERE endpoint_id = ? AND event_type NOT IN (SELECT value FROM json_each(?))",
        (endpoint_id, encode_list(kept_types)),
    )
