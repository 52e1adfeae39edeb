"""How many dead letters endpoints have, of whichever organizations. Triggers keep the counts (`0050_counts.sql`)."""

from collections.abc import Collection

from msgspec import Struct

from dcvd.core.operators import OPERATOR_ORG_ID
from dcvd.core.webhooks.health import HealthState
from dcvd.store.engine.json_text import encode_list
from dcvd.store.engine.transactions import Snapshot


class EndpointDeadLetters(Struct, frozen=True):
    """An endpoint, and how many dead letters it has."""

    endpoint_id: str
    org_id: str
    url: str
    health: HealthState
    count: int


def list_with_most(snapshot: Snapshot, limit: int) -> list[EndpointDeadLetters]:
    """List the endpoints with the most dead letters. It reads a row for each endpoint that has had a delivery."""
    rows = snapshot.fetch_all(
        "SELECT w.id, w.org_id, w.url, w.health, few.deliveries FROM delivery_counts few"
        " CROSS JOIN webhook_endpoints w ON w.id = few.endpoint_id AND w.org_id <> ?"
        " WHERE few.backlog = 'dead' AND few.deliveries > 0 ORDER BY few.deliveries DESC LIMIT ?",
        (OPERATOR_ORG_ID, limit),
    )
    return [EndpointDeadLetters(row[0], row[1], row[2], HealthState(row[3]), row[4]) for row in rows]


def count_of_endpoints(snapshot: Snapshot, endpoint_ids: Collection[str]) -> dict[str, int]:
    """Count the dead letters of some endpoints, by their ids; those that have none are left out."""
    rows = snapshot.fetch_all(
        "SELECT endpoint_id, deliveries FROM delivery_counts WHERE backlog = 'dead' AND deliveries > 0"
        " AND endpoint_id IN (SELECT value FROM json_each(?))",
        (encode_list(endpoint_ids),),
    )
    return {row[0]: row[1] for row in rows}
