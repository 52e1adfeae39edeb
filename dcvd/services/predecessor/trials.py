"""Tests a connection's tokens at its provider before they are stored; an access token that has ended is refreshed."""

import asyncio
from typing import Final

from dcvd.core.connections.connection import Provider
from dcvd.core.connections.credentials import OauthTokens
from dcvd.core.instants import SECOND
from dcvd.core.predecessor.rows import ConnectionRow
from dcvd.core.text import make_printable, shorten
from dcvd.errors import DcvdError, RemoteError, Retryable, Unauthorized
from dcvd.oauth.tokens import TokenClient
from dcvd.providers.drivers import DriverFactory
from dcvd.services.connections.provider_access import ProviderAccess
from dcvd.services.context import Context
from dcvd.services.predecessor.credentials import TestedCredentials

_TIMEOUT_S: Final = 20.0
_MAX_ACCOUNT_CHARACTERS: Final = 200


async def try_tokens(
    context: Context, access: ProviderAccess, row: ConnectionRow, *, may_refresh: bool
) -> TestedCredentials | DcvdError:
    """Test a connection's tokens; an error where they do not work, or nobody can tell.

    may_refresh: whether an access token that has ended is refreshed, by which its predecessor's copy ends.
    """
    tokens = OauthTokens(access_token=row.access_token, refresh_token=row.refresh_token)
    refusal: DcvdError | None = None
    if row.expires_at is None or row.expires_at > context.now():
        try:
            account = await _check(access.drivers, row.org_id, row.provider, tokens)
        except Unauthorized as error:
            refusal = error
        except DcvdError as error:
            return error
        else:
            return TestedCredentials(tokens=tokens, account=account, expires_at=row.expires_at)
    if row.refresh_token is None:
        return refusal or Unauthorized("Its access token has ended, and it has no refresh token.")
    if not may_refresh:
        return TestedCredentials(tokens=tokens, notes=("Its access token has ended, and would be refreshed.",))
    return await _refresh(context, access.token_client, access.drivers, row)


async def _refresh(
    context: Context, token_client: TokenClient, drivers: DriverFactory, row: ConnectionRow
) -> TestedCredentials | DcvdError:
    assert row.refresh_token is not None, "it was asked for"
    asked_at = context.now()
    try:
        fresh = await token_client.refresh(row.provider, row.refresh_token)
    except DcvdError as error:
        return error
    tokens = OauthTokens(access_token=fresh.access_token, refresh_token=fresh.refresh_token or row.refresh_token)
    expires_at = None if fresh.expires_in is None else asked_at + fresh.expires_in * SECOND
    account = None
    try:
        account = await _check(drivers, row.org_id, row.provider, tokens)
    except Unauthorized as error:
        return error
    except RemoteError:
        pass  # the tokens are fresh, and the old refresh token may be worth nothing any more: these are kept
    except DcvdError as error:
        return error
    return TestedCredentials(tokens=tokens, account=account, expires_at=expires_at)


async def _check(drivers: DriverFactory, org_id: str, provider: Provider, tokens: OauthTokens) -> str | None:
    """Return what the provider calls the account. Raises DcvdError."""
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            account = await drivers.create_driver(org_id, provider, tokens).check_credentials()
    except TimeoutError as error:
        raise Retryable(
            f"{provider.value} has not answered for {_TIMEOUT_S:g} s, so its tokens could not be tested.",
            code="provider_unavailable",
        ) from error
    return shorten(make_printable(account or ""), _MAX_ACCOUNT_CHARACTERS) or None
