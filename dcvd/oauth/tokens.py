"""The token endpoint (RFC 6749, sections 4.1.3 and 6) and the revocation endpoint (RFC 7009)."""

import base64
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final, Literal
from urllib.parse import quote_plus, urlencode

import msgspec

from dcvd.config import Config
from dcvd.config.oauth import OauthClient, OauthOther
from dcvd.core.connections.connection import Provider
from dcvd.core.secret import Secret
from dcvd.kit.http.fetch import Fetched, Fetcher, FetchFailed
from dcvd.oauth.servers import AuthorizationServers
from dcvd.oauth.token_responses import TokenAnswerLost, Tokens, read_tokens, refuse

TokenKind = Literal["access_token", "refresh_token"]
"""By the names of RFC 7009."""

_TIMEOUT: Final = 10.0
_LARGEST: Final = 64 * 1024


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

    async def exchange(self, provider: Provider, *, code: Secret, verifier: Secret, redirect_uri: str) -> Tokens:
        """Tokens for a code. It is never sent twice: a server that sees it again revokes what it gave."""
        form = {
            "grant_type": "authorization_code",
            "code": code.reveal(),
            "redirect_uri": redirect_uri,
            "code_verifier": verifier.reveal(),
        }
        fetched = await self._post(provider, await self.servers.token_url(provider), form)
        if fetched.status != HTTPStatus.OK:
            refuse(provider, "the code", fetched, (code, verifier, *self._ours(provider)))
        return read_tokens(provider, fetched)

    async def refresh(self, provider: Provider, refresh_token: Secret) -> Tokens:
        """New tokens; without a refresh token among them the old one stays good."""
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token.reveal()}
        fetched = await self._post(provider, await self.servers.token_url(provider), form)
        if fetched.status != HTTPStatus.OK:
            refuse(provider, "the refresh token", fetched, (refresh_token, *self._ours(provider)))
        return read_tokens(provider, fetched)

    async def revoke(self, provider: Provider, token: Secret, kind: TokenKind) -> bool:
        """Whether it was revoked; False for a server that has no place for it. An unknown token is revoked too."""
        url = await self.servers.revoke_url(provider)
        if url is None:
            return False
        fetched = await self._post(provider, url, {"token": token.reveal(), "token_type_hint": kind})
        if not 200 <= fetched.status < 300:
            refuse(provider, "the revocation", fetched, (token, *self._ours(provider)))
        return True

    async def _post(self, provider: Provider, url: str, form: Mapping[str, str]) -> Fetched:
        client = self.servers.client(provider)
        headers, ours = _identification(client)
        kind, body = _encoded(client, {**form, **ours})
        headers |= {"Content-Type": kind, "Accept": "application/json"}
        try:
            return await self._fetcher.send("POST", url, headers=headers, body=body, timeout=_TIMEOUT, most=_LARGEST)
        except FetchFailed as error:
            lost = TokenAnswerLost(error.message, sent=error.sent)
        # Out of the handler, so that nothing is chained, not even unshown: whoever could not read an answer that is no
        # HTTP quotes it, and tokens may be in it.
        raise lost

    def _ours(self, provider: Provider) -> tuple[Secret, ...]:
        secret = self.servers.client(provider).client_secret
        return (secret,) if secret else ()


def _encoded(client: OauthClient, form: Mapping[str, str]) -> tuple[str, bytes]:
    """Its media type and itself."""
    if isinstance(client, OauthOther) and client.token_format == "json":
        return "application/json", msgspec.json.encode(form)
    return "application/x-www-form-urlencoded", urlencode(form).encode()


def _identification(client: OauthClient) -> tuple[dict[str, str], dict[str, str]]:
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
