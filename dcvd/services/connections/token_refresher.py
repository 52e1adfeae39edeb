"""Access tokens renewed by their refresh tokens: once, however many need it, and stored before they are used.

A server that rotates refresh tokens takes a second use of one for theft, and ends them all (RFC 9700, section 4.14.2).
"""

import asyncio
from typing import Final

import structlog
from msgspec.structs import replace

from dcvd.core.connections.connection import ConnectionStatus
from dcvd.core.connections.credentials import OauthTokens
from dcvd.core.connections.oauth import refresh_at
from dcvd.core.instants import SECOND
from dcvd.core.secret import Secret
from dcvd.errors import DcvdError, NotFound, Permanent, RemoteError, Retryable, StoreError, Unauthorized, Unavailable
from dcvd.kit.http.fetch import FetchFailed
from dcvd.metrics import Metrics
from dcvd.oauth.token_responses import Tokens
from dcvd.oauth.tokens import TokenClient
from dcvd.services.connections import queries, reauth
from dcvd.services.connections.queries import OpenedConnection
from dcvd.services.connections.usage import ConnectionUse
from dcvd.services.context import Context
from dcvd.store import connections as table
from dcvd.store.engine.database import Transaction

log = structlog.get_logger(__name__)

_Flight = tuple[str, int]
"""A connection's id, and the version of its credentials that is to be replaced."""

_CANCEL_GRACE: Final = 1.0
_NOT_ACCEPTED: Final = (
    "The provider does not accept the connection's refresh token: the consent was withdrawn or has ended, or an answer "
    "with a newer one was lost."
)


