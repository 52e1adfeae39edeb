"""The first half of OAuth: send a customer to their provider with a state, which one answer can use, once."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

import structlog
from msgspec import Struct

from dcvd.config import Config
from dcvd.config.oauth_sections import OauthClientConfig
from dcvd.core.audit import AuditAction
from dcvd.core.connections.connection import Provider
from dcvd.core.connections.oauth import STATE_LIFETIME_MS, authorization_url, hash_state, new_code_verifier, new_state
from dcvd.core.instants import MINUTE, to_seconds
from dcvd.core.members import may_go_on_writing
from dcvd.core.organizations.quotas import Quota
from dcvd.core.organizations.status import build_refusal
from dcvd.core.secret import Secret
from dcvd.core.sentences.wording import word
from dcvd.core.tokens.token import is_expired, may_write
from dcvd.errors import InvalidInput, NotConfigured, TooManyRequests
from dcvd.oauth.tokens import TokenClient
from dcvd.services import audit
from dcvd.services.context import Context
from dcvd.services.links import connecting
from dcvd.services.links.rules import is_in_force
from dcvd.services.organizations import quotas
from dcvd.services.tokens.authentication import limit_to_member
from dcvd.store import links, members
from dcvd.store.connections import oauth_states
from dcvd.store.connections.oauth_states import ConsumedState, PendingAuthorization
from dcvd.store.engine.transactions import Snapshot, Transaction
from dcvd.store.organizations import organizations
from dcvd.store.tokens import tokens

log = structlog.get_logger(__name__)

MAX_UNUSED: Final = 100
_MAX_IN_LIFETIME: Final = 1000
"""Authorizations of an organization within the life of a state, used ones among them. The stored states are counted,
because a restart must not forget them."""
_NO_VERIFIER: Final = Secret("")
_CALLBACK_PATH: Final = "/oauth/callback/"


class AuthorizationRedirect(Struct, frozen=True):
    """Where to send the customer's browser. `state` is in the URL, and comes back with the answer."""

    url: str
    state: Secret
    expires_at: int


async def start_authorization(
    context: Context,
    token_client: TokenClient,
    org_id: str,
    token_id: str,
    provider: Provider,
    *,
    redirect_uri: str | None = None,
    return_to: str | None = None,
    link_return_to: str | None = None,
    extra_parameters: Mapping[str, str] = MappingProxyType({}),
) -> AuthorizationRedirect:
    """Begin an authorization, which belongs to this token or link; without a `redirect_uri`, with the first configured.

    link_return_to: where the browser goes without a `return_to`; it was allowed when the link was made.
    extra_parameters: parameters for the provider beyond OAuth's own, see `find_consent_parameters`.

    Raises InvalidInput, NotConfigured naming the setting that is missing, TooManyRequests where too many authorizations
    are open, QuotaReached where there may be no further connection, and RemoteError where the provider's metadata
    cannot be read.
    """
    vault = context.connection_vault
    oauth_client = token_client.servers.get_client(provider)
    _check_writable(context.config, provider)
    redirect_uri = _choose_redirect_uri(provider, oauth_client, redirect_uri)
    if return_to is not None and return_to not in context.config.oauth.return_to:
        raise InvalidInput("returnTo", word("return_to_not_listed"))
    chosen_return_to = link_return_to if return_to is None else return_to
    server = await token_client.servers.get_server(provider)
    state, verifier = new_state(context.random_bytes), new_code_verifier(context.random_bytes)
    now = context.now()
    authorization = PendingAuthorization(
        org_id=org_id,
        token_id=token_id,
        provider=provider,
        redirect_uri=redirect_uri,
        return_to=chosen_return_to,
        scopes=oauth_client.scopes,
        issuer=server.issuer,
        issuer_required=server.issuer_required,
        created_at=now,
        expires_at=now + STATE_LIFETIME_MS,
    )

    url = authorization_url(
        server.authorize_url,
        client_id=oauth_client.client_id,
        redirect_uri=redirect_uri,
        scopes=oauth_client.scopes,
        state=state,
        verifier=verifier,
        extra_parameters=extra_parameters,
    )
    redirect = AuthorizationRedirect(url, state, authorization.expires_at)

    def unit(tx: Transaction) -> None:
        quotas.require_room(context, tx, org_id, Quota.CONNECTIONS)
        _check_room(tx, org_id, now, by_links=context.caller.link is not None)
        connecting.require_room(tx, org_id, context.caller.link_id)
        connecting.check_rate(context, tx, org_id)
        oauth_states.insert(tx, vault, hash_state(state.reveal()), authorization, verifier)
        after = {"provider": provider.value, "redirectUri": redirect_uri, "returnTo": chosen_return_to}
        audit.record(context, tx, org_id, AuditAction.AUTHORIZATION_BEGUN, None, after=after)
        context.remember_result(tx, lambda: redirect)

    await context.database.write(unit)
    return redirect


