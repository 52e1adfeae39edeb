"""Access tokens renewed by their refresh tokens: once, however many need it, and stored before they are used.

A server that rotates refresh tokens takes a second use of one for theft, and ends them all (RFC 9700, section 4.14.2).
"""

import asyncio
from typing import Final

import structlog
from msgspec.structs import replace

from dcvd.core.connections.connection import ConnectionStatus
from dcvd.core.connections.credentials import OauthTokens
from dcvd.core.connections.oauth import choose_refresh_at
from dcvd.core.instants import SECOND
from dcvd.core.secret import Secret
from dcvd.errors import DcvdError, NotConfigured, NotFound, Permanent, RemoteError, Retryable, StoreError, Unauthorized
from dcvd.kit.http.fetch import FetchFailed
from dcvd.metrics import Metrics
from dcvd.oauth.token_responses import TokenResponse
from dcvd.oauth.tokens import TokenClient
from dcvd.services.connections import queries, reauth
from dcvd.services.connections.queries import UnsealedConnection
from dcvd.services.connections.usage import ConnectionUsage
from dcvd.services.context import Context
from dcvd.store import connections as table
from dcvd.store.engine.database import Transaction

log = structlog.get_logger(__name__)

_RefreshKey = tuple[str, int]
"""A connection's id, and the version of its credentials that is to be replaced."""

_CANCEL_GRACE_S: Final = 1.0
_REFRESH_TOKEN_REFUSED: Final = (
    "The provider does not accept the connection's refresh token: the consent was withdrawn or has ended, or an answer "
    "with a newer one was lost."
)


class TokenRefresher:
    """One for the whole process. A refresh that has begun goes on when whoever wanted it has left."""

    def __init__(self, context: Context, token_client: TokenClient, usage: ConnectionUsage, metrics: Metrics) -> None:
        self._context = context
        self._token_client = token_client
        self._usage = usage
        self._metrics = metrics
        self._refreshes: dict[_RefreshKey, asyncio.Task[UnsealedConnection]] = {}
        self._unstored_connections: dict[_RefreshKey, UnsealedConnection] = {}
        self._blocked_ids: set[str] = set()

    async def refresh(self, old_connection: UnsealedConnection) -> UnsealedConnection:
        """The connection with newer credentials than these, whoever had them renewed.

        Raises NotFound where it was removed; Unauthorized with the code `reauth_required` where only its owner can
        help; Retryable where the provider could not be asked, with the code `oauth_client_refused` where it is the
        operator who has to act; StoreError where the new ones could not be stored, which are then kept in memory.
        """
        connection = old_connection.connection
        if connection.id in self._blocked_ids:
            raise NotFound(f"The connection {connection.id} is being removed.")
        key = connection.id, connection.version
        flight = self._refreshes.get(key)
        if flight is None:
            flight = asyncio.create_task(self._run_refresh(connection.org_id, key), name=f"refresh.{connection.id}")
            self._refreshes[key] = flight
            flight.add_done_callback(lambda _: self._finish_refresh(key))
        return await asyncio.shield(flight)

    async def block_refreshes(self, connection_id: str) -> None:
        """Let no refresh of a connection begin, and wait for those under way, until `ended` is called."""
        self._blocked_ids.add(connection_id)
        under_way = [flight for (each, _), flight in self._refreshes.items() if each == connection_id]
        if under_way:
            await asyncio.wait(under_way)

    def unblock_refreshes(self, connection_id: str) -> None:
        """It was removed, or could not be."""
        self._blocked_ids.discard(connection_id)

    def find_newest(self, unsealed_connection: UnsealedConnection) -> UnsealedConnection:
        """What is stored, or what came for it and could not be stored."""
        return self._unstored_connections.get(
            (unsealed_connection.connection.id, unsealed_connection.connection.version), unsealed_connection
        )

    def forget_unstored(self, connection_id: str) -> None:
        """The connection is no more."""
        self._unstored_connections = {
            key: kept for key, kept in self._unstored_connections.items() if key[0] != connection_id
        }

    async def drain(self, timeout_s: float) -> int:
        """Wait up to `timeout_s` seconds for what is under way, so that no answer is lost, and cancel the rest.

        Returns how many were cancelled.
        """
        flights = list(self._refreshes.values())
        if not flights:
            return 0
        _, late = await asyncio.wait(flights, timeout=timeout_s)
        for flight in late:
            log.warning("connection.refresh_cut_off", task=flight.get_name(), deadline_s=timeout_s)
            flight.cancel()
        if late:
            await asyncio.wait(late, timeout=_CANCEL_GRACE_S)
        return len(late)

    def _finish_refresh(self, key: _RefreshKey) -> None:
        flight = self._refreshes.pop(key)
        if not flight.cancelled() and (error := flight.exception()) is not None and not isinstance(error, DcvdError):
            log.error("connection.refresh_failed", connection_id=key[0], error=repr(error))

    async def _run_refresh(self, org_id: str, key: _RefreshKey) -> UnsealedConnection:
        connection_id, version = key
        kept = self._unstored_connections.get(key)
        if kept is not None:
            return await self._store(key, kept)
        opened = await self._load_connection(org_id, connection_id)
        connection = opened.connection
        if connection.status is ConnectionStatus.REAUTH_REQUIRED:
            raise reauth.reauth_required_error(connection)
        if connection.version != version:
            return opened
        if opened.refresh_token is None:
            await reauth.require_reauth(self._context, connection, reauth.ACCESS_ENDED, reauth.ACCESS_ENDED_MESSAGE)
            raise reauth.reauth_required_error(connection)
        asked_at = self._context.now()
        tokens = await self._request_tokens(opened, opened.refresh_token)
        return await self._store(
            key, _apply_tokens(opened, opened.refresh_token, tokens, asked_at, self._context.now())
        )

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
            log.error(  # noqa: TRY400  # whose fault it is stands in the message, and no traceback says more
                "connection.oauth_client_refused",
                connection_id=connection.id,
                provider=connection.provider,
                code=error.code,
                error=error.message,
            )
            raise self._record_fault(connection.id, Retryable(error.message, code="oauth_client_refused")) from error
        except Retryable as error:
            self._metrics.count_refresh("unavailable")
            again = Retryable(error.message, code="token_endpoint_unavailable", retry_after_s=error.retry_after_s)
            raise self._record_fault(connection.id, again) from error

    async def _send_refresh(self, unsealed_connection: UnsealedConnection, refresh_token: Secret) -> TokenResponse:
        """What may have been done and whose answer is lost is asked again at once: servers that rotate have a moment
        of grace for it."""
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
            return table.replace_credentials(tx, vault, new_connection.connection, new_connection.credentials)

        try:
            stored = await self._context.database.write(unit)
        except StoreError:
            # Only here are they known now, and the refresh token before them may be good no more.
            self._unstored_connections[key] = new_connection
            self._metrics.count_refresh("not_stored")
            raise
        self._unstored_connections.pop(key, None)
        if not stored:
            return await self._read_stored(new_connection)
        self._metrics.count_refresh("renewed")
        log.info(
            "connection.refreshed",
            connection_id=new_connection.connection.id,
            provider=new_connection.connection.provider,
        )
        return new_connection

    async def _read_stored(self, new_connection: UnsealedConnection) -> UnsealedConnection:
        """What is there instead, such as what a commit stored that had seemed to fail."""
        connection = new_connection.connection
        try:
            return await self._load_connection(connection.org_id, connection.id)
        except NotFound:
            # It was removed meanwhile, and nobody else would ever end the tokens that came too late for it.
            await revoke_quietly(self._token_client, new_connection)
            raise

    async def _load_connection(self, org_id: str, connection_id: str) -> UnsealedConnection:
        return await self._context.database.read(
            lambda snapshot: queries.unseal_connection(self._context, snapshot, org_id, connection_id)
        )

    def _record_fault(self, connection_id: str, error: Retryable) -> Retryable:
        self._usage.record_fault(connection_id, error, self._context.now())
        return error


