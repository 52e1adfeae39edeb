"""Webhook endpoints."""

from typing import Final

import msgspec

from dcvd.core.events import EventType
from dcvd.core.secret import Secret
from dcvd.core.webhooks import Endpoint
from dcvd.store.database import Row, Snapshot, Transaction
from dcvd.store.paging import NEWEST

_SELECT: Final = "SELECT id, org_id, url, secret, events, enabled, created_at, updated_at FROM webhook_endpoints"
_EVENTS: Final = msgspec.json.Decoder(tuple[EventType, ...])


def insert(tx: Transaction, endpoint: Endpoint) -> None:
    """Store a new endpoint."""
    tx.run(
        "INSERT INTO webhook_endpoints (id, org_id, url, secret, events, enabled, created_at, updated_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            endpoint.id,
            endpoint.org_id,
            endpoint.url,
            endpoint.secret.reveal(),
            msgspec.json.encode(endpoint.events).decode(),
            endpoint.enabled,
            endpoint.created_at,
            endpoint.updated_at,
        ),
    )


def update(tx: Transaction, endpoint: Endpoint) -> None:
    """Store what of an endpoint can change."""
    events = msgspec.json.encode(endpoint.events).decode()
    tx.run(
        "UPDATE webhook_endpoints SET url = ?, events = ?, enabled = ?, updated_at = ? WHERE id = ?",
        (endpoint.url, events, endpoint.enabled, endpoint.updated_at, endpoint.id),
    )


def delete(tx: Transaction, org_id: str, endpoint_id: str) -> bool:
    """Remove an endpoint with all its deliveries; whether there was one."""
    return tx.run("DELETE FROM webhook_endpoints WHERE id = ? AND org_id = ?", (endpoint_id, org_id)) > 0


def get(snapshot: Snapshot, org_id: str, endpoint_id: str) -> Endpoint | None:
    """By id, within an organization."""
    row = snapshot.one(f"{_SELECT} WHERE id = ? AND org_id = ?", (endpoint_id, org_id))
    return None if row is None else _endpoint(row)


def of_org(snapshot: Snapshot, org_id: str, *, before: str | None, limit: int) -> list[Endpoint]:
    """Newest first, those with an id below `before`."""
    rows = snapshot.all(
        f"{_SELECT} WHERE org_id = ? AND id < ? ORDER BY id DESC LIMIT ?", (org_id, before or NEWEST, limit)
    )
    return [_endpoint(row) for row in rows]


def subscribers(snapshot: Snapshot, org_id: str) -> list[Endpoint]:
    """Every enabled endpoint of an organization."""
    rows = snapshot.all(f"{_SELECT} WHERE org_id = ? AND enabled = 1 ORDER BY id", (org_id,))
    return [_endpoint(row) for row in rows]


def _endpoint(row: Row) -> Endpoint:
    return Endpoint(
        id=row[0],
        org_id=row[1],
        url=row[2],
        secret=Secret(row[3]),
        events=_EVENTS.decode(row[4]),
        enabled=bool(row[5]),
        created_at=row[6],
        updated_at=row[7],
    )
