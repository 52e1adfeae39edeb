"""Whether a hostname leads to our target, and by which mistake it does not."""

import pytest
from msgspec.structs import replace

from dcvd.core.diagnosis.dns import DnsDiagnosis, diagnose_dns
from dcvd.core.diagnosis.requirements import DnsRequirements
from dcvd.core.dns.facts import DnsFacts, ObservedRecord, OtherNameAnswer
from dcvd.core.domains.domain import DnsState, Finding, Record
from tests.core.builders import NAME, NOW, TARGET, TARGET_ADDRESSES, facts

CLOUDFLARE = ("ada.ns.cloudflare.com", "bob.ns.cloudflare.com")


def codes(verdict: DnsDiagnosis) -> list[str]:
    return [finding.code for finding in verdict.findings]


def all_codes(**changes: object) -> list[str]:
    return codes(diagnose_dns(facts(**changes), DnsRequirements(), NOW))


def only_finding(subject: DnsFacts) -> Finding:
    verdict = diagnose_dns(subject, DnsRequirements(), NOW)
    assert verdict.state is DnsState.FAILED
    (finding,) = verdict.findings
    assert (finding.severity, finding.actor) == ("error", "customer")
    return finding


def test_a_chain_through_our_target_is_verified() -> None:
    for chain in [(TARGET,), ("www.customer.com", TARGET), (TARGET, "lb.cdn.net")]:
        verdict = diagnose_dns(facts(exists=True, chain=chain, addresses=("198.51.100.1",)), DnsRequirements(), NOW)
        assert (verdict.state, verdict.findings) == (DnsState.VERIFIED, ())


def test_a_failure_of_our_own_resolver_says_nothing_of_the_domain() -> None:
    verdict = diagnose_dns(facts(outcome="unanswered"), DnsRequirements(), NOW)
    assert (verdict.state, verdict.findings) == (None, ())


def test_a_missing_record_is_told_with_what_to_type() -> None:
    finding = only_finding(facts())
    assert finding.code == "cname_missing"
    assert finding.message == (
        f"No CNAME exists for {NAME}. Create this record: type CNAME, name `app`, value `{TARGET}`."
    )
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
        verdict = diagnose_dns(facts(exists=True, addresses=TARGET_ADDRESSES[1:], is_apex=apex), DnsRequirements(), NOW)
        assert (verdict.state, verdict.findings) == (DnsState.UNVERIFIABLE, ())


def test_a_proxied_record_is_confirmed_through_cloudflare_and_nobody_has_to_act() -> None:
    for addresses in (("104.16.1.1",), ("172.64.0.1", "2606:4700::6810:101"), ("2606:4700::6810:101",)):
        for is_apex in (False, True):
            subject = facts(exists=True, addresses=addresses, nameservers=CLOUDFLARE, is_apex=is_apex)
            verdict = diagnose_dns(subject, DnsRequirements(), NOW)
            assert verdict.state is DnsState.UNVERIFIABLE
            (finding,) = verdict.findings
            assert (finding.code, finding.severity, finding.actor) == ("proxied_unverifiable", "info", "nobody")
            assert finding.fix is None


def test_a_name_that_is_proxied_from_another_providers_zone_is_no_fault_either() -> None:
    verdict = diagnose_dns(facts(exists=True, chain=(f"{NAME}.cdn.cloudflare.net",)), DnsRequirements(), NOW)
    assert (verdict.state, codes(verdict)) == (DnsState.UNVERIFIABLE, ["proxied_unverifiable"])
    other = facts(exists=True, chain=("other.customer.com.cdn.cloudflare.net",))
    assert only_finding(other).code == "cname_wrong_target"


def test_name_servers_that_are_not_all_cloudflares_prove_no_proxy() -> None:
    for nameservers in ((), (*CLOUDFLARE, "ns1.other.net"), ("ns.cloudflare.com.evil.net",)):
        subject = facts(exists=True, addresses=("104.16.1.1",), nameservers=nameservers)
        assert only_finding(subject).code == "conflicting_records"


def test_an_address_that_is_not_cloudflares_is_not_proxied_though_the_zone_is_at_cloudflare() -> None:
    for addresses in (("198.51.100.1",), ("104.16.1.1", "198.51.100.1"), ("104.16.1.1", "2001:db8:1::1")):
        subject = facts(exists=True, addresses=addresses, nameservers=CLOUDFLARE)
        assert only_finding(subject).code == "conflicting_records"


