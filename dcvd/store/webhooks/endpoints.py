"""Webhook endpoints, with their health and their static headers."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

import msgspec
from msgspec.structs import astuple

from dcvd.core.clock_discipline import ClockStep
from dcvd.core.http.client_certificates import ClientCertificate, ClientCredentials
from dcvd.core.secret import Secret
from dcvd.core.webhooks.endpoint import Endpoint
from dcvd.core.webhooks.health import EndpointHealth, HealthState
from dcvd.kit.vault.sealing import Vault
from dcvd.store.engine.json_text import encode_json, encode_list
from dcvd.store.engine.paging import HIGHEST_KEY
from dcvd.store.engine.struct_table import StructTable
from dcvd.store.engine.transactions import Snapshot, Topic, Transaction
from dcvd.store.vault.sealed_columns import CLIENT_CERTIFICATES, WEBHOOK_HEADERS
from dcvd.store.webhooks.changes import announce_changes

_ENDPOINTS: Final = StructTable(
    "webhook_endpoints",
    Endpoint,
    renamed={
        "match": "event_match",
        "health.state": "health",
        "health.reason": "disabled_reason",
        **{f"health.{field}": field for field in EndpointHealth.__struct_fields__[2:]},
    },
    json_fields={"client_certificate", "match"},
)
_HEADERS: Final = msgspec.json.Decoder(dict[str, str])
_FIELD: Final = WEBHOOK_HEADERS.field


def insert(tx: Transaction, endpoint: Endpoint) -> None:
    """Store a new endpoint; its secret and the values of its headers are stored separately."""
    _ENDPOINTS.insert_all(tx, [endpoint])
    _announce(tx, [(endpoint.org_id, endpoint.id)])


def count_of_org(snapshot: Snapshot, org_id: str, limit: int) -> int:
    """Count an organization's endpoints, but no further than `limit`."""
    return _ENDPOINTS.count_of_org(snapshot, org_id, limit)


def update(tx: Transaction, endpoint: Endpoint) -> None:
    """Store what a tenant can change of an endpoint, and its health."""
    tx.execute(
        "UPDATE webhook_endpoints SET name = ?, url = ?, events = ?, max_per_second = ?, timeout_ms = ?,"
        " retry_schedule = ?,"
        " ordering = ?, event_match = ?, updated_at = ? WHERE id = ?",
        (
            endpoint.name,
            endpoint.url,
            encode_json(endpoint.events),
            endpoint.max_per_second,
            endpoint.timeout_ms,
            None if endpoint.retry_schedule is None else encode_json(endpoint.retry_schedule),
            endpoint.ordering,
            None if endpoint.match is None else encode_json(endpoint.match),
            endpoint.updated_at,
            endpoint.id,
        ),
    )
    update_health(tx, endpoint.id, endpoint.health)


def update_health(tx: Transaction, endpoint_id: str, health: EndpointHealth) -> None:
    """Store an endpoint's new health."""
    rows = tx.fetch_all(
        "UPDATE webhook_endpoints SET health = ?, disabled_reason = ?, failures = ?, failing_since = ?, last_error = ?,"
        " pauses = ?, paused_until = ?, last_status_code = ? WHERE id = ? RETURNING org_id, id",
        (*astuple(health), endpoint_id),
    )
    _announce(tx, [(org_id, endpoint_id) for org_id, endpoint_id in rows])


def set_headers(tx: Transaction, vault: Vault, org_id: str, endpoint_id: str, headers: Mapping[str, str]) -> None:
    """Replace the static headers, whose values are sealed."""
    sealed = None
    if headers:
        sealed = vault.seal(msgspec.json.encode(headers), org=org_id, row=endpoint_id, field=_FIELD)
    tx.execute(
        "UPDATE webhook_endpoints SET header_names = ?, sealed_headers = ? WHERE id = ?",
        (encode_list(headers), sealed, endpoint_id),
    )
    _announce(tx, [(org_id, endpoint_id)])


def unseal_headers(snapshot: Snapshot, vault: Vault, org_id: str, endpoint_id: str) -> dict[str, Secret]:
    """Unseal the static headers; empty for an endpoint that has none, or that is removed."""
    row = snapshot.fetch_one("SELECT sealed_headers FROM webhook_endpoints WHERE id = ?", (endpoint_id,))
    if row is None or row[0] is None:
        return {}
    headers = vault.open(row[0], org=org_id, row=endpoint_id, field=_FIELD)
    return {name: Secret(value) for name, value in _HEADERS.decode(headers.reveal()).items()}


