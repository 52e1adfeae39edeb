"""Looking hostnames up at a real DNS server."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator

import pytest
from msgspec.structs import replace

from dcvd.config import Config, SocketAddress, parse_address
from dcvd.core.diagnosis import Wanted, judge
from dcvd.core.dns_facts import DnsFacts, DnsQuestion
from dcvd.core.domain import DnsState
from dcvd.dns import DnsObserver
from dcvd.sandbox import Sandbox, SandboxSettings
from tests.faults import fault

NOW = 1_800_000_000_000
TARGET = "edge.sandbox.test"


async def _facts(config: Config, hostname: str = "app.customer.test") -> DnsFacts:
    return (await DnsObserver(config).observe(DnsQuestion(hostname=hostname, target=TARGET))).facts


def _codes(facts: DnsFacts) -> list[str]:
    return [finding.code for finding in judge(facts, Wanted(), NOW).findings]


@pytest.fixture
def silent() -> Iterator[SocketAddress]:
    """A server that takes questions and never answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        yield SocketAddress("127.0.0.1", bound.getsockname()[1])


async def test_a_right_cname_is_verified(sandbox_config: Config, quick_sandbox: Sandbox) -> None:
    quick_sandbox.set_dns("app.customer.test", "CNAME", ["EDGE.sandbox.TEST."])
    facts = await _facts(sandbox_config)
    assert facts.chain == (TARGET,)
    assert judge(facts, Wanted(), NOW).state is DnsState.VERIFIED


async def test_a_chain_that_ends_at_the_target_is_verified(sandbox_config: Config, quick_sandbox: Sandbox) -> None:
    quick_sandbox.set_dns("app.customer.test", "CNAME", ["a.customer.test."])
    quick_sandbox.set_dns("a.customer.test", "CNAME", ["b.other.test."])
    quick_sandbox.set_dns("b.other.test", "CNAME", [f"{TARGET}."])
    facts = await _facts(sandbox_config)
    assert facts.chain == ("a.customer.test", "b.other.test", TARGET)
    assert judge(facts, Wanted(), NOW).state is DnsState.VERIFIED


async def test_a_name_that_does_not_exist_lacks_its_cname(sandbox_config: Config) -> None:
    facts = await _facts(sandbox_config)
    assert (facts.outcome, facts.exists, facts.chain) == ("answered", False, ())
    assert _codes(facts) == ["cname_missing"]


async def test_a_name_with_other_data_lacks_its_cname(sandbox_config: Config, quick_sandbox: Sandbox) -> None:
    quick_sandbox.set_dns("app.customer.test", "TXT", ['"hello"'])
    facts = await _facts(sandbox_config)
    assert facts.exists
    assert _codes(facts) == ["cname_missing"]


async def test_a_cname_to_elsewhere_says_where(sandbox_config: Config, quick_sandbox: Sandbox) -> None:
    quick_sandbox.set_dns("app.customer.test", "CNAME", ["old.vendor.test."])
    (finding,) = judge(await _facts(sandbox_config), Wanted(), NOW).findings
    assert finding.code == "cname_wrong_target"
    assert "old.vendor.test" in finding.message
    assert finding.fix is not None
    assert (finding.fix.type, finding.fix.name, finding.fix.value) == ("CNAME", "app.customer.test", TARGET)


async def test_addresses_in_the_way_are_named(sandbox_config: Config, quick_sandbox: Sandbox) -> None:
    quick_sandbox.set_dns("app.customer.test", "A", ["192.0.2.7"])
    quick_sandbox.set_dns("app.customer.test", "AAAA", ["2001:db8::7"])
    (finding,) = judge(await _facts(sandbox_config), Wanted(), NOW).findings
    assert finding.code == "conflicting_records"
    assert finding.evidence == ("192.0.2.7", "2001:db8::7")


async def test_addresses_of_the_target_itself_are_a_flattened_record(
    sandbox_config: Config, quick_sandbox: Sandbox
) -> None:
    quick_sandbox.set_dns("app.customer.test", "A", ["127.0.0.1"])
    assert judge(await _facts(sandbox_config), Wanted(), NOW).state is DnsState.UNVERIFIABLE


async def test_a_loop_is_seen_and_ended(sandbox_config: Config, quick_sandbox: Sandbox) -> None:
    quick_sandbox.set_dns("app.customer.test", "CNAME", ["a.customer.test."])
    quick_sandbox.set_dns("a.customer.test", "CNAME", ["app.customer.test."])
    assert _codes(await _facts(sandbox_config)) == ["cname_loop"]


async def test_a_chain_without_end_is_left_after_a_few_hops(sandbox_config: Config, quick_sandbox: Sandbox) -> None:
    quick_sandbox.set_dns("app.customer.test", "CNAME", ["h0.customer.test."])
    for hop in range(20):
        quick_sandbox.set_dns(f"h{hop}.customer.test", "CNAME", [f"h{hop + 1}.customer.test."])
    facts = await _facts(sandbox_config)
    assert len(facts.chain) == 9
    assert _codes(facts) == ["chain_long"]


