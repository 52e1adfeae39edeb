"""A small authorization server of our own, as strict as RFC 9700 wants one, which also does what none should."""

import base64
import hashlib
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import unquote_plus, urlencode

import aiohttp
from aiohttp import web
from msgspec import Struct

from dcvd.core.secret import Secret
from tests.kit.receivers import receiver
from tests.marked import marked
from tests.oauth.servers import SCOPES, registered

_LIFE: Final = 3600
Fault = Callable[[web.Request, dict[str, Any]], Awaitable[web.StreamResponse]]
"""What becomes of an answer of the token endpoint whose tokens were issued already."""


class Grant(Struct):
    """What a customer consented to: the code, and the tokens that live by it."""

    client_id: str
    redirect_uri: str
    challenge: str
    scopes: list[str]
    code_used: bool = False
    refresh: str = ""
    live: bool = True


class Refused(Exception):
    """An error of RFC 6749, section 5.2."""


class Strict:
    """A `Server`. A code or a refresh token that comes twice ends all that it gave (RFC 9700, 4.2.4 and 4.14.2).

    asked: the forms that came to the token endpoint; headers: how they came. revoked: the tokens. metadata: what is
    announced instead.
    """

    def __init__(self, issuer: str = "") -> None:
        self.issuer = issuer
        self.fault: Fault | None = None
        self.revocation_fault: Fault | None = None
        self.asked: list[dict[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.revoked: list[str] = []
        self.metadata: dict[str, Any] = {}
        self._clients = {client["client_id"]: client for client in registered()}
        self._consents = True
        self._codes: dict[str, Grant] = {}
        self._refresh: dict[str, Grant] = {}
        self._numbers = itertools.count(1)

    async def answer(self, url: str, *, consent: bool = True) -> str:
        self._consents = consent
        async with aiohttp.ClientSession() as browser, browser.get(url, allow_redirects=False) as answer:
            assert answer.status == 303, await answer.text()
            return answer.headers["Location"]

    def consent(self, client_id: str, redirect_uri: str, challenge: str, scopes: Sequence[str] = SCOPES) -> Secret:
        """A code, as a customer's consent brings it."""
        code = marked(f"code-{next(self._numbers)}")
        granted = [scope for scope in scopes if scope in SCOPES]
        self._codes[code] = Grant(client_id, redirect_uri, challenge, granted)
        return Secret(code)

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        match request.method, request.path:
            case "GET", "/.well-known/oauth-authorization-server":
                return web.json_response(self._document())
            case "GET", "/auth":
                return self._ask(request)
            case "POST", "/token":
                return await self._token(request)
            case "POST", "/revoke":
                return await self._revoke(request)
            case _:
                return web.Response(status=404)

    def _document(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/auth",
            "token_endpoint": f"{self.issuer}/token",
            "revocation_endpoint": f"{self.issuer}/revoke",
            "authorization_response_iss_parameter_supported": True,
            **self.metadata,
        }

    def _ask(self, request: web.Request) -> web.Response:
        asked = request.query
        client = self._clients.get(asked["client_id"])
        if client is None or asked["redirect_uri"] not in client["redirect_uris"]:
            return web.Response(status=400, text="The client or its redirect URI is unknown.")
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        result = {"state": asked["state"], "iss": self.issuer}
        if self._consents:
            scopes = asked["scope"].split()
            code = self.consent(client["client_id"], asked["redirect_uri"], asked["code_challenge"], scopes)
            result["code"] = code.reveal()
        else:
            result |= {"error": "access_denied", "error_description": "<script>alert(1)</script>"}
        between = "&" if "?" in asked["redirect_uri"] else "?"
        return web.Response(status=303, headers={"Location": asked["redirect_uri"] + between + urlencode(result)})

    async def _token(self, request: web.Request) -> web.StreamResponse:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.asked.append(form)
        self.headers.append(dict(request.headers))
        try:
            client_id = self._authenticated(request, form)
            grant = self._by_code(form) if form["grant_type"] == "authorization_code" else self._by_refresh(form)
            if grant.client_id != client_id:
                raise Refused("invalid_grant")
        except Refused as refused:
            return _refusal(str(refused))
        answer = self._issue(grant)
        return await self.fault(request, answer) if self.fault is not None else web.json_response(answer)

    async def _revoke(self, request: web.Request) -> web.StreamResponse:
        form = {name: str(value) for name, value in (await request.post()).items()}
        if self.revocation_fault is not None:
            return await self.revocation_fault(request, {"access_token": form["token"]})
        try:
            self._authenticated(request, form)
        except Refused as refused:
            return _refusal(str(refused))
        self.revoked.append(form["token"])
        if (grant := self._refresh.get(form["token"])) is not None:
            grant.live = False
        return web.Response()

    def _authenticated(self, request: web.Request, form: dict[str, str]) -> str:
        header = request.headers.get("Authorization")
        if header is not None:
            method = "client_secret_basic"
            pair = base64.b64decode(header.removeprefix("Basic "), validate=True).decode("ascii")
            client_id, secret = map(unquote_plus, pair.split(":"))
        else:
            method = "client_secret_post" if "client_secret" in form else "none"
            client_id, secret = form["client_id"], form.get("client_secret", "")
        client = self._clients.get(client_id, {})
        if client.get("token_endpoint_auth_method") != method or client.get("client_secret", "") != secret:
            raise Refused("invalid_client")
        return client_id

    def _by_code(self, form: dict[str, str]) -> Grant:
        grant = self._codes.get(form["code"])
        if grant is None:
            raise Refused("invalid_grant")
        if grant.code_used:
            grant.live = False
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        fits = grant.challenge == challenge and grant.redirect_uri == form["redirect_uri"]
        used, grant.code_used = grant.code_used, True
        if used or not fits:
            raise Refused("invalid_grant")
        return grant

    def _by_refresh(self, form: dict[str, str]) -> Grant:
        grant = self._refresh.get(form["refresh_token"])
        if grant is None:
            raise Refused("invalid_grant")
        if grant.refresh != form["refresh_token"]:
            grant.live = False
        if not grant.live:
            raise Refused("invalid_grant")
        return grant

    def _issue(self, grant: Grant) -> dict[str, Any]:
        number = next(self._numbers)
        grant.refresh = marked(f"refresh-{number}")
        self._refresh[grant.refresh] = grant
        return {
            "access_token": marked(f"access-{number}"),
            "refresh_token": grant.refresh,
            "token_type": "Bearer",
            "expires_in": _LIFE,
            "scope": " ".join(grant.scopes),
        }


def _refusal(code: str) -> web.Response:
    return web.json_response({"error": code}, status=401 if code == "invalid_client" else 400)


@asynccontextmanager
async def serving() -> AsyncIterator[Strict]:
    """The server, on loopback."""
    server = Strict()
    async with receiver(server) as port:
        server.issuer = f"http://127.0.0.1:{port}"
        yield server
