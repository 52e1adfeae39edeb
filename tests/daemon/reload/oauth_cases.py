"""How a token is got: where a customer is sent, and what the authorization server is asked."""

from functools import partial
from urllib.parse import parse_qsl, urlsplit

import pytest

from dcvd.core.connections.connection import Provider
from dcvd.core.secret import Secret
from dcvd.core.tokens.token import Role
from dcvd.errors import InvalidInput
from dcvd.services.connections.authorizations import AuthorizationRedirect, start_authorization
from dcvd.services.connections.code_exchange import connect_foreign
from dcvd.services.tokens import minting
from tests.daemon.reload.cases import case, row
from tests.daemon.reload.place import Place
from tests.daemon.reload.provider_cases import outcome

_BACK = "https://app.example.net/settings"


async def authorize(place: Place, provider: Provider, return_to: str | None = None) -> AuthorizationRedirect:
    org_id = await place.new_organization()
    minted = await minting.create(place.context, org_id, name="ci", role=Role.OWNER, expires_at=None)
    client = place.daemon.services.access.token_client
    return await start_authorization(place.context, client, org_id, minted.token.id, provider, return_to=return_to)


async def get_tokens(place: Place, *, provider: Provider) -> str:
    """An authorization, the exchange of its code, and a revocation."""
    place.far.calls.clear()
    url = (await authorize(place, provider)).url
    asked = [pair for pair in parse_qsl(urlsplit(url).query) if pair[0] not in ("state", "code_challenge")]
    client = place.daemon.services.access.token_client
    exchanged = client.exchange(provider, code=Secret("c"), verifier=Secret("v"), redirect_uri="https://x.example")
    results = [await outcome(exchanged), await outcome(client.revoke(provider, Secret("t"), "refresh_token"))]
    return "\n".join((url.partition("?")[0], *map(repr, asked), *place.far.calls, *results))


for provider in (Provider.CLOUDFLARE, Provider.GODADDY, Provider.OTHER):
    for key, value, mark in (
        ("client_id", '"client-two"', "client-two"),
        ("client_secret_file", '"two"', "secret-two"),
        ("scopes", '["scope.two"]', "scope.two"),
        ("redirect_uris", '["https://app.example.net/two"]', "https://app.example.net/two"),
        ("auth_method", '"client_secret_post"', "client_secret=secret-one"),
        ("authorize_url", '"{far}/authorize2"', "/authorize2"),
        ("token_url", '"{far}/token2"', "POST /token2"),
        ("revoke_url", '"{far}/revoke2"', "POST /revoke2"),
        ("issuer", f'"{{far}}/{provider.value}"', "GET /.well-known/oauth-authorization-server/"),
    ):
        row(f"oauth.{provider.value}.{key}", value, mark, partial(get_tokens, provider=provider))
row("oauth.other.token_format", '"json"', "application/json", partial(get_tokens, provider=Provider.OTHER))


@case("oauth.allow_foreign_authorization")
async def _(place: Place) -> None:
    async def connect() -> str:
        org_id = await place.new_organization()
        minted = await minting.create(place.context, org_id, name="ci", role=Role.OWNER, expires_at=None)
        place.far.calls.clear()
        uri = place.context.config.oauth_other.redirect_uris[0]
        return await outcome(
            connect_foreign(
                place.context,
                place.daemon.services.access,
                org_id,
                minted.token.id,
                Provider.OTHER,
                code=Secret("c"),
                redirect_uri=uri,
                verifier=None,
                issuer=None,
            )
        )

    assert "POST /api/oauth/authorize" in await connect()
    assert place.far.calls == []
    place.reload(oauth__allow_foreign_authorization="true")
    await connect()
    (call,) = [call for call in place.far.calls if "grant_type=authorization_code" in call]
    assert "code_verifier" not in call


@case("oauth.return_to")
async def _(place: Place) -> None:
    with pytest.raises(InvalidInput, match="returnTo"):
        await authorize(place, Provider.OTHER, _BACK)
    place.reload(oauth__return_to=f'["{_BACK}"]')
    await authorize(place, Provider.OTHER, _BACK)
