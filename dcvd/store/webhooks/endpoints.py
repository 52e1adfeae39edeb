"""Webhook endpoints, with their health and their static headers."""

from collections.abc import Collection, Iterable, Mapping
from typing import Final

import msgspec
from msgspec.structs import astuple

from dcvd.core.secret import Secret
from dcvd.core.webhooks.endpoint import Endpoint
from dcvd.core.webhooks.health import EndpointHealth
from dcvd.kit.vault.sealing import Vault
from dcvd.store.engine.json_text import encode_json, encode_list
from dcvd.store.engine.struct_table import StructTable
from dcvd.store.engine.transactions import Snapshot, Topic, Transaction
from dcvd.store.vault.sealed_columns import WEBHOOK_HEADERS

_ENDPOINTS: Final = StructTable(
    "webhook_endpoints",
    Endpoint,
    renamed={
        "health.state": "health",
        "health.reason": "disabled_reason",
        **{f"health.{field}": field for field in EndpointHealth.__struct_fields__[2:]},
    },
)
_HEADERS: Final = msgspec.json.Decoder(dict[str, str])
_FIELD: Final = WEBHOOK_HEADERS.field


def insert(tx: Transaction, endpoint: Endpoint) -> None:
    """Store a new endpoint; its secret and the values of its headers are stored separately."""
    _ENDPOINTS.insert_all(tx, [endpoint])
    tx.announce(Topic.ENDPOINTS, endpoint.id)


def count_of_org(snapshot: Snapshot, org_id: str, limit: int) -> int:
    """Count an organization's endpoints, but no further than `limit`."""
    return _ENDPOINTS.count_of_org(snapshot, org_id, limit)


def update(tx: Transaction, endpoint: Endpoint) -> None:
    """Store what a tenant can change of an endpoint, and its health."""
    tx.execute(
        "UPDATE webhook_endpoints SET url = ?, events = ?, max_per_second = ?, updated_at = ? WHERE id = ?",
        (endpoint.url, encode_json(endpoint.events), endpoint.max_per_second, endpoint.updated_at, endpoint.id),
    )
    update_health(tx, endpoint.id, endpoint.health)


def update_health(tx: Transaction, endpoint_id: str, health: EndpointHealth) -> None:
    """Store an endpoint's new health."""
    tx.execute(
        "UPDATE webhook_endpoints SET health = ?, disabled_reason = ?, failures = ?, failing_since = ?, last_error = ?,"
        " pauses = ?, paused_until = ?, last_status_code = ? WHERE id = ?",
        (*astuple(health), endpoint_id),
    )
    tx.announce(Topic.ENDPOINTS, endpoint_id)


def set_headers(tx: Transaction, vault: Vault, org_id: str, endpoint_id: str, headers: Mapping[str, str]) -> None:
    """Replace the static headers, whose values are sealed."""
    sealed = None
    if headers:
        sealed = vault.seal(msgspec.json.encode(headers), org=org_id, row=endpoint_id, field=_FIELD)
    tx.execute(
        "UPDATE webhook_endpoints SET header_names = ?, sealed_headers = ? WHERE id = ?",
        (encode_list(headers), sealed, endpoint_id),
    )
    tx.announce(Topic.ENDPOINTS, endpoint_id)


def unseal_headers(snapshot: Snapshot, vault: Vault, org_id: str, endpoint_id: str) -> dict[str, Secret]:
    """Unseal the static headers; empty for an endpoint that has none, or that is removed."""
    row = snapshot.fetch_one("SELECT sealed_headers FROM webhook_endpoints WHERE id = ?", (endpoint_id,))
    if row is None or row[0] is None:
        return {}
    headers = vault.open(row[0], org=org_id, row=endpoint_id, field=_FIELD)
    return {name: Secret(value) for name, value in _HEADERS.decode(headers.reveal()).items()}


