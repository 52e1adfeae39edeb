"""Servers of a zone that differ, fail, or are not the only ones asked: who is told what, and what is left unsaid."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from dcvd.config import Config, SocketAddress
from dcvd.core.diagnosis.dns import DnsDiagnosis, diagnose_dns
from dcvd.core.diagnosis.requirements import DnsRequirements
from dcvd.core.dns.facts import DnsCheckRequest, DnsFacts
from dcvd.core.domains.domain import DnsState, Record
from dcvd.dns import DnsObserver
from dcvd.sandbox import Sandbox
from tests.core.builders import NOW
from tests.diagnosis.cases import RIGHT
from tests.dns.conftest import SHORT, stubbed
from tests.dns.knot import knot, trust_anchor
from tests.dns.served import TARGET, TARGET_ZONE, Serve
from tests.dns.unbound import unbound
from tests.faults import fault

OLD = "app CNAME old.vendor.test."
HOSTNAME = "app.customer.test"


def verdict(facts: DnsFacts) -> DnsDiagnosis:
    return diagnose_dns(facts, DnsRequirements(), NOW)


def codes(facts: DnsFacts) -> list[str]:
    return [finding.code for finding in verdict(facts).findings]


async def test_servers_that_differ_are_lame_or_have_old_caches_behind_them_are_told_apart(serve: Serve) -> None:
    both = {"even.test": RIGHT, "cached.test": RIGHT, "uncached.test": RIGHT}
    first = {**both, "differing.test": RIGHT, "half.test": RIGHT}
    second = {**both, "differing.test": OLD}
    resolver = {**first, "cached.test": OLD, "uncached.test": "www A 192.0.2.1", "vendor.test": "old A 192.0.2.9"}
    served = await serve(first, second, resolver=resolver)
    expected: dict[str, tuple[DnsState, list[tuple[str, str, str]]]] = {
        "even.test": (DnsState.VERIFIED, []),
        "differing.test": (DnsState.FAILED, [("ns_inconsistent", "error", "customer")]),
        "half.test": (DnsState.VERIFIED, [("ns_lame", "warning", "customer")]),
        "cached.test": (DnsState.VERIFIED, [("propagating", "info", "nobody")]),
        "uncached.test": (DnsState.VERIFIED, [("propagating", "info", "nobody")]),
    }
    for thorough in (False, True):
        for zone, (state, said) in expected.items():
            found = verdict(await served.look(f"app.{zone}", thorough=thorough))
            assert (zone, found.state) == (zone, state)
            assert [(finding.code, finding.severity, finding.actor) for finding in found.findings] == said
            for finding in found.findings:
                assert finding.fix is None
                if finding.code == "propagating":
                    assert finding.next_check_at is not None
                    assert NOW < finding.next_check_at <= NOW + 120_000
                else:
                    assert str(served.config.dns.stub_zones[zone][1].port) in finding.evidence[-1]


async def test_the_policy_of_our_own_target_is_told_to_the_operator(serve: Serve) -> None:
    target = "edge.ours.test"
    zones = {
        "ours.test": 'edge A 127.0.0.1\nedge CAA 0 issue "ca.net"\nfree A 127.0.0.1\n@ CAA 0 issue "ca.net"',
        "customer.test": f"app CNAME {target}.\nok CNAME free.ours.test.",
    }
    served = await serve(zones)
    (finding,) = verdict(await served.look(target=target)).findings
    assert (finding.code, finding.actor) == ("caa_blocks", "operator")
    assert finding.fix == Record("CAA", target, '0 issue "pki.goog"')
    assert verdict(await served.look("ok.customer.test", target="free.ours.test")).findings == ()


async def sandbox_facts(config: Config, *, thorough: bool = False) -> DnsFacts:
    question = DnsCheckRequest(hostname=HOSTNAME, target=TARGET, is_thorough=thorough)
    return (await DnsObserver(config).observe(question)).facts


@pytest.fixture
async def authority(quick_sandbox: Sandbox) -> Sandbox:
    """The customer's name server, with a right record."""
    quick_sandbox.set_dns(HOSTNAME, "CNAME", [f"{TARGET}."])
    return quick_sandbox


@pytest.mark.parametrize("kind", ["servfail", "refuse", "timeout"])
async def test_a_server_that_fails_for_caa_alone_is_told(config: Config, authority: Sandbox, kind: str) -> None:
    healthy = stubbed(config, [authority], resolver=authority, timeout=SHORT)
    assert codes(await sandbox_facts(healthy)) == []
    await fault(authority, target="dns", kind=kind, type="CAA", name="customer.test")
    for thorough in (False, True):
        found = verdict(await sandbox_facts(healthy, thorough=thorough))
        (finding,) = found.findings
        assert (found.state, finding.code, finding.fix) == (DnsState.VERIFIED, "caa_unanswered", None)


@pytest.mark.parametrize("kind", ["servfail", "refuse", "timeout", "lame", "wrong_id"])
async def test_resolvers_that_fail_beside_right_servers_leave_the_domain_alone(
    config: Config, authority: Sandbox, other_sandbox: Sandbox, kind: str
) -> None:
    await fault(other_sandbox, target="dns", kind=kind)
    found = verdict(await sandbox_facts(stubbed(config, [authority], resolver=other_sandbox, timeout=SHORT)))
    assert (found.state, found.findings) == (DnsState.VERIFIED, ())


