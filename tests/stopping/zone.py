"""A DNS provider whose changes take several calls, each of which dcvd may be stopped at."""

import asyncio
from collections.abc import Sequence
from typing import Final

from dcvd.core.connections.connection import Provider
from dcvd.core.connections.credentials import Credentials, OauthTokens
from dcvd.core.records.zones import Zone, ZoneRecord
from dcvd.errors import Unauthorized
from dcvd.providers.driver import RecordDriver
from dcvd.providers.drivers import DriverFactory
from dcvd.providers.owner_names import OwnerName
from dcvd.providers.stepwise_provider import ChangeStep, StepwiseProvider
from tests.connections.provider import ProviderServer
from tests.dns_provider import PublicDns

ZONE: Final = Zone(id="zone-1", name="customer.test")
_TURNS: Final = 10
"""Turns of the event loop."""


class SteppedZone:
    """What stands in a zone, whose calls are steps of a provider that rotates tokens."""

    def __init__(self, provider: ProviderServer) -> None:
        self.provider = provider
        self.records: list[ZoneRecord] = []
        self._count = 0

    def standing(self, name: str) -> set[tuple[str, str]]:
        """The types and values at a name."""
        return {(record.type, record.value) for record in self.records if record.name == name}

    def put_address(self, name: str, value: str) -> None:
        """As the owner does it."""
        self.change((), [ZoneRecord(type="A", name=name, value=value)])

    def change(self, remove: Sequence[ZoneRecord], add: Sequence[ZoneRecord]) -> None:
        gone = {record.id for record in remove}
        self.records = [record for record in self.records if record.id not in gone]
        for record in add:
            self._count += 1
            self.records.append(
                ZoneRecord(
                    type=record.type, name=record.name, value=record.value, ttl=300, id=str(self._count), raw="{}"
                )
            )


class SteppedDriver(StepwiseProvider):
    """The API of that zone, which takes the access tokens that its provider takes."""

    def __init__(self, zone: SteppedZone, token: str) -> None:
        super().__init__("Stepped")
        self._zone = zone
        self._token = token

    async def _check_credentials(self) -> str | None:
        await self._call()
        return "Customer Ltd"

    async def _find_zone(self, name: str) -> Zone | None:
        await self._call()
        return ZONE

    async def _read(self, owner: OwnerName) -> list[ZoneRecord]:
        await self._call()
        return list(self._zone.records)

    async def _make_step(self, owner: OwnerName, step: ChangeStep) -> None:
        await self._call()
        self._zone.change(step.removed, step.added)
        await self._travel()

    async def _call(self) -> None:
        await self._travel()
        if not self._zone.provider.takes(self._token):
            raise Unauthorized("The provider does not know this token.", code="provider_unauthorized")

    async def _travel(self) -> None:
        """Let a question or its answer be on its way for so long that a stop takes effect meanwhile."""
        self._zone.provider.step()
        for _ in range(_TURNS):
            await asyncio.sleep(0)


class SteppedDrivers(DriverFactory):
    """Drivers of that zone, whatever the provider is called; in DNS nobody answers about it."""

    def __init__(self, zone: SteppedZone) -> None:
        self._zone = zone
        self.public_zones = PublicDns()  # type: ignore[assignment]  # reads no DNS

    def create_driver(self, org_id: str, provider: Provider, credentials: Credentials) -> RecordDriver:
        assert isinstance(credentials, OauthTokens)
        return SteppedDriver(self._zone, credentials.access_token.reveal())
