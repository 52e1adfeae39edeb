"""Endpoints to which sending fails, or to which nothing is sent, of whichever organizations: a few of each."""

from msgspec import Struct

from dcvd.core.webhooks.health import HealthState
from dcvd.store.engine.transactions import Snapshot

_COUNTED_UP_TO = 100_000
_COLUMNS = "id, org_id, url, health, disabled_reason, failing_since, paused_until, last_error"


class TroubledEndpointRow(Struct, frozen=True):
    """An endpoint, with what its health says."""

    id: str
    org_id: str
    url: str
    health: str
    disabled_reason: str | None
    failing_since: int | None
    paused_until: int | None
    last_error: str | None


def list_of_health(snapshot: Snapshot, health: HealthState, limit: int) -> list[TroubledEndpointRow]:
    """List some endpoints of one health, the newest first."""
    rows = snapshot.fetch_all(
        f"SELECT {_COLUMNS} FROM webhook_endpoints WHERE health = ? ORDER BY id DESC LIMIT ?", (health, limit)
    )
    return [TroubledEndpointRow(*row) for row in rows]


def list_paused(snapshot: Snapshot, now: int, limit: int) -> list[TroubledEndpointRow]:
    """List some endpoints that have asked for a pause which is not over, the longest pause first."""
    rows = snapshot.fetch_all(
        f"SELECT {_COLUMNS} FROM webhook_endpoints WHERE paused_until > ? ORDER BY paused_until DESC LIMIT ?",
        (now, limit),
    )
    return [TroubledEndpointRow(*row) for row in rows]


def count_paused(snapshot: Snapshot, now: int) -> int:
    """Count the endpoints that have asked for a pause which is not over, up to a hundred thousand."""
    return snapshot.fetch_count(
        "SELECT count(*) FROM (SELECT 1 FROM webhook_endpoints WHERE paused_until > ? LIMIT ?)", (now, _COUNTED_UP_TO)
    )
