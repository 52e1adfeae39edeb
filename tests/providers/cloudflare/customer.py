"""A customer's zone at a sandbox of Cloudflare, and drivers with tokens for it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec
from yarl import URL

from dcvd.core.records.zones import Zone
from dcvd.core.secret import Secret
from dcvd.kit.http.fetch import Fetcher, FetchResponse
from dcvd.providers.cloudflare.calls import CloudflareDnsApi
from dcvd.providers.cloudflare.records import CloudflareRecords
from dcvd.sandbox import Sandbox, SandboxSettings
from dcvd.sandbox.customers.model import NAME_SERVERS

ALL = ("zone.read", "dns.read", "dns.write")


class EventfulFetcher(Fetcher):
    """The real one. Something happens once, before or after its next request of a method, where a test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.before: dict[str, Callable[[], Awaitable[object]]] = {}
        self.after: dict[str, Callable[[], Awaitable[object]]] = {}

    async def send(self, method: str, url: str, **options: Any) -> FetchResponse:
        if (happens := self.before.pop(method, None)) is not None:
            await happens()
        response = await super().send(method, url, **options)
        if (happens := self.after.pop(method, None)) is not None:
            await happens()
        return response


class Customer:
    """What is there beside the driver: the control API, the zone as its owner sees it, and what carries requests."""

    def __init__(self, sandbox: Sandbox, session: aiohttp.ClientSession, fetcher: EventfulFetcher) -> None:
        self.sandbox = sandbox
        self.fetcher = fetcher
        self._session = session
        self._token = self.token()
        self.zone = self.zone_named("customer.test")
        self.api = CloudflareDnsApi(fetcher, sandbox.api_url, Secret(self._token))
        self.driver = CloudflareRecords(self.api)

    def zone_named(self, name: str) -> Zone:
        zone_id = self.sandbox.world.customers.get_by_name(name).id
        return Zone(id=zone_id, name=name, nameservers=NAME_SERVERS, provider="Cloudflare", flattens_apex=True)

    def token(self, permissions: Sequence[Any] = ALL, *, zones: Sequence[str] = ("customer.test",), **more: Any) -> str:
        """A new one."""
        ids = [self.zone_named(zone).id for zone in zones]
        return self.sandbox.world.tokens.issue(permissions, zones=ids, **more)[0]

    def driver_with(
        self, token: str, *, port: int | None = None, deadline_s: float = 60, **options: Any
    ) -> CloudflareRecords:
        """At the sandbox, or at another server on loopback."""
        url = URL(self.sandbox.api_url).with_port(port or URL(self.sandbox.api_url).port)
        return CloudflareRecords(
            CloudflareDnsApi(self.fetcher, str(url), Secret(token), **options), deadline_s=deadline_s
        )

    async def control(self, method: str, path: str, body: object = None) -> None:
        async with self._session.request(method, self.sandbox.control_url + path, json=body) as response:
            assert response.status < 300, await response.text()

    async def fails(self, method: str, path: str = "/zones/*/dns_records*", **fault: Any) -> None:
        """From now on, `times` times where it says so."""
        await self.control("POST", "/faults", {"method": method, "path": path, **fault})

    async def add(self, kind: str, content: str, name: str = "app.customer.test", **members: Any) -> dict[str, Any]:
        """As the customer does it by hand."""
        added: dict[str, Any] = await self._call(
            "POST", "", {"type": kind, "name": name, **({"content": content} if content else {}), **members}
        )
        return added

    async def standing(self) -> list[str]:
        """All records of the zone."""
        found = await self._call("GET", "", None)
        return [f"{each['name']} {each['type']} {each['content']}" for each in found]

    async def whole(self) -> list[dict[str, Any]]:
        """All that they are, but for what tells when, and by which id."""
        found: Any = await self._call("GET", "", None)
        return [{member: each[member] for member in each if member not in _OWN} for each in found]

    async def _call(self, method: str, rest: str, body: object) -> Any:
        headers = {"Authorization": f"Bearer {self._token}"}
        data = None if body is None else msgspec.json.encode(body)
        url = f"{self.sandbox.api_url}/zones/{self.zone.id}/dns_records{rest}"
        async with self._session.request(method, url, headers=headers, data=data) as response:
            assert response.status == 200, await response.text()
            return (await response.json())["result"]

    def calls(self) -> dict[str, int]:
        """How often each call was made."""
        return dict(self.sandbox.world.requests)


_OWN = frozenset({"id", "created_on", "modified_on", "meta", "proxiable"})


@asynccontextmanager
async def fetching() -> AsyncIterator[EventfulFetcher]:
    """An open one."""
    fetcher = EventfulFetcher()
    await fetcher.start()
    try:
        yield fetcher
    finally:
        await fetcher.close()


@asynccontextmanager
async def at_cloudflare() -> AsyncIterator[Customer]:
    """On free ports."""
    async with (
        fetching() as fetcher,
        Sandbox(SandboxSettings(api_port=0, dns_port=0, edge_port=0)) as sandbox,
        aiohttp.ClientSession() as session,
    ):
        yield Customer(sandbox, session, fetcher)
