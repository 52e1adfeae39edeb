"""A DNS provider as far as connections need one: it rotates refresh tokens, and its API takes live access tokens."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, Final

from aiohttp import web

from dcvd.core.connections.connection import Provider
from dcvd.core.connections.credentials import ApiToken, Credentials, OauthTokens
from dcvd.core.records.zones import Zone, ZoneRecord
from dcvd.core.secret import Secret
from dcvd.errors import RemoteError, Retryable, Unauthorized
from dcvd.kit.http.fetch import Fetcher
from dcvd.providers.driver import RecordDriver
from dcvd.providers.drivers import DriverFactory
from tests.marked import marked

LIFE: Final = 3600
"""Seconds of an access token."""

Fault = Callable[["ProviderServer", web.Request, dict[str, Any]], Awaitable[web.StreamResponse]]
"""What becomes of an answer with tokens that were issued already."""


class ProviderServer:
    """`grace`: a refresh token that was used may be used again, as some servers allow for a while; else that is taken
    for theft, and ends them all."""

    def __init__(self, url: str, *, grace: bool = False) -> None:
        self.url = url
        self.grace = grace
        self.rotates = True
        self.expires_in: int | None = LIFE
        self.scope: str | None = None
        self.refuses_client = False
        self.too_many = False
        self.refuses_revocation = False
        self.lists_zones = True
        self.issues_dead_tokens = False
        self.status = 200
        self.faults: list[Fault] = []
        self.asked: list[dict[str, str]] = []
        self.revoked: list[str] = []
        self.calls: Counter[str] = Counter()
        self.gate = asyncio.Event()
        self.gate.set()
        self.api_gate = asyncio.Event()
        self.api_gate.set()
        self.raises: RemoteError | None = None
        self.revoke_gate = asyncio.Event()
        self.revoke_gate.set()
        self.on_step: Callable[[], None] | None = None
        self._live: set[str] = set()
        self._refresh: set[str] = set()
        self._used: set[str] = set()
        self._number = 0

    def grant(self) -> OauthTokens:
        """Tokens as a consent brings them."""
        given = self._issue()
        return OauthTokens(access_token=Secret(given["access_token"]), refresh_token=Secret(given["refresh_token"]))

    def api_token(self) -> str:
        """A token that its owner made by hand."""
        self._number += 1
        token = marked(f"api-{self._number}")
        self._live.add(token)
        return token

    def forget_access(self) -> None:
        """No access token works any more; refresh tokens do."""
        self._live.clear()

    def withdraw(self) -> None:
        """The customer has withdrawn his consent."""
        self._live.clear()
        self._refresh.clear()

    @property
    def live_refresh_tokens(self) -> set[str]:
        """Those that it takes."""
        return set(self._refresh)

    def takes(self, access_token: str) -> bool:
        """Whether its API takes a token."""
        return access_token in self._live

    def step(self) -> None:
        """Tell a test that a request has come, or that its answer goes out."""
        if self.on_step is not None:
            self.on_step()

    async def token(self, request: web.Request) -> web.StreamResponse:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.step()
        if form["grant_type"] == "authorization_code":
            answer: web.StreamResponse = web.json_response(self._issue())
        else:
            self.asked.append(form)
            await self.gate.wait()
            answer = await self._refreshed(request, form)
        self.step()
        return answer

    async def _refreshed(self, request: web.Request, form: dict[str, str]) -> web.StreamResponse:
        if self.too_many:
            return web.Response(status=429, headers={"Retry-After": "7"})
        if self.refuses_client:
            return web.json_response({"error": "invalid_client"}, status=401)
        given = form.get("refresh_token", "")
        if given in self._used and self.grace:
            pass
        elif given not in self._refresh:
            if given in self._used:
                self.withdraw()
            return web.json_response({"error": "invalid_grant", "error_description": given}, status=400)
        if self.rotates:
            self._refresh.discard(given)
            self._used.add(given)
        answer = self._issue() if self.rotates else self._issue() | {"refresh_token": None}
        if self.faults:
            return await self.faults.pop(0)(self, request, answer)
        return web.json_response(answer)

    async def revoke(self, request: web.Request) -> web.StreamResponse:
        token = str((await request.post())["token"])
        self.step()
        await self.revoke_gate.wait()
        if self.refuses_revocation:
            return web.Response(status=500, text=token)
        self.revoked.append(token)
        self._live.discard(token)
        self._refresh.discard(token)
        return web.Response()

    async def api(self, request: web.Request) -> web.StreamResponse:
        what = request.match_info["what"]
        self.calls[what] += 1
        await self.api_gate.wait()
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in self._live or (what == "zone" and not self.lists_zones):
            refusal = {"success": False, "errors": [{"code": 10000, "message": "Authentication error"}], "result": None}
            return web.json_response(refusal, status=401)
        return web.json_response({"account": "Customer Ltd"}, status=self.status)

    def _issue(self) -> dict[str, Any]:
        self._number += 1
        access, refresh = marked(f"access-{self._number}"), marked(f"refresh-{self._number}")
        if not self.issues_dead_tokens:
            self._live.add(access)
        self._refresh.add(refresh)
        answer: dict[str, Any] = {"access_token": access, "refresh_token": refresh, "token_type": "bearer"}
        if self.expires_in is not None:
            answer["expires_in"] = self.expires_in
        if self.scope is not None:
            answer["scope"] = self.scope
        return answer


async def lost(_: ProviderServer, request: web.Request, __: dict[str, Any]) -> web.StreamResponse:
    """The tokens were issued, and the connection breaks off before they arrive."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def broken(_: ProviderServer, __: web.Request, ___: dict[str, Any]) -> web.StreamResponse:
    """The tokens were issued, and something in front of the server says 502."""
    return web.Response(status=502)


