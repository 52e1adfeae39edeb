"""Which endpoints have dead letters, and how many, of whichever organizations."""

from collections.abc import Collection

from dcvd.services.context import Context
from dcvd.store.webhooks import dead_letters
from dcvd.store.webhooks.dead_letters import EndpointDeadLetters


async def list_with_most(context: Context, limit: int) -> list[EndpointDeadLetters]:
    """List the endpoints with the most dead letters."""
    return await context.database.read(lambda snapshot: dead_letters.list_with_most(snapshot, limit))


async def count_of_endpoints(context: Context, endpoint_ids: Collection[str]) -> dict[str, int]:
    """Count the dead letters of some endpoints, by their ids; those that have none are left out."""
    return await context.database.read(lambda snapshot: dead_letters.count_of_endpoints(snapshot, endpoint_ids))
