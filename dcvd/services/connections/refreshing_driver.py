"""A driver that notes its calls, and repeats a call with fresh credentials where the provider refuses the old ones."""

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
    """The object that opened the driver: it notes the driver's calls and refreshes its credentials."""

    def create_driver(self, unsealed_connection: UnsealedConnection) -> RecordDriver:
        """Make a driver with these credentials, whose calls are not noted."""
        ...

    async def refresh(self, unsealed_connection: UnsealedConnection) -> UnsealedConnection | None:
        """Return the connection with newer credentials, or None where there are none. Raises as a refresh does."""
        ...

    def record_success(self, unsealed_connection: UnsealedConnection) -> None:
        """Note that a call succeeded."""
        ...

    def record_failure(self, unsealed_connection: UnsealedConnection, error: RemoteError) -> None:
        """Note that a call failed."""
        ...

    async def require_reauth(self, unsealed_connection: UnsealedConnection, error: Unauthorized) -> Unauthorized:
        """Store that the connection needs its owner, as nothing is left to try; return the error to raise."""
        ...


class RefreshingDriver:
    """A `RecordDriver` that refreshes its connection's credentials when the provider refuses them."""

    def __init__(self, owner: DriverOwner, unsealed_connection: UnsealedConnection) -> None:
        self._owner = owner
        self._connection = unsealed_connection
        self._driver = owner.create_driver(unsealed_connection)

    async def check_credentials(self) -> str | None:
        """See `RecordDriver`."""
        return await self._call(lambda driver: driver.check_credentials())

    async def find_zone(self, name: str) -> Zone | None:
        """See `RecordDriver`."""
        return await self._call(lambda driver: driver.find_zone(name))

    async def read(self, zone: Zone, name: str) -> list[ZoneRecord]:
        """See `RecordDriver`."""
        return await self._call(lambda driver: driver.read(zone, name))

    async def change(self, zone: Zone, remove: Sequence[ZoneRecord], add: Sequence[ZoneRecord]) -> None:
        """See `RecordDriver`."""
        await self._call(lambda driver: driver.change(zone, remove, add))

    async def _call(self, call: _DriverCall[T]) -> T:
        connection = self._connection
        try:
            try:
                result = await call(self._driver)
            except Unauthorized as error:
                result = await self._retry_refreshed(call, connection, error)
        except RemoteError as error:
            self._owner.record_failure(connection, error)
            raise
        self._owner.record_success(connection)
        return result

    async def _retry_refreshed(
        self, call: _DriverCall[T], refused_connection: UnsealedConnection, error: Unauthorized
    ) -> T:
        new_connection = await self._owner.refresh(refused_connection)
        if new_connection is not None:
            self._connection = new_connection
            self._driver = self._owner.create_driver(new_connection)
            try:
                return await call(self._driver)
            except Unauthorized as second_error:
                error = second_error
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
