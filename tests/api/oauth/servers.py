"""Authorization servers: a small strict one of our own, which can also misbehave, and `oidc-provider`."""

import base64
import hashlib
import os
import re
import shutil
import subprocess
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, parse_qsl, unquote_plus, urlencode, urljoin, urlsplit

import aiohttp
from aiohttp import web
from msgspec import Struct
from msgspec.structs import replace

from dcvd.config.oauth import OauthOther
from dcvd.core.secret import Secret
from tests.marked import marked

CLIENT: Final = "dcvd:client"
SECRET: Final = marked("client_/%+:&=?~")
"""With characters that Basic has to have encoded (RFC 6749, section 2.3.1)."""
HERE: Final = "https://dcv.example.net/oauth/callback/other"
ELSEWHERE: Final = "https://app.example.net/connected"
NODE: Final = shutil.which("node")
MODULES: Final = os.environ.get("DCVD_NODE_MODULES", "")
HAS_OIDC: Final = NODE is not None and (Path(MODULES) / "oidc-provider").is_dir()

TokenFault = Callable[[web.Request, dict[str, Any]], Awaitable[web.StreamResponse]]
"""What becomes of an answer whose tokens were issued already."""


class Server(ABC):
    """One of them, and a customer who is asked by it."""

    url: str
    scopes: tuple[str, ...]

    @abstractmethod
    async def consent(self, url: str, *, deny: bool = False) -> str:
        """What the customer's browser is sent to at the end."""

    def client(self) -> OauthOther:
        """What the operator writes down of it."""
        return OauthOther(
            client_id=CLIENT,
            client_secret=Secret(SECRET),
            scopes=self.scopes,
            redirect_uris=(HERE, ELSEWHERE),
            issuer=self.url,
            write_driver="digitalocean",
        )


class _Code(Struct, frozen=True):
    challenge: str
    redirect_uri: str
    scope: str


