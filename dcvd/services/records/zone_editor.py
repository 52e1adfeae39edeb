"""The zone in which a connection can change a name's records."""

from collections.abc import Collection, Sequence

from dcvd.core.domains.domain import Record
from dcvd.core.records.plan import PlanStep, plan_record
from dcvd.core.records.written_records import WrittenRecord, our_values_of
from dcvd.core.records.zones import Zone, ZoneRecord
from dcvd.errors import Permanent
from dcvd.providers.driver import RecordDriver
from dcvd.services.context import Context
from dcvd.services.jobs.definition import ConnectionAccess
from dcvd.services.records import zones_in_use


class ZoneEditor:
    """Reads and changes the records of one zone through a driver."""

    def __init__(self, driver: RecordDriver, zone: Zone) -> None:
        self._driver = driver
        self.zone = zone

    async def read(self, name: str) -> tuple[ZoneRecord, ...]:
        """Read all records at exactly this name. Raises RemoteError."""
        return tuple(await self._driver.read(self.zone, name))

    async def plan(
        self,
        record: Record,
        stored_record: WrittenRecord | None,
        *,
        replace: bool,
        replaceable: Collection[Record] | None = None,
    ) -> PlanStep:
        """Plan how to write a record, as `plan_record` does; `stored_record` is what we wrote at its name before.

        Raises RemoteError.
        """
        zone_records, our_values = await self.read(record.name), our_values_of(stored_record)
        return plan_record(
            record, zone_records, self.zone, replace=replace, replaceable=replaceable, our_values=our_values
        )

    async def change(self, remove: Sequence[ZoneRecord], add: Sequence[ZoneRecord]) -> None:
        """Remove and add records, as `RecordDriver.change` does. Raises RemoteError."""
        await self._driver.change(self.zone, remove, add)


async def open_zone_editor(
    context: Context, access: ConnectionAccess, org_id: str, connection_id: str, name: str, *, trusts_provider: bool
) -> ZoneEditor:
    """Open the zone that holds a name, to write: it has to be the one that resolvers are led to.

    trusts_provider: whether the provider's word is enough where DNS does not say which one that is.

    Raises NotFound, NotConfigured and RemoteError, and Permanent where there is no such zone.
    """
    driver = await access.open_driver(org_id, connection_id)
    zone = await zones_in_use.find(
        context, access, driver, org_id, connection_id, name, trusts_provider=trusts_provider
    )
    return ZoneEditor(driver, zone)


async def open_written_zone(
    access: ConnectionAccess, org_id: str, connection_id: str, row: WrittenRecord
) -> ZoneEditor:
    """Open the zone in which we wrote a record, to take it out, whether or not resolvers are led there any more.

    Raises what `open_zone_editor` raises.
    """
    driver = await access.open_driver(org_id, connection_id)
    zone = await driver.find_zone(row.zone)
    if zone is None:
        obstacle = zones_in_use.no_zone_obstacle(connection_id, row.name)
        raise Permanent(obstacle.wording, code=obstacle.code)
    return ZoneEditor(driver, zone)
