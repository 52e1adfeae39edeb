"""Refresh access tokens: once, however many callers need it, and stored before the new ones are used.

A server that rotates refresh tokens takes a second use of one for theft, and revokes them all (RFC 9700, section
4.14.2).
"""

import asyncio
from typing import Final

import structlog
from msgspec.structs import replace

from dcvd.core.connections.connection import Connection
from dcvd.core.connections.credentials import OauthTokens
from dcvd.core.connections.oauth import choose_refresh_at
from dcvd.core.instants import SECOND
from dcvd.core.jobs import Outage
from dcvd.core.secret import Secret
from dcvd.errors import NotConfigured, NotFound, Permanent, Retryable, StoreError, Unauthorized
from dcvd.kit.http.fetch import FetchFailed
from dcvd.kit.tasks import DetachedTasks, run_to_end
from dcvd.metrics import Metrics
from dcvd.oauth.token_responses import TokenResponse
from dcvd.oauth.tokens import TokenClient
from dcvd.services.connections import reauth
from dcvd.services.connections.queries import UnsealedConnection
from dcvd.services.connections.revocations import revoke_quietly
from dcvd.services.connections.usage import ConnectionUsage
from dcvd.services.context import Context
from dcvd.store.connections import connections as connections_table
from dcvd.store.engine.transactions import Transaction

log = structlog.get_logger(__name__)

_RefreshKey = tuple[str, int]
"""A connection's id, and the version of its credentials that is to be replaced."""

_ENDPOINT_UNAVAILABLE: Final = "token_endpoint_unavailable"
_CLIENT_REFUSED: Final = "oauth_client_refused"
OUTAGES: Final = (Outage(_ENDPOINT_UNAVAILABLE), Outage(_CLIENT_REFUSED))
"""The failures that say nothing about a connection."""

_REFRESH_TOKEN_REFUSED: Final = (
    "The provider does not accept the connection's refresh token: the consent was withdrawn or has ended, or an answer "
    "with a newer one was lost."
)