async def begin_foreign(
    context: Context,
    token_client: TokenClient,
    org_id: str,
    token_id: str,
    provider: Provider,
    *,
    redirect_uri: str,
    verifier: Secret | None,
) -> ConsumedState:
    """Begin an authorization whose answer is here already, because a tenant built the request; its state is used.

    So it counts as any other. `verifier`: that of the request; None where it had none.

    Raises InvalidInput with the code `state_missing` where the operator does not allow it, and for links; and what
    `start_authorization` raises.
    """
    if context.caller.link is not None or not context.config.oauth.allow_foreign_authorization:
        raise InvalidInput(
            "state",
            "state is missing: begin with POST /api/oauth/authorize, and send the state that comes back with the code. "
            "Authorizations that you began yourself are taken where the operator of dcvd has set "
            "oauth.allow_foreign_authorization.",
            code="state_missing",
        )
    vault = context.connection_vault
    oauth_client = token_client.servers.get_client(provider)
    _check_writable(context.config, provider)
    server = await token_client.servers.get_server(provider)
    state_hash, now = hash_state(new_state(context.random_bytes).reveal()), context.now()
    authorization = PendingAuthorization(
        org_id=org_id,
        token_id=token_id,
        provider=provider,
        redirect_uri=_choose_redirect_uri(provider, oauth_client, redirect_uri),
        return_to=None,
        scopes=oauth_client.scopes,
        issuer=server.issuer,
        issuer_required=False,
        created_at=now,
        expires_at=now + STATE_LIFETIME_MS,
    )

    def unit(tx: Transaction) -> ConsumedState:
        quotas.require_room(context, tx, org_id, Quota.CONNECTIONS)
        _check_room(tx, org_id, now, by_links=False)
        oauth_states.insert(tx, vault, state_hash, authorization, verifier or _NO_VERIFIER)
        consumed = oauth_states.consume(tx, state_hash, now)
        assert consumed is not None, "it was stored in this transaction"
        return consumed

    return await context.database.write(unit)


def unseal_verifier(context: Context, consumed_state: ConsumedState) -> Secret | None:
    """Unseal the verifier of an authorization; None where its request had none. Raises VaultError."""
    verifier = consumed_state.unseal_verifier(context.connection_vault)
    return verifier if verifier.reveal() else None


async def consume_for_tenant(
    context: Context, org_id: str, token_id: str, provider: Provider, *, state: str, redirect_uri: str
) -> ConsumedState:
    """Use the state of an answer that a tenant's own page received.

    An attempt that does not fit uses up the state too, unless another organization made it. Raises InvalidInput with
    the code `invalid_state`.
    """

    def find_fault(_: Snapshot, authorization: PendingAuthorization) -> str | None:
        if authorization.token_id != token_id:
            return "it was begun by another token or link"
        return None if authorization.redirect_uri == redirect_uri else "it was begun with another redirect URI"

    return await _consume(context, state, provider, find_fault, org_id=org_id)


async def consume_for_browser(context: Context, provider: Provider, state: str) -> ConsumedState:
    """Use the state of an answer that came to our own redirect URI, for the token or link that began the authorization.

    Raises InvalidInput with the code `invalid_state`.
    """
    now = context.now()

    def find_fault(snapshot: Snapshot, authorization: PendingAuthorization) -> str | None:
        if not urlsplit(authorization.redirect_uri).path.endswith(f"{_CALLBACK_PATH}{provider.value}"):
            return "it was begun with a redirect URI that is not ours"
        if build_refusal(organizations.read_status(snapshot, authorization.org_id)) is not None:
            return "its organization may not use the API"
        return _explain_lost_right(context, snapshot, authorization.token_id, now)

    return await _consume(context, state, provider, find_fault)


