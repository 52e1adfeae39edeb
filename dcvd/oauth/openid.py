"""Our client at the identity provider of `[web.oidc]` (OpenID Connect Core, by the authorization code with PKCE)."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode, urlsplit

import structlog
from msgspec import Struct

from dcvd.config import Config, Live
from dcvd.config.web_section import WebOidcConfig
from dcvd.core.connections.oauth import authorization_url
from dcvd.core.http.exchanges import is_temporary
from dcvd.core.oidc.attempts import SignInAttempt
from dcvd.core.oidc.id_tokens import Claims, IdTokenRefused, UnverifiedToken, check_claims, parse_id_token
from dcvd.core.secret import Secret
from dcvd.errors import NotConfigured, Permanent, Retryable
from dcvd.kit.http.fetch import Fetcher
from dcvd.kit.http.json_body import read_json_object
from dcvd.oauth.json_web_keys import is_signed
from dcvd.oauth.metadata import AuthorizationServerMetadata, MetadataCache, list_discovery_urls
from dcvd.oauth.signing_keys import SigningKeys
from dcvd.oauth.token_requests import FORM_TYPE, encode_client_authentication, send_token_request
from dcvd.oauth.token_responses import TokenResponse, TokenServer, raise_refusal, read_token_response

log = structlog.get_logger(__name__)

CALLBACK_PATH: Final = "/sign-in/oidc/callback"
"""Where the provider sends people back, below the public URL."""
_SECTION: Final = "web.oidc"
_DEADLINE_S: Final = 20.0


class OpenIdAnswer(Struct, frozen=True, kw_only=True):
    """What the provider's answer through the browser has to be. issuer_required: it has to name the issuer."""

    issuer: str
    issuer_required: bool


def name_provider(config: WebOidcConfig) -> str:
    """Return the name of the provider for people."""
    return config.name or urlsplit(config.issuer).hostname or ""