def set_client_certificate(
    tx: Transaction,
    vault: Vault,
    org_id: str,
    endpoint_id: str,
    shown: ClientCertificate | None,
    credentials: ClientCredentials | None,
) -> None:
    """Replace the client certificate, whose whole is sealed; None for both removes it."""
    sealed = None
    if credentials is not None:
        pem = credentials.pem.reveal().encode()
        sealed = vault.seal(pem, org=org_id, row=endpoint_id, field=CLIENT_CERTIFICATES.field)
    tx.execute(
        "UPDATE webhook_endpoints SET client_certificate = ?, sealed_client_certificate = ? WHERE id = ?",
        (None if shown is None else encode_json(shown), sealed, endpoint_id),
    )
    _announce(tx, [(org_id, endpoint_id)])


def unseal_client_certificate(snapshot: Snapshot, vault: Vault, org_id: str, endpoint_id: str) -> Secret | None:
    """Unseal the client certificate with its key, in PEM; None for an endpoint that has none, or that is removed."""
    row = snapshot.fetch_one("SELECT sealed_client_certificate FROM webhook_endpoints WHERE id = ?", (endpoint_id,))
    if row is None or row[0] is None:
        return None
    return vault.open(row[0], org=org_id, row=endpoint_id, field=CLIENT_CERTIFICATES.field)


def delete(tx: Transaction, org_id: str, endpoint_id: str) -> bool:
    """Remove an endpoint that has no deliveries any more; return whether there was one."""
    _announce(tx, [(org_id, endpoint_id)])
    return tx.execute("DELETE FROM webhook_endpoints WHERE id = ? AND org_id = ?", (endpoint_id, org_id)) > 0


def get(snapshot: Snapshot, endpoint_id: str) -> Endpoint | None:
    """Get an endpoint by its id, of whichever organization."""
    return _ENDPOINTS.fetch_one(snapshot, "WHERE id = ?", (endpoint_id,))


def list_existing_ids(snapshot: Snapshot, org_id: str, ids: Collection[str]) -> list[str]:
    """List those ids that endpoints of an organization have."""
    return _ENDPOINTS.list_existing_ids(snapshot, org_id, ids)


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


def share_of_org(snapshot: Snapshot, org_id: str) -> tuple[Endpoint, ...]:
    """List an organization's endpoints, newest first; the units of a transaction share the list."""
    return _ENDPOINTS.share_all(snapshot, "WHERE org_id = ? ORDER BY id DESC", (org_id,))


def list_of_all(snapshot: Snapshot, *, health: HealthState | None, before: str | None, limit: int) -> list[Endpoint]:
    """List endpoints of every organization with an id below `before`, newest first; None stands for any health."""
    if health is None:
        return _ENDPOINTS.list_of_all(snapshot, before=before, limit=limit)
    return _ENDPOINTS.list_of_all(
        snapshot,
        before=before,
        limit=limit,
        index="webhook_endpoints_by_health",
        condition="health = ?",
        values=(health,),
    )


def list_paused(snapshot: Snapshot, now: int, *, before: str | None, limit: int) -> list[Endpoint]:
    """List endpoints of every organization that are paused beyond `now`, with an id below `before`, newest first."""
    return _ENDPOINTS.list_of_all(
        snapshot,
        before=before,
        limit=limit,
        index="webhook_endpoints_paused",
        condition="paused_until > ?",
        values=(now,),
    )


def list_called(snapshot: Snapshot, text: str, *, before: str | None, limit: int) -> list[Endpoint]:
    """List endpoints of every organization with this id, URL or name, and an id below `before`, newest first."""
    return _ENDPOINTS.fetch_all(
        snapshot,
        "WHERE id IN (SELECT ?1 UNION ALL SELECT id FROM webhook_endpoints WHERE url = ?1"
        " UNION ALL SELECT id FROM webhook_endpoints WHERE name = ?1) AND id < ?2 ORDER BY id DESC LIMIT ?3",
        (text, before or HIGHEST_KEY, limit),
    )


