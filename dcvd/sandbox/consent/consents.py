"""Keep the consents of customers: the codes, and the tokens for which they are exchanged.

Refresh tokens rotate at each use. A second use of a refresh token revokes all tokens of its consent (RFC 9700
§4.14.2), and so does a second use of a code (RFC 6749 §4.1.2).
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping

import msgspec

from dcvd.core.instants import MINUTE, SECOND
from dcvd.sandbox.consent.requests import (
    OFFLINE_ACCESS,
    PERMISSIONS,
    AuthorizationRequest,
    OauthRefusal,
    read_request,
)
from dcvd.sandbox.customers.tokens import CustomerTokens, hash_token, new_secret
from dcvd.sandbox.settings import SandboxSettings

_CODE_LIFETIME_MS = 10 * MINUTE


class _Consent(msgspec.Struct, kw_only=True):
    """A consent. refresh_token_hash: of the one that may be used. access_token_ids: of all that were issued."""

    request: AuthorizationRequest
    scopes: tuple[str, ...]
    code_expires_at: int
    is_exchanged: bool = False
    is_revoked: bool = False
    refresh_token_hash: str | None = None
    access_token_ids: list[str] = []


class Consents:
    """The consents of one client. A page that is not answered yet is kept under an id that only the page knows."""

    def __init__(self, settings: SandboxSettings, tokens: CustomerTokens, now: Callable[[], int]) -> None:
        self._settings = settings
        self._tokens = tokens
        self._now = now
        self._pages: dict[str, AuthorizationRequest] = {}
        self._by_code: dict[str, _Consent] = {}
        self._by_refresh: dict[str, _Consent] = {}

    def open_page(self, query: Mapping[str, str]) -> tuple[str, AuthorizationRequest]:
        """Return the id of a new page, and the request that a browser brings. Raises OauthRefusal."""
        request = read_request(query, self._settings)
        page_id = secrets.token_urlsafe(16)
        self._pages[page_id] = request
        return page_id, request

    def allow(self, page_id: str, scopes: tuple[str, ...]) -> str:
        """Return where the browser goes with its code; the customer allows `scopes`. Raises OauthRefusal."""
        request = self._close_page(page_id)
        granted = tuple(scope for scope in request.scopes if scope in scopes)
        code = new_secret()
        self._by_code[hash_token(code)] = _Consent(
            request=request, scopes=granted, code_expires_at=self._now() + _CODE_LIFETIME_MS
        )
        return request.build_redirect(code=code)

    def deny(self, page_id: str) -> str:
        """Return where the browser goes with the refusal. Raises OauthRefusal."""
        return self._close_page(page_id).build_redirect(
            error="access_denied", error_description="The customer denied the request."
        )

    def exchange(self, code: str, redirect_uri: str, verifier: str) -> dict[str, object]:
        """Return the token endpoint's answer to a code. Raises OauthRefusal."""
        consent = self._by_code.get(hash_token(code))
        if consent is None or consent.code_expires_at <= self._now():
            raise OauthRefusal("invalid_grant", "The code is unknown, or its ten minutes are over.")
        if consent.is_exchanged:
            self._revoke_consent(consent)
            raise OauthRefusal("invalid_grant", "The code was used before; the tokens that it gave are revoked.")
        consent.is_exchanged = True
        if redirect_uri != consent.request.redirect_uri:
            raise OauthRefusal("invalid_grant", "The redirect_uri is not that of the authorization request.")
        if not hmac.compare_digest(compute_challenge(verifier), consent.request.challenge):
            raise OauthRefusal("invalid_grant", "The code_verifier does not fit the code_challenge.")
        return self._issue(consent)

    def refresh(self, token: str) -> dict[str, object]:
        """Return the token endpoint's answer to a refresh token. Raises OauthRefusal."""
        consent = self._by_refresh.get(hash_token(token))
        if consent is None or consent.is_revoked:
            raise OauthRefusal("invalid_grant", "The refresh token is unknown, or was revoked.")
        if consent.refresh_token_hash != hash_token(token):
            self._revoke_consent(consent)
            raise OauthRefusal("invalid_grant", "The refresh token was used before; its successors are revoked.")
        return self._issue(consent)

    def revoke(self, token: str) -> None:
        """Revoke an access token, or by a refresh token its whole consent (RFC 7009); ignore any other text."""
        consent = self._by_refresh.get(hash_token(token))
        if consent is not None:
            self._revoke_consent(consent)
        elif (issued := self._tokens.find(token)) is not None and not issued.is_verifiable:
            self._tokens.revoke(issued.id)

    def _close_page(self, page_id: str) -> AuthorizationRequest:
        request = self._pages.pop(page_id, None)
        if request is None:
            raise OauthRefusal("invalid_request", "This page was answered before; start again.")
        return request

    def _issue(self, consent: _Consent) -> dict[str, object]:
        access_token, issued = self._tokens.issue(
            [permission for permission in PERMISSIONS if permission in consent.scopes],
            account=self._settings.customer,
            is_verifiable=False,
            lifetime_ms=self._settings.access_token_lifetime_s * SECOND,
        )
        consent.access_token_ids.append(issued.id)
        answer: dict[str, object] = {
            "access_token": access_token,
            "token_type": "bearer",
            "expires_in": self._settings.access_token_lifetime_s,
            "scope": " ".join(consent.scopes),
        }
        if OFFLINE_ACCESS in consent.scopes:
            token = new_secret()
            consent.refresh_token_hash = hash_token(token)
            self._by_refresh[consent.refresh_token_hash] = consent
            answer["refresh_token"] = token
        return answer

    def _revoke_consent(self, consent: _Consent) -> None:
        consent.is_revoked = True
        for token_id in consent.access_token_ids:
            self._tokens.revoke(token_id)
        consent.access_token_ids.clear()


def compute_challenge(verifier: str) -> str:
    """Compute the challenge of a verifier by S256 (RFC 7636 §4.2)."""
    digest = hashlib.sha256(verifier.encode("utf-8", "surrogateescape")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
