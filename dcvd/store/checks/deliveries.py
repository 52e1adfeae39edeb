"""Find events that an endpoint should have got a delivery of, and has none.

What an endpoint wanted when an event happened is known only since its last change, and a delivery may have been deleted
by retention. So it is looked for among events after both, between others that the endpoint did get.
"""

import sqlite3
from collections.abc import Iterator

import msgspec

from dcvd.core.events import OPERATIONAL_TYPES
from dcvd.core.webhooks.matching import EventMatch, is_body_matched
from dcvd.core.webhooks.subscriptions import list_types
from dcvd.store.engine.json_text import encode_list

_ENDPOINTS = (
    "SELECT id, org_id, events, event_match, max(updated_at, history_starts_at),"
    " (SELECT min(sequence) FROM deliveries WHERE endpoint_id = w.id) FROM webhook_endpoints w"
)
_MISSING = (
    "SELECT e.id, e.body FROM events e WHERE e.org_id = ? AND e.sequence > ? AND e.created_at > ?"
    " AND e.type IN (SELECT value FROM json_each(?))"
    " AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.event_id = e.id AND d.endpoint_id = ?)"
)
_DECODE_EVENTS = msgspec.json.Decoder(tuple[str, ...]).decode
_DECODE_MATCH = msgspec.json.Decoder(EventMatch).decode


def find_missing_deliveries(connection: sqlite3.Connection, since: int) -> Iterator[str]:
    """Yield what is missing, as texts. since: deliveries of events before that instant may have been deleted."""
    for endpoint_id, org_id, events, match_text, changed_at, first_sequence in connection.execute(
        _ENDPOINTS
    ).fetchall():
        if first_sequence is None:
            continue
        types = [each for each in list_types(_DECODE_EVENTS(events)) if each not in OPERATIONAL_TYPES]
        match = None if match_text is None else _DECODE_MATCH(match_text)
        values = (org_id, first_sequence, max(changed_at, since), encode_list(types), endpoint_id)
        for event_id, body in connection.execute(_MISSING, values):
            if match is None or is_body_matched(match, body):
                yield f"{event_id} at {endpoint_id}"
