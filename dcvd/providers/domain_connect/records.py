"""Records that a provider sets by our template (Domain Connect's asynchronous flow)."""

from collections.abc import Sequence

from dcvd.config.oauth import DomainConnect, OauthOther
from dcvd.core.secret import Secret
from dcvd.core.zone_records import Zone, ZoneRecord
from dcvd.dns import DnsObserver
from dcvd.kit.fetch import Fetcher


class TemplateRecords:
    """With an access token; what stands in the zone is read from DNS, as the protocol has no call for it."""

    def __init__(
        self, fetcher: Fetcher, client: OauthOther, template: DomainConnect, token: Secret, observer: DnsObserver
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
