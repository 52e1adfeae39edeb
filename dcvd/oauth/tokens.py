"""The token endpoint (RFC 6749, sections 4.1.3 and 6) and the revocation endpoint (RFC 7009)."""

import base64
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final, Literal
from urllib.parse import quote_plus, urlencode

import msgspec

from dcvd.config import Config
from dcvd.config.oauth_sections import OauthClientConfig, OauthOtherConfig
from dcvd.core.connections.connection import Provider
from dcvd.core.secret import Secret
from dcvd.kit.http.fetch import Fetcher, FetchFailed, FetchResponse
from dcvd.oauth.servers import AuthorizationServers
from dcvd.oauth.token_responses import TokenResponse, TokenResponseLost, raise_refusal, read_token_response

TokenKind = Literal["access_token", "refresh_token"]
"""By the names of RFC 7009."""

_TIMEOUT_S: Final = 10.0
_MAX_RESPONSE_BYTES: Final = 64 * 1024


class TokenClient:
    """Asks providers' servers for tokens. `config` gives the present configuration, so a reload is followed.

    Every call raises Unauthorized with the code `invalid_grant` where the code or token is not accepted, and
    `invalid_client` where it is the operator who has to act; Permanent for other refusals; FetchFailed for 5xx, 429
    and no answer, where `sent` says whether it may have been done; InvalidInput for a provider without OAuth;
    Unavailable naming the setting that lacks. No error holds a token or a code, nor chains one that does.
    """

    def __init__(self, fetcher: Fetcher, config: Callable[[], Config]) -> None:
        self._fetcher = fetcher
        self.servers = AuthorizationServers(fetcher, config)

    async def exchange(self, provider: Provider, *, code: Secret, verifier: Secret, redirect_uri: str) -> TokenResponse:
        """Tokens for a code. It is never sent twice: a server that sees it again revokes what it gave."""
        form = {
            "grant_type": "authorization_code",
            "code": code.reveal(),
            "redirect_uri": redirect_uri,
            "code_verifier": verifier.reveal(),
        }
        fetched = await self._post(provider, await self.servers.get_token_url(provider), form)
        if fetched.status != HTTPStatus.OK:
            raise_refusal(provider, "the code", fetched, (code, verifier, *self._client_secrets(provider)))
        return read_token_response(provider, fetched)

    async def refresh(self, provider: Provider, refresh_token: Secret) -> TokenResponse:
        """New tokens; without a refresh token among them the old one stays good."""
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token.reveal()}
        fetched = await self._post(provider, await self.servers.get_token_url(provider), form)
        if fetched.status != HTTPStatus.OK:
            raise_refusal(provider, "the refresh token", fetched, (refresh_token, *self._client_secrets(provider)))
        return read_token_response(provider, fetched)

    async def revoke(self, provider: Provider, token: Secret, kind: TokenKind) -> bool:
        """Whether it was revoked; False for a server that has no place for it. An unknown token is revoked too."""
        url = await self.servers.get_revoke_url(provider)
        if url is None:
            return False
        fetched = await self._post(provider, url, {"token": token.reveal(), "token_type_hint": kind})
        if not 200 <= fetched.status < 300:
            raise_refusal(provider, "the revocation", fetched, (token, *self._client_secrets(provider)))
        return True

    async def _post(self, provider: Provider, url: str, form: Mapping[str, str]) -> FetchResponse:
        client = self.servers.get_client(provider)
        headers, ours = _client_authentication(client)
        kind, body = _encode_form(client, {**form, **ours})
        headers |= {"Content-Type": kind, "Accept": "application/json"}
        try:
            return await self._fetcher.send(
                "POST", url, headers=headers, body=body, timeout_s=_TIMEOUT_S, max_bytes=_MAX_RESPONSE_BYTES
            )
        except FetchFailed as error:
            lost = TokenResponseLost(error.message, may_have_arrived=error.may_have_arrived)
        # Out of the handler, so that nothing is chained, not even unshown: whoever could not read an answer that is no
        # HTTP quotes it, and tokens may be in it.
        raise lost

    def _client_secrets(self, provider: Provider) -> tuple[Secret, ...]:
        secret = self.servers.get_client(provider).client_secret
        return (secret,) if secret else ()


def _encode_form(client: OauthClientConfig, form: Mapping[str, str]) -> tuple[str, bytes]:
    """Its media type and itself."""
    if isinstance(client, OauthOtherConfig) and client.token_format == "json":
        return "application/json", msgspec.json.encode(form)
    return "application/x-www-form-urlencoded", urlencode(form).encode()


def _client_authentication(client: OauthClientConfig) -> tuple[dict[str, str], dict[str, str]]:
    """Headers and members of the form that say who we are (RFC 6749, section 2.3.1)."""
    secret = client.client_secret.reveal() if client.client_secret else ""
    match client.auth_method:
        case "client_secret_basic":
            pair = f"{quote_plus(client.client_id)}:{quote_plus(secret)}"
            return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}, {}
        case "client_secret_post":
            return {}, {"client_id": client.client_id, "client_secret": secret}
        case "none":
            return {}, {"client_id": client.client_id}
