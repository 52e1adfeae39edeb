"""Access to providers with a connection's credentials, which are refreshed when they have to be."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

import structlog

from dcvd.core.connections.connection import is_token_expired, needs_refresh
from dcvd.core.instants import MINUTE
from dcvd.core.records.zones import Zone, ZoneRecord
from dcvd.errors import RemoteError, Retryable, Unauthorized
from dcvd.kit.tasks import DetachedTasks, run_to_end
from dcvd.metrics import Metrics
from dcvd.oauth.tokens import TokenClient
from dcvd.providers.driver import HALF_DONE, ChangeHalfDone, RecordDriver
from dcvd.providers.drivers import DriverFactory
from dcvd.providers.stepwise_provider import FINISH_S
from dcvd.services.connections import reauth
from dcvd.services.connections.queries import UnsealedConnection
from dcvd.services.connections.token_refresher import TokenRefresher
from dcvd.services.connections.usage import ConnectionUsage
from dcvd.services.context import Context
from dcvd.services.jobs.definition import PublicZones

log = structlog.get_logger(__name__)

T = TypeVar("T")
_DriverCall = Callable[[RecordDriver], Awaitable[T]]

_RECENT_REFRESH_MS: Final = MINUTE
_CREDENTIALS_REFUSED: Final = "The provider refuses the connection's credentials."


class ProviderAccess:
    """Opens drivers for connections. A process has one, so that a connection is refreshed once however many need it.

    drivers: makes the drivers. token_client: asks providers for new tokens. usage: notes when connections were used.
    tasks: changes tokens at providers, and stores what came of it; the owner drains it once nothing uses this any more.
    """

    def __init__(self, context: Context, drivers: DriverFactory, token_client: TokenClient, metrics: Metrics) -> None:
        self._context = context
        self.drivers = drivers
        self.token_client = token_client
        self.usage = ConnectionUsage()
        self.tasks = DetachedTasks()
        self.refresher = TokenRefresher(context, token_client, self.usage, metrics, self.tasks)

    @property
    def public_zones(self) -> PublicZones:
        """What DNS says about the zones that providers hold."""
        return self.drivers.public_zones

    async def open_driver(self, org_id: str, connection_id: str) -> RecordDriver:
        """Open a driver with credentials that work now.

        Where the provider refuses them all the same, they are refreshed and the call is made once more; where that does
        not help, the connection needs its owner. The driver's calls raise what `RecordDriver` says, and what this call
        does.

        Raises NotFound (another organization's too), NotConfigured without a configured key, Unauthorized with the code
        `reauth_required` where the owner has to connect anew; Retryable where the provider could not be asked.
        """
        unsealed_connection = await self._refresh_if_ending(await self.load_connection(org_id, connection_id))
        return RefreshingDriver(self, unsealed_connection)

    async def load_connection(self, org_id: str, connection_id: str) -> UnsealedConnection:
        """Load a connection as it is stored, without asking anybody. Raises what `open_driver` raises."""
        return await reauth.load_working(self._context, org_id, connection_id)

    async def refresh_if_due(self, org_id: str, connection_id: str) -> None:
        """Refresh a connection if its refresh is due. Raises what `open_driver` raises."""
        unsealed_connection = await self.load_connection(org_id, connection_id)
        due_at = unsealed_connection.connection.refresh_at
        if due_at is not None and due_at <= self._context.now():
            await self.refresher.refresh(unsealed_connection)

    async def close(self) -> None:
        """Begin nothing any more, and store what is still only in memory. Raises StoreError."""
        await self.tasks.close()
        await self.refresher.store_unstored()
        await self.usage.store(self._context)

    def create_driver(self, unsealed_connection: UnsealedConnection) -> RecordDriver:
        """Make a driver whose calls are not noted. Raises NotConfigured where the configuration lacks what it needs."""
        connection = unsealed_connection.connection
        return self.drivers.create_driver(connection.org_id, connection.provider, unsealed_connection.credentials)

    async def refresh(self, unsealed_connection: UnsealedConnection) -> UnsealedConnection | None:
        """Return the connection with newer credentials, or None where there are none. Raises as a refresh does.

        Recently refreshed credentials are not refreshed again unless they have expired: their age is not what is wrong.
        """
        connection = unsealed_connection.connection
        if unsealed_connection.refresh_token is None:
            return None
        now = self._context.now()
        # An age below zero comes from a clock that was put back, and says nothing.
        is_recent = connection.version > 1 and 0 <= now - connection.updated_at < _RECENT_REFRESH_MS
        if is_recent and not is_token_expired(connection, now):
            return None
        return await self.refresher.refresh(unsealed_connection)

    def record_call(self, unsealed_connection: UnsealedConnection, error: RemoteError | None) -> None:
        """Note a call, and the error by which it failed."""
        now = self._context.now()
        self.usage.record_use(unsealed_connection.connection.id, now)
        # A fault of that code is stored already, by whoever found it.
        if error is not None and error.code != reauth.REAUTH_REQUIRED:
            self.usage.record_fault(unsealed_connection.connection.id, error, now)

    async def require_reauth(self, unsealed_connection: UnsealedConnection, error: Unauthorized) -> Unauthorized:
        """Store that the connection needs its owner, as nothing is left to try; return the error to raise."""
        await reauth.require_reauth(
            self._context, unsealed_connection.connection, error.code, f"{_CREDENTIALS_REFUSED} {error.message}"
        )
        return reauth.reauth_required_error(unsealed_connection.connection)

    async def _refresh_if_ending(self, unsealed_connection: UnsealedConnection) -> UnsealedConnection:
        now = self._context.now()
        if not needs_refresh(unsealed_connection.connection, now):
            return unsealed_connection
        try:
            return await self.refresher.refresh(unsealed_connection)
        except Retryable:
            if is_token_expired(unsealed_connection.connection, now):
                raise
            return unsealed_connection


class RefreshingDriver:
    """A `RecordDriver` that notes its calls, and repeats one with fresh credentials where the old ones are refused."""

    def __init__(self, access: ProviderAccess, unsealed_connection: UnsealedConnection) -> None:
        self._access = access
        self._connection = unsealed_connection
        self._driver = access.create_driver(unsealed_connection)

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
            except ChangeHalfDone as error:
                result = await self._finish_change(call, connection, error)
            except Unauthorized as error:
                result = await self._retry_refreshed(call, connection, error)
        except RemoteError as error:
            self._access.record_call(connection, error)
            raise
        self._access.record_call(connection, None)
        return result

    async def _retry_refreshed(
        self, call: _DriverCall[T], refused_connection: UnsealedConnection, error: Unauthorized
    ) -> T:
        new_connection = await self._access.refresh(refused_connection)
        if new_connection is not None:
            self._connection = new_connection
            self._driver = self._access.create_driver(new_connection)
            try:
                if isinstance(error, ChangeHalfDone):
                    await self._put_back(error)
                return await call(self._driver)
            except Unauthorized as second_error:
                error = second_error
        if not await self._refuses_credentials():
            raise error
        raise await self._access.require_reauth(self._connection, error) from error

    async def _finish_change(
        self, call: _DriverCall[T], refused_connection: UnsealedConnection, half_done: ChangeHalfDone
    ) -> T:
        """Retry a change with fresh credentials, and say what is missing where that leaves it half done."""
        try:
            # Nothing may stay missing in the customer's zone because the caller is cancelled during the refresh.
            return await run_to_end(
                f"put_back.{refused_connection.connection.id}",
                self._retry_refreshed(call, refused_connection, half_done),
                finish_s=FINISH_S,
                is_cancelled=half_done.is_cancelled,
            )
        except RemoteError as error:
            if not half_done.is_put_back and half_done is not error:
                error.message = f"{half_done.message} {error.message}"
                error.args = (error.message,)
            raise

    async def _put_back(self, half_done: ChangeHalfDone) -> None:
        try:
            await self._driver.change(half_done.zone, half_done.added, half_done.removed)
        except Unauthorized:
            raise
        except RemoteError as error:
            raise Retryable(error.message, code=HALF_DONE) from error
        half_done.is_put_back = True

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
