"""What of an organization's webhooks needs somebody to look."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from dcvd.core.webhooks.endpoint import Endpoint
from dcvd.core.webhooks.health import EndpointCondition, is_in_condition
from dcvd.services.context import Context
from dcvd.store.engine.transactions import Snapshot
from dcvd.store.webhooks import delivery_history, endpoints

DEAD_COUNTED_UP_TO: Final = 10_000
_CONDITIONS: Final = (EndpointCondition.DISABLED, EndpointCondition.FAILING, EndpointCondition.PAUSED)


class TroubledEndpoint(Struct, frozen=True):
    """An endpoint, and what its trouble is."""

    endpoint: Endpoint
    condition: EndpointCondition


async def list_troubled(context: Context, org_id: str) -> Sequence[TroubledEndpoint]:
    """List the endpoints to which sending fails or waits, or to which nothing is sent."""
    found, now = await context.database.read(lambda snapshot: endpoints.list_of_org(snapshot, org_id)), context.now()
    return [
        TroubledEndpoint(endpoint, condition)
        for endpoint in found
        for condition in _CONDITIONS
        if is_in_condition(endpoint.health, condition, now)
    ]


async def count_dead(context: Context, org_id: str) -> int:
    """Count the dead letters, but no further than `DEAD_COUNTED_UP_TO`."""

    def query(snapshot: Snapshot) -> int:
        return delivery_history.count_dead_of_org(snapshot, org_id, DEAD_COUNTED_UP_TO)

    return await context.database.read(query)
