"""DNS records at Cloudflare."""

from collections.abc import Sequence

from dcvd.core.secret import Secret
from dcvd.core.zone_records import Zone, ZoneRecord
from dcvd.kit.fetch import Fetcher


class CloudflareRecords:
    """With an API token, or an access token of OAuth."""

    def __init__(self, fetcher: Fetcher, base_url: str, token: Secret) -> None:
        self._fetcher = fetcher
        self._base_url = base_url
        self._token = token

    async def check(self) -> str | None:
        raise NotImplementedError

    async def find_zone(self, name: str) -> Zone | None:
        raise NotImplementedError

    async def read(self, zone: Zone, name: str) -> list[ZoneRecord]:
        raise NotImplementedError

    async def change(self, zone: Zone, remove: Sequence[ZoneRecord], add: Sequence[ZoneRecord]) -> None:
        raise NotImplementedError