def delete(tx: Transaction, org_id: str, endpoint_id: str) -> bool:
    """Remove an endpoint that has no deliveries any more; return whether there was one."""
    tx.announce(Topic.ENDPOINTS, endpoint_id)
    return tx.execute("DELETE FROM webhook_endpoints WHERE id = ? AND org_id = ?", (endpoint_id, org_id)) > 0


def get(snapshot: Snapshot, endpoint_id: str) -> Endpoint | None:
    """Get an endpoint by its id, of whichever organization."""
    return _ENDPOINTS.fetch_one(snapshot, "WHERE id = ?", (endpoint_id,))


def find_by_ids(snapshot: Snapshot, ids: Collection[str]) -> dict[str, Endpoint]:
    """Find the endpoints with these ids."""
    if not ids:
        return {}
    endpoints = _ENDPOINTS.fetch_all(snapshot, "WHERE id IN (SELECT value FROM json_each(?))", (encode_list(ids),))
    return {endpoint.id: endpoint for endpoint in endpoints}


def find_failing_by_ids(snapshot: Snapshot, ids: Collection[str]) -> dict[str, Endpoint]:
    """Find those of the endpoints that have failed since their last success."""
    if not ids:
        return {}
    endpoints = _ENDPOINTS.fetch_all(
        snapshot, "WHERE id IN (SELECT value FROM json_each(?)) AND failures > 0", (encode_list(ids),)
    )
    return {endpoint.id: endpoint for endpoint in endpoints}


def list_in_doubt(snapshot: Snapshot, *, min_failures: int, latest_since_at: int, limit: int) -> list[Endpoint]:
    """List healthy endpoints with at least so many failures, the first of them at `latest_since_at` or before."""
    return _ENDPOINTS.fetch_all(
        snapshot,
        "WHERE health = 'healthy' AND failing_since <= ? AND failures >= ? LIMIT ?",
        (latest_since_at, min_failures, limit),
    )


def list_of_org(snapshot: Snapshot, org_id: str, *, before: str | None = None, limit: int = -1) -> list[Endpoint]:
    """List an organization's endpoints with an id below `before`, newest first; all of them without a limit."""
    return _ENDPOINTS.list_of_org(snapshot, org_id, before=before, limit=limit)


def shorten_histories(tx: Transaction, deleted: Iterable[tuple[str, int]]) -> None:
    """Let histories start after deliveries that are deleted; of each its endpoint and when it was made.

    No event is younger than its delivery.
    """
    latest_by_endpoint: dict[str, int] = {}
    for endpoint_id, created_at in deleted:
        latest_by_endpoint[endpoint_id] = max(created_at, latest_by_endpoint.get(endpoint_id, 0))
    tx.execute_many(
        "UPDATE webhook_endpoints SET history_starts_at = ?1 WHERE id = ?2 AND history_starts_at < ?1",
        [(created_at + 1, endpoint_id) for endpoint_id, created_at in latest_by_endpoint.items()],
    )


def end_pauses(tx: Transaction, latest_at: int) -> int:
    """End the pauses that would last until after an instant; return how many."""
    rows = tx.fetch_all(
        "UPDATE webhook_endpoints SET pauses = 0, paused_until = NULL WHERE paused_until > ? RETURNING id", (latest_at,)
    )
    for (endpoint_id,) in rows:
        tx.announce(Topic.ENDPOINTS, endpoint_id)
    return len(rows)


def list_disabled_ids(snapshot: Snapshot) -> list[str]:
    """List every disabled endpoint."""
    return snapshot.fetch_column("SELECT id FROM webhook_endpoints WHERE health = 'disabled'")


def list_ids(snapshot: Snapshot, *, after: str, limit: int) -> list[str]:
    """List endpoints of every organization in the order of their ids."""
    return snapshot.fetch_column("SELECT id FROM webhook_endpoints WHERE id > ? ORDER BY id LIMIT ?", (after, limit))
