"""A driver whose calls are noted, and made once more with fresh credentials where the provider refuses the present."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

import structlog

from dcvd.core.records.zones import Zone, ZoneRecord
from dcvd.errors import RemoteError, Unauthorized
from dcvd.providers.driver import RecordDriver
from dcvd.services.connections.queries import UnsealedConnection

log = structlog.get_logger(__name__)

T = TypeVar("T")
_DriverCall = Callable[[RecordDriver], Awaitable[T]]


class DriverOwner(Protocol):
    """Whoever gave the driver away."""

    def create_driver(self, unsealed_connection: UnsealedConnection) -> RecordDriver:
        """A driver with these credentials, of which nothing is noted."""
        ...

    async def refresh(self, unsealed_connection: UnsealedConnection) -> UnsealedConnection | None:
        """The connection with newer credentials, or None where there are none to be had. Raises as a refresh does."""
        ...

    def record_success(self, unsealed_connection: UnsealedConnection) -> None:
        """A call was made."""
        ...

    def record_failure(self, unsealed_connection: UnsealedConnection, error: RemoteError) -> None:
        """A call was made, and failed."""
        ...

    async def require_reauth(self, unsealed_connection: UnsealedConnection, error: Unauthorized) -> Unauthorized:
        """Nothing is left to try with these credentials; returns what to raise."""
        ...


class RefreshingDriver:
    """See `RecordDriver`."""

    def __init__(self, owner: DriverOwner, unsealed_connection: UnsealedConnection) -> None:
        self._owner = owner
        self._connection = unsealed_connection
        self._driver = owner.create_driver(unsealed_connection)

    async def check_credentials(self) -> str | None:
        """As the driver's."""
        return await self._call(lambda driver: driver.check_credentials())

    async def find_zone(self, name: str) -> Zone | None:
        """As the driver's."""
        return await self._call(lambda driver: driver.find_zone(name))

    async def read(self, zone: Zone, name: str) -> list[ZoneRecord]:
        """As the driver's."""
        return await self._call(lambda driver: driver.read(zone, name))

    async def change(self, zone: Zone, remove: Sequence[ZoneRecord], add: Sequence[ZoneRecord]) -> None:
        """As the driver's."""
        await self._call(lambda driver: driver.change(zone, remove, add))

    async def _call(self, call: _DriverCall[T]) -> T:
        opened = self._connection
        try:
            try:
                result = await call(self._driver)
            except Unauthorized as error:
                result = await self._retry_refreshed(call, opened, error)
        except RemoteError as error:
            self._owner.record_failure(opened, error)
            raise
        self._owner.record_success(opened)
        return result

    async def _retry_refreshed(
        self, call: _DriverCall[T], refused_connection: UnsealedConnection, error: Unauthorized
    ) -> T:
        renewed = await self._owner.refresh(refused_connection)
        if renewed is not None:
            self._connection = renewed
            self._driver = self._owner.create_driver(renewed)
            try:
                return await call(self._driver)
            except Unauthorized as again:
                error = again
        if not await self._refuses_credentials():
            raise error
        raise await self._owner.require_reauth(self._connection, error) from error

    async def _refuses_credentials(self) -> bool:
        """Whether the provider refuses the credentials themselves, and not only what was to be done with them."""
        try:
            await self._driver.check_credentials()
        except Unauthorized:
            return True
        except RemoteError as error:
            log.warning(
                "connection.not_checked",
                connection_id=self._connection.connection.id,
                code=error.code,
                error=error.message,
            )
        return False
