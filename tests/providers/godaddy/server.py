"""GoDaddy's v1 API as its description and its users say it behaves, misuse included.

PUT of one type and name replaces that alone; PUT of the collection replaces the whole zone, as it does in life.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from aiohttp import web

from dcvd.core.connections.credentials import ApiToken, KeyPair, OauthTokens
from dcvd.core.secret import Secret
from dcvd.kit.http.fetch import Fetcher
from dcvd.providers.godaddy.budgets import GodaddyBudgets
from dcvd.providers.godaddy.records import GodaddyRecords
from tests.kit.receivers import receiver

TOKEN: Final = "gd_pat_t0ken"
PAT: Final = ApiToken(token=Secret(TOKEN))
KEY: Final = KeyPair(key="k3y", secret=Secret("s3cret"))
OWN_NAME_SERVERS: Final = ("ns01.domaincontrol.com", "ns02.domaincontrol.com")
_ACCEPTED: Final = frozenset({f"Bearer {TOKEN}", "sso-key k3y:s3cret"})
Fault = Callable[[str, str], web.StreamResponse | None]
Entry = dict[str, Any]


class GodaddyServer:
    """One account.

    name_servers: those that the registry has for a domain; else GoDaddy's own. calls: method and path of each.
    fault: an answer in the place of the real one, by method and path.
    done_first: whether the real work is done before such an answer. limit: calls that are left in this minute.
    """

    def __init__(self) -> None:
        self.zones: dict[str, list[Entry]] = {"customer.com": []}
        self.name_servers: dict[str, tuple[str, ...]] = {}
        self.calls: list[tuple[str, str]] = []
        self.fault: Fault = lambda method, path: None
        self.done_first = False
        self.limit: int | None = None
        self.eligible = True

    def has(self, kind: str, name: str, data: str, *, ttl: int = 3600, zone: str = "customer.com", **more: Any) -> None:
        """Put a record in."""
        self.zones[zone].append({"type": kind, "name": name, "data": data, "ttl": ttl, **more})

    def at(self, name: str, zone: str = "customer.com") -> list[tuple[str, str, int]]:
        """Type, data and TTL of what stands at a name."""
        return sorted(
            (entry["type"], entry["data"], entry["ttl"]) for entry in self.zones[zone] if entry["name"] == name
        )

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        call = (request.method, request.raw_path)
        self.calls.append(call)
        instead = self.fault(*call)
        if instead is not None and not self.done_first:
            return instead
        answer = await self._answer(request)
        if self.limit is not None:
            answer.headers["RateLimit-Remaining"] = str(self.limit)
            answer.headers["RateLimit-Reset"] = "17"
        return instead or answer

    async def _answer(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") not in _ACCEPTED:
            return problem(401, "UNABLE_TO_AUTHENTICATE", f"Could not verify {request.headers.get('Authorization')}")
        if request.path.startswith("/v3/") and "sso-key" in request.headers["Authorization"]:
            return problem(401, "UNABLE_TO_AUTHENTICATE", "sso-key is not accepted here")
        if not self.eligible:
            return problem(403, "ACCESS_DENIED", "Authenticated user is not allowed access")
        if self.limit is not None:
            if self.limit == 0:
                return web.json_response(
                    {"code": "TOO_MANY_REQUESTS", "message": "Too many", "retryAfterSec": 23}, status=429
                )
            self.limit -= 1
        parts = request.path.removeprefix("/v1/domains").strip("/").split("/")
        if parts == [""]:
            return web.json_response([{"domain": name, "status": "ACTIVE"} for name in self.zones])
        domain, *rest = parts
        if domain not in self.zones:
            return problem(404, "NOT_FOUND", f"Domain {domain} not found")
        match rest:
            case []:
                named = self.name_servers.get(domain, OWN_NAME_SERVERS)
                return web.json_response({"domain": domain, "status": "ACTIVE", "nameServers": named})
            case ["records", *_] if not set(self.name_servers.get(domain, OWN_NAME_SERVERS)) & set(OWN_NAME_SERVERS):
                return problem(
                    404, "UNKNOWN_DOMAIN", "The given domain is not registered, or does not have a zone file"
                )
            case ["records"] if request.method == "PUT":
                self.zones[domain] = await request.json()
                return web.Response()
            case ["records"] if request.method == "GET":
                return web.json_response(self.zones[domain])
            case ["records", kind, name]:
                return await self._records(request, domain, kind, name)
            case _:
                return problem(404, "NOT_FOUND", "Not found")

    async def _records(self, request: web.Request, domain: str, kind: str, name: str) -> web.Response:
        zone = self.zones[domain]
        here = [entry for entry in zone if (entry["type"], entry["name"]) == (kind, name)]
        others = [entry for entry in zone if entry not in here]
        if request.method == "GET":
            return web.json_response(here)
        if request.method == "DELETE":
            if not here:
                return problem(404, "NOT_FOUND", "No such record")
            self.zones[domain] = others
            return web.Response(status=204)
        if request.method != "PUT":
            return problem(405, "METHOD_NOT_ALLOWED", "")
        written = [entry | {"type": kind, "name": name} for entry in await request.json()]
        if any(not 600 <= entry["ttl"] <= 86_400 for entry in written):
            field = {"path": "records", "code": "UNEXPECTED_VALUE", "message": "ttl must be between 600 and 86400"}
            return problem(422, "INVALID_BODY", "Request body doesn't fulfill schema", fields=[field])
        beside = [entry for entry in others if entry["name"] == name]
        if any(kind == "CNAME" or entry["type"] == "CNAME" for entry in beside) or (kind == "CNAME" and name == "@"):
            return problem(422, "DUPLICATE_RECORD", "Another record with the same attributes already exists")
        self.zones[domain] = [*others, *written]
        return web.Response()


def problem(status: int, code: str, message: str, **more: Any) -> web.Response:
    """An error as v1 spells it."""
    return web.json_response({"code": code, "message": message, **more}, status=status)


@asynccontextmanager
async def godaddy(
    server: GodaddyServer,
    credentials: OauthTokens | ApiToken | KeyPair = PAT,
    budgets: GodaddyBudgets | None = None,
) -> AsyncIterator[GodaddyRecords]:
    """A driver that calls the server."""
    fetcher = Fetcher()
    await fetcher.start()
    try:
        async with receiver(server) as port:
            yield GodaddyRecords(fetcher, f"http://127.0.0.1:{port}", credentials, budgets or GodaddyBudgets())
    finally:
        await fetcher.close()
