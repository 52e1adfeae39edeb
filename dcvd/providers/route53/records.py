"""DNS records at Route 53."""

from collections.abc import Sequence

from dcvd.config.oauth import OauthRoute53
from dcvd.core.credentials import AwsKeys, AwsRole
from dcvd.core.zone_records import Zone, ZoneRecord
from dcvd.kit.fetch import Fetcher
from dcvd.providers.route53.sessions import AwsSessions


class Route53Records:
    """With access keys, or with a role that our own identity assumes; `sessions` keeps what STS gave until it ends."""

    def __init__(
        self, fetcher: Fetcher, config: OauthRoute53, credentials: AwsRole | AwsKeys, sessions: AwsSessions
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