async def _consume(
    context: Context,
    state: str,
    provider: Provider,
    find_fault: Callable[[Snapshot, PendingAuthorization], str | None],
    *,
    org_id: str | None = None,
) -> ConsumedState:
    state_hash, now = hash_state(state), context.now()

    def unit(tx: Transaction) -> ConsumedState | str:
        consumed = oauth_states.consume(tx, state_hash, now, org_id=org_id)
        if consumed is None:
            return _explain_unusable(tx, state_hash, now, org_id) or "it was used"
        if consumed.authorization.provider is not provider:
            return "it was begun for another provider"
        return find_fault(tx, consumed.authorization) or consumed

    # Anybody can come with any state: those that cannot be used cost no transaction.
    result: ConsumedState | str | None
    result = await context.database.read(lambda snapshot: _explain_unusable(snapshot, state_hash, now, org_id))
    if result is None:
        result = await context.database.write(unit)
    if isinstance(result, ConsumedState):
        return result
    # Only the log says why: to whoever guesses states, all that are not theirs have to look the same.
    log.warning("oauth.state_refused", provider=provider.value, org_id=org_id, reason=result)
    raise invalid_state_error()


def invalid_state_error() -> InvalidInput:
    """The one error for every state that cannot be used."""
    return InvalidInput(
        "state",
        word("state_unusable"),
        code="invalid_state",
    )


def _explain_lost_right(context: Context, snapshot: Snapshot, bearer_id: str, now: int) -> str | None:
    """Say why the token or link that began an authorization may connect no more; None where it may."""
    link = links.get(snapshot, bearer_id)
    if link is not None:
        return None if is_in_force(context, snapshot, link, now) else "the link that began it works no more"
    member = members.get(snapshot, bearer_id)
    if member is not None:
        may_connect = may_go_on_writing(member, has_role_by_group=bool(context.config.web_oidc.role_claim))
        return None if may_connect else "the member who began it may not connect any more"
    token = tokens.get(snapshot, bearer_id)
    if token is None or is_expired(token.expires_at, now):
        return "the token or link that began it is gone"
    limited_token = limit_to_member(snapshot, token)
    if limited_token is None:
        return "the member whose token began it may not use the API"
    return None if may_write(limited_token.role) else "the token that began it only reads"


def _explain_unusable(snapshot: Snapshot, state_hash: bytes, now: int, org_id: str | None) -> str | None:
    """Say why a state cannot be used; None where it can."""
    record = oauth_states.find(snapshot, state_hash)
    if record is None:
        return "there is none"
    if org_id is not None and record.org_id != org_id:
        return "it is another organization's"
    if record.is_used:
        return "it was used"
    return None if record.expires_at > now else "it has expired"


def _check_room(snapshot: Snapshot, org_id: str, now: int, *, by_links: bool) -> None:
    """Raise TooManyRequests where too many authorizations are open. Tokens and links do not count together."""
    total, unused = oauth_states.count(snapshot, org_id, now, by_links=by_links)
    if unused >= MAX_UNUSED or total >= _MAX_IN_LIFETIME:
        raise TooManyRequests(
            word(
                "authorizations_too_many",
                unused=unused,
                used=total - unused,
                minutes=STATE_LIFETIME_MS // MINUTE,
                most_unused=MAX_UNUSED,
                most=_MAX_IN_LIFETIME,
            ),
            retry_after_s=to_seconds(MINUTE),
        )


def _check_writable(config: Config, provider: Provider) -> None:
    if provider is Provider.OTHER and not config.providers_other.write_driver:
        raise NotConfigured(
            "OAuth with other is not set up: providers.other.write_driver is empty, so nothing could be written with a "
            "token. The operator of dcvd has to set it."
        )


def _choose_redirect_uri(provider: Provider, oauth_client: OauthClientConfig, requested_uri: str | None) -> str:
    if not oauth_client.redirect_uris:
        raise NotConfigured(
            f"OAuth with {provider.value} is not set up: oauth.{provider.value}.redirect_uris is empty. The operator "
            "of dcvd has to set it."
        )
    if requested_uri is None:
        return oauth_client.redirect_uris[0]
    if requested_uri not in oauth_client.redirect_uris:
        raise InvalidInput(
            "redirectUri",
            word("redirect_uri_not_listed", provider=provider.value),
        )
    return requested_uri
