"""What holds of every diagnosis, whatever was seen."""

import re

from hypothesis import given
from hypothesis import strategies as st

from dcvd.core.diagnosis.caa import permitted_authorities
from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.diagnosis.dns import DnsDiagnosis, diagnose_dns
from dcvd.core.diagnosis.requirements import DnsRequirements
from dcvd.core.dns.facts import (
    CaaPolicy,
    ChallengeAnswer,
    DnsFacts,
    ObservedRecord,
    OtherNameAnswer,
    ResolverAnswer,
    ServerAnswer,
)
from dcvd.core.domains.domain import DnsState, Record
from tests.core.builders import NAME, NOW, TARGET, TARGET_ADDRESSES

ANSWERED = f"{NAME}.0123456789abcdef.dcv.cloudflare.com"

# The table of codes that the product promises, written out here so that the code's own list is held to it.
FROM_DNS = (
    "cname_missing", "cname_wrong_target", "name_doubled", "target_doubled", "apex_cname", "conflicting_records",
    "aaaa_elsewhere", "proxied_unverifiable", "challenge_txt_conflict", "subdomain_delegated", "caa_blocks",
    "caa_unanswered", "dnssec_bogus", "ns_inconsistent", "ns_lame", "domain_unregistered", "propagating", "cname_loop",
    "chain_long", "wildcard_masks", "wildcard_needs_delegation",
)  # fmt: skip
OF_THE_NAME = ("hostname_invalid", "hostname_too_long")
FROM_CLOUDFLARE = (
    "zone_hold", "hostname_taken", "quota_exceeded", "ca_rate_limited", "token_expired", "http_challenge_blocked",
    "high_risk_domain", "moved", "validation_timed_out",
)  # fmt: skip
OUR_ADDITIONS = (
    "ca_fault", "ca_refuses_name", "challenge_hidden", "challenge_missing", "challenge_proxied",
    "cloudflare_unauthorized", "cloudflare_unavailable", "cloudflare_zone_inactive", "cloudflare_zone_not_found",
    "delegation_missing", "domain_suspended",
    "dormant", "edge_refuses", "edge_unreachable", "edge_without_certificate", "edge_wrong_certificate",
    "failed_authorizations", "fallback_origin",
    "hostname_differs", "many_waiting", "hostname_unusual", "mpic_failed", "name_unresolved", "origin_down",
    "ownership_unproved",
    "plan_lacks", "proxied_prevalidation", "registration_refused", "registry_unanswered", "resolvers_failed",
    "saas_not_enabled", "target_unresolved", "tld_unknown", "unknown_error",
    "validation_unanswered",
    "wildcard_missing", "wrong_record_type",
)  # fmt: skip


def test_the_codes_are_those_that_were_promised() -> None:
    assert sorted(FindingCode) == sorted((*FROM_DNS, *OF_THE_NAME, *FROM_CLOUDFLARE, *OUR_ADDITIONS))


OUTCOMES = st.sampled_from(
    ["answered", "answered", "servfail", "refused", "not_authoritative", "timeout", "unreachable", "malformed"]
)
NAMES = st.sampled_from(
    [TARGET, "a.net", "b.net", NAME, f"{TARGET}.customer.com", f"{NAME}.cdn.cloudflare.net", "www.customer.com"]
)
ADDRESSES = st.lists(
    st.sampled_from([*TARGET_ADDRESSES, "198.51.100.1", "2001:db8:1::1", "104.16.1.1", "2606:4700::1"]), max_size=3
).map(tuple)
TTLS = st.none() | st.integers(0, 2**31 - 1)
TEXTS = st.text(max_size=300)
CAA_VALUES = st.none() | st.lists(
    st.sampled_from(["pki.goog", "letsencrypt.org", ";", "", "ssl.com; a=b", "x;accounturi=y"]) | TEXTS, max_size=3
).map(tuple)  # fmt: skip
OWNERS = st.none() | st.sampled_from([NAME, "customer.com", "com", TARGET, "saas.net", "a.net"])


