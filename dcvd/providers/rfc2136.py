"""DNS records of a zone whose primary server takes dynamic updates (RFC 2136), signed by TSIG (RFC 8945)."""

from collections.abc import Sequence

from dcvd.core.credentials import Tsig
from dcvd.core.zone_records import Zone, ZoneRecord
from dcvd.kit.egress.guard import EgressPolicy


class Rfc2136Records:
    """The server's address is a tenant's choice, so the policy judges it before each call."""

    def __init__(self, tsig: Tsig, policy: EgressPolicy) -> None:
        raise NotImplementedError

    async def check(self) -> str | None:
        raise NotImplementedError

    async def find_zone(self, name: str) -> Zone | None:
        raise NotImplementedError

    async def read(self, zone: Zone, name: str) -> list[ZoneRecord]:
        raise NotImplementedError

    async def change(self, zone: Zone, remove: Sequence[ZoneRecord], add: Sequence[ZoneRecord]) -> None:
        raise NotImplementedError