async def revoke_quietly(token_client: TokenClient, unsealed_connection: UnsealedConnection) -> bool:
    """End the tokens of a connection at its provider (RFC 7009); False where there is no way to, or it failed.

    With its refresh token a server ends the access tokens too.
    """
    if not isinstance(unsealed_connection.credentials, OauthTokens):
        return False
    connection, credentials = unsealed_connection.connection, unsealed_connection.credentials
    try:
        if credentials.refresh_token is not None:
            return await token_client.revoke(connection.provider, credentials.refresh_token, "refresh_token")
        return await token_client.revoke(connection.provider, credentials.access_token, "access_token")
    except (RemoteError, NotConfigured) as error:
        log.warning("connection.not_revoked", connection_id=connection.id, code=error.code, error=error.message)
        return False


def _apply_tokens(
    unsealed_connection: UnsealedConnection, refresh_token: Secret, tokens: TokenResponse, asked_at: int, now: int
) -> UnsealedConnection:
    """What follows from an answer; the life of a token is counted from the moment at which it was asked for."""
    expires_at = None if tokens.expires_in is None else asked_at + tokens.expires_in * SECOND
    before = unsealed_connection.connection
    return UnsealedConnection(
        connection=replace(
            before,
            version=before.version + 1,
            scopes=before.scopes if tokens.scopes is None else tokens.scopes,
            expires_at=expires_at,
            refresh_at=None if expires_at is None else choose_refresh_at(asked_at, expires_at),
            updated_at=now,
        ),
        credentials=OauthTokens(access_token=tokens.access_token, refresh_token=tokens.refresh_token or refresh_token),
    )
