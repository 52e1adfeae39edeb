"""OAuth's first half: a customer is sent to his provider with a state, which one answer can use, once."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

import structlog
from msgspec import Struct

from dcvd.config import Config
from dcvd.config.oauth import OauthClient
from dcvd.core.connections.connection import Provider
from dcvd.core.connections.oauth import STATE_LIFE, authorization_url, hash_state, new_state, new_verifier
from dcvd.core.instants import MINUTE, SECOND
from dcvd.core.secret import Secret
from dcvd.core.tokens import is_expired, may_write
from dcvd.errors import InvalidInput, Throttled, Unavailable
from dcvd.oauth.tokens import TokenClient
from dcvd.services.connections import creation
from dcvd.services.context import Context
from dcvd.store import oauth_states, tokens
from dcvd.store.engine.database import Snapshot, Transaction
from dcvd.store.oauth_states import Authorization, Taken

log = structlog.get_logger(__name__)

_MOST_OPEN: Final = 100
_MOST: Final = 1000
"""Authorizations of an organization within the life of a state, used ones among them."""
_CALLBACK: Final = "/oauth/callback/"


class Begun(Struct, frozen=True):
    """Where to send the customer's browser. `state` is in the URL, and comes back with the answer."""

    url: str
    state: Secret
    expires_at: int


async def begin(
    context: Context,
    client: TokenClient,
    org_id: str,
    token_id: str,
    provider: Provider,
    *,
    redirect_uri: str | None = None,
    return_to: str | None = None,
    more: Mapping[str, str] = MappingProxyType({}),
) -> Begun:
    """Begin an authorization, which belongs to this token; without a `redirect_uri` the first that is configured.

    more: parameters for the provider that are not OAuth's, see `consents`.

    Raises InvalidInput, Unavailable naming the setting that lacks, Throttled where too many are open, Conflict where
    there may be no further connection, and RemoteError where the provider's metadata cannot be had.
    """
    vault = context.connection_vault
    ours = client.servers.client(provider)
    _check_writable(context.config, provider)
    redirect_uri = _redirect_uri(provider, ours, redirect_uri)
    if return_to is not None and return_to not in context.config.oauth.return_to:
        raise InvalidInput("returnTo", "returnTo is none of the URLs in oauth.return_to, exactly as they stand there.")
    server = await client.servers.authorization(provider)
    state, verifier = new_state(context.random_bytes), new_verifier(context.random_bytes)
    now = context.now()
    authorization = Authorization(
        org_id=org_id,
        token_id=token_id,
        provider=provider,
        redirect_uri=redirect_uri,
        return_to=return_to,
        scopes=ours.scopes,
        issuer=server.issuer,
        issuer_required=server.issuer_required,
        created_at=now,
        expires_at=now + STATE_LIFE,
    )

    def unit(tx: Transaction) -> None:
        creation.check_room(tx, org_id)
        _check_room(tx, org_id, now)
        oauth_states.insert(tx, vault, hash_state(state.reveal()), authorization, verifier)

    await context.database.write(unit)
    url = authorization_url(
        server.authorize_url,
        client_id=ours.client_id,
        redirect_uri=redirect_uri,
        scopes=ours.scopes,
        state=state,
        verifier=verifier,
        more=more,
    )
    return Begun(url, state, authorization.expires_at)


async def take_for_tenant(
    context: Context, org_id: str, token_id: str, provider: Provider, *, state: str, redirect_uri: str
) -> Taken:
    """Use the state of an answer that a tenant's own page received. Raises InvalidInput with the code `invalid_state`.

    It is used by an attempt that does not fit, too, but never by another organization's.
    """

    def fault(_: Snapshot, authorization: Authorization) -> str | None:
        if authorization.token_id != token_id:
            return "it was begun by another token"
        return None if authorization.redirect_uri == redirect_uri else "it was begun with another redirect URI"

    return await _take(context, state, provider, fault, org_id=org_id)


async def take_for_browser(context: Context, provider: Provider, state: str) -> Taken:
    """Use the state of an answer that came to our own redirect URI, for the token that began it.

    Raises InvalidInput with the code `invalid_state`.
    """
    now = context.now()

    def fault(snapshot: Snapshot, authorization: Authorization) -> str | None:
        if not urlsplit(authorization.redirect_uri).path.endswith(f"{_CALLBACK}{provider.value}"):
            return "it was begun with a redirect URI that is not ours"
        token = tokens.by_id(snapshot, authorization.token_id)
        if token is None or is_expired(token.expires_at, now):
            return "the token that began it is gone"
        return None if may_write(token.role) else "the token that began it only reads"

    return await _take(context, state, provider, fault)


async def _take(
    context: Context,
    state: str,
    provider: Provider,
    fault: Callable[[Snapshot, Authorization], str | None],
    *,
    org_id: str | None = None,
) -> Taken:
    state_hash, now = hash_state(state), context.now()

    def unit(tx: Transaction) -> Taken | str:
        taken = oauth_states.take(tx, state_hash, now, org_id=org_id)
        if taken is None:
            return _why_not(tx, state_hash, org_id)
        if taken.authorization.provider is not provider:
            return "it was begun for another provider"
        return fault(tx, taken.authorization) or taken

    found = await context.database.write(unit)
    if isinstance(found, Taken):
        return found
    # Which of them is for the log alone: to whoever guesses, all states that are not his are the same.
    log.warning("oauth.state_refused", provider=provider.value, org_id=org_id, reason=found)
    raise invalid_state()


def invalid_state() -> InvalidInput:
    """The one answer to every state that cannot be used."""
    return InvalidInput(
        "state",
        "The state is unknown, used, expired, or was not begun for this provider and redirect URI by this token: begin "
        "again with POST /api/oauth/authorize.",
        code="invalid_state",
    )


def _why_not(snapshot: Snapshot, state_hash: bytes, org_id: str | None) -> str:
    use = oauth_states.use(snapshot, state_hash)
    if use is None:
        return "there is none"
    if org_id is not None and use.org_id != org_id:
        return "it is another organization's"
    return "it was used" if use.used else "it has expired"


def _check_room(snapshot: Snapshot, org_id: str, now: int) -> None:
    total, unused = oauth_states.count(snapshot, org_id, now)
    if unused >= _MOST_OPEN or total >= _MOST:
        raise Throttled(
            f"There are {unused} authorizations open and {total - unused} used within {STATE_LIFE // MINUTE} minutes; "
            f"there may be {_MOST_OPEN} and {_MOST}. Each ends by itself.",
            retry_after=MINUTE / SECOND,
        )


def _check_writable(config: Config, provider: Provider) -> None:
    if provider is Provider.OTHER and not config.oauth_other.write_driver:
        raise Unavailable(
            "OAuth with other is not set up: oauth.other.write_driver is empty, so nothing could be written with a "
            "token. The operator of dcvd has to set it."
        )


def _redirect_uri(provider: Provider, client: OauthClient, given: str | None) -> str:
    if not client.redirect_uris:
        raise Unavailable(
            f"OAuth with {provider.value} is not set up: oauth.{provider.value}.redirect_uris is empty. The operator "
            "of dcvd has to set it."
        )
    if given is None:
        return client.redirect_uris[0]
    if given not in client.redirect_uris:
        raise InvalidInput(
            "redirectUri",
            f"redirectUri is none of the URIs in oauth.{provider.value}.redirect_uris, exactly as they stand there.",
        )
    return given
