"""Find another connection of an organization that reaches the zone which resolvers are led to."""

import asyncio
from typing import Final

import structlog

from dcvd.core.connections.connection import Connection, ConnectionStatus
from dcvd.core.dns.hostnames import registrable_domain
from dcvd.core.records.zone_use import PublicZone, is_served_by_name
from dcvd.errors import DcvdError
from dcvd.services import reach
from dcvd.services.context import Context
from dcvd.services.jobs.definition import ConnectionAccess
from dcvd.store import domains
from dcvd.store.connections import connections
from dcvd.store.engine.transactions import Snapshot

log = structlog.get_logger(__name__)

_MAX_TRIED: Final = 4
_MAX_NEIGHBOURS: Final = 100
_TIMEOUT_S: Final = 3.0


async def find_reaching_connection(
    context: Context,
    access: ConnectionAccess,
    org_id: str,
    connection_id: str,
    public: PublicZone,
    *,
    timeout_s: float = _TIMEOUT_S,
) -> str | None:
    """Return the id of a connection that reaches a zone; None where none of those that are likely to does in time.

    Only those are tried that the caller may know of, and that belong to the same link as the first one, or to none as
    it does: customers learn nothing of each other.
    """
    if public.name is None:
        return None
    zone_name = public.name
    candidates = await context.database.read(
        lambda snapshot: _list_candidates(context, snapshot, org_id, connection_id, zone_name)
    )
    tasks = [
        asyncio.create_task(_reaches(access, candidate, public), name=f"connections.{candidate.id}")
        for candidate in candidates
    ]
    try:
        async with asyncio.timeout(timeout_s):
            found = await asyncio.gather(*tasks)
    except TimeoutError:
        found = [task.done() and not task.cancelled() and task.result() for task in tasks]
    finally:
        for task in tasks:
            task.cancel()
    return next((candidate.id for candidate, reaches in zip(candidates, found, strict=True) if reaches), None)


def _list_candidates(
    context: Context, snapshot: Snapshot, org_id: str, connection_id: str, zone_name: str
) -> list[Connection]:
    """List the connections of domains in the same zone, then the newest ones."""
    used = connections.get(snapshot, connection_id)
    link_id = None if used is None else used.link_id
    neighbours = domains.list_within(snapshot, org_id, registrable_domain(zone_name), after="", limit=_MAX_NEIGHBOURS)
    ids = dict.fromkeys(domain.connection_id for domain in neighbours if domain.connection_id is not None)
    found = [each for each in (connections.get(snapshot, each_id) for each_id in ids) if each is not None]
    found += connections.list_of_org(snapshot, org_id, before=None, limit=_MAX_TRIED + 1, link_id=link_id)
    by_id = {
        each.id: each
        for each in found
        if each.id != connection_id
        and each.status is ConnectionStatus.ACTIVE
        and each.link_id == link_id
        and reach.covers_connection(context, each)
    }
    return list(by_id.values())[:_MAX_TRIED]


async def _reaches(access: ConnectionAccess, connection: Connection, public: PublicZone) -> bool:
    assert public.name is not None
    try:
        driver = await access.open_driver(connection.org_id, connection.id)
        zone = await driver.find_zone(public.name)
    except DcvdError as error:
        log.info("connection.not_tried", connection_id=connection.id, error=error.message)
        return False
    return zone is not None and zone.name == public.name and is_served_by_name(zone, public) is not False
