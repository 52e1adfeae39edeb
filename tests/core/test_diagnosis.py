"""What DNS says of a hostname, in a state and in findings that a customer can act on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcvd.core.diagnosis import Wanted, judge
from dcvd.core.dns_facts import DnsFacts
from dcvd.core.domain import DnsState, Finding
from tests.core.builders import NAME, NOW, TARGET, TARGET_ADDRESSES, facts

CLOUDFLARE = ("ada.ns.cloudflare.com", "bob.ns.cloudflare.com")


def only_finding(subject: DnsFacts) -> Finding:
    verdict = judge(subject, Wanted(), NOW)
    assert verdict.state is DnsState.FAILED
    (finding,) = verdict.findings
    assert (finding.severity, finding.actor) == ("error", "customer")
    return finding


def test_a_chain_through_our_target_is_verified() -> None:
    for chain in [(TARGET,), ("www.customer.com", TARGET), (TARGET, "lb.cdn.net")]:
        verdict = judge(facts(exists=True, chain=chain, addresses=("198.51.100.1",)), Wanted(), NOW)
        assert (verdict.state, verdict.findings) == (DnsState.VERIFIED, ())


def test_a_failure_of_our_own_resolver_says_nothing_of_the_domain() -> None:
    verdict = judge(facts(outcome="unanswered"), Wanted(), NOW)
    assert (verdict.state, verdict.findings) == (None, ())


def test_a_missing_record_is_told_with_what_to_type() -> None:
    finding = only_finding(facts())
    assert finding.code == "cname_missing"
    assert finding.message == f"No CNAME exists for {NAME}. Add {NAME} → {TARGET}."
    assert finding.fix is not None
    assert (finding.fix.type, finding.fix.name, finding.fix.value) == ("CNAME", NAME, TARGET)
    assert "NXDOMAIN" in finding.evidence[0]
    assert "NXDOMAIN" not in only_finding(facts(exists=True)).evidence[0]


def test_a_wrong_target_is_named_beside_the_right_one() -> None:
    finding = only_finding(facts(exists=True, chain=("old.host.net", "lb.host.net")))
    assert finding.code == "cname_wrong_target"
    assert finding.message == f"{NAME} points to old.host.net; change it to {TARGET}."
    assert finding.evidence == ("old.host.net", "lb.host.net")


def test_a_name_that_merely_resembles_the_target_is_a_wrong_target() -> None:
    assert only_finding(facts(exists=True, chain=("x" + TARGET,))).code == "cname_wrong_target"


@pytest.mark.parametrize(
    ("addresses", "kinds"),
    [(("198.51.100.1",), "A"), (("2001:db8:1::1",), "AAAA"), (("198.51.100.1", "2001:db8:1::1"), "A and AAAA")],
)
def test_address_records_in_place_of_the_cname_are_named_by_type(addresses: tuple[str, ...], kinds: str) -> None:
    finding = only_finding(facts(exists=True, addresses=addresses))
    assert finding.code == "conflicting_records"
    assert f"Delete the existing {kinds} records for {NAME}" in finding.message
    assert finding.evidence == addresses


def test_our_own_addresses_without_a_cname_hide_the_record_and_are_no_fault() -> None:
    for apex in (False, True):
        verdict = judge(facts(exists=True, addresses=TARGET_ADDRESSES[1:], is_apex=apex), Wanted(), NOW)
        assert (verdict.state, verdict.findings) == (DnsState.UNVERIFIABLE, ())


def test_a_proxied_record_is_confirmed_through_cloudflare_and_nobody_has_to_act() -> None:
    verdict = judge(facts(exists=True, addresses=("198.51.100.1",), nameservers=CLOUDFLARE), Wanted(), NOW)
    assert verdict.state is DnsState.UNVERIFIABLE
    (finding,) = verdict.findings
    assert (finding.code, finding.severity, finding.actor) == ("proxied_unverifiable", "info", "nobody")


def test_name_servers_that_are_not_all_cloudflares_prove_no_proxy() -> None:
    for nameservers in ((), (*CLOUDFLARE, "ns1.other.net"), ("ns.cloudflare.com.evil.net",)):
        subject = facts(exists=True, addresses=("198.51.100.1",), nameservers=nameservers)
        assert only_finding(subject).code == "conflicting_records"


def test_a_root_domain_is_told_of_alias_and_of_www() -> None:
    for addresses in ((), ("198.51.100.1",)):
        finding = only_finding(facts(exists=True, is_apex=True, addresses=addresses))
        assert finding.code == "apex_cname"
        assert finding.evidence == (addresses or (f"SOA at {NAME}",))
        assert f"www.{NAME}" in finding.message
        assert finding.fix is not None
        assert finding.fix.type == "ALIAS"


def test_a_loop_and_a_chain_of_more_than_eight_are_told_apart() -> None:
    hops = tuple(f"hop{number}.net" for number in range(9))
    assert only_finding(facts(exists=True, chain=hops)).code == "chain_long"
    assert only_finding(facts(exists=True, chain=hops[:8])).code == "cname_wrong_target"
    assert only_finding(facts(exists=True, chain=(hops[0], NAME), looped=True)).code == "cname_loop"


@given(
    st.booleans(),
    st.lists(st.sampled_from([TARGET, "a.net", "b.net"]), max_size=10),
    st.booleans(),
    st.lists(st.sampled_from([*TARGET_ADDRESSES, "198.51.100.1", "2001:db8:1::1"]), max_size=3),
    st.booleans(),
    st.lists(st.sampled_from([*CLOUDFLARE, "ns1.other.net"]), max_size=2),
)
def test_whatever_dns_answers_there_is_one_verdict_that_can_be_read(
    exists: bool, chain: list[str], looped: bool, addresses: list[str], is_apex: bool, nameservers: list[str]
) -> None:
    verdict = judge(
        facts(
            exists=exists, chain=tuple(chain), looped=looped, addresses=tuple(addresses), is_apex=is_apex,
            nameservers=tuple(nameservers),
        ),
        Wanted(),
        NOW,
    )  # fmt: skip
    assert verdict.state in (DnsState.VERIFIED, DnsState.UNVERIFIABLE, DnsState.FAILED)
    assert (verdict.state is DnsState.FAILED) == any(finding.severity == "error" for finding in verdict.findings)
    for finding in verdict.findings:
        assert NAME in finding.message
        assert finding.message.endswith(".")
