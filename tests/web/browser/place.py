"""A sandbox, a daemon and what a tenant and its customers do there, on the loop of the tests."""

import asyncio
import itertools
import json
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from msgspec import Struct

from dcvd.config import load
from dcvd.core.tokens.token import Role
from dcvd.daemon import Daemon
from dcvd.sandbox import Sandbox, SandboxSettings
from dcvd.services import organizations
from dcvd.services.tokens import minting
from tests.free_ports import find_free_port
from tests.waiting import until

TARGET = "edge.sandbox.test"
CLOUDFLARE_SERVERS = ("ada.ns.cloudflare.com.", "bob.ns.cloudflare.com.")


class Caller:
    """Calls one base URL, with a bearer token or without."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str, token: str | None = None) -> None:
        self._session = session
        self._base_url = base_url
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}

    async def call(self, method: str, path: str, body: object = None) -> Any:
        url = self._base_url + path
        async with self._session.request(method, url, json=body, headers=self._headers) as response:
            text = await response.text()
            assert response.ok, f"{method} {path}: {response.status} {text}"
            return json.loads(text) if text else None


class Domain(Struct, frozen=True):
    """A domain with a link to its page. link_id: of the link; path: of the page."""

    id: str
    name: str
    link_id: str
    path: str


class Tenant(Struct, frozen=True):
    """An organization with a domain or more. token: an owner's. api: its calls."""

    place: "Place"
    org_id: str
    token: str
    api: Caller

    async def brand(self, **changes: Any) -> None:
        await self.api.call("PATCH", "/api/organization/branding", changes)

    async def add(self, name: str | None = None) -> Domain:
        """A domain, whose record nobody has created, and a link to its page."""
        name = name or f"shop.{self.place.new_zone()}"
        domain = (await self.api.call("POST", "/api/domains", {"domainName": name}))["domain"]
        link = (await self.api.call("POST", f"/api/domains/{domain['id']}/links", {}))["link"]
        return Domain(domain["id"], name, link["id"], f"/connect/{link['token']}")

    async def new_link(self) -> str:
        """The path of a page on which a customer types the name."""
        return f"/connect/{(await self.api.call('POST', '/api/links', {}))['link']['token']}"

    async def revoke(self, domain: Domain) -> None:
        await self.api.call("DELETE", f"/api/links/{domain.link_id}")

    async def show(self, domain_id: str) -> Any:
        return (await self.api.call("GET", f"/api/domains/{domain_id}"))["domain"]

    async def force_cloudflare(self, domain_id: str, **changes: object) -> None:
        """Have Cloudflare say something of the domain's hostname, once it is registered there."""

        async def is_registered() -> bool:
            return (await self.show(domain_id))["cfStatus"] is not None

        await until(is_registered)
        name = (await self.show(domain_id))["domainName"]
        await self.place.control("PATCH", f"/hostnames/{name}", changes)


class Place:
    """The running parts. url: of the daemon."""

    def __init__(self, sandbox: Sandbox, daemon: Daemon, session: aiohttp.ClientSession, configuration: Path) -> None:
        self.sandbox = sandbox
        self.daemon = daemon
        self.url = daemon.urls[0]
        self._control = Caller(session, sandbox.control_url)
        self._session = session
        self._configuration = configuration
        self._numbers = itertools.count(1)

    def new_zone(self) -> str:
        """A name of a zone that no other test has."""
        return f"customer{next(self._numbers)}.test"

    async def new_tenant(self, name: str = "Acme") -> Tenant:
        context = self.daemon.context
        organization = await organizations.create(context, f"{name} {next(self._numbers)}")
        minted = await minting.create(context, organization.id, name="a token", role=Role.OWNER, expires_at=None)
        token = minted.plaintext.reveal()
        return Tenant(self, organization.id, token, Caller(self._session, self.url, token))

    async def set_dns(self, name: str, kind: str, *values: str) -> None:
        """Records as a customer creates them."""
        await self._control.call("PUT", f"/dns/{name}/{kind}", {"values": values, "ttl": 1})

    async def clear_dns(self, name: str, kind: str) -> None:
        await self._control.call("DELETE", f"/dns/{name}/{kind}")

    async def get_operator_link(self) -> str:
        """The link that `dcvd dashboard` prints on this machine."""
        command = [sys.executable, "-m", "dcvd", "dashboard", "--config", str(self._configuration)]
        process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE)
        printed, _ = await process.communicate()
        return printed.decode().strip()

    async def control(self, method: str, path: str, body: object = None) -> Any:
        return await self._control.call(method, path, body)

    async def new_zone_of_customer(self) -> str:
        """A zone that the customer has at the sandbox's Cloudflare."""
        name = self.new_zone()
        await self._control.call("POST", "/zones", {"name": name})
        return name


@asynccontextmanager
async def opened(directory: Path) -> AsyncIterator[Place]:
    """Start all parts in a directory."""
    async with AsyncExitStack() as stack:
        settings = SandboxSettings(api_port=0, dns_port=0, edge_port=0, step_s=0.05)
        sandbox = await stack.enter_async_context(Sandbox(settings))
        path = directory / "dcvd.toml"
        path.write_text(_configuration(directory, sandbox))
        daemon = await stack.enter_async_context(Daemon(load(path, {}), environ={}))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        yield Place(sandbox, daemon, session, path)


def _configuration(directory: Path, sandbox: Sandbox) -> str:
    settings, port, mail_port = sandbox.settings, find_free_port(), find_free_port()
    for name, content in (
        ("token", settings.token), ("client", settings.oauth_client_secret), ("key", "ab" * 32),
    ):  # fmt: skip
        (directory / name).touch(0o600)
        (directory / name).write_text(content)
    (directory / "edge-ca.pem").write_bytes(sandbox.edge_ca)
    return f"""\
[server]
listen = ["127.0.0.1:{port}"]
socket = "{directory}/s"
public_url = "http://127.0.0.1:{port}"
shutdown_timeout = "4s"
[database]
path = "{directory}/dcvd.db"
[cloudflare]
base_url = "{sandbox.api_url}"
api_token_file = "token"
zone_id = "{settings.zone_id}"
cname_target = "{settings.target}"
certificates_per_minute = 0
requests_per_5m = 0
[dns]
resolvers = ["{sandbox.dns_address}"]
authoritative = false
[domains]
allow_reserved_tlds = ["test"]
[sync]
tick = "50ms"
pending_interval = "300ms"
active_interval = "2s"
probe_connect_to = "{sandbox.edge_address}"
probe_ca_file = "edge-ca.pem"
[webhooks]
allow_http = true
allow_private = ["127.0.0.0/8"]
retry_schedule = ["0s", "200ms", "1h"]
[mail]
host = "127.0.0.1"
port = {mail_port}
tls = "none"
from_address = "alerts@dcvd.test"
[vault]
key_file = "key"
[oauth.cloudflare]
client_id = "{settings.oauth_client_id}"
client_secret_file = "client"
redirect_uris = ["http://127.0.0.1:{port}/oauth/callback/cloudflare"]
authorize_url = "{sandbox.oauth_url}/auth"
token_url = "{sandbox.oauth_url}/token"
revoke_url = "{sandbox.oauth_url}/revoke"
[providers.cloudflare]
api_base_url = "{sandbox.api_url}"
"""