def test_a_root_domain_is_told_of_alias_and_of_www() -> None:
    for addresses in ((), ("198.51.100.1",)):
        finding = only_finding(facts(exists=True, is_apex=True, addresses=addresses))
        assert finding.code == "apex_cname"
        assert finding.evidence == (addresses or (f"SOA at {NAME}",))
        assert f"www.{NAME}" in finding.message
        assert finding.fix is not None
        assert finding.fix.type == "ALIAS"


def test_a_target_with_a_slip_is_told_beside_the_right_one() -> None:
    for typed in ("edg.saas.net", "egde.saas.net", "edge.saas.ent", "edgee.saas.net"):
        finding = only_finding(facts(exists=True, chain=(typed,)))
        assert finding.code == "cname_wrong_target"
        assert f"You typed {typed}; it has to be {TARGET}." in finding.message
    other = only_finding(facts(exists=True, chain=("shops.example.net",)))
    assert other.message == f"{NAME} points to shops.example.net; change it to {TARGET}."


@pytest.mark.parametrize(
    ("chain", "words"),
    [
        ((NAME,), f"{NAME} points to itself."),
        (("b.net", NAME), f"{NAME} points to b.net, which leads back to it."),
        (("b.net", "c.net", "b.net"), "b.net points to c.net, which leads back to it."),
        (("b.net", "b.net"), "b.net points to itself."),
    ],
)
def test_a_loop_is_told_by_its_names(chain: tuple[str, ...], words: str) -> None:
    finding = only_finding(facts(exists=True, chain=chain, has_loop=True))
    assert finding.message == f"{words} Point {NAME} directly to {TARGET}."


def test_a_loop_and_a_chain_of_more_than_eight_are_told_apart() -> None:
    hops = tuple(f"hop{number}.net" for number in range(9))
    assert only_finding(facts(exists=True, chain=hops)).code == "chain_long"
    assert only_finding(facts(exists=True, chain=hops[:8])).code == "cname_wrong_target"
    assert only_finding(facts(exists=True, chain=(hops[0], NAME), has_loop=True)).code == "cname_loop"


def test_records_of_another_kind_are_in_the_way_as_well() -> None:
    finding = only_finding(
        facts(exists=True, other_records=(ObservedRecord("MX", "10 mail.old.net"), ObservedRecord("TXT", "hi")))
    )
    assert finding.code == "conflicting_records"
    assert f"Delete the existing MX and TXT records for {NAME}" in finding.message
    assert finding.evidence == ("MX 10 mail.old.net", "TXT hi")
    assert finding.fix == Record("CNAME", NAME, TARGET)
    assert only_finding(facts(exists=True)).code == "cname_missing"


def test_records_beside_a_right_cname_are_a_warning() -> None:
    for kind, value, code in (
        ("A", "198.51.100.1", "conflicting_records"),
        ("TXT", "hi", "conflicting_records"),
        ("AAAA", "2001:db8:1::1", "aaaa_elsewhere"),
    ):
        verdict = diagnose_dns(
            facts(exists=True, chain=(TARGET,), other_records=(ObservedRecord(kind, value),)), DnsRequirements(), NOW
        )
        (finding,) = verdict.findings
        assert (verdict.state, finding.code, finding.severity) == (DnsState.VERIFIED, code, "warning")
        assert (finding.fix, finding.evidence) == (None, (f"{kind} {value}",))


def test_our_own_addresses_beside_the_cname_are_what_some_providers_answer() -> None:
    records = (ObservedRecord("A", TARGET_ADDRESSES[0]), ObservedRecord("AAAA", TARGET_ADDRESSES[1]))
    assert all_codes(exists=True, chain=(TARGET,), other_records=records) == []


def test_a_foreign_ipv6_address_beside_ours_is_to_be_deleted() -> None:
    verdict = diagnose_dns(facts(exists=True, addresses=(TARGET_ADDRESSES[0], "2001:db8:1::1")), DnsRequirements(), NOW)
    (finding,) = verdict.findings
    assert (verdict.state, finding.code, finding.actor) == (DnsState.FAILED, "aaaa_elsewhere", "customer")
    assert "Delete the IPv6 record 2001:db8:1::1" in finding.message
    assert (finding.fix, finding.evidence) == (None, ("2001:db8:1::1",))


def test_a_foreign_ipv4_address_beside_ours_is_in_the_way() -> None:
    for is_apex in (False, True):
        subject = facts(exists=True, addresses=(TARGET_ADDRESSES[0], "198.51.100.1"), is_apex=is_apex)
        verdict = diagnose_dns(subject, DnsRequirements(), NOW)
        assert (verdict.state, codes(verdict)) == (DnsState.FAILED, ["conflicting_records"])
        assert verdict.findings[0].evidence == ("198.51.100.1",)


