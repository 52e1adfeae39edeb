"""Revoke tokens at their providers: those of removed connections are stored until that is done."""

import asyncio
from typing import Final

import structlog

from dcvd.core.connections.connection import Provider
from dcvd.core.connections.credentials import OauthTokens, TokenKind
from dcvd.core.secret import Secret
from dcvd.errors import NotConfigured, RemoteError
from dcvd.kit.http.fetch import FetchFailed
from dcvd.kit.tasks import DetachedTasks
from dcvd.kit.vault.sealing import VaultError
from dcvd.oauth.token_responses import TokenResponse
from dcvd.oauth.tokens import TokenClient
from dcvd.services.connections.queries import UnsealedConnection
from dcvd.services.context import Context
from dcvd.store.connections import pending_revocations
from dcvd.store.connections.pending_revocations import PendingRevocation
from dcvd.store.engine.transactions import Snapshot, Transaction

log = structlog.get_logger(__name__)

_BATCH_SIZE: Final = 20


def record_revocation(
    context: Context, tx: Transaction, unsealed_connection: UnsealedConnection
) -> PendingRevocation | None:
    """Store what is to be revoked of a connection, in the transaction that removes it; None where there is nothing."""
    if not isinstance(unsealed_connection.credentials, OauthTokens):
        return None
    connection = unsealed_connection.connection
    token, token_kind = choose_token(unsealed_connection.credentials)
    revocation = PendingRevocation(
        id=connection.id,
        org_id=connection.org_id,
        provider=connection.provider,
        token_kind=token_kind,
        created_at=context.now(),
    )
    pending_revocations.insert(tx, context.connection_vault, revocation, token)
    return revocation


async def carry_out(
    context: Context, token_client: TokenClient, tasks: DetachedTasks, revocation: PendingRevocation
) -> bool:
    """Ask the provider once, and forget the revocation; False where it was not possible, or failed, which is logged.

    Where our own machine could not ask, it is not forgotten.
    Raises StoreError; a start asks again then.
    """
    return await tasks.run(f"revoke.{revocation.id}", lambda: _carry_out(context, token_client, revocation))


async def carry_out_pending(context: Context, token_client: TokenClient, tasks: DetachedTasks) -> int:
    """Carry out revocations that an earlier process, or a fault of the database, has left; return how many."""
    revocations = await context.database.read(lambda snapshot: pending_revocations.list_oldest(snapshot, _BATCH_SIZE))
    await asyncio.gather(*[carry_out(context, token_client, tasks, revocation) for revocation in revocations])
    return len(revocations)


async def revoke_quietly(token_client: TokenClient, unsealed_connection: UnsealedConnection) -> bool:
    """Revoke the tokens of a connection at its provider; False where that is not possible, or failed."""
    if not isinstance(unsealed_connection.credentials, OauthTokens):
        return False
    connection = unsealed_connection.connection
    token, token_kind = choose_token(unsealed_connection.credentials)
    return await _revoke_quietly(token_client, connection.id, connection.provider, token, token_kind)


async def revoke(token_client: TokenClient, provider: Provider, tokens: OauthTokens | TokenResponse) -> bool:
    """Revoke tokens at their provider. Raises RemoteError and NotConfigured."""
    return await token_client.revoke(provider, *choose_token(tokens))


def choose_token(tokens: OauthTokens | TokenResponse) -> tuple[Secret, TokenKind]:
    """Choose the token to revoke: with a refresh token its access token goes too (RFC 7009, 2.1)."""
    if tokens.refresh_token is not None:
        return tokens.refresh_token, "refresh_token"
    return tokens.access_token, "access_token"


async def _carry_out(context: Context, token_client: TokenClient, revocation: PendingRevocation) -> bool:
    def query(snapshot: Snapshot) -> Secret | None:
        return pending_revocations.unseal_token(snapshot, context.vault, revocation)

    revoked = False
    try:
        token = await context.database.read(query)
    except VaultError as error:
        log.error("connection.not_revoked", connection_id=revocation.id, code=error.code, error=error.message)  # noqa: TRY400
    else:
        if token is None:
            return True
        try:
            revoked = await token_client.revoke(revocation.provider, token, revocation.token_kind)
        except (RemoteError, NotConfigured) as error:
            log.warning("connection.not_revoked", connection_id=revocation.id, code=error.code, error=error.message)
            if isinstance(error, FetchFailed) and error.is_own_fault:
                # The provider was not asked: the next round of maintenance does.
                return False
    await context.database.write(lambda tx: pending_revocations.delete(tx, revocation.id))
    return revoked


async def _revoke_quietly(
    token_client: TokenClient, connection_id: str, provider: Provider, token: Secret, token_kind: TokenKind
) -> bool:
    try:
        return await token_client.revoke(provider, token, token_kind)
    except (RemoteError, NotConfigured) as error:
        log.warning("connection.not_revoked", connection_id=connection_id, code=error.code, error=error.message)
        return False
