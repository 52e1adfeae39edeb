"""Serve the authorization server's endpoints, below /oauth2 as at dash.cloudflare.com."""

import base64
import binascii
import hmac
from typing import Final
from urllib.parse import unquote_plus

from aiohttp import web

from dcvd.sandbox.consent.consents import Consents
from dcvd.sandbox.consent.page import consent_page, refusal_page
from dcvd.sandbox.consent.requests import SCOPES, OauthRefusal
from dcvd.sandbox.http.envelope import json_response
from dcvd.sandbox.settings import SandboxSettings

PREFIX: Final = "/oauth2"
_NO_STORE: Final = {"Cache-Control": "no-store"}


class ConsentApi:
    """Handlers for the consents of one client; `auto=allow` or `auto=deny` in an authorization request answers it."""

    def __init__(self, consents: Consents, settings: SandboxSettings) -> None:
        self._consents = consents
        self._settings = settings

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/auth", self.show_consent_page, allow_head=False),
            web.post("/auth", self.submit_answer),
            web.post("/token", self.issue_token),
            web.post("/revoke", self.revoke_token),
        ]

    async def show_consent_page(self, request: web.Request) -> web.Response:
        try:
            page, authorization = self._consents.open_page(request.query)
        except OauthRefusal as refusal:
            return refusal_page(refusal.message) if refusal.redirect_url is None else _redirect(refusal.redirect_url)
        match request.query.get("auto"):
            case "allow":
                return _redirect(self._consents.allow(page, authorization.scopes))
            case "deny":
                return _redirect(self._consents.deny(page))
            case _:
                return consent_page(page, authorization, self._settings.customer)

    async def submit_answer(self, request: web.Request) -> web.Response:
        form = await request.post()
        page = str(form.get("page", ""))
        scopes = tuple(scope for scope in SCOPES if scope in form.getall("scope", []))
        try:
            if form.get("answer") == "allow":
                return _redirect(self._consents.allow(page, scopes))
            return _redirect(self._consents.deny(page))
        except OauthRefusal as refusal:
            return refusal_page(refusal.message)

    async def issue_token(self, request: web.Request) -> web.Response:
        try:
            form = await self._read_form(request)
            match form.get("grant_type"):
                case "authorization_code":
                    tokens = self._consents.exchange(
                        form.get("code", ""), form.get("redirect_uri", ""), form.get("code_verifier", "")
                    )
                case "refresh_token":
                    tokens = self._consents.refresh(form.get("refresh_token", ""))
                case other:
                    raise OauthRefusal("unsupported_grant_type", f"The grant_type {other!r} is not offered.")
        except OauthRefusal as refusal:
            return _error_response(refusal)
        answer = json_response(tokens)
        answer.headers.update(_NO_STORE)
        return answer

    async def revoke_token(self, request: web.Request) -> web.Response:
        """Revoke a token; the answer is 200 for any token (RFC 7009 §2.2)."""
        try:
            form = await self._read_form(request)
        except OauthRefusal as refusal:
            return _error_response(refusal)
        self._consents.revoke(form.get("token", ""))
        return web.Response()

    async def _read_form(self, request: web.Request) -> dict[str, str]:
        """Check the client by client_secret_basic or client_secret_post, not both (RFC 6749 §2.3); return the form."""
        form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
        header = request.headers.get("Authorization", "")
        if header:
            client_id, secret = _read_basic(header)
        else:
            client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
        is_secret_correct = hmac.compare_digest(secret.encode(), self._settings.oauth_client_secret.encode())
        if client_id != self._settings.oauth_client_id or not is_secret_correct:
            raise OauthRefusal("invalid_client", "The client is unknown, or its secret is wrong.")
        return form


def _read_basic(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        raise OauthRefusal("invalid_client", "Clients authenticate by Basic, or in the body.")
    try:
        client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise OauthRefusal("invalid_client", "The Authorization header is not Basic credentials.") from error
    return unquote_plus(client_id), unquote_plus(secret)


def _error_response(refusal: OauthRefusal) -> web.Response:
    status = 401 if refusal.error == "invalid_client" else 400
    answer = json_response({"error": refusal.error, "error_description": refusal.message}, status)
    answer.headers.update(_NO_STORE)
    if status == 401:
        answer.headers["WWW-Authenticate"] = 'Basic realm="sandbox"'
    return answer


def _redirect(location: str) -> web.Response:
    return web.Response(status=303, headers={"Location": location, "Referrer-Policy": "no-referrer", **_NO_STORE})
