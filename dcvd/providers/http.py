"""DNS records at a provider whose API the configuration describes."""

from collections.abc import Sequence

from dcvd.config.oauth import OauthOther
from dcvd.core.secret import Secret
from dcvd.core.zone_records import Zone, ZoneRecord
from dcvd.kit.fetch import Fetcher


class HttpRecords:
    """With a bearer token."""

    def __init__(self, fetcher: Fetcher, client: OauthOther, token: Secret) -> None:
        raise NotImplementedError

    async def check(self) -> str | None:
        raise NotImplementedError

    async def find_zone(self, name: str) -> Zone | None:
        raise NotImplementedError

    async def read(self, zone: Zone, name: str) -> list[ZoneRecord]:
        raise NotImplementedError

    async def change(self, zone: Zone, remove: Sequence[ZoneRecord], add: Sequence[ZoneRecord]) -> None:
        raise NotImplementedError
