"""A running sandbox, and a client that calls it as its users do: over HTTP."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import aiohttp
import msgspec
import pytest

from dcvd.sandbox import Sandbox, SandboxSettings

STEP = "60s"
"""One stage of a hostname's life in these tests: too long to pass by itself, so that each test moves the clock."""


class Answer(msgspec.Struct, frozen=True):
    status: int
    headers: Mapping[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return msgspec.json.decode(self.raw)

    @property
    def result(self) -> Any:
        assert self.body["success"] is True, self.body
        return self.body["result"]

    @property
    def error(self) -> tuple[int, int]:
        """HTTP status and Cloudflare's code."""
        assert self.body["success"] is False, self.body
        assert self.body["result"] is None
        return self.status, self.body["errors"][0]["code"]


class Caller:
    """Calls of the Cloudflare API (`cloudflare`, `hostnames`) and of the control API (`control`)."""

    def __init__(self, session: aiohttp.ClientSession, sandbox: Sandbox) -> None:
        self.session = session
        self.sandbox = sandbox
        self.zone = f"/zones/{sandbox.settings.zone_id}"

    async def raw(self, method: str, url: str, *, headers: Mapping[str, str] = {}, data: bytes | None = None) -> Answer:
        async with self.session.request(method, url, headers=headers, data=data) as response:
            return Answer(response.status, response.headers, await response.read())

    async def cloudflare(self, method: str, path: str, body: object = None) -> Answer:
        headers = {"Authorization": f"Bearer {self.sandbox.settings.token}"}
        data = None if body is None else msgspec.json.encode(body)
        return await self.raw(method, self.sandbox.api_url + path, headers=headers, data=data)

    async def hostnames(self, method: str = "GET", rest: str = "", body: object = None) -> Answer:
        return await self.cloudflare(method, f"{self.zone}/custom_hostnames{rest}", body)

    async def create(self, hostname: str, **ssl: object) -> Any:
        body = {"hostname": hostname, "ssl": {"method": "txt", "type": "dv", **ssl}}
        answer = await self.hostnames("POST", body=body)
        assert answer.status == 201, answer.raw
        return answer.result

    async def get(self, record: Mapping[str, Any]) -> Any:
        return (await self.hostnames("GET", f"/{record['id']}")).result

    async def control(self, method: str, path: str, body: object = None) -> Answer:
        data = None if body is None else msgspec.json.encode(body)
        return await self.raw(method, self.sandbox.control_url + path, data=data)

    async def point(self, name: str, target: str = "edge.sandbox.test.") -> None:
        answer = await self.control("PUT", f"/dns/{name}/CNAME", {"values": [target]})
        assert answer.status == 200, answer.raw

    async def wait(self, duration: str = STEP) -> None:
        assert (await self.control("POST", "/clock", {"advance": duration})).status == 200

    async def active(self, hostname: str, **ssl: object) -> Any:
        """A hostname brought to active."""
        await self.point(hostname)
        record = await self.create(hostname, **ssl)
        await self.wait("4m")
        return await self.get(record)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(SandboxSettings(api_port=0, dns_port=0, edge_port=0, step_s=60.0)) as running:
        yield running


@pytest.fixture
async def caller(sandbox: Sandbox) -> AsyncIterator[Caller]:
    async with aiohttp.ClientSession() as session:
        yield Caller(session, sandbox)
