"""The authorization server's endpoints, below /oauth2 as at dash.cloudflare.com."""

import base64
import binascii
import hmac
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote_plus

from aiohttp import web

from dcvd.sandbox.consent.consents import Consents
from dcvd.sandbox.consent.page import consent_page, refusal_page
from dcvd.sandbox.consent.requests import SCOPES, OauthRefused
from dcvd.sandbox.http.envelope import as_json
from dcvd.sandbox.settings import SandboxSettings

PREFIX: Final = "/oauth2"
_NO_STORE: Final = {"Cache-Control": "no-store"}


class ConsentApi:
    """Handlers over one client's consents. `auto=allow` or `auto=deny` beside an authorization request answers it."""

    def __init__(self, consents: Consents, settings: SandboxSettings) -> None:
        self._consents = consents
        self._settings = settings

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/auth", self.ask, allow_head=False),
            web.post("/auth", self.answer),
            web.post("/token", self.token),
            web.post("/revoke", self.revoke),
        ]

    async def ask(self, request: web.Request) -> web.Response:
        try:
            page, asked = self._consents.ask(request.query)
        except OauthRefused as refused:
            return refusal_page(refused.message) if refused.back is None else _see_other(refused.back)
        match request.query.get("auto"):
            case "allow":
                return _see_other(self._consents.allow(page, asked.scopes))
            case "deny":
                return _see_other(self._consents.deny(page))
            case _:
                return consent_page(page, asked, self._settings.customer)

    async def answer(self, request: web.Request) -> web.Response:
        form = await request.post()
        page = str(form.get("page", ""))
        scopes = tuple(scope for scope in SCOPES if scope in form.getall("scope", []))
        try:
            if form.get("answer") == "allow":
                return _see_other(self._consents.allow(page, scopes))
            return _see_other(self._consents.deny(page))
        except OauthRefused as refused:
            return refusal_page(refused.message)

    async def token(self, request: web.Request) -> web.Response:
        form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
        try:
            self._authenticate(request, form)
            match form.get("grant_type"):
                case "authorization_code":
                    issued = self._consents.exchange(
                        form.get("code", ""), form.get("redirect_uri", ""), form.get("code_verifier", "")
                    )
                case "refresh_token":
                    issued = self._consents.refresh(form.get("refresh_token", ""))
                case other:
                    raise OauthRefused("unsupported_grant_type", f"The grant_type {other!r} is not offered.")
        except OauthRefused as refused:
            return _refusal(refused)
        answer = as_json(issued)
        answer.headers.update(_NO_STORE)
        return answer

    async def revoke(self, request: web.Request) -> web.Response:
        """200 for any token (RFC 7009 §2.2)."""
        form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
        try:
            self._authenticate(request, form)
        except OauthRefused as refused:
            return _refusal(refused)
        self._consents.revoke(form.get("token", ""))
        return web.Response()

    def _authenticate(self, request: web.Request, form: Mapping[str, str]) -> None:
        """client_secret_basic, or client_secret_post; not both (RFC 6749 §2.3)."""
        header = request.headers.get("Authorization", "")
        if header:
            client_id, secret = _basic(header)
        else:
            client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
        known = hmac.compare_digest(secret.encode(), self._settings.oauth_client_secret.encode())
        if client_id != self._settings.oauth_client_id or not known:
            raise OauthRefused("invalid_client", "The client is unknown, or its secret is wrong.")


def _basic(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        raise OauthRefused("invalid_client", "Clients authenticate by Basic, or in the body.")
    try:
        client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise OauthRefused("invalid_client", "The Authorization header is not Basic credentials.") from error
    return unquote_plus(client_id), unquote_plus(secret)


def _refusal(refused: OauthRefused) -> web.Response:
    status = 401 if refused.error == "invalid_client" else 400
    answer = as_json({"error": refused.error, "error_description": refused.message}, status)
    answer.headers.update(_NO_STORE)
    if status == 401:
        answer.headers["WWW-Authenticate"] = 'Basic realm="sandbox"'
    return answer


def _see_other(location: str) -> web.Response:
    return web.Response(status=303, headers={"Location": location, "Referrer-Policy": "no-referrer", **_NO_STORE})
