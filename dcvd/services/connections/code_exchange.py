"""The second half of OAuth: turn the answer of a provider's server into a connection, or keep nothing of it."""

import asyncio
from typing import Final

import structlog
from msgspec import Struct

from dcvd.core.connections.connection import Connection, Provider
from dcvd.core.connections.credentials import OauthTokens
from dcvd.core.connections.oauth import (
    AuthorizationResponse,
    choose_refresh_at,
    find_missing_scopes,
    is_wrong_issuer,
    read_granted_scopes,
)
from dcvd.core.ids import IdPrefix, is_id
from dcvd.core.instants import SECOND
from dcvd.core.secret import Secret
from dcvd.core.timeline import bearer_actor, member_actor
from dcvd.errors import DcvdError, InvalidInput, Permanent, RemoteError, StoreError, Unauthorized
from dcvd.kit.http.fetch import FetchFailed
from dcvd.kit.logs.anonymous_lines import mark_known
from dcvd.kit.tasks import run_to_end
from dcvd.kit.vault.sealing import VaultError
from dcvd.oauth.token_responses import TokenResponse
from dcvd.oauth.tokens import TokenClient
from dcvd.providers.drivers import DriverFactory
from dcvd.services.connections import creation
from dcvd.services.connections.authorizations import (
    begin_foreign,
    consume_for_browser,
    consume_for_tenant,
    invalid_state_error,
    unseal_verifier,
)
from dcvd.services.connections.provider_access import ProviderAccess
from dcvd.services.connections.revocations import revoke
from dcvd.services.context import Context
from dcvd.store import members
from dcvd.store.connections.oauth_states import ConsumedState
from dcvd.store.organizations import organizations

log = structlog.get_logger(__name__)

_ACCOUNT_TIMEOUT_S: Final = 5.0
"""Seconds that a provider has to say whose account it is; the connection works without that."""
_BEGIN_AGAIN: Final = "Begin again with POST /api/oauth/authorize."


class CallbackResult(Struct, frozen=True, kw_only=True):
    """The result of an answer that came through a browser: a connection or a failure.

    organization: the name of the one that it was for. return_to: where the browser is to go, None for nowhere.
    """

    organization: str
    return_to: str | None
    connection: Connection | None = None
    failure: DcvdError | None = None


async def connect_for_tenant(
    context: Context,
    access: ProviderAccess,
    org_id: str,
    token_id: str,
    provider: Provider,
    *,
    code: Secret,
    state: str,
    redirect_uri: str,
    issuer: str | None,
) -> Connection:
    """Make a connection from an answer that a tenant's own page received.

    Raises InvalidInput where the answer or the customer's consent is at fault, RemoteError where the provider cannot or
    will not, NotConfigured, Conflict, StoreError. Whatever is raised, the state is used and nothing else is stored; but
    a StoreError with the code `outcome_unknown` leaves that open.
    """
    context.connection_vault  # noqa: B018  # raises where there is no key, before the state is used
    consumed_state = await consume_for_tenant(
        context, org_id, token_id, provider, state=state, redirect_uri=redirect_uri
    )
    return await _connect(context, access, consumed_state, code, issuer)


async def connect_foreign(
    context: Context,
    access: ProviderAccess,
    org_id: str,
    token_id: str,
    provider: Provider,
    *,
    code: Secret,
    redirect_uri: str,
    verifier: Secret | None,
    issuer: str | None,
) -> Connection:
    """Make a connection from an answer to a request that a tenant built, where the operator allows it.

    Raises what `connect_for_tenant` and `begin_foreign` raise.
    """
    consumed_state = await begin_foreign(
        context, access.token_client, org_id, token_id, provider, redirect_uri=redirect_uri, verifier=verifier
    )
    return await _connect(context, access, consumed_state, code, issuer)


async def connect_for_browser(
    context: Context,
    access: ProviderAccess,
    provider: Provider,
    callback: AuthorizationResponse,
) -> CallbackResult:
    """Make a connection from an answer to our own redirect URI. Raises InvalidInput for a state that cannot be used."""
    context.connection_vault  # noqa: B018  # raises where there is no key, before the state is used
    consumed_state = await consume_for_browser(context, provider, callback.state)
    mark_known()
    authorization = consumed_state.authorization
    organization = await context.database.read(lambda snapshot: organizations.find(snapshot, authorization.org_id))
    name = organization.name if organization is not None else ""
    try:
        if callback.code is None:
            raise _authorization_refused_error(provider, callback.error or "authorization_failed")
        connection = await _connect(context, access, consumed_state, callback.code, callback.issuer)
    except DcvdError as error:
        log.warning(
            "oauth.not_connected",
            provider=provider.value,
            org_id=authorization.org_id,
            code=error.code,
            error=error.message,
        )
        return CallbackResult(organization=name, return_to=authorization.return_to, failure=error)
    return CallbackResult(organization=name, return_to=authorization.return_to, connection=connection)


async def _connect(
    context: Context, access: ProviderAccess, consumed_state: ConsumedState, code: Secret, issuer: str | None
) -> Connection:
    """Use the code, as a detached task: the provider gives for it once what nobody may lose."""
    authorization = consumed_state.authorization
    if is_wrong_issuer(authorization.issuer, issuer, is_required=authorization.issuer_required):
        raise InvalidInput(
            "iss",
            f"The answer is not from the server that was asked, {authorization.issuer}: it names "
            f"{'no server' if issuer is None else 'another one'}. Its code was not used.",
            code="wrong_issuer",
        )
    verifier = _unseal_verifier(context, consumed_state)
    connection_id = context.new_id(IdPrefix.CONNECTION)
    return await access.tasks.run(
        f"connect.{connection_id}",
        lambda: _use_code(context, access, consumed_state, code, verifier, connection_id),
    )