def policies(start: str) -> st.SearchStrategy[CaaPolicy]:
    return st.builds(
        CaaPolicy, start_name=st.just(start), outcome=OUTCOMES, owner_name=OWNERS, failed_name=OWNERS, issue=CAA_VALUES,
        issuewild=CAA_VALUES, critical_tags=st.sampled_from([(), ("tbs",)]),
    )  # fmt: skip


SERVERS = st.lists(
    st.builds(
        ServerAnswer, name=st.sampled_from(["ns1.net", "ns2.net", "ns3.org"]), outcome=OUTCOMES, exists=st.booleans(),
        address=st.sampled_from(["198.51.100.53", "198.51.100.54:5353", "2001:db8::53", "[2001:db8::54]:5353"]),
        cname=st.none() | NAMES, ttl=TTLS, serial=st.none() | st.integers(0, 2**32 - 1),
    ),
    max_size=4,
).map(tuple)  # fmt: skip
RESOLVERS = st.lists(
    st.builds(
        ResolverAnswer, address=st.sampled_from(["192.0.2.53", "192.0.2.54"]), outcome=OUTCOMES,
        outcome_with_cd=st.none() | OUTCOMES, exists=st.booleans(), cname=st.none() | NAMES, ttl=TTLS,
    ),
    max_size=2,
).map(tuple)  # fmt: skip


def others(name: str) -> st.SearchStrategy[OtherNameAnswer]:
    return st.builds(
        OtherNameAnswer, name=st.just(name), exists=st.booleans(), cname=st.none() | NAMES, addresses=ADDRESSES
    )


FACTS = st.builds(
    DnsFacts,
    hostname=st.just(NAME),
    target=st.just(TARGET),
    outcome=st.sampled_from(["answered"] * 9 + ["unanswered"]),
    is_incomplete=st.sampled_from([False] * 4 + [True]),
    exists=st.booleans(),
    chain=st.lists(NAMES, max_size=10).map(tuple),
    has_loop=st.booleans(),
    addresses=ADDRESSES,
    target_addresses=st.sampled_from([(), TARGET_ADDRESSES, ("104.16.1.1",)]),
    is_apex=st.booleans(),
    zone=st.sampled_from([None, "customer.com", NAME]),
    nameservers=st.lists(
        st.sampled_from(["ada.ns.cloudflare.com", "bob.ns.cloudflare.com", "ns1.net"]), max_size=2
    ).map(tuple),
    is_delegated=st.booleans(),
    is_registered=st.sampled_from([None, True, True, False]),
    has_ds=st.sampled_from([None, True, False]),
    servers=SERVERS,
    resolvers=RESOLVERS,
    other_records=st.lists(
        st.builds(ObservedRecord, st.sampled_from(["A", "AAAA", "MX", "TXT"]), TEXTS), max_size=3
    ).map(tuple),
    doubled_answer=st.none() | others(f"{NAME}.customer.com"),
    sibling_answer=st.none() | others("qx7.customer.com"),
    caa=st.none() | policies(NAME),
    target_caa=st.none() | policies(TARGET),
    challenge=st.none()
    | st.builds(
        ChallengeAnswer, outcome=OUTCOMES, chain=st.lists(NAMES | st.just(ANSWERED), max_size=2).map(tuple),
        texts=st.lists(TEXTS, max_size=2).map(tuple),
    ),
)  # fmt: skip
WANTED = st.builds(
    DnsRequirements,
    validation=st.sampled_from(["http", "delegated"]),
    wildcard=st.booleans(),
    challenge_target=st.none() | st.just(ANSWERED),
    certificate_authorities=st.lists(st.sampled_from(["google", "lets_encrypt", "ssl_com"]), unique=True).map(tuple),
)


