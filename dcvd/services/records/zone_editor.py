"""The zone that a connection holds for a name, and what stands in it. Nothing here is believed about other names."""

from collections.abc import Sequence
from typing import Final

from dcvd.core.domains.hostnames import is_within
from dcvd.core.records.plan import select_at_name
from dcvd.core.records.zones import Zone, ZoneRecord
from dcvd.errors import Permanent
from dcvd.providers.driver import RecordDriver
from dcvd.services.connections.provider_access import ProviderAccess

ZONE_NOT_FOUND: Final = "zone_not_found"


class ZoneEditor:
    """A zone, and the driver that reads and writes it."""

    def __init__(self, driver: RecordDriver, zone: Zone) -> None:
        self._driver = driver
        self.zone = zone

    async def read(self, name: str) -> tuple[ZoneRecord, ...]:
        """All that stands at exactly this name. Raises RemoteError."""
        return select_at_name(await self._driver.read(self.zone, name), name)

    async def change(self, remove: Sequence[ZoneRecord], add: Sequence[ZoneRecord]) -> None:
        """As the driver does it. Raises RemoteError."""
        await self._driver.change(self.zone, remove, add)


async def open_zone_editor(access: ProviderAccess, org_id: str, connection_id: str, name: str) -> ZoneEditor:
    """The zone that holds a name. Raises NotFound, Unavailable, and RemoteError, Permanent where there is no zone."""
    driver = await access.open_driver(org_id, connection_id)
    zone = await driver.find_zone(name)
    if zone is None or not is_within(name, zone.name):
        raise Permanent(
            f"The connection {connection_id} reaches no zone that {name} is in. Connect the account, or the key, that"
            " holds the zone, or let this connection see it.",
            code=ZONE_NOT_FOUND,
        )
    return ZoneEditor(driver, zone)
