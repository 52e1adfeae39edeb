"""Which objects that are named somewhere are still there: events, jobs and the audit outlive what they are about."""

from collections.abc import Callable, Collection, Mapping
from typing import Final

from dcvd.core.ids import IdPrefix
from dcvd.services.context import Context
from dcvd.store import domains
from dcvd.store.connections import connections
from dcvd.store.engine.transactions import Snapshot
from dcvd.store.jobs import jobs
from dcvd.store.tokens import tokens
from dcvd.store.webhooks import endpoints

_LISTS: Final[Mapping[IdPrefix, Callable[[Snapshot, str, Collection[str]], list[str]]]] = {
    IdPrefix.DOMAIN: domains.list_existing_ids,
    IdPrefix.ENDPOINT: endpoints.list_existing_ids,
    IdPrefix.JOB: jobs.list_existing_ids,
    IdPrefix.TOKEN: tokens.list_existing_ids,
    IdPrefix.CONNECTION: connections.list_existing_ids,
}


async def find_existing(
    context: Context, org_id: str, ids: Collection[str], kinds: Collection[IdPrefix]
) -> Mapping[str, IdPrefix]:
    """Find those ids that objects of an organization have, and which of these kinds each is."""

    def query(snapshot: Snapshot) -> Mapping[str, IdPrefix]:
        return {each: kind for kind in kinds for each in _LISTS[kind](snapshot, org_id, ids)}

    return await context.database.read(query) if ids and kinds else {}


async def find_existing_domains(context: Context, ids: Collection[str]) -> Collection[str]:
    """Find those ids that domains of whichever organization have."""
    return await context.database.read(lambda snapshot: domains.find_names(snapshot, ids).keys()) if ids else ()
