"""DNSSEC, with a resolver that really validates what a server really signs."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from dcvd.config import Config, SocketAddress
from dcvd.core.dns.facts import DnsCheckRequest, DnsFacts
from dcvd.dns import DnsObserver
from tests.dns.knot import knot, trust_anchor
from tests.dns.served import TARGET, TARGET_ZONE
from tests.dns.unbound import unbound

ZONE = "app CNAME edge.sandbox.test."
ZONES = {"signed.test": ZONE, "bogus.test": ZONE, "cut.test": ZONE, **TARGET_ZONE}


@pytest.fixture
async def world(tmp_path: Path, config: Config) -> AsyncIterator[Config]:
    """A resolver that trusts the key of signed.test, and for bogus.test one that is not its own."""
    async with knot(
        tmp_path, ZONES, signed=["signed.test", "bogus.test"], truncating=["cut.test"], broken=["broken.test"]
    ) as server:
        good = await trust_anchor("signed.test", server)
        bad = good.replace("signed.test", "bogus.test")
        zones = {**dict.fromkeys(ZONES, server), "broken.test": server}
        async with unbound(tmp_path, zones, trust_anchors=[good, bad]) as resolver:
            yield replace(config, dns=replace(config.dns, resolvers=(resolver,)))


async def _facts(config: Config, hostname: str, server: SocketAddress | None = None) -> DnsFacts:
    question = DnsCheckRequest(hostname=hostname, target=TARGET)
    stubs = {} if server is None else {hostname.partition(".")[2]: (server,)}
    observer = DnsObserver(replace(config, dns=replace(config.dns, stub_zones=stubs)))
    return (await observer.observe(question)).facts


async def test_what_a_validating_resolver_makes_of_each_zone(world: Config) -> None:
    facts = await _facts(world, "app.signed.test")
    assert facts.chain == (TARGET,)
    assert [(resolver.outcome, resolver.outcome_with_cd) for resolver in facts.resolvers] == [("answered", None)]
    facts = await _facts(world, "app.bogus.test")
    assert [(resolver.outcome, resolver.outcome_with_cd) for resolver in facts.resolvers] == [("servfail", "answered")]
    assert (facts.outcome, facts.chain) == ("answered", (TARGET,))
    assert facts.caa is not None
    assert facts.caa.outcome == "servfail"
    facts = await _facts(world, "app.broken.test")
    assert [(resolver.outcome, resolver.outcome_with_cd) for resolver in facts.resolvers] == [("servfail", "servfail")]
    assert (facts.outcome, facts.chain) == ("unanswered", ())


async def test_a_server_that_cuts_every_datagram_is_asked_over_tcp(tmp_path: Path, config: Config) -> None:
    async with knot(tmp_path, ZONES, truncating=["cut.test"], broken=["broken.test"]) as server:
        dns_config = replace(config, dns=replace(config.dns, resolvers=(server,)))
        facts = await _facts(dns_config, "app.cut.test", server)
        assert [each.outcome for each in facts.servers] == ["answered"]
        assert facts.chain == (TARGET,)
        facts = await _facts(dns_config, "app.broken.test", server)
        assert [each.outcome for each in facts.servers] == ["servfail"]
        assert facts.outcome == "unanswered"
