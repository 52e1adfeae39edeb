"""Zones as their organization adds, reads and removes them."""

from dcvd.core.audit import AuditAction
from dcvd.core.ids import IdPrefix
from dcvd.core.organizations.quotas import Quota
from dcvd.core.zones.zone import Zone, ZoneStatus, enclosing_names, new_zone, settle_anew, validate_zone_name
from dcvd.errors import Conflict, NotFound
from dcvd.services import audit
from dcvd.services.context import Context
from dcvd.services.organizations import quotas
from dcvd.store import zones
from dcvd.store.engine.paging import Page, build_page, decode_cursor
from dcvd.store.engine.transactions import Snapshot, Transaction


async def add(context: Context, org_id: str, text: str) -> Zone:
    """Add a zone, which is looked for at once. Whether another organization claims it too, nobody learns here.

    Raises InvalidInput for a name that is no zone of a customer, Conflict for one that the organization has,
    QuotaReached.
    """
    config = context.config
    name = validate_zone_name(
        text, target=config.cloudflare.cname_target, allowed_tlds=config.domains.allow_reserved_tlds
    )

    def unit(tx: Transaction) -> Zone:
        existing = zones.find_of_org(tx, org_id, name)
        if existing is not None:
            raise Conflict(f"{name} is already one of your zones.", code="zone_exists", existing_id=existing.id)
        quotas.require_room(context, tx, org_id, Quota.ZONES)
        zone = new_zone(zone_id=context.new_id(IdPrefix.ZONE), org_id=org_id, name=name, now=context.now())
        zones.insert(tx, zone)
        audit.record(context, tx, org_id, AuditAction.ZONE_ADDED, zone.id, after={"name": name})
        context.remember_result(tx, lambda: zone)
        return zone

    return await context.database.write(unit)


async def get(context: Context, org_id: str, zone_id: str) -> Zone:
    """Get a zone by its id. Raises NotFound, also for another organization's."""
    return await context.database.read(lambda snapshot: get_owned(snapshot, org_id, zone_id))


async def list_page(context: Context, org_id: str, *, cursor: str | None, limit: int) -> Page[Zone]:
    """List an organization's zones, newest first."""
    before = decode_cursor(cursor)
    rows = await context.database.read(
        lambda snapshot: zones.list_of_org(snapshot, org_id, before=before, limit=limit + 1)
    )
    return build_page(rows, limit, [row.id for row in rows])


async def remove(context: Context, org_id: str, zone_id: str) -> None:
    """Remove a zone. The domains that it has proved stay proved. Raises NotFound."""

    def unit(tx: Transaction) -> None:
        zone = get_owned(tx, org_id, zone_id)
        erase(context, tx, zone)
        before = {"name": zone.name, "status": zone.status.value}
        audit.record(context, tx, org_id, AuditAction.ZONE_REMOVED, zone_id, before=before)

    await context.database.write(unit)


def erase(context: Context, tx: Transaction, zone: Zone) -> None:
    """Delete a zone's row. The names in it are in the proved zone around it next, if any, whose claims are settled."""
    zones.delete(tx, zone.id)
    if zone.status is not ZoneStatus.PROVED:
        return
    names_around = enclosing_names(zone.name)[1:]
    holders = zones.list_holders(tx, names_around)
    for name in names_around:
        around = zones.find_of_org(tx, holders[name], name) if name in holders else None
        if around is not None:
            zones.update(tx, settle_anew(around, context.now()))
            return


def get_owned(snapshot: Snapshot, org_id: str, zone_id: str) -> Zone:
    """Get an organization's zone. Raises NotFound, also for another organization's."""
    zone = zones.get(snapshot, zone_id)
    if zone is None or zone.org_id != org_id:
        raise NotFound(f"There is no zone {zone_id}.")
    return zone