@pytest.mark.parametrize("kind", ["servfail", "refuse", "timeout", "lame", "wrong_id"])
async def test_resolvers_that_fail_about_the_zone_and_nobody_else_to_ask_say_nothing(
    config: Config, authority: Sandbox, kind: str
) -> None:
    await fault(authority, target="dns", kind=kind, name="customer.test")
    assert verdict(await sandbox_facts(stubbed(config, [], resolver=authority, timeout=SHORT))) == DnsDiagnosis(None)


@pytest.mark.parametrize("kind", ["servfail", "refuse", "lame"])
async def test_resolvers_that_fail_about_everything_are_the_operators(
    config: Config, authority: Sandbox, kind: str
) -> None:
    await fault(authority, target="dns", kind=kind)
    found = verdict(await sandbox_facts(stubbed(config, [], resolver=authority, timeout=SHORT)))
    (finding,) = found.findings
    assert (found.state, finding.code, finding.actor) == (None, "resolvers_failed", "operator")


async def test_silent_servers_and_a_resolver_that_fails_for_that_say_nothing(
    config: Config, authority: Sandbox, other_sandbox: Sandbox
) -> None:
    await fault(authority, target="dns", kind="timeout")
    await fault(other_sandbox, target="dns", kind="servfail", name="customer.test")
    assert verdict(
        await sandbox_facts(stubbed(config, [authority], resolver=other_sandbox, timeout=SHORT))
    ) == DnsDiagnosis(None)


async def test_servers_that_refuse_their_own_zone_are_told_though_the_record_was_not_seen(
    config: Config, authority: Sandbox, other_sandbox: Sandbox
) -> None:
    await fault(authority, target="dns", kind="refuse")
    await fault(other_sandbox, target="dns", kind="servfail", name="customer.test")
    found = verdict(await sandbox_facts(stubbed(config, [authority], resolver=other_sandbox)))
    (finding,) = found.findings
    assert (found.state, finding.code, finding.severity) == (None, "ns_lame", "error")


@pytest.mark.parametrize("kind", ["truncate", "slow"])
async def test_cut_and_slow_answers_are_answers(config: Config, authority: Sandbox, kind: str) -> None:
    await fault(authority, target="dns", kind=kind, **({"delay": "20ms"} if kind == "slow" else {}))
    found = verdict(await sandbox_facts(stubbed(config, [authority], resolver=authority, timeout=30_000)))
    assert (found.state, found.findings) == (DnsState.VERIFIED, ())


async def test_signatures_that_the_resolver_refuses_are_told(
    config: Config, authority: Sandbox, other_sandbox: Sandbox
) -> None:
    other_sandbox.set_dns(HOSTNAME, "CNAME", [f"{TARGET}."])
    await fault(other_sandbox, target="dns", kind="bogus", name="customer.test")
    for servers in ([authority], []):
        found = verdict(await sandbox_facts(stubbed(config, servers, resolver=other_sandbox)))
        assert found.state is DnsState.FAILED
        assert [(finding.code, finding.actor, finding.fix) for finding in found.findings] == [
            ("dnssec_bogus", "customer", None)
        ]


async def test_signatures_that_really_do_not_hold_are_told_and_those_that_hold_are_not(
    config: Config, tmp_path: Path
) -> None:
    zones = {"signed.test": RIGHT, "bogus.test": RIGHT, **TARGET_ZONE}
    async with knot(tmp_path, zones, signed=["signed.test", "bogus.test"]) as server:
        good = await trust_anchor("signed.test", server)
        anchors = [good, good.replace("signed.test", "bogus.test")]
        async with unbound(tmp_path, dict.fromkeys(zones, server), trust_anchors=anchors) as resolver:
            observer = DnsObserver(_at(config, zones, server, resolver))
            said = {}
            for zone in ("signed.test", "bogus.test"):
                question = DnsCheckRequest(hostname=f"app.{zone}", target=TARGET)
                said[zone] = codes((await observer.observe(question)).facts)
    assert said == {"signed.test": [], "bogus.test": ["dnssec_bogus"]}


async def test_a_zone_above_the_hostnames_that_is_broken_leaves_caa_unanswered(config: Config, tmp_path: Path) -> None:
    zones = {"shop.half.test": RIGHT, **TARGET_ZONE}
    async with knot(tmp_path, zones, broken=["half.test"]) as server:
        stubs = dict.fromkeys([*zones, "half.test"], server)
        async with unbound(tmp_path, stubs) as resolver:
            observer = DnsObserver(_at(config, stubs, server, resolver))
            facts = (await observer.observe(DnsCheckRequest(hostname="app.shop.half.test", target=TARGET))).facts
    found = verdict(facts)
    assert (found.state, codes(facts)) == (DnsState.VERIFIED, ["caa_unanswered"])
    assert found.findings[0].evidence == ("CAA of half.test: servfail",)


def _at(config: Config, zones: dict[str, str] | dict[str, SocketAddress], *servers: SocketAddress) -> Config:
    server, resolver = servers
    stubs = dict.fromkeys(zones, (server,))
    return replace(config, dns=replace(config.dns, resolvers=(resolver,), stub_zones=stubs))