class OwnServer(Server):
    """Codes are good once, refresh tokens too: whoever uses one again ends all that came of it."""

    scopes = ("dns", "offline_access")

    def __init__(self) -> None:
        self.url = ""
        self.narrows_to: str | None = None
        self.names_itself = True
        self.method = "client_secret_basic"
        self.fault: TokenFault | None = None
        self.asked: list[dict[str, str]] = []
        self.revoked: list[str] = []
        self.issued: list[str] = []
        self._codes: dict[str, _Code] = {}
        self._refresh: set[str] = set()
        self._used: set[str] = set()
        self._number = 0

    async def consent(self, url: str, *, deny: bool = False) -> str:
        parts = urlsplit(url)
        assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{self.url}/authorize"
        asked = dict(parse_qsl(parts.query, strict_parsing=True))
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT
        assert asked["redirect_uri"] in (HERE, ELSEWHERE)
        assert asked["code_challenge_method"] == "S256"
        answer = {"state": asked["state"]} | ({"iss": self.url} if self.names_itself else {})
        if deny:
            answer |= {"error": "access_denied", "error_description": "<script>alert(1)</script>"}
        else:
            self._number += 1
            code = answer["code"] = marked(f"code-{self._number}")
            self._codes[code] = _Code(asked["code_challenge"], asked["redirect_uri"], asked.get("scope", ""))
        return f"{asked['redirect_uri']}?{urlencode(answer)}"

    async def metadata(self, _: web.Request) -> web.Response:
        return web.json_response(
            {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "revocation_endpoint": f"{self.url}/revoke",
                "authorization_response_iss_parameter_supported": self.names_itself,
            }
        )

    async def token(self, request: web.Request) -> web.StreamResponse:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.asked.append(form)
        if not self._is_client(request, form):
            return web.json_response({"error": "invalid_client"}, status=401)
        if form["grant_type"] == "authorization_code":
            code = self._codes.pop(form["code"], None)
            digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            made = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            if code is None or made != code.challenge or form.get("redirect_uri") != code.redirect_uri:
                return web.json_response({"error": "invalid_grant", "error_description": form["code"]}, status=400)
            scope = code.scope if self.narrows_to is None else self.narrows_to
        else:
            given, scope = form["refresh_token"], " ".join(self.scopes)
            if given not in self._refresh:
                if given in self._used:
                    self._refresh.clear()
                return web.json_response({"error": "invalid_grant"}, status=400)
            self._refresh.discard(given)
            self._used.add(given)
        answer = self._tokens(scope)
        return web.json_response(answer) if self.fault is None else await self.fault(request, answer)

    async def revoke(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        assert self._is_client(request, form)
        self.revoked.append(form["token"])
        self._refresh.discard(form["token"])
        return web.Response()

    def _tokens(self, scope: str) -> dict[str, Any]:
        self._number += 1
        access, refresh = marked(f"access-{self._number:024}"), marked(f"refresh-{self._number:024}")
        self.issued += [access, refresh]
        self._refresh.add(refresh)
        return {
            "access_token": access,
            "refresh_token": refresh,
            "token_type": "Bearer",
            "expires_in": 3600,
            "scope": scope,
        }

    def _is_client(self, request: web.Request, form: dict[str, str]) -> bool:
        header = request.headers.get("Authorization", "")
        match self.method:
            case "client_secret_basic":
                pair = base64.b64decode(header.removeprefix("Basic ")).decode().split(":")
                return [unquote_plus(part) for part in pair] == [CLIENT, SECRET] and "client_secret" not in form
            case "client_secret_post":
                return not header and (form.get("client_id"), form.get("client_secret")) == (CLIENT, SECRET)
            case _:
                return not header and form.get("client_id") == CLIENT and "client_secret" not in form


class OidcServer(Server):
    """`oidc-provider`, whose pages for developers let anybody in."""

    scopes = ("openid", "dns", "offline_access")

    def __init__(self, url: str) -> None:
        self.url = url

    def client(self) -> OauthOther:
        # It gives refresh tokens only where the customer is asked each time.
        return replace(super().client(), authorize_url=f"{self.url}/auth?prompt=consent")

    async def consent(self, url: str, *, deny: bool = False) -> str:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
            at, form = url, None
            for _ in range(12):
                method = "GET" if form is None else "POST"
                async with browser.request(method, at, data=form, allow_redirects=False) as answer:
                    page = await answer.text()
                    location = answer.headers.get("Location")
                form = None
                if location is not None:
                    at = urljoin(at, location)
                    if not at.startswith(self.url):
                        return at
                elif deny:
                    at = f"{at}/abort"
                else:
                    prompt = re.search(r'name="prompt" value="(\w+)"', page)
                    assert prompt is not None, page
                    form = {"prompt": prompt[1], "login": "alice", "password": "x"}
        raise AssertionError("the pages go on for ever")


@asynccontextmanager
async def own_server() -> AsyncIterator[OwnServer]:
    """Ours, on loopback."""
    server = OwnServer()
    application = web.Application()
    application.router.add_get("/.well-known/oauth-authorization-server", server.metadata)
    application.router.add_post("/token", server.token)
    application.router.add_post("/revoke", server.revoke)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()


@contextmanager
def oidc_process() -> Iterator[str]:
    """The other as a process; its URL."""
    assert NODE is not None
    script = Path(__file__).with_name("oidc.mjs")
    environ = {**os.environ, "CLIENT_ID": CLIENT, "CLIENT_SECRET": SECRET, "REDIRECT_URIS": f"{HERE} {ELSEWHERE}"}
    with subprocess.Popen(
        [NODE, str(script)], env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


def query_of(url: str) -> dict[str, str]:
    """The parameters of a URL, each once."""
    found = parse_qs(urlsplit(url).query, strict_parsing=True, keep_blank_values=True)
    return {name: value for name, (value,) in found.items()}
