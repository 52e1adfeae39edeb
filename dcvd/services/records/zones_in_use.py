"""Find the zone in which a record for a hostname is seen: the one that resolvers are led to."""

import structlog

from dcvd.core.records.plan import ZONE_NOT_FOUND, Obstacle
from dcvd.core.records.zone_use import PublicZone, find_unused_zone_obstacle, is_served_at, is_served_by_name
from dcvd.core.records.zones import Zone
from dcvd.core.sentences.wording import word, word_all
from dcvd.core.text import join_names
from dcvd.errors import OwnLimitReached, Permanent, Retryable
from dcvd.providers.driver import RecordDriver
from dcvd.services.context import Context
from dcvd.services.jobs.definition import ConnectionAccess, PublicZones
from dcvd.services.records.other_connections import find_reaching_connection

log = structlog.get_logger(__name__)


async def find(
    context: Context,
    access: ConnectionAccess,
    driver: RecordDriver,
    org_id: str,
    connection_id: str,
    hostname: str,
    *,
    trusts_provider: bool,
) -> Zone:
    """Return the zone that holds a hostname, and that resolvers are led to.

    Where nobody answers which one that is, and `trusts_provider` is set, it is the nearest one that the connection
    reaches, if its provider says that it serves it.

    Raises RemoteError, and Permanent where the connection does not reach it; the message then names another connection
    that does, if there is one.
    """
    try:
        public = await access.public_zones.find_public_zone(hostname)
    except OwnLimitReached:
        raise  # Nobody was asked, which says nothing about the zone: the write is tried again.
    except Retryable as error:
        if not trusts_provider:
            raise
        return await _find_without_dns(driver, connection_id, hostname, error)
    if not public.is_answered:
        # A part of the zone may have been delegated: nobody says so, or that it was not.
        silence = Retryable(
            f"The name servers of {hostname} gave no answer, so its zone is not known. It is tried again.",
            code="dns_unavailable",
        )
        if not trusts_provider:
            raise silence
        return await _find_without_dns(driver, connection_id, hostname, silence)
    zone = None if public.name is None else await driver.find_zone(public.name)
    if zone is None and public.name != hostname:
        zone = await driver.find_zone(hostname)
    obstacle = (
        no_zone_obstacle(connection_id, hostname)
        if zone is None
        else await _find_obstacle(access.public_zones, hostname, zone, public)
    )
    if zone is not None and obstacle is None:
        return zone
    assert obstacle is not None, "a zone that is not there is an obstacle"
    wording = obstacle.wording
    other_id = await find_reaching_connection(context, access, org_id, connection_id, public)
    if other_id is not None:
        wording = word_all((wording, word("connection_that_reaches", connection=other_id, zone=str(public.name))))
    raise Permanent(wording, code=obstacle.code)


def no_zone_obstacle(connection_id: str, name: str) -> Obstacle:
    """Return the obstacle that a connection reaches no zone of a name."""
    return Obstacle(
        ZONE_NOT_FOUND,
        word("obstacle_no_zone", connection=connection_id, name=name),
    )


async def _find_without_dns(driver: RecordDriver, connection_id: str, hostname: str, error: Retryable) -> Zone:
    """Return the nearest zone, if its provider serves it; else raise the error by which DNS did not say more."""
    log.warning("records.zone_in_use_unknown", name=hostname, error=error.message)
    zone = await driver.find_zone(hostname)
    if zone is None:
        obstacle = no_zone_obstacle(connection_id, hostname)
        raise Permanent(obstacle.message, code=obstacle.code)
    if not zone.is_active or zone.setup != "full":
        raise error
    return zone


async def _find_obstacle(public_zones: PublicZones, hostname: str, zone: Zone, public: PublicZone) -> Obstacle | None:
    """Return why nobody would see what is written into a zone."""
    is_served = is_served_by_name(zone, public)
    if is_served is False and zone.nameservers:
        is_served = await _is_served_by_address(public_zones, zone, public)
    return find_unused_zone_obstacle(hostname, zone, public, is_served=is_served)


async def _is_served_by_address(public_zones: PublicZones, zone: Zone, public: PublicZone) -> bool:
    """Raises Retryable where the addresses that are known decide nothing."""
    zone_addresses = await public_zones.read_addresses(zone.nameservers)
    public_addresses = await public_zones.read_addresses(public.nameservers)
    is_served = is_served_at(zone, public, zone_addresses, public_addresses)
    if is_served is None:
        hosts = join_names((*zone_addresses.unanswered, *public_addresses.unanswered))
        raise Retryable(
            f"Whether {join_names(public.nameservers)}, to which DNS leads for {public.name}, serve the connection's "
            f"zone is not known: nobody answers for the addresses of {hosts}. It is tried again.",
            code="dns_unavailable",
        )
    return is_served