def test_another_address_of_cloudflares_edge_beside_ours_is_not_elsewhere() -> None:
    verdict = diagnose_dns(
        facts(
            exists=True,
            addresses=("104.16.1.1", "2606:4700::6810:101"),
            target_addresses=("104.16.1.1", "2606:4700::6810:202"),
        ),
        DnsRequirements(),
        NOW,
    )
    assert (verdict.state, codes(verdict)) == (DnsState.UNVERIFIABLE, [])


def test_addresses_are_not_judged_while_nobody_tells_us_our_own() -> None:
    subject = facts(exists=True, addresses=("198.51.100.1",), target_addresses=(), is_incomplete=True)
    assert diagnose_dns(subject, DnsRequirements(), NOW) == DnsDiagnosis(None)
    assert all_codes(exists=True, addresses=("198.51.100.1",), target_addresses=()) == ["conflicting_records"]


def test_a_root_domain_in_a_zone_of_cloudflares_can_hold_a_cname() -> None:
    finding = only_finding(facts(exists=True, is_apex=True, nameservers=CLOUDFLARE))
    assert (finding.code, finding.fix) == ("apex_cname", Record("CNAME", NAME, TARGET))


def test_at_the_top_of_a_zone_whose_provider_has_no_way_nobody_is_told_to_type_one() -> None:
    finding = only_finding(facts(exists=True, is_apex=True, nameservers=("ns07.domaincontrol.com",)))
    assert (finding.code, finding.fix) == ("apex_cname", None)
    assert "GoDaddy has no other record" in finding.message
    assert f"www.{NAME}" in finding.message
    finding = only_finding(facts(exists=True, is_apex=True, nameservers=("ns1.name.com",)))
    assert finding.fix == Record("ANAME", NAME, TARGET)


def test_a_name_that_was_saved_below_itself_is_to_be_typed_as_a_label() -> None:
    for cname, addresses in ((TARGET, ()), ("typo.saas.net", ()), (None, ("198.51.100.1",))):
        doubled = OtherNameAnswer(name=f"{NAME}.customer.com", exists=True, cname=cname, addresses=addresses)
        finding = only_finding(facts(zone="customer.com", doubled_answer=doubled))
        assert finding.code == "name_doubled"
        assert finding.message == f"The record was saved as {NAME}.customer.com. Enter only app as the name."
        assert finding.fix == Record("CNAME", "app", TARGET)


def test_a_name_doubled_in_a_zone_further_up_keeps_its_labels() -> None:
    subject = DnsFacts(
        hostname="a.b.customer.com",
        target=TARGET,
        outcome="answered",
        doubled_answer=OtherNameAnswer(name="a.b.customer.com.customer.com", exists=True, cname=TARGET),
    )
    assert diagnose_dns(subject, DnsRequirements(), NOW).findings[0].fix == Record("CNAME", "a.b", TARGET)


def test_a_name_below_itself_is_no_mistake_where_it_has_no_data_or_a_wildcards() -> None:
    below = f"{NAME}.customer.com"
    sibling = OtherNameAnswer(name="qx7.customer.com", exists=True, cname=TARGET)
    for doubled in (
        OtherNameAnswer(name=below, exists=False),
        OtherNameAnswer(name=below, exists=True),
        OtherNameAnswer(name=below, exists=True, cname=TARGET),
    ):
        assert all_codes(doubled_answer=doubled, sibling_answer=sibling) == ["cname_missing"]


def test_an_old_record_and_one_that_was_saved_below_itself_are_two_mistakes() -> None:
    doubled = OtherNameAnswer(name=f"{NAME}.customer.com", exists=True, cname=TARGET)
    both = ["cname_wrong_target", "name_doubled"]
    assert all_codes(exists=True, chain=("old.host.net",), doubled_answer=doubled) == both
    both = ["conflicting_records", "name_doubled"]
    assert all_codes(exists=True, addresses=("198.51.100.1",), doubled_answer=doubled) == both
    assert all_codes(exists=True, other_records=(ObservedRecord("TXT", "hi"),), doubled_answer=doubled) == both


def test_a_target_to_which_the_provider_appended_the_zone_is_to_end_with_a_dot() -> None:
    for appended in ("customer.com", NAME):
        finding = only_finding(facts(exists=True, chain=(f"{TARGET}.{appended}",)))
        assert finding.code == "target_doubled"
        assert finding.fix == Record("CNAME", NAME, f"{TARGET}.")
    for other in (f"{TARGET}.other.com", f"x{TARGET}.customer.com", f"{TARGET}.ustomer.com"):
        assert only_finding(facts(exists=True, chain=(other,))).code == "cname_wrong_target"


