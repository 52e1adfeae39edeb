"""The zone in which a connection can change a name's records."""

from collections.abc import Collection, Sequence

from dcvd.core.domains.domain import Record
from dcvd.core.records.plan import ZONE_NOT_FOUND, PlanStep, plan_record
from dcvd.core.records.written_records import WrittenRecord, our_values_of
from dcvd.core.records.zones import Zone, ZoneRecord
from dcvd.errors import Permanent
from dcvd.providers.driver import RecordDriver
from dcvd.services.jobs.definition import ConnectionAccess


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


async def open_zone_editor(access: ConnectionAccess, org_id: str, connection_id: str, name: str) -> ZoneEditor:
    """Open the zone that holds a name.

    Raises NotFound, NotConfigured and RemoteError, and Permanent where there is no zone.
    """
    driver = await access.open_driver(org_id, connection_id)
    zone = await driver.find_zone(name)
    if zone is None:
        raise Permanent(
            f"The connection {connection_id} reaches no zone that {name} is in. Connect the account, or the key, that"
            " holds the zone, or let this connection see it.",
            code=ZONE_NOT_FOUND,
        )
    return ZoneEditor(driver, zone)
