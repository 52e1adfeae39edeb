"""The way to a provider with a connection's credentials, which are refreshed where they have to be."""

from typing import Final

from dcvd.core.connections.connection import ConnectionStatus, is_ending, is_over
from dcvd.core.instants import MINUTE
from dcvd.errors import RemoteError, Retryable, Unauthorized
from dcvd.metrics import Metrics
from dcvd.oauth.tokens import TokenClient
from dcvd.providers.driver import RecordDriver
from dcvd.providers.drivers import Drivers
from dcvd.services.connections import queries, reauth
from dcvd.services.connections.queries import OpenedConnection
from dcvd.services.connections.refreshing_driver import WatchedDriver
from dcvd.services.connections.token_refresher import Refresher
from dcvd.services.connections.usage import ConnectionUse
from dcvd.services.context import Context

_JUST_NOW: Final = MINUTE
_REFUSED: Final = "The provider refuses the connection's credentials."


class Access:
    """One for the whole process: it lets a connection be refreshed once however many need it.

    drivers: what makes them. tokens: whom to ask for new ones. use: what it notes of connections.
    """

    def __init__(self, context: Context, drivers: Drivers, tokens: TokenClient, metrics: Metrics) -> None:
        self._context = context
        self.drivers = drivers
        self.tokens = tokens
        self.use = ConnectionUse()
        self.refresher = Refresher(context, tokens, self.use, metrics)

    async def driver(self, org_id: str, connection_id: str) -> RecordDriver:
        """A driver with credentials that work now.

        Where the provider refuses them all the same, they are refreshed and the call is made once more; where that does
        not help, the connection needs its owner. Its calls raise what `RecordDriver` says, and what this call does.

        Raises NotFound (another organization's too), Unavailable without a configured key, Unauthorized with the code
        `reauth_required` where the owner has to connect anew, or `credentials_unreadable`; Retryable where the provider
        could not be asked.
        """
        opened = await self._usable(await self.opened(org_id, connection_id))
        return WatchedDriver(self, opened)

    async def opened(self, org_id: str, connection_id: str) -> OpenedConnection:
        """A connection as it is stored. Raises as `driver` does, but asks nobody."""
        opened = await self._context.database.read(
            lambda snapshot: queries.opened(self._context, snapshot, org_id, connection_id)
        )
        if opened.connection.status is ConnectionStatus.REAUTH_REQUIRED:
            raise reauth.refusal(opened.connection)
        return opened

    async def refresh_due(self, org_id: str, connection_id: str) -> None:
        """Refresh a connection whose time for it has come, and otherwise do nothing. Raises as `driver` does."""
        opened = await self.opened(org_id, connection_id)
        due_at = opened.connection.refresh_at
        if due_at is not None and due_at <= self._context.now():
            await self.refresher.renewed(opened)

    async def close(self) -> None:
        """Store what was noted; refreshes have to be drained before."""
        await self.refresher.drain(0)
        await self.use.store(self._context)

    def driver_of(self, opened: OpenedConnection) -> RecordDriver:
        """See `Watch`. Raises Unavailable where the configuration lacks what the driver needs."""
        return self.drivers.driver(opened.connection.provider, opened.credentials)

    async def renewed(self, opened: OpenedConnection) -> OpenedConnection | None:
        """See `Watch`. Credentials that have only just come are not renewed again: it is not their age."""
        connection = opened.connection
        if opened.refresh_token is None:
            return None
        # An age below zero is a clock that was put back, and says nothing.
        if connection.version > 1 and 0 <= self._context.now() - connection.updated_at < _JUST_NOW:
            return None
        return await self.refresher.renewed(opened)

    def worked(self, opened: OpenedConnection) -> None:
        """See `Watch`."""
        self.use.used(opened.connection.id, self._context.now())

    def failed(self, opened: OpenedConnection, error: RemoteError) -> None:
        """See `Watch`."""
        now = self._context.now()
        self.use.used(opened.connection.id, now)
        if error.code != reauth.CODE:  # why is stored already, by whoever found it out
            self.use.failed(opened.connection.id, error, now)

    async def refused(self, opened: OpenedConnection, error: Unauthorized) -> Unauthorized:
        """See `Watch`: the connection needs its owner."""
        await reauth.require(self._context, opened.connection, error.code, f"{_REFUSED} {error.message}")
        return reauth.refusal(opened.connection)

    async def _usable(self, opened: OpenedConnection) -> OpenedConnection:
        now = self._context.now()
        if not is_ending(opened.connection, now):
            return opened
        try:
            return await self.refresher.renewed(opened)
        except Retryable:
            if is_over(opened.connection, now):
                raise
            return opened