@asynccontextmanager
async def serving(*, grace: bool = False) -> AsyncIterator[ProviderServer]:
    """A provider on loopback."""
    server = ProviderServer("", grace=grace)
    application = web.Application()
    application.router.add_post("/token", server.token)
    application.router.add_post("/revoke", server.revoke)
    application.router.add_get("/api/{what}", server.api)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        server.gate.set()
        server.api_gate.set()
        server.revoke_gate.set()
        await runner.cleanup()


class ProviderRecords:
    """The driver of such a provider's API; there are no records."""

    def __init__(self, fetcher: Fetcher, provider: ProviderServer, token: Secret) -> None:
        self._fetcher = fetcher
        self._provider = provider
        self._token = token

    async def check_credentials(self) -> str | None:
        await self._get("check")
        return "Customer Ltd"

    async def find_zone(self, name: str) -> Zone | None:
        await self._get("zone")
        return Zone(id="1", name=name)

    async def read(self, zone: Zone, name: str) -> list[ZoneRecord]:
        await self._get("read")
        return []

    async def change(self, zone: Zone, remove: Sequence[ZoneRecord], add: Sequence[ZoneRecord]) -> None:
        await self._get("change")

    async def _get(self, what: str) -> None:
        headers = {"Authorization": f"Bearer {self._token.reveal()}"}
        if self._provider.raises is not None:
            raise self._provider.raises
        answer = await self._fetcher.send("GET", f"{self._provider.url}/api/{what}", headers=headers)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            raise Unauthorized("The provider does not know this token.", code="provider_unauthorized")
        if answer.status != HTTPStatus.OK:
            raise Retryable(f"The provider answered {answer.status}.", code="provider_unavailable")


class ProviderDrivers(DriverFactory):
    """Drivers of that one provider, whatever it is called."""

    def __init__(self, fetcher: Fetcher, provider: ProviderServer) -> None:
        self._fetch = fetcher
        self._provider = provider

    def create_driver(self, org_id: str, provider: Provider, credentials: Credentials) -> RecordDriver:
        match credentials:
            case OauthTokens(access_token=token) | ApiToken(token=token):
                return ProviderRecords(self._fetch, self._provider, token)
            case _:
                raise AssertionError("nothing else is wanted of it")