@pytest.mark.parametrize("kind", ["servfail", "refuse"])
async def test_a_resolver_that_fails_says_nothing_of_the_domain(
    sandbox_config: Config, quick_sandbox: Sandbox, kind: str
) -> None:
    await fault(quick_sandbox, target="dns", kind=kind)
    facts = await _facts(sandbox_config)
    assert facts.outcome == "unanswered"
    assert judge(facts, Wanted(), NOW).state is None


async def test_a_silent_resolver_is_passed_over_for_the_next(
    sandbox_config: Config, quick_sandbox: Sandbox, silent: SocketAddress
) -> None:
    quick_sandbox.set_dns("app.customer.test", "CNAME", [f"{TARGET}."])
    resolvers = (silent, *sandbox_config.dns.resolvers)
    facts = await _facts(replace(sandbox_config, dns=replace(sandbox_config.dns, resolvers=resolvers)))
    assert facts.chain == (TARGET,)


async def test_a_look_ends_at_its_deadline(config: Config, silent: SocketAddress) -> None:
    dns_config = replace(config.dns, resolvers=(silent,), timeout=200)
    async with asyncio.timeout(1):
        facts = await _facts(replace(config, dns=dns_config))
    assert facts.outcome == "unanswered"


async def test_a_stub_zones_servers_are_asked_directly(
    config: Config, quick_sandbox: Sandbox, silent: SocketAddress
) -> None:
    quick_sandbox.set_dns("app.customer.test", "CNAME", [f"{TARGET}."])
    stub = {"customer.test": (parse_address(quick_sandbox.dns_address),)}
    dns_config = replace(config.dns, resolvers=(silent,), stub_zones=stub)
    assert (await _facts(replace(config, dns=dns_config))).chain == (TARGET,)


async def test_a_zones_private_name_servers_are_not_asked(sandbox_config: Config, quick_sandbox: Sandbox) -> None:
    quick_sandbox.set_dns("customer.test", "SOA", ["ns.customer.test. a.customer.test. 1 2 3 4 1"])
    quick_sandbox.set_dns("customer.test", "NS", ["ns.customer.test."])
    quick_sandbox.set_dns("ns.customer.test", "A", ["10.0.0.53"])
    quick_sandbox.set_dns("app.customer.test", "CNAME", [f"{TARGET}."])
    dns_config = replace(sandbox_config.dns, authoritative=True)
    async with asyncio.timeout(1):
        facts = await _facts(replace(sandbox_config, dns=dns_config))
    assert facts.chain == (TARGET,)


@pytest.fixture
async def authority() -> AsyncIterator[Sandbox]:
    """The customer's own name server, which knows more than the resolver's cache."""
    async with Sandbox(SandboxSettings(api_port=0, dns_port=0)) as running:
        yield running


async def test_a_zones_own_servers_know_before_the_resolvers_do(
    sandbox_config: Config, quick_sandbox: Sandbox, authority: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick_sandbox.set_dns("customer.test", "SOA", ["ns.customer.test. a.customer.test. 1 2 3 4 1"])
    quick_sandbox.set_dns("customer.test", "NS", ["ns.customer.test."])
    quick_sandbox.set_dns("ns.customer.test", "A", ["127.0.0.1"])
    authority.set_dns("app.customer.test", "CNAME", [f"{TARGET}."])
    # The outermost edge alone is bent: on loopback, name servers have neither public addresses nor port 53.
    monkeypatch.setattr("dcvd.dns.routes.refusal", lambda address, allowed: None)
    monkeypatch.setattr("dcvd.dns.routes.PORT", parse_address(authority.dns_address).port)
    assert _codes(await _facts(sandbox_config)) == ["cname_missing"]
    dns_config = replace(sandbox_config.dns, authoritative=True)
    assert (await _facts(replace(sandbox_config, dns=dns_config))).chain == (TARGET,)


async def test_many_looks_share_a_bounded_number_of_questions(sandbox_config: Config, quick_sandbox: Sandbox) -> None:
    quick_sandbox.set_dns("*.customer.test", "CNAME", [f"{TARGET}."])
    observer = DnsObserver(replace(sandbox_config, dns=replace(sandbox_config.dns, concurrency=4)))
    async with asyncio.timeout(10):
        questions = [DnsQuestion(hostname=f"n{number}.customer.test", target=TARGET) for number in range(200)]
        seen = await asyncio.gather(*(observer.observe(question) for question in questions))
    assert all(observation.facts.chain == (TARGET,) for observation in seen)


async def test_many_addresses_are_kept_as_a_few(sandbox_config: Config, quick_sandbox: Sandbox) -> None:
    quick_sandbox.set_dns("app.customer.test", "A", [f"192.0.2.{number}" for number in range(200)])
    (finding,) = judge(await _facts(sandbox_config), Wanted(), NOW).findings
    assert len(finding.evidence) <= 20
    assert len(finding.message) < 1000


async def test_an_answer_that_breaks_us_costs_its_own_look_alone(
    sandbox_config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: object) -> None:
        raise AttributeError("what is this?")

    monkeypatch.setattr("dcvd.dns.ask.read", broken)
    assert (await _facts(sandbox_config)).outcome == "unanswered"