class TokenRefresher:
    """Refreshes connections, as detached tasks; there is one in a process."""

    def __init__(
        self,
        context: Context,
        token_client: TokenClient,
        usage: ConnectionUsage,
        metrics: Metrics,
        tasks: DetachedTasks,
    ) -> None:
        self._context = context
        self._token_client = token_client
        self._usage = usage
        self._metrics = metrics
        self._tasks = tasks
        self._unstored_connections: dict[_RefreshKey, UnsealedConnection] = {}
        self._blocks: dict[str, asyncio.Event] = {}

    async def refresh(self, old_connection: UnsealedConnection) -> UnsealedConnection:
        """Return the connection with newer credentials than these, whichever caller had them refreshed.

        Raises NotFound where the connection was removed; Unauthorized with the code `reauth_required` where only its
        owner can help; Retryable where the provider could not be asked, with the code `oauth_client_refused` where the
        operator has to act; StoreError where the new tokens could not be stored, which are then kept in memory.
        """
        connection = old_connection.connection
        while (block := self._blocks.get(connection.id)) is not None:
            await block.wait()
        key = connection.id, connection.version
        name = f"{_task_prefix(connection.id)}{connection.version}"
        return await self._tasks.run(name, lambda: self._run_refresh(connection.org_id, key))

    async def block_refreshes(self, connection_id: str) -> None:
        """Have refreshes of a connection wait until `unblock_refreshes` is called, and wait for those in flight."""
        self._blocks[connection_id] = asyncio.Event()
        await self._tasks.wait(self._tasks.list_names(_task_prefix(connection_id)))

    def unblock_refreshes(self, connection_id: str) -> None:
        """Have refreshes of a connection go on, which find whether it is still there."""
        self._blocks.pop(connection_id).set()

    def find_unstored(self, connection: Connection) -> UnsealedConnection | None:
        """Return newer credentials than those that are stored of a connection, if they could not be stored yet."""
        return self._unstored_connections.get((connection.id, connection.version))

    def forget_unstored(self, connection_id: str) -> None:
        """Forget the tokens of a removed connection that could not be stored."""
        self._unstored_connections = {
            key: unstored for key, unstored in self._unstored_connections.items() if key[0] != connection_id
        }

    async def store_unstored(self) -> None:
        """Store the tokens that could not be stored when they came. Raises StoreError, and then keeps them."""
        for key, unstored in list(self._unstored_connections.items()):
            try:
                await self._store(key, unstored)
            except (NotFound, Unauthorized):
                continue  # removed meanwhile, and revoked by now; or its owner has to act, and is told

    async def _run_refresh(self, org_id: str, key: _RefreshKey) -> UnsealedConnection:
        connection_id, version = key
        unstored = self._unstored_connections.get(key)
        if unstored is not None:
            return await self._store(key, unstored)
        unsealed_connection = await reauth.load_working(self._context, org_id, connection_id)
        connection = unsealed_connection.connection
        if connection.version != version:
            return unsealed_connection
        if unsealed_connection.refresh_token is None:
            await reauth.require_reauth(self._context, connection, reauth.ACCESS_ENDED, reauth.ACCESS_ENDED_MESSAGE)
            raise reauth.reauth_required_error(connection)
        asked_at = self._context.now()
        tokens = await self._request_tokens(unsealed_connection, unsealed_connection.refresh_token)
        # The provider may take the old refresh token no more: from here on nothing may be cut off.
        new_connection = _apply_tokens(unsealed_connection, tokens, asked_at, self._context.now())
        return await run_to_end(f"store_tokens.{connection_id}", self._store(key, new_connection))

    async def _request_tokens(self, unsealed_connection: UnsealedConnection, refresh_token: Secret) -> TokenResponse:
        connection = unsealed_connection.connection
        try:
            return await self._send_refresh(unsealed_connection, refresh_token)
        except (Unauthorized, Permanent, NotConfigured) as error:
            if error.code == "invalid_grant":
                self._metrics.count_refresh("reauth_required")
                await reauth.require_reauth(self._context, connection, error.code, _REFRESH_TOKEN_REFUSED)
                raise reauth.reauth_required_error(connection) from error
            self._metrics.count_refresh("client_refused")
            log.error(  # noqa: TRY400  # the message says whose fault it is, and no traceback says more
                "connection.oauth_client_refused",
                connection_id=connection.id,
                provider=connection.provider,
                code=error.code,
                error=error.message,
            )
            raise self._record_fault(connection.id, Retryable(error.message, code=_CLIENT_REFUSED)) from error
        except Retryable as error:
            self._metrics.count_refresh("unavailable")
            retryable = Retryable(error.message, code=_ENDPOINT_UNAVAILABLE, retry_after_s=error.retry_after_s)
            raise self._record_fault(connection.id, retryable) from error

    async def _send_refresh(self, unsealed_connection: UnsealedConnection, refresh_token: Secret) -> TokenResponse:
        """Ask for new tokens, and ask again at once where the answer to the first request is lost.

        Servers that rotate refresh tokens accept the old one for a moment longer.
        """
        provider = unsealed_connection.connection.provider
        try:
            return await self._token_client.refresh(provider, refresh_token)
        except FetchFailed as error:
            if not error.may_have_arrived:
                raise
            log.warning(
                "connection.refresh_answer_lost", connection_id=unsealed_connection.connection.id, error=error.message
            )
        return await self._token_client.refresh(provider, refresh_token)

    async def _store(self, key: _RefreshKey, new_connection: UnsealedConnection) -> UnsealedConnection:
        vault = self._context.connection_vault

        def unit(tx: Transaction) -> bool:
            return connections_table.replace_credentials(
                tx, vault, new_connection.connection, new_connection.credentials
            )

        try:
            is_stored = await self._context.database.write(unit)
        except StoreError:
            # Only this process knows the new tokens now, and the old refresh token may not be valid any more.
            self._unstored_connections[key] = new_connection
            self._metrics.count_refresh("not_stored")
            raise
        self._unstored_connections.pop(key, None)
        if not is_stored:
            return await self._read_stored(new_connection)
        self._metrics.count_refresh("renewed")
        log.info(
            "connection.refreshed",
            connection_id=new_connection.connection.id,
            provider=new_connection.connection.provider,
        )
        return new_connection

    async def _read_stored(self, new_connection: UnsealedConnection) -> UnsealedConnection:
        """Read what is stored instead, such as by a commit that had seemed to fail."""
        connection = new_connection.connection
        try:
            return await reauth.load_working(self._context, connection.org_id, connection.id)
        except NotFound:
            # The connection was removed meanwhile, and nobody else would ever revoke the tokens that came too late.
            await revoke_quietly(self._token_client, new_connection)
            raise

    def _record_fault(self, connection_id: str, error: Retryable) -> Retryable:
        self._usage.record_fault(connection_id, error, self._context.now())
        return error


def _task_prefix(connection_id: str) -> str:
    return f"refresh.{connection_id}."


def _apply_tokens(
    unsealed_connection: UnsealedConnection, tokens: TokenResponse, asked_at: int, now: int
) -> UnsealedConnection:
    """Apply new tokens to a connection; their lifetime counts from the moment at which they were requested."""
    expires_at = None if tokens.expires_in is None else asked_at + tokens.expires_in * SECOND
    old_connection = unsealed_connection.connection
    refresh_token = tokens.refresh_token or unsealed_connection.refresh_token
    return UnsealedConnection(
        connection=replace(
            old_connection,
            version=old_connection.version + 1,
            scopes=old_connection.scopes if tokens.scopes is None else tokens.scopes,
            expires_at=expires_at,
            refresh_at=None if expires_at is None else choose_refresh_at(asked_at, expires_at),
            updated_at=now,
        ),
        credentials=OauthTokens(access_token=tokens.access_token, refresh_token=refresh_token),
    )