@given(FACTS, WANTED)
def test_whatever_dns_answers_there_is_one_verdict_that_can_be_read(facts: DnsFacts, wanted: DnsRequirements) -> None:
    verdict = diagnose_dns(facts, wanted, NOW)
    severities = [finding.severity for finding in verdict.findings]
    assert severities == sorted(severities, key=["error", "warning", "info"].index)
    if verdict.state is DnsState.FAILED:
        assert "error" in severities
    codes = [finding.code for finding in verdict.findings]
    assert len(codes) == len(set(codes))
    assert set(codes) <= set(FROM_DNS)
    for finding in verdict.findings:
        assert NAME in finding.message
        assert finding.message.endswith(".")
        assert finding.message.isprintable()
        assert len(finding.message) < 1000
        assert finding.next_check_at is None or finding.next_check_at >= NOW
        assert 0 < len(finding.evidence) <= 10
        assert all(text and text.isprintable() and len(text) <= 255 for text in finding.evidence)
        assert (finding.actor == "nobody") == (finding.severity == "info")
        assert_can_be_typed(finding.fix)


def assert_can_be_typed(fix: Record | None) -> None:
    if fix is None:
        return
    assert fix.type in ("CNAME", "ALIAS", "CAA")
    pattern = r'0 issue(wild)? "[a-z.]+"' if fix.type == "CAA" else r"[a-z0-9._-]+\.[a-z0-9-]+\.?"
    assert re.fullmatch(pattern, fix.value)
    assert re.fullmatch(r"[a-z0-9._-]+", fix.name)


@given(FACTS, WANTED)
def test_a_ca_is_permitted_or_the_block_is_told(facts: DnsFacts, wanted: DnsRequirements) -> None:
    allowed = permitted_authorities(facts, wanted)
    assert set(allowed) <= set(wanted.certificate_authorities or ("google", "lets_encrypt"))
    codes = {finding.code for finding in diagnose_dns(facts, wanted, NOW).findings}
    if facts.outcome == "answered" and "domain_unregistered" not in codes:
        assert ("caa_blocks" in codes) == (not allowed)


@given(FACTS, WANTED)
def test_what_nobody_answered_says_nothing_of_the_record(facts: DnsFacts, wanted: DnsRequirements) -> None:
    if facts.outcome == "unanswered":
        verdict = diagnose_dns(facts, wanted, NOW)
        assert (verdict.state, verdict.challenge_verified) == (None, None)
        assert {finding.code for finding in verdict.findings} <= {"ns_lame"}


HEALTHY = DnsFacts(
    hostname=NAME,
    target=TARGET,
    outcome="answered",
    exists=True,
    chain=(TARGET,),
    addresses=TARGET_ADDRESSES,
    target_addresses=TARGET_ADDRESSES,
    zone="customer.com",
    nameservers=("ns1.net", "ns2.net"),
    is_registered=True,
    has_ds=False,
    servers=tuple(
        ServerAnswer(name=name, address=address, outcome="answered", exists=True, cname=TARGET, ttl=300, serial=7)
        for name, address in (("ns1.net", "198.51.100.1"), ("ns2.net", "198.51.100.2"), ("ns2.net", "2001:db8::53"))
    ),
    resolvers=tuple(
        ResolverAnswer(address=address, outcome="answered", exists=True, cname=TARGET, ttl=60)
        for address in ("1.1.1.1", "8.8.8.8")
    ),
    doubled_answer=OtherNameAnswer(name=f"{NAME}.customer.com", exists=False),
    sibling_answer=OtherNameAnswer(name="qx7.customer.com", exists=False),
    caa=CaaPolicy(start_name=NAME, outcome="answered"),
    target_caa=CaaPolicy(start_name=TARGET, outcome="answered"),
    challenge=ChallengeAnswer(outcome="answered", chain=(ANSWERED,)),
)


@given(WANTED)
def test_a_healthy_domain_has_no_findings(wanted: DnsRequirements) -> None:
    verified = True if wanted.is_delegated and wanted.challenge_target else None
    assert diagnose_dns(HEALTHY, wanted, NOW) == DnsDiagnosis(DnsState.VERIFIED, (), verified)
