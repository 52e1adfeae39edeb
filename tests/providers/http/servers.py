"""Small APIs of JSON, of the kinds that the configuration can describe: DigitalOcean's, DNSimple's and Linode's.

What they refuse, and how, is from their public references.
"""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from aiohttp import web

from dcvd.config.http_api_section import HttpApiDescription
from dcvd.core.secret import Secret
from dcvd.kit.http.fetch import Fetcher
from dcvd.providers.http.presets import PRESETS
from dcvd.providers.http.records import HttpRecords
from tests.kit.receivers import receiver

TOKEN: Final = Secret("dop_t0ken")
Entry = dict[str, Any]
Fault = Callable[[str, str], web.StreamResponse | None]


class DescribedServer:
    """One account's zones. fault and done_first: as of the GoDaddy server. page_size: entries of a page."""

    value = "content"
    apex = "@"

    def __init__(self) -> None:
        self.zones: dict[str, list[Entry]] = {"customer.com": []}
        self.calls: list[tuple[str, str]] = []
        self.fault: Fault = lambda method, path: None
        self.done_first = False
        self.page_size = 20
        self._last = 1000

    def has(self, kind: str, name: str, value: str, **more: Any) -> None:
        """Put a record in."""
        self._last += 1
        self.zones["customer.com"].append({"id": self._last, "type": kind, "name": name, self.value: value, **more})

    def at(self, name: str) -> list[tuple[str, str]]:
        """Type and value of what stands at a name."""
        return sorted(
            (entry["type"], entry[self.value]) for entry in self.zones["customer.com"] if entry["name"] == name
        )

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        call = (request.method, request.raw_path)
        self.calls.append(call)
        instead = self.fault(*call)
        if instead is not None and not self.done_first:
            return instead
        if request.headers.get("Authorization") != f"Bearer {TOKEN.reveal()}":
            return self.problem(401, f"no such token: {request.headers.get('Authorization')}")
        answer = await self.answer(request)
        return instead or answer

    async def answer(self, request: web.Request) -> web.Response:
        raise NotImplementedError

    def problem(self, status: int, message: str) -> web.Response:
        return web.json_response({"message": message}, status=status)

    def refusal(self, entries: list[Entry], new: Entry) -> str | None:
        beside = [entry for entry in entries if entry["name"] == new["name"]]
        if any(new["type"] == "CNAME" or entry["type"] == "CNAME" for entry in beside):
            return "CNAME records cannot share a name with other records"
        return None

    async def records(self, request: web.Request, zone: str, known: str | None) -> web.Response | list[Entry]:
        """A list for GET, else the answer."""
        entries = self.zones[zone]
        if known is not None:
            if request.method != "DELETE" or not any(str(entry["id"]) == known for entry in entries):
                return self.problem(404, "no such record")
            self.zones[zone] = [entry for entry in entries if str(entry["id"]) != known]
            return web.Response(status=204)
        if request.method == "GET":
            return entries
        new: Entry = await request.json()
        refused = self.refusal(entries, new)
        if refused is not None:
            return self.problem(422, refused)
        self._last += 1
        entries.append({"id": self._last, **new})
        return web.json_response({}, status=201)

    def page(self, request: web.Request, entries: list[Any]) -> tuple[int, int, list[Any]]:
        """The number of the page, of how many, and its entries."""
        number = int(request.query.get("page", "1"))
        last = max(-(-len(entries) // self.page_size), 1)
        return number, last, entries[(number - 1) * self.page_size : number * self.page_size]


class DigitalOcean(DescribedServer):
    value = "data"

    def refusal(self, entries: list[Entry], new: Entry) -> str | None:
        if new["type"] == "CNAME" and not new["data"].endswith("."):
            return "Data needs to end with a dot (.)"
        if not isinstance(new["ttl"], int) or new["ttl"] < 30:
            return "TTL must be at least 30"
        return super().refusal(entries, new)

    async def answer(self, request: web.Request) -> web.Response:
        if request.path == "/v2/account":
            return web.json_response({"account": {"email": "ops@customer.com"}})
        match = re.fullmatch(r"/v2/domains/([^/]+)(?:/(records)(?:/([^/]+))?)?", request.path)
        if match is None or match[1] not in self.zones:
            return self.problem(404, "The resource you were accessing could not be found.")
        if match[2] is None:
            return web.json_response({"domain": {"name": match[1], "ttl": 1800}})
        found = await self.records(request, match[1], match[3])
        if isinstance(found, web.Response):
            return found
        name = request.query["name"]
        of_name = [entry for entry in found if _whole(entry["name"], match[1]) == name]
        for entry in of_name:
            entry["data"] = entry["data"].removesuffix(".")
        number, last, entries = self.page(request, of_name)
        following = request.url.update_query(page=number + 1) if number < last else None
        pages = {} if following is None else {"pages": {"next": str(following)}}
        return web.json_response({"domain_records": entries, "links": pages})


class Dnsimple(DescribedServer):
    apex = ""

    async def answer(self, request: web.Request) -> web.Response:
        if request.path == "/v2/whoami":
            return web.json_response({"data": {"user": None, "account": {"id": 1010, "email": "ops@customer.com"}}})
        match = re.fullmatch(r"/v2/1010/zones/([^/]+)(?:/(records)(?:/([^/]+))?)?", request.path)
        if match is None or match[1] not in self.zones:
            return self.problem(404, f"Zone `{request.path}` not found")
        if match[2] is None:
            return web.json_response({"data": {"id": 1, "name": match[1]}})
        found = await self.records(request, match[1], match[3])
        if isinstance(found, web.Response):
            return found
        number, last, entries = self.page(request, [entry for entry in found if entry["name"] == request.query["name"]])
        return web.json_response({"data": entries, "pagination": {"current_page": number, "total_pages": last}})


class Linode(DescribedServer):
    """It lists zones and records without a filter, and its errors are lists."""

    value = "target"
    apex = ""

    def problem(self, status: int, message: str) -> web.Response:
        return web.json_response({"errors": [{"reason": message}]}, status=status)

    async def answer(self, request: web.Request) -> web.Response:
        if request.path == "/v4/domains":
            zones = [{"id": number, "domain": name} for number, name in enumerate(self.zones, 7)]
            return self._page(request, zones)
        match = re.fullmatch(r"/v4/domains/(\d+)/records(?:/([^/]+))?", request.path)
        if match is None:
            return self.problem(404, "Not found")
        found = await self.records(request, list(self.zones)[int(match[1]) - 7], match[2])
        return found if isinstance(found, web.Response) else self._page(request, found)

    def _page(self, request: web.Request, found: list[Any]) -> web.Response:
        number, last, entries = self.page(request, found)
        return web.json_response({"data": entries, "page": number, "pages": last})


LINODE: Final = HttpApiDescription(
    zone_path="/v4/domains",
    zones="data",
    zone_name="domain",
    zone_id="id",
    records_path="/v4/domains/{zone_id}/records",
    records="data",
    record_value="target",
    record_ttl="ttl_sec",
    apex="",
    pages="pages",
    create_path="/v4/domains/{zone_id}/records",
    create_body='{"type": "{type}", "name": "{label}", "target": "{value}", "ttl_sec": "{ttl}"}',
    delete_path="/v4/domains/{zone_id}/records/{id}",
    error_message="errors.0.reason",
)
KINDS: Final[dict[str, tuple[type[DescribedServer], HttpApiDescription]]] = {
    "digitalocean": (DigitalOcean, PRESETS["digitalocean"].description),
    "dnsimple": (Dnsimple, PRESETS["dnsimple"].description),
    "linode": (Linode, LINODE),
}


@asynccontextmanager
async def described(
    server: DescribedServer, description: HttpApiDescription, token: Secret = TOKEN, *, deadline_s: float = 60
) -> AsyncIterator[HttpRecords]:
    """A driver that calls the server."""
    fetcher = Fetcher()
    await fetcher.start()
    try:
        async with receiver(server) as port:
            yield HttpRecords(fetcher, f"http://127.0.0.1:{port}", description, token, deadline_s=deadline_s)
    finally:
        await fetcher.close()


def _whole(label: str, zone: str) -> str:
    return zone if label == "@" else f"{label}.{zone}"
