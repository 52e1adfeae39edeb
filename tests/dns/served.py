"""The fixture `serve`: zones on real DNS servers, and what the observer sees there.

A test that takes `serve` runs twice: on the sandbox's nameserver, and on Knot behind Unbound where both are installed.

    async def test_a_missing_record(serve: Serve) -> None:
        served = await serve({"customer.test": "www A 192.0.2.1"})
        facts = await served.look("app.customer.test", thorough=True)
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Protocol

import dns.name
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.zonefile
import pytest
from msgspec.structs import replace

from dcvd.config import Config, SocketAddress, parse_address
from dcvd.core.dns.facts import DnsCheckRequest, DnsFacts
from dcvd.dns import DnsObserver
from dcvd.sandbox import Sandbox, SandboxSettings
from dcvd.sandbox.faults import DnsFault
from tests.dns.knot import knot, whole
from tests.dns.unbound import unbound

TARGET = "edge.sandbox.test"
Zones = Mapping[str, str]
"""Zone → the text of its file, names relative to the zone; SOA and NS are added where there is no SOA."""

TARGET_ZONE = {"sandbox.test": "edge A 127.0.0.1\nedge AAAA ::1"}


class Served:
    """`config` has the zones as `stub_zones`, and a resolver that knows them."""

    def __init__(self, config: Config, sandboxes: Sequence[Sandbox]) -> None:
        self.config = config
        self.sandboxes = sandboxes
        """One for each server, for their faults; none where Knot serves."""
        self.observer = DnsObserver(config)

    async def look(
        self,
        hostname: str = "app.customer.test",
        *,
        target: str = TARGET,
        challenge: bool = False,
        challenge_target: str | None = None,
        proof: bool = False,
        below: bool = False,
        thorough: bool = False,
    ) -> DnsFacts:
        question = DnsCheckRequest(
            hostname=hostname,
            target=target,
            with_challenge=challenge,
            challenge_target=challenge_target,
            with_proof=proof,
            with_names_below=below,
            is_thorough=thorough,
        )
        return (await self.observer.observe(question)).facts


class Serve(Protocol):
    async def __call__(self, *servers: Zones, resolver: Zones | None = None) -> Served:
        """One authoritative server for each of `servers`; all of them are servers of every zone named in any.

        A server refuses the zones that it lacks (it is lame for them). The resolver knows what the first server knows,
        or, as one with an old cache would, `resolver` instead.
        """


@pytest.fixture(params=["sandbox", "knot"])
async def serve(request: pytest.FixtureRequest, config: Config, tmp_path: Path) -> AsyncIterator[Serve]:
    async with AsyncExitStack() as stack:

        async def on_sandboxes(*servers: Zones, resolver: Zones | None = None) -> Served:
            names = {zone for zones in servers for zone in zones}
            sandboxes = [await stack.enter_async_context(_sandbox(zones, names - set(zones))) for zones in servers]
            if resolver is None:
                resolving = sandboxes[0]
            else:
                resolving = await stack.enter_async_context(_sandbox(resolver, ()))
            addresses = [parse_address(sandbox.dns_address) for sandbox in sandboxes]
            return Served(_config(config, names, addresses, parse_address(resolving.dns_address)), sandboxes)

        async def on_knot(*servers: Zones, resolver: Zones | None = None) -> Served:
            names = {zone for zones in servers for zone in zones}
            servers = ({**TARGET_ZONE, **servers[0]}, *servers[1:])
            addresses = [await stack.enter_async_context(knot(tmp_path, zones)) for zones in servers]
            resolved, behind = servers[0], addresses[0]
            if resolver is not None:
                resolved = {**TARGET_ZONE, **resolver}
                behind = await stack.enter_async_context(knot(tmp_path, resolved))
            resolving = await stack.enter_async_context(unbound(tmp_path, dict.fromkeys(resolved, behind)))
            return Served(_config(config, names, addresses, resolving), ())

        yield on_sandboxes if request.param == "sandbox" else on_knot


def _sandbox(zones: Zones, lame: Sequence[str] | set[str]) -> Sandbox:
    sandbox = Sandbox(SandboxSettings(api_port=0, dns_port=0, edge_port=0))
    for zone in lame:
        refusing = DnsFault(id=sandbox.world.faults.new_id(), kind="refuse", name=dns.name.from_text(zone))
        sandbox.world.faults.add(refusing, None)
    for zone, text in zones.items():
        load(sandbox, zone, text)
    return sandbox


def load(sandbox: Sandbox, zone: str, text: str) -> None:
    """Put the records of a zone file into a sandbox, which takes contradictory ones as well."""
    origin = dns.name.from_text(zone)
    rrsets = dns.zonefile.read_rrsets(
        whole(zone, text), origin=origin, rdclass=dns.rdataclass.IN, default_ttl=60, relativize=False
    )
    for rrset in rrsets:
        sandbox.set_dns(
            rrset.name.to_text(),
            dns.rdatatype.to_text(rrset.rdtype),
            [rdata.to_text() for rdata in rrset],
            rrset.ttl,
        )


def _config(config: Config, zones: set[str], servers: Sequence[SocketAddress], resolver: SocketAddress) -> Config:
    stubs = dict.fromkeys(zones, tuple(servers))
    return replace(config, dns=replace(config.dns, resolvers=(resolver,), stub_zones=stubs))