class Refresher:
    """One for the whole process. A refresh that has begun goes on when whoever wanted it has left."""

    def __init__(self, context: Context, tokens: TokenClient, use: ConnectionUse, metrics: Metrics) -> None:
        self._context = context
        self._tokens = tokens
        self._use = use
        self._metrics = metrics
        self._flights: dict[_Flight, asyncio.Task[OpenedConnection]] = {}
        self._unstored: dict[_Flight, OpenedConnection] = {}
        self._ending: set[str] = set()

    async def renewed(self, stale: OpenedConnection) -> OpenedConnection:
        """The connection with newer credentials than these, whoever had them renewed.

        Raises NotFound where it was removed; Unauthorized with the code `reauth_required` where only its owner can
        help; Retryable where the provider could not be asked, with the code `oauth_client_refused` where it is the
        operator who has to act; StoreError where the new ones could not be stored, which are then kept in memory.
        """
        connection = stale.connection
        if connection.id in self._ending:
            raise NotFound(f"The connection {connection.id} is being removed.")
        key = connection.id, connection.version
        flight = self._flights.get(key)
        if flight is None:
            flight = asyncio.create_task(self._fly(connection.org_id, key), name=f"refresh.{connection.id}")
            self._flights[key] = flight
            flight.add_done_callback(lambda _: self._landed(key))
        return await asyncio.shield(flight)

    async def end(self, connection_id: str) -> None:
        """Let no refresh of a connection begin, and wait for those under way, until `ended` is called."""
        self._ending.add(connection_id)
        under_way = [flight for (each, _), flight in self._flights.items() if each == connection_id]
        if under_way:
            await asyncio.wait(under_way)

    def ended(self, connection_id: str) -> None:
        """It was removed, or could not be."""
        self._ending.discard(connection_id)

    def newest(self, opened: OpenedConnection) -> OpenedConnection:
        """What is stored, or what came for it and could not be stored."""
        return self._unstored.get((opened.connection.id, opened.connection.version), opened)

    def forget(self, connection_id: str) -> None:
        """The connection is no more."""
        self._unstored = {key: kept for key, kept in self._unstored.items() if key[0] != connection_id}

    async def drain(self, deadline: float) -> int:
        """Wait up to `deadline` seconds for what is under way, so that no answer is lost, and cancel the rest.

        Returns how many were cancelled.
        """
        flights = list(self._flights.values())
        if not flights:
            return 0
        _, late = await asyncio.wait(flights, timeout=deadline)
        for flight in late:
            log.warning("connection.refresh_cut_off", task=flight.get_name(), deadline_s=deadline)
            flight.cancel()
        if late:
            await asyncio.wait(late, timeout=_CANCEL_GRACE)
        return len(late)

    def _landed(self, key: _Flight) -> None:
        flight = self._flights.pop(key)
        if not flight.cancelled() and (error := flight.exception()) is not None and not isinstance(error, DcvdError):
            log.error("connection.refresh_failed", connection_id=key[0], error=repr(error))

    async def _fly(self, org_id: str, key: _Flight) -> OpenedConnection:
        connection_id, version = key
        kept = self._unstored.get(key)
        if kept is not None:
            return await self._store(key, kept)
        opened = await self._read(org_id, connection_id)
        connection = opened.connection
        if connection.status is ConnectionStatus.REAUTH_REQUIRED:
            raise reauth.refusal(connection)
        if connection.version != version:
            return opened
        if opened.refresh_token is None:
            await reauth.require(self._context, connection, reauth.ENDED, reauth.ENDED_MESSAGE)
            raise reauth.refusal(connection)
        asked_at = self._context.now()
        tokens = await self._ask(opened, opened.refresh_token)
        return await self._store(key, _renewed(opened, opened.refresh_token, tokens, asked_at, self._context.now()))

    async def _ask(self, opened: OpenedConnection, refresh_token: Secret) -> Tokens:
        connection = opened.connection
        try:
            return await self._send(opened, refresh_token)
        except (Unauthorized, Permanent, Unavailable) as error:
            if error.code == "invalid_grant":
                self._metrics.refresh("reauth_required")
                await reauth.require(self._context, connection, error.code, _NOT_ACCEPTED)
                raise reauth.refusal(connection) from error
            self._metrics.refresh("client_refused")
            log.error(  # noqa: TRY400  # whose fault it is stands in the message, and no traceback says more
                "connection.oauth_client_refused",
                connection_id=connection.id,
                provider=connection.provider,
                code=error.code,
                error=error.message,
            )
            raise self._failed(connection.id, Retryable(error.message, code="oauth_client_refused")) from error
        except Retryable as error:
            self._metrics.refresh("unavailable")
            again = Retryable(error.message, code="token_endpoint_unavailable", retry_after=error.retry_after)
            raise self._failed(connection.id, again) from error

    async def _send(self, opened: OpenedConnection, refresh_token: Secret) -> Tokens:
        """What may have been done and whose answer is lost is asked again at once: servers that rotate have a moment
        of grace for it."""
        provider = opened.connection.provider
        try:
            return await self._tokens.refresh(provider, refresh_token)
        except FetchFailed as error:
            if not error.sent:
                raise
            log.warning("connection.refresh_answer_lost", connection_id=opened.connection.id, error=error.message)
        return await self._tokens.refresh(provider, refresh_token)

    async def _store(self, key: _Flight, renewed: OpenedConnection) -> OpenedConnection:
        vault = self._context.connection_vault

        def unit(tx: Transaction) -> bool:
            return table.replace_credentials(tx, vault, renewed.connection, renewed.credentials)

        try:
            stored = await self._context.database.write(unit)
        except StoreError:
            # Only here are they known now, and the refresh token before them may be good no more.
            self._unstored[key] = renewed
            self._metrics.refresh("not_stored")
            raise
        self._unstored.pop(key, None)
        if not stored:
            return await self._as_stored(renewed)
        self._metrics.refresh("renewed")
        log.info("connection.refreshed", connection_id=renewed.connection.id, provider=renewed.connection.provider)
        return renewed

    async def _as_stored(self, renewed: OpenedConnection) -> OpenedConnection:
        """What is there instead, such as what a commit stored that had seemed to fail."""
        connection = renewed.connection
        try:
            return await self._read(connection.org_id, connection.id)
        except NotFound:
            # It was removed meanwhile, and nobody else would ever end the tokens that came too late for it.
            await revoke_quietly(self._tokens, renewed)
            raise

    async def _read(self, org_id: str, connection_id: str) -> OpenedConnection:
        return await self._context.database.read(
            lambda snapshot: queries.opened(self._context, snapshot, org_id, connection_id)
        )

    def _failed(self, connection_id: str, error: Retryable) -> Retryable:
        self._use.failed(connection_id, error, self._context.now())
        return error


async def revoke_quietly(tokens: TokenClient, opened: OpenedConnection) -> bool:
    """End the tokens of a connection at its provider (RFC 7009); False where there is no way to, or it failed.

    With its refresh token a server ends the access tokens too.
    """
    if not isinstance(opened.credentials, OauthTokens):
        return False
    connection, credentials = opened.connection, opened.credentials
    try:
        if credentials.refresh_token is not None:
            return await tokens.revoke(connection.provider, credentials.refresh_token, "refresh_token")
        return await tokens.revoke(connection.provider, credentials.access_token, "access_token")
    except (RemoteError, Unavailable) as error:
        log.warning("connection.not_revoked", connection_id=connection.id, code=error.code, error=error.message)
        return False


def _renewed(
    opened: OpenedConnection, refresh_token: Secret, tokens: Tokens, asked_at: int, now: int
) -> OpenedConnection:
    """What follows from an answer; the life of a token is counted from the moment at which it was asked for."""
    expires_at = None if tokens.expires_in is None else asked_at + tokens.expires_in * SECOND
    before = opened.connection
    return OpenedConnection(
        connection=replace(
            before,
            version=before.version + 1,
            scopes=before.scopes if tokens.scopes is None else tokens.scopes,
            expires_at=expires_at,
            refresh_at=None if expires_at is None else refresh_at(asked_at, expires_at),
            updated_at=now,
        ),
        credentials=OauthTokens(access_token=tokens.access_token, refresh_token=tokens.refresh_token or refresh_token),
    )
