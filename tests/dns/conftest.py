"""What the tests of observing DNS share."""

import socket
from collections.abc import AsyncIterator, Iterator, Sequence

import pytest
from msgspec.structs import replace

from dcvd.config import Config, SocketAddress, parse_address
from dcvd.sandbox import Sandbox, SandboxSettings
from tests.dns.served import serve

__all__ = ["serve"]


SHORT = 1_000
"""Milliseconds for a look at servers of which one never answers, while another one has to."""


def stubbed(
    config: Config, servers: Sequence[Sandbox], *, resolver: Sandbox, timeout: int = 30_000, zone: str = "customer.test"
) -> Config:
    """The zone at those servers, where there are any; `timeout` in milliseconds, for a whole look."""
    stubs = {zone: tuple(parse_address(server.dns_address) for server in servers)} if servers else {}
    resolvers = (parse_address(resolver.dns_address),)
    return replace(config, dns=replace(config.dns, resolvers=resolvers, stub_zones=stubs, timeout=timeout))


@pytest.fixture
def silent() -> Iterator[SocketAddress]:
    """A server that takes questions and never answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        yield SocketAddress("127.0.0.1", bound.getsockname()[1])


@pytest.fixture
async def other_sandbox() -> AsyncIterator[Sandbox]:
    """A second sandbox, beside `quick_sandbox`."""
    async with Sandbox(SandboxSettings(api_port=0, dns_port=0, edge_port=0)) as running:
        yield running
