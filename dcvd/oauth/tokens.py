"""Call the token endpoint (RFC 6749, sections 4.1.3 and 6) and the revocation endpoint (RFC 7009)."""

from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import urlencode

import msgspec

from dcvd.config import Config, Live
from dcvd.config.oauth_sections import OauthClientConfig, OauthOtherConfig
from dcvd.core.connections.connection import Provider
from dcvd.core.connections.credentials import TokenKind
from dcvd.core.secret import Secret
from dcvd.kit.http.fetch import Fetcher, FetchResponse
from dcvd.oauth.servers import AuthorizationServers
from dcvd.oauth.token_requests import encode_client_authentication, send_token_request
from dcvd.oauth.token_responses import TokenResponse, TokenServer, raise_refusal, read_token_response


class TokenClient:
    """Asks authorization servers for tokens.

    Every call raises Unauthorized with the code `invalid_grant` if the code or token is not accepted, and
    `invalid_client` if the operator has to act; Permanent for other refusals; FetchFailed for 5xx, 429 and no answer,
    where `may_have_arrived` says whether the server may have carried out the request; InvalidInput for a provider
    without OAuth; NotConfigured naming the missing setting. No error holds a token or a code, nor chains one that does.
    """

    def __init__(self, fetcher: Fetcher, live_config: Live[Config]) -> None:
        self._fetcher = fetcher
        self.servers = AuthorizationServers(fetcher, live_config)

    async def exchange(
        self, provider: Provider, *, code: Secret, verifier: Secret | None, redirect_uri: str
    ) -> TokenResponse:
        """Exchange a code for tokens. It is never sent twice: a server that sees a code again revokes its tokens.

        verifier: that of PKCE (RFC 7636); None where the authorization request had none.
        """
        form = {"grant_type": "authorization_code", "code": code.reveal(), "redirect_uri": redirect_uri}
        if verifier is None:
            return await self._request_tokens(provider, form, "the code", (code,))
        form["code_verifier"] = verifier.reveal()
        return await self._request_tokens(provider, form, "the code", (code, verifier))

    async def refresh(self, provider: Provider, refresh_token: Secret) -> TokenResponse:
        """Return new tokens; if no refresh token is among them, the old one stays valid."""
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token.reveal()}
        return await self._request_tokens(provider, form, "the refresh token", (refresh_token,))

    async def revoke(self, provider: Provider, token: Secret, kind: TokenKind) -> bool:
        """Revoke a token; False for a server without a revocation endpoint. An unknown token counts as revoked."""
        url = await self.servers.get_revoke_url(provider)
        if url is None:
            return False
        fetched = await self._post(provider, url, {"token": token.reveal(), "token_type_hint": kind})
        if not 200 <= fetched.status < 300:
            raise_refusal(_describe(provider), "the revocation", fetched, (token, *self._client_secrets(provider)))
        return True

    async def _request_tokens(
        self, provider: Provider, form: Mapping[str, str], what: str, secrets: tuple[Secret, ...]
    ) -> TokenResponse:
        fetched = await self._post(provider, await self.servers.get_token_url(provider), form)
        if fetched.status != HTTPStatus.OK:
            raise_refusal(_describe(provider), what, fetched, (*secrets, *self._client_secrets(provider)))
        return read_token_response(_describe(provider), fetched)

    async def _post(self, provider: Provider, url: str, form: Mapping[str, str]) -> FetchResponse:
        client = self.servers.get_client(provider)
        headers, members = encode_client_authentication(client)
        media_type, body = _encode_form(client, {**form, **members})
        return await send_token_request(self._fetcher, url, headers, media_type, body)

    def _client_secrets(self, provider: Provider) -> tuple[Secret, ...]:
        secret = self.servers.get_client(provider).client_secret
        return (secret,) if secret else ()


def _describe(provider: Provider) -> TokenServer:
    return TokenServer(provider.value, f"oauth.{provider.value}")


def _encode_form(client: OauthClientConfig, form: Mapping[str, str]) -> tuple[str, bytes]:
    """The media type of an encoded form, and its bytes."""
    if isinstance(client, OauthOtherConfig) and client.token_format == "json":
        return "application/json", msgspec.json.encode(form)
    return "application/x-www-form-urlencoded", urlencode(form).encode()