class OpenIdClient:
    """Sends people to the provider, and finds out who came back.

    Every call raises NotConfigured where there is no provider; FetchFailed or another Retryable where it does not
    answer; Permanent where its answers cannot be used, with the code `bad_metadata` for its metadata and keys, and
    `bad_id_token` for what it says of a person; Unauthorized where it does not take the code, or our client.
    """

    def __init__(
        self,
        fetcher: Fetcher,
        live_config: Live[Config],
        monotonic: Callable[[], float] = time.monotonic,
        *,
        deadline_s: float = _DEADLINE_S,
    ) -> None:
        """`deadline_s`: how long all calls together may take by which one person is sent there, or comes back."""
        self._deadline_s = deadline_s
        self._fetcher = fetcher
        self._live_config = live_config
        self._metadata = MetadataCache(fetcher, monotonic, list_urls=list_discovery_urls)
        self._keys = SigningKeys(fetcher, monotonic)

    @property
    def redirect_uri(self) -> str:
        """Where the provider sends people back."""
        return f"{self._live_config.value.server.public_url}{CALLBACK_PATH}"

    async def build_authorization_url(self, attempt: SignInAttempt) -> str:
        """Return where a person signs in."""
        async with self._keep_deadline():
            client, metadata = await self._find_provider()
        return authorization_url(
            self._require(metadata.authorize_url, "authorization_endpoint"),
            client_id=client.client_id,
            redirect_uri=self.redirect_uri,
            scopes=client.scopes,
            state=attempt.state,
            verifier=attempt.verifier,
            extra_parameters={"nonce": attempt.nonce.reveal()},
        )

    async def describe_answer(self) -> OpenIdAnswer:
        """Return what the provider's answer has to be."""
        client, metadata = await self._find_provider()
        return OpenIdAnswer(issuer=client.issuer, issuer_required=metadata.issuer_in_responses)

    async def redeem(self, code: Secret, attempt: SignInAttempt, now: int) -> Claims:
        """Return what the provider says of the person who came back with a code: its ID token, and else its UserInfo.

        The code is sent once: a server that sees it again takes back what it gave.
        """
        async with self._keep_deadline():
            return await self._redeem(code, attempt, now)

    async def _redeem(self, code: Secret, attempt: SignInAttempt, now: int) -> Claims:
        client, metadata = await self._find_provider()
        tokens = await self._exchange(client, metadata, code, attempt)
        if tokens.id_token is None:
            raise _bad_id_token(client, "is not there")
        try:
            token = parse_id_token(tokens.id_token.reveal())
            await self._check_signature(metadata, token)
            subject = check_claims(
                token.claims,
                issuer=client.issuer,
                client_id=client.client_id,
                nonce=attempt.nonce.reveal(),
                now=now,
            )
        except IdTokenRefused as error:
            raise _bad_id_token(client, str(error)) from None
        wanted = {"email", "email_verified", *filter(None, [client.role_claim])}
        if metadata.userinfo_url is None or wanted <= token.claims.keys():
            return token.claims
        userinfo = await self._read_userinfo(client, metadata.userinfo_url, tokens, subject)
        # An address and whether it is verified come from one place.
        if not token.claims.keys() >= {"email", "email_verified"}:
            token.claims.pop("email", None)
            token.claims.pop("email_verified", None)
        return {**userinfo, **token.claims}

    async def check(self) -> None:
        """Fetch metadata and keys, to see whether the provider can be used."""
        _, metadata = await self._find_provider()
        self._require(metadata.authorize_url, "authorization_endpoint")
        self._require(metadata.token_url, "token_endpoint")
        await self._keys.get(self._require(metadata.jwks_url, "jwks_uri"), None)

    @asynccontextmanager
    async def _keep_deadline(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._deadline_s):
                yield
        except TimeoutError:
            name = name_provider(self._live_config.value.web_oidc)
            raise Retryable(f"{name} takes too long.", code="provider_slow") from None

    async def _find_provider(self) -> tuple[WebOidcConfig, AuthorizationServerMetadata]:
        client = self._live_config.value.web_oidc
        if not client.issuer:
            raise NotConfigured("People sign in with tokens here: the operator has set no provider (web.oidc).")
        return client, await self._metadata.get(client.issuer)

    async def _exchange(
        self, client: WebOidcConfig, metadata: AuthorizationServerMetadata, code: Secret, attempt: SignInAttempt
    ) -> TokenResponse:
        server = TokenServer(name_provider(client), _SECTION)
        headers, members = encode_client_authentication(client)
        form = {
            "grant_type": "authorization_code",
            "code": code.reveal(),
            "redirect_uri": self.redirect_uri,
            "code_verifier": attempt.verifier.reveal(),
            **members,
        }
        url = self._require(metadata.token_url, "token_endpoint")
        fetched = await send_token_request(self._fetcher, url, headers, FORM_TYPE, urlencode(form).encode())
        if fetched.status != HTTPStatus.OK:
            secrets = [code, attempt.verifier, *([client.client_secret] if client.client_secret else [])]
            raise_refusal(server, "the code", fetched, secrets)
        return read_token_response(server, fetched)

    async def _check_signature(self, metadata: AuthorizationServerMetadata, token: UnverifiedToken) -> None:
        keys = await self._keys.get(self._require(metadata.jwks_url, "jwks_uri"), token.key_id)
        if not is_signed(token, keys):
            raise IdTokenRefused("is not signed by the provider with RS256, ES256 or EdDSA")

    async def _read_userinfo(self, client: WebOidcConfig, url: str, tokens: TokenResponse, subject: str) -> Claims:
        """Return what UserInfo says (OpenID Connect Core, section 5.3), which has to be of the same person."""
        headers = {"Accept": "application/json", "Authorization": f"Bearer {tokens.access_token.reveal()}"}
        response = await self._fetcher.send("GET", url, headers=headers)
        if is_temporary(response.status):
            raise Retryable(f"{name_provider(client)} answered {response.status} when it was asked who somebody is.")
        claims = read_json_object(response.body) if response.status == HTTPStatus.OK else None
        if claims is None or claims.get("sub") != subject:
            raise Permanent(
                f"{name_provider(client)} does not say who the person is: its UserInfo answers {response.status}, or "
                "is of somebody else.",
                code="bad_id_token",
            )
        return claims

    def _require(self, url: str | None, name: str) -> str:
        if url is None:
            issuer = self._live_config.value.web_oidc.issuer
            raise Permanent(f"The metadata of {issuer} has no {name}.", code="bad_metadata")
        return url


def _bad_id_token(client: WebOidcConfig, what: str) -> Permanent:
    log.warning("oidc.id_token_refused", issuer=client.issuer, reason=what)
    return Permanent(
        f"What {name_provider(client)} says of you is not accepted: the ID token {what}.", code="bad_id_token"
    )