def test_a_wildcard_that_answers_for_the_name_calls_for_an_exact_record() -> None:
    sibling = OtherNameAnswer(name="qx7.customer.com", exists=True, cname="old.host.net", addresses=("198.51.100.1",))
    finding = only_finding(facts(exists=True, chain=("old.host.net",), sibling_answer=sibling))
    assert (finding.code, finding.fix) == ("wildcard_masks", Record("CNAME", NAME, TARGET))
    by_address = OtherNameAnswer(name="qx7.customer.com", exists=True, addresses=("198.51.100.1",))
    assert (
        only_finding(facts(exists=True, addresses=("198.51.100.1",), sibling_answer=by_address)).code
        == "wildcard_masks"
    )


def test_a_record_that_differs_from_the_wildcards_is_the_names_own() -> None:
    sibling = OtherNameAnswer(name="qx7.customer.com", exists=True, cname="old.host.net", addresses=("198.51.100.1",))
    assert all_codes(exists=True, chain=("other.host.net",), sibling_answer=sibling) == ["cname_wrong_target"]
    assert all_codes(exists=True, addresses=("198.51.100.1",), sibling_answer=sibling) == ["conflicting_records"]
    nothing = OtherNameAnswer(name="qx7.customer.com", exists=False)
    assert all_codes(exists=True, chain=("old.host.net",), sibling_answer=nothing) == ["cname_wrong_target"]


def test_a_wildcard_that_leads_here_is_right() -> None:
    sibling = OtherNameAnswer(name="qx7.customer.com", exists=True, cname=TARGET)
    assert all_codes(exists=True, chain=(TARGET,), sibling_answer=sibling) == []


def test_a_part_that_was_delegated_away_is_where_the_record_belongs() -> None:
    subject = facts(zone="shop.customer.com", is_delegated=True, nameservers=("ns1.shop.net",))
    finding = only_finding(replace(subject, hostname="a.shop.customer.com"))
    assert finding.code == "subdomain_delegated"
    assert finding.message.startswith(
        "No CNAME exists for a.shop.customer.com. shop.customer.com is run by ns1.shop.net. "
        "Create this record there: type CNAME"
    )
    assert finding.fix == Record("CNAME", "a.shop.customer.com", TARGET)


def test_a_part_that_was_delegated_away_under_an_unknown_name_is_told_about_the_hostname() -> None:
    finding = only_finding(facts(zone=None, is_delegated=True, nameservers=()))
    assert finding.code == "subdomain_delegated"
    assert finding.message.startswith("No CNAME exists for app.customer.com. Its part of the domain is run by other")


def test_a_name_that_was_delegated_itself_cannot_hold_the_record() -> None:
    finding = only_finding(
        facts(exists=True, is_apex=True, zone=NAME, is_delegated=True, nameservers=("ns1.shop.net", "ns2.shop.net"))
    )
    assert finding.code == "subdomain_delegated"
    assert f"Delete the NS records of {NAME}" in finding.message
    assert finding.fix == Record("CNAME", NAME, TARGET)


def test_a_delegated_part_with_a_wrong_or_a_right_record_is_judged_by_that() -> None:
    assert all_codes(exists=True, chain=("old.host.net",), is_delegated=True) == ["cname_wrong_target"]
    assert all_codes(exists=True, chain=(TARGET,), is_delegated=True) == []


def test_a_chain_that_reaches_us_late_is_a_warning() -> None:
    hops = tuple(f"hop{number}.net" for number in range(9))
    verdict = diagnose_dns(facts(exists=True, chain=(*hops[:8], TARGET)), DnsRequirements(), NOW)
    assert (verdict.state, codes(verdict)) == (DnsState.VERIFIED, ["chain_long"])
    assert verdict.findings[0].severity == "warning"
    assert all_codes(exists=True, chain=(*hops[:7], TARGET)) == []


def test_addresses_of_cloudflares_in_a_zone_elsewhere_are_said_to_be_cloudflares() -> None:
    for address, is_cloudflares in (("104.16.1.1", True), ("198.51.100.1", False)):
        subject = facts(exists=True, addresses=(address,), nameservers=("ns1.other.net",))
        finding = only_finding(subject)
        assert finding.code == "conflicting_records"
        assert ("another account at Cloudflare" in finding.message) is is_cloudflares
