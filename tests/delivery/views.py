"""What the database says of deliveries, and waiting for it."""

from typing import NamedTuple

from dcvd.core.secret import Secret
from dcvd.core.webhooks.endpoint import select_signing_secrets
from dcvd.core.webhooks.health import EndpointHealth
from dcvd.services.context import Context
from dcvd.services.webhooks import endpoints as webhooks
from dcvd.store.webhooks import endpoints
from tests.waiting import until

_OF_ALL = " FROM webhook_endpoints w JOIN deliveries d ON d.endpoint_id = w.id"
_IN_ORGS = " WHERE w.org_id IN (SELECT id FROM organizations)"


class Stored(NamedTuple):
    """A delivery's row."""

    state: str
    attempts: int
    next_attempt_at: int | None
    last_error: str | None
    event_id: str
    endpoint_id: str


class StoredAttempt(NamedTuple):
    """An attempt's row."""

    number: int
    outcome: str
    status_code: int | None
    response: bytes
    next_attempt_at: int | None
    counted: bool
    body_fault: str
    event_id: str
    endpoint_id: str


async def stored(context: Context, endpoint_id: str | None = None) -> list[Stored]:
    """All deliveries in the order of their events."""
    rows = await context.database.read(
        lambda snapshot: snapshot.fetch_all(
            "SELECT d.state, d.attempts, d.next_attempt_at, d.last_error, d.event_id, d.endpoint_id"
            f"{_OF_ALL}{_IN_ORGS} ORDER BY d.sequence, d.id"
        )
    )
    return [found for row in rows if endpoint_id in (None, (found := Stored(*row)).endpoint_id)]


async def delivery_ids(context: Context) -> list[str]:
    """The ids of all deliveries in the order of their events."""
    return await context.database.read(
        lambda snapshot: snapshot.fetch_column(f"SELECT d.id{_OF_ALL}{_IN_ORGS} ORDER BY d.sequence, d.id")
    )


async def states(context: Context, endpoint_id: str | None = None) -> list[tuple[str, int]]:
    """State and number of attempts of each delivery."""
    return [(found.state, found.attempts) for found in await stored(context, endpoint_id)]


async def attempts(context: Context) -> list[StoredAttempt]:
    """All attempts, those of one delivery in order."""
    rows = await context.database.read(
        lambda snapshot: snapshot.fetch_all(
            "SELECT a.number, a.outcome, a.status_code, a.response, a.next_attempt_at, a.counted,"
            f" a.body_fault, d.event_id, d.endpoint_id{_OF_ALL} JOIN attempts a ON a.delivery_id = d.id{_IN_ORGS}"
            " ORDER BY a.number, d.sequence, d.id, a.counted"
        )
    )
    return [StoredAttempt(*row) for row in rows]


async def attempted(context: Context, times: int, seconds: float = 30) -> None:
    """Wait until so many attempts are stored."""

    async def made() -> bool:
        return len(await attempts(context)) >= times

    await until(made, seconds)


async def delivered(context: Context, times: int, endpoint_id: str | None = None, seconds: float = 30) -> None:
    """Wait until so many deliveries have arrived."""

    async def done() -> bool:
        return [state for state, _ in await states(context, endpoint_id)].count("delivered") >= times

    await until(done, seconds)


async def health_of(context: Context, endpoint_id: str) -> EndpointHealth:
    """What is thought of an endpoint."""
    found = await context.database.read(lambda snapshot: endpoints.get(snapshot, endpoint_id))
    assert found is not None
    return found.health


async def secret_of(context: Context, endpoint_id: str) -> Secret:
    """The present secret of an endpoint, which no API gives again."""
    opened = await context.database.read(lambda snapshot: webhooks.unseal_endpoint(context, snapshot, endpoint_id))
    assert opened is not None
    return select_signing_secrets(opened.secrets, context.now())[0]