async def _use_code(
    context: Context,
    access: ProviderAccess,
    consumed_state: ConsumedState,
    code: Secret,
    verifier: Secret | None,
    connection_id: str,
) -> Connection:
    authorization = consumed_state.authorization
    provider = authorization.provider
    asked_at = context.now()
    tokens = await _exchange(access.token_client, consumed_state, code, verifier)
    try:
        scopes = _check_scopes(consumed_state, tokens)
        credentials = OauthTokens(access_token=tokens.access_token, refresh_token=tokens.refresh_token)
        account = await _find_account(access.drivers, authorization.org_id, provider, credentials)
        expires_at = None if tokens.expires_in is None else asked_at + tokens.expires_in * SECOND
        return await creation.create(
            context,
            authorization.org_id,
            provider,
            credentials,
            account=account,
            scopes=scopes,
            expires_at=expires_at,
            refresh_at=None if expires_at is None else choose_refresh_at(asked_at, expires_at),
            actor=await _find_actor(context, authorization.token_id),
            link_id=authorization.token_id if is_id(IdPrefix.LINK, authorization.token_id) else None,
            connection_id=connection_id,
        )
    except BaseException:
        # Also where this task is cancelled: nobody else would ever revoke what was granted.
        await run_to_end(
            f"give_back.{connection_id}",
            _revoke_unless_stored(context, access.token_client, provider, tokens, connection_id),
        )
        raise


async def _find_actor(context: Context, bearer_id: str) -> str:
    member = await context.database.read(lambda snapshot: members.get(snapshot, bearer_id))
    return bearer_actor(bearer_id) if member is None else member_actor(bearer_id)


def _unseal_verifier(context: Context, consumed_state: ConsumedState) -> Secret | None:
    try:
        return unseal_verifier(context, consumed_state)
    except VaultError as error:
        log.error("oauth.verifier_unreadable", code=error.code, error=error.message)  # noqa: TRY400
        raise invalid_state_error() from error


async def _exchange(
    token_client: TokenClient, consumed_state: ConsumedState, code: Secret, verifier: Secret | None
) -> TokenResponse:
    """Exchange the code once, whatever the result: a server that sees a code twice revokes what it gave for it."""
    provider, redirect_uri = consumed_state.authorization.provider, consumed_state.authorization.redirect_uri
    try:
        return await token_client.exchange(provider, code=code, verifier=verifier, redirect_uri=redirect_uri)
    except Unauthorized as error:
        if error.code != "invalid_grant":
            raise
        raise InvalidInput("code", f"{error.message} {_BEGIN_AGAIN}", code=error.code) from error
    except FetchFailed as error:
        raise Permanent(f"{error.message} The code may have been used. {_BEGIN_AGAIN}", code=error.code) from error


def _check_scopes(consumed_state: ConsumedState, tokens: TokenResponse) -> tuple[str, ...]:
    authorization = consumed_state.authorization
    granted_scopes = read_granted_scopes(authorization.scopes, tokens.scopes)
    missing_scopes = find_missing_scopes(authorization.provider, authorization.scopes, granted_scopes)
    if missing_scopes:
        raise InvalidInput(
            "code",
            f"The customer did not grant {', '.join(missing_scopes)}, without which nothing can be written. Their "
            f"grant was revoked. {_BEGIN_AGAIN}",
            code="insufficient_scope",
        )
    return granted_scopes


async def _find_account(
    drivers: DriverFactory, org_id: str, provider: Provider, credentials: OauthTokens
) -> str | None:
    """Ask what the provider calls the account, if it says so. Raises InvalidInput where it refuses the fresh token."""
    try:
        async with asyncio.timeout(_ACCOUNT_TIMEOUT_S):
            return await drivers.create_driver(org_id, provider, credentials).check_credentials()
    except Unauthorized as error:
        raise InvalidInput(
            "code",
            f"{provider.value} gave a token and then refused it: {error.message} {_BEGIN_AGAIN}",
            code=error.code,
        ) from error
    except (RemoteError, TimeoutError) as error:
        log.info("oauth.account_not_named", provider=provider.value, error=str(error) or type(error).__name__)
        return None


async def _revoke_unless_stored(
    context: Context, token_client: TokenClient, provider: Provider, tokens: TokenResponse, connection_id: str
) -> None:
    """Revoke tokens that are not kept; those of a connection that may be stored stay as they are."""
    try:
        if await creation.is_stored(context, connection_id):
            return
    except StoreError as error:
        log.error("oauth.not_known_if_stored", connection_id=connection_id, error=error.message)  # noqa: TRY400
        return
    try:
        revoked = await revoke(token_client, provider, tokens)
    except DcvdError as error:
        log.warning("oauth.not_revoked", provider=provider.value, code=error.code, error=error.message)
    else:
        log.info("oauth.given_back", provider=provider.value, revoked=revoked)


def _authorization_refused_error(provider: Provider, code: str) -> InvalidInput:
    if code == "access_denied":
        return InvalidInput("error", "The consent was declined, so nothing was connected.", code=code)
    return InvalidInput(
        "error",
        f"{provider.value} ended the authorization ({code}), so nothing was connected. {_BEGIN_AGAIN}",
        code=code,
    )
