"""A place for each provider, and a server that is silent."""

import asyncio
import base64
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import IPv4Network

import pytest

from dcvd.config import Config
from dcvd.core.connections.credentials import TsigKey
from dcvd.core.secret import Secret
from dcvd.dns import DnsObserver
from dcvd.kit.egress.guard import EgressPolicy
from dcvd.kit.http.fetch import Fetcher
from dcvd.providers.rfc2136.key import build_key
from dcvd.providers.rfc2136.server import UpdateServers
from dcvd.sandbox import Sandbox
from tests.kit.receivers import raw_receiver, receiver
from tests.providers.cloudflare.customer import at_cloudflare as sandbox_of_cloudflare
from tests.providers.contract.places import (
    CloudflarePlace,
    ContractPlace,
    DescribedPlace,
    DomainConnectPlace,
    GodaddyPlace,
    Rfc2136Place,
    Route53Place,
)
from tests.providers.domain_connect.server import DomainConnectProvider
from tests.providers.godaddy.server import GodaddyServer
from tests.providers.http.servers import KINDS
from tests.providers.rfc2136.server import UpdateServer
from tests.providers.route53.aws import FakeAws
from tests.providers.route53.conftest import Place, aws, fetcher, place

__all__ = ["aws", "fetcher", "place"]


@pytest.fixture
def at(request: pytest.FixtureRequest) -> ContractPlace:
    """The place of the provider that a test names."""
    fixture = "at_described" if request.param in KINDS else f"at_{request.param}"
    found: ContractPlace = request.getfixturevalue(fixture)
    return found


@pytest.fixture
async def at_cloudflare() -> AsyncIterator[ContractPlace]:
    async with sandbox_of_cloudflare() as customer:
        yield CloudflarePlace(customer)


@pytest.fixture
async def at_godaddy(fetcher: Fetcher) -> AsyncIterator[ContractPlace]:
    server = GodaddyServer()
    async with receiver(server) as port:
        yield GodaddyPlace(server, port, fetcher)


@pytest.fixture
async def at_described(request: pytest.FixtureRequest, fetcher: Fetcher) -> AsyncIterator[ContractPlace]:
    """The place of an API in `KINDS`."""
    kind = request.node.callspec.params["at"]
    async with _described(kind, fetcher) as made:
        yield made


@pytest.fixture
def at_route53(place: Place, aws: FakeAws) -> ContractPlace:
    return Route53Place(place, aws)


@pytest.fixture
async def at_rfc2136() -> AsyncIterator[ContractPlace]:
    secret = Secret(base64.b64encode(os.urandom(32)).decode())
    tsig = TsigKey(server="127.0.0.1", zone="customer.test", key_name="dcvd.", secret=secret)
    servers = UpdateServers(EgressPolicy(allow_private=(IPv4Network("127.0.0.0/8"),)))
    server = UpdateServer("customer.test", "", build_key(tsig))
    async with server.serving():
        yield Rfc2136Place(server, tsig, servers)


@pytest.fixture
def at_domain_connect(
    provider: DomainConnectProvider,
    zone: Sandbox,
    connect_config: Config,
    trusting_fetcher: Fetcher,
    observer: DnsObserver,
) -> ContractPlace:
    return DomainConnectPlace(provider, zone, connect_config, trusting_fetcher, observer)


@asynccontextmanager
async def _described(kind: str, fetcher: Fetcher) -> AsyncIterator[ContractPlace]:
    made, description = KINDS[kind]
    server = made()
    async with receiver(server) as port:
        yield DescribedPlace(server, description, port, fetcher)


@pytest.fixture
async def silent_port() -> AsyncIterator[int]:
    """A server that takes connections and says nothing."""

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with raw_receiver(listen) as port:
        yield port
