"""DNS records at GoDaddy."""

from collections.abc import Sequence

from dcvd.core.credentials import ApiToken, KeyPair, OauthTokens
from dcvd.core.zone_records import Zone, ZoneRecord
from dcvd.kit.fetch import Fetcher


class GodaddyBudgets:
    """One window for each credential."""


class GodaddyRecords:
    """With a bearer token or an API key; `budgets` hold 60 calls a minute to each credential."""

    def __init__(
        self, fetcher: Fetcher, base_url: str, credentials: OauthTokens | ApiToken | KeyPair, budgets: GodaddyBudgets
    ) -> None:
        raise NotImplementedError

    async def check(self) -> str | None:
        raise NotImplementedError

    async def find_zone(self, name: str) -> Zone | None:
        raise NotImplementedError

    async def read(self, zone: Zone, name: str) -> list[ZoneRecord]:
        raise NotImplementedError

    async def change(self, zone: Zone, remove: Sequence[ZoneRecord], add: Sequence[ZoneRecord]) -> None:
        raise NotImplementedError
