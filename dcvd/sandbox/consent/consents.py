"""What customers have consented to: codes, and the tokens that they are exchanged for.

Refresh tokens rotate at each use; one that comes a second time ends all that came of its consent (RFC 9700 §4.14.2),
and so does a code that comes a second time (RFC 6749 §4.1.2).
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping

import msgspec

from dcvd.core.instants import MINUTE, SECOND
from dcvd.sandbox.consent.requests import OFFLINE, Asked, OauthRefused, permissions_of, read_request
from dcvd.sandbox.customers.tokens import CustomerTokens, new_secret
from dcvd.sandbox.settings import SandboxSettings

_CODE_LIFE = 10 * MINUTE


class _Consent(msgspec.Struct, kw_only=True):
    """refresh: the one token that may be used; access: ids of the access tokens that were issued."""

    asked: Asked
    scopes: tuple[str, ...]
    code_until: int
    exchanged: bool = False
    ended: bool = False
    refresh: str | None = None
    access: list[str] = []


class Consents:
    """One client's; `pages` of customers who have not answered yet are kept by a number that only the page knows."""

    def __init__(self, settings: SandboxSettings, tokens: CustomerTokens, now: Callable[[], int]) -> None:
        self._settings = settings
        self._tokens = tokens
        self._now = now
        self._pages: dict[str, Asked] = {}
        self._by_code: dict[str, _Consent] = {}
        self._by_refresh: dict[str, _Consent] = {}

    def ask(self, query: Mapping[str, str]) -> tuple[str, Asked]:
        """A request as a browser brings it, and the page's number. Raises OauthRefused."""
        asked = read_request(query, self._settings)
        page = secrets.token_urlsafe(16)
        self._pages[page] = asked
        return page, asked

    def allow(self, page: str, scopes: tuple[str, ...]) -> str:
        """Where the browser goes with its code; `scopes`: those that the customer left in. Raises OauthRefused."""
        asked = self._answered(page)
        granted = tuple(scope for scope in asked.scopes if scope in scopes)
        code = new_secret()
        self._by_code[_hash(code)] = _Consent(asked=asked, scopes=granted, code_until=self._now() + _CODE_LIFE)
        return asked.back(code=code)

    def deny(self, page: str) -> str:
        """Where the browser goes. Raises OauthRefused."""
        return self._answered(page).back(error="access_denied", error_description="The customer said no.")

    def exchange(self, code: str, redirect_uri: str, verifier: str) -> dict[str, object]:
        """The token endpoint's answer to a code. Raises OauthRefused."""
        consent = self._by_code.get(_hash(code))
        if consent is None or consent.code_until <= self._now():
            raise OauthRefused("invalid_grant", "The code is unknown, or its ten minutes are over.")
        if consent.exchanged:
            self._end(consent)
            raise OauthRefused("invalid_grant", "The code was used before; the tokens that it gave are revoked.")
        consent.exchanged = True
        if redirect_uri != consent.asked.redirect_uri:
            raise OauthRefused("invalid_grant", "The redirect_uri is not that of the authorization request.")
        if not hmac.compare_digest(challenge(verifier), consent.asked.challenge):
            raise OauthRefused("invalid_grant", "The code_verifier does not fit the code_challenge.")
        return self._issue(consent)

    def refresh(self, token: str) -> dict[str, object]:
        """The token endpoint's answer to a refresh token. Raises OauthRefused."""
        consent = self._by_refresh.get(_hash(token))
        if consent is None or consent.ended:
            raise OauthRefused("invalid_grant", "The refresh token is unknown, or was revoked.")
        if consent.refresh != _hash(token):
            self._end(consent)
            raise OauthRefused("invalid_grant", "The refresh token was used before; its successors are revoked.")
        return self._issue(consent)

    def revoke(self, token: str) -> None:
        """An access token alone, or by its refresh token all that came of a consent (RFC 7009); no other does harm."""
        consent = self._by_refresh.get(_hash(token))
        if consent is not None:
            self._end(consent)
        elif (grant := self._tokens.find(token)) is not None and not grant.verifiable:
            self._tokens.revoke(grant.id)

    def _answered(self, page: str) -> Asked:
        asked = self._pages.pop(page, None)
        if asked is None:
            raise OauthRefused("invalid_request", "This page was answered before; begin anew.")
        return asked

    def _issue(self, consent: _Consent) -> dict[str, object]:
        access, grant = self._tokens.issue(
            permissions_of(consent.scopes),
            account=self._settings.customer,
            verifiable=False,
            lifetime=self._settings.access_token_life * SECOND,
        )
        consent.access.append(grant.id)
        answer: dict[str, object] = {
            "access_token": access,
            "token_type": "bearer",
            "expires_in": self._settings.access_token_life,
            "scope": " ".join(consent.scopes),
        }
        if OFFLINE in consent.scopes:
            token = new_secret()
            consent.refresh = _hash(token)
            self._by_refresh[consent.refresh] = consent
            answer["refresh_token"] = token
        return answer

    def _end(self, consent: _Consent) -> None:
        consent.ended = True
        for token_id in consent.access:
            self._tokens.revoke(token_id)
        consent.access.clear()


def challenge(verifier: str) -> str:
    """S256 of RFC 7636 §4.2."""
    digest = hashlib.sha256(verifier.encode("utf-8", "surrogateescape")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