def count_unhealthy(snapshot: Snapshot, org_id: str) -> dict[HealthState, int]:
    """Count an organization's endpoints that are not healthy, by their health; it has few endpoints."""
    rows = snapshot.fetch_all(
        "SELECT health, count(*) FROM webhook_endpoints WHERE org_id = ? AND health <> 'healthy' GROUP BY health",
        (org_id,),
    )
    return {HealthState(health): count for health, count in rows}


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


def end_pauses(tx: Transaction, latest_at: int, now: int) -> int:
    """End the pauses that would last until after an instant, and longer than their own schedule; return how many."""
    rows = tx.fetch_all(
        "UPDATE webhook_endpoints SET pauses = 0, paused_until = NULL WHERE paused_until > ?1 AND paused_until > ?2"
        " + coalesce((SELECT max(value) FROM json_each(retry_schedule)), 0) RETURNING org_id, id",
        (latest_at, now),
    )
    _announce(tx, [(org_id, endpoint_id) for org_id, endpoint_id in rows])
    return len(rows)


def shift_pauses(tx: Transaction, step: ClockStep) -> int:
    """Shift the ends of pauses by a step of the clock; return how many."""
    rows = tx.fetch_all(
        "UPDATE webhook_endpoints SET paused_until = max(paused_until + ?1, ?2)"
        " WHERE paused_until > ?3 AND paused_until <= ?4 RETURNING org_id, id",
        (step.length_ms, step.after_at, step.planned_after, step.planned_until),
    )
    _announce(tx, [(org_id, endpoint_id) for org_id, endpoint_id in rows])
    return len(rows)


def restart_failing_times(tx: Transaction, endpoint_ids: Collection[str], step: ClockStep) -> None:
    """Leave a step of the clock out of the time for which some endpoints have been failing."""
    tx.execute(
        "UPDATE webhook_endpoints SET failing_since = min(failing_since + max(?1, 0), ?2)"
        " WHERE failing_since IS NOT NULL AND id IN (SELECT value FROM json_each(?3))",
        (step.length_ms, step.after_at, encode_list(endpoint_ids)),
    )


def list_disabled_ids(snapshot: Snapshot) -> list[str]:
    """List every disabled endpoint."""
    return snapshot.fetch_column("SELECT id FROM webhook_endpoints WHERE health = 'disabled'")


def list_ids(snapshot: Snapshot, *, after: str, limit: int) -> list[str]:
    """List endpoints of every organization in the order of their ids."""
    return snapshot.fetch_column("SELECT id FROM webhook_endpoints WHERE id > ? ORDER BY id LIMIT ?", (after, limit))


def list_longest_delays(snapshot: Snapshot, *, after: str, limit: int) -> list[tuple[str, int]]:
    """List endpoints of every organization in the order of their ids, and the longest delay of their own schedules.

    It is 0 where an endpoint has none of its own.
    """
    return [
        (row[0], row[1])
        for row in snapshot.fetch_all(
            "SELECT id, coalesce((SELECT max(value) FROM json_each(retry_schedule)), 0) FROM webhook_endpoints"
            " WHERE id > ? ORDER BY id LIMIT ?",
            (after, limit),
        )
    ]


def list_unordered_ids(snapshot: Snapshot, *, after: str, limit: int) -> list[str]:
    """List endpoints whose deliveries wait for none, in the order of their ids."""
    return snapshot.fetch_column(
        "SELECT id FROM webhook_endpoints WHERE ordering = 'none' AND id > ? ORDER BY id LIMIT ?", (after, limit)
    )


def filter_unordered(snapshot: Snapshot, ids: Collection[str]) -> set[str]:
    """Return those of the ids whose endpoints' deliveries wait for none."""
    return set(
        snapshot.fetch_column(
            "SELECT id FROM webhook_endpoints WHERE id IN (SELECT value FROM json_each(?)) AND ordering = 'none'",
            (encode_list(ids),),
        )
    )


def _announce(tx: Transaction, changed: Sequence[tuple[str, str]]) -> None:
    """Wake who sends to endpoints that have changed, and who looks at them; of each its organization and its id."""
    for _, endpoint_id in changed:
        tx.announce(Topic.ENDPOINTS, endpoint_id)
    announce_changes(tx, changed)
