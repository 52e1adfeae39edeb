"""CAA: whether a certificate authority may issue that would do, and whose record it is that forbids it."""

import pytest
from msgspec.structs import replace

from dcvd.core.diagnosis.caa import permitted_authorities
from dcvd.core.diagnosis.dns import DnsDiagnosis, diagnose_dns
from dcvd.core.diagnosis.requirements import DnsRequirements
from dcvd.core.dns.facts import CaaPolicy, DnsFacts, QueryOutcome, ResolverAnswer, ServerAnswer
from dcvd.core.domains.domain import DnsState, Finding, Record, ValidationMethod
from tests.core.builders import NAME, NOW, TARGET, TARGET_ADDRESSES, facts

ZONE = "customer.com"
BOTH = ("google", "lets_encrypt")
Values = tuple[str, ...] | None


def policy(
    issue: Values = None,
    issuewild: Values = None,
    *,
    at: str | None = ZONE,
    start: str = NAME,
    critical: tuple[str, ...] = (),
) -> CaaPolicy:
    return CaaPolicy(
        start_name=start, outcome="answered", owner_name=at, issue=issue, issuewild=issuewild, critical_tags=critical
    )


def right(caa: CaaPolicy | None = None, **changes: object) -> DnsFacts:
    return facts(exists=True, chain=(TARGET,), caa=caa, **changes)


def verdict(subject: DnsFacts, wanted: DnsRequirements | None = None) -> DnsDiagnosis:
    return diagnose_dns(subject, wanted or DnsRequirements(), NOW)


def only(found: DnsDiagnosis) -> Finding:
    (finding,) = found.findings
    assert (finding.severity, found.state) == ("error", DnsState.VERIFIED)
    assert NAME in finding.message
    return finding


def test_a_policy_without_the_property_and_no_policy_at_all_allow_every_ca() -> None:
    for caa in (None, policy(at=None), policy(), policy(issuewild=("digicert.com",))):
        assert permitted_authorities(right(caa), DnsRequirements()) == BOTH
        assert verdict(right(caa)).findings == ()


def test_a_policy_that_names_none_of_our_cas_blocks_and_says_what_to_add() -> None:
    finding = only(verdict(right(policy(("digicert.com", "sectigo.com")))))
    assert (finding.code, finding.actor) == ("caa_blocks", "customer")
    assert finding.fix == Record("CAA", ZONE, '0 issue "pki.goog"')
    assert 'the domain\'s CAA record at customer.com forbids our CA; add `0 issue "pki.goog"` there.' in finding.message
    assert finding.evidence == ('customer.com CAA issue "digicert.com"', 'customer.com CAA issue "sectigo.com"')


def test_one_acceptable_ca_is_enough() -> None:
    assert permitted_authorities(right(policy(("digicert.com", "letsencrypt.org"))), DnsRequirements()) == (
        "lets_encrypt",
    )
    assert verdict(right(policy(("digicert.com", "letsencrypt.org")))).findings == ()
    assert permitted_authorities(
        right(policy(("ssl.com",))), DnsRequirements(certificate_authorities=("lets_encrypt", "ssl_com"))
    ) == ("ssl_com",)


def test_only_the_configured_cas_would_do() -> None:
    finding = only(
        verdict(right(policy(("letsencrypt.org",))), DnsRequirements(certificate_authorities=("ssl_com", "google")))
    )
    assert finding.fix == Record("CAA", ZONE, '0 issue "ssl.com"')


@pytest.mark.parametrize(
    "value",
    [
        "pki.goog",
        "PKI.Goog",
        "  pki.goog  ",
        "pki.goog; cansignhttpexchanges=yes",
        "pki.goog;",
        "pki.goog; validationmethods=http-01,dns-01",
        "pki.goog ; validationmethods = http-01",
    ],
)
def test_values_that_permit(value: str) -> None:
    allowed = permitted_authorities(right(policy((value,))), DnsRequirements())
    assert allowed == (() if " = " in value else ("google",))


@pytest.mark.parametrize(
    "value",
    [
        "",
        ";",
        " ; pki.goog",
        "pki.goog.evil.net",
        "xpki.goog",
        "pki.goog,letsencrypt.org",
        "pki.goog; validationmethods=dns-01",
        "letsencrypt.org; accounturi=https://acme-v02.api.letsencrypt.org/acme/acct/1",
    ],
)
def test_values_that_do_not_permit(value: str) -> None:
    assert permitted_authorities(right(policy((value,))), DnsRequirements()) == ()
    assert only(verdict(right(policy((value,))))).code == "caa_blocks"


@pytest.mark.parametrize(
    ("method", "validation", "wildcard", "allowed"),
    [
        ("http-01", "http", False, True),
        ("dns-01", "http", False, False),
        ("dns-01", "delegated", False, True),
        ("http-01", "delegated", False, True),
        ("http-01", "delegated", True, False),
        ("dns-01", "delegated", True, True),
    ],
)
def test_a_way_of_validation_is_permitted_where_it_is_ours(
    method: str, validation: ValidationMethod, wildcard: bool, allowed: bool
) -> None:
    subject = right(policy((f"pki.goog; validationmethods={method}",)))
    assert bool(permitted_authorities(subject, DnsRequirements(validation=validation, wildcard=wildcard))) == allowed


def test_a_wildcards_certificate_needs_both_properties() -> None:
    wild = DnsRequirements(validation="delegated", wildcard=True, certificate_authorities=("google",))
    for issue, issuewild, fix in (
        (("pki.goog",), ("digicert.com",), '0 issuewild "pki.goog"'),
        (None, (";",), '0 issuewild "pki.goog"'),
        (("digicert.com",), ("pki.goog",), '0 issue "pki.goog"'),
        (("digicert.com",), None, '0 issue "pki.goog"'),
        ((";",), (";",), '0 issue "pki.goog"'),
    ):
        finding = only(verdict(right(policy(issue, issuewild)), wild))
        assert finding.fix == Record("CAA", ZONE, fix)
    neither = only(verdict(right(policy((";",), (";",))), wild))
    assert '`0 issue "pki.goog"` and `0 issuewild "pki.goog"`' in neither.message
    for issue, issuewild in ((("pki.goog",), None), (("pki.goog",), ("pki.goog",)), (None, ("pki.goog",))):
        assert verdict(right(policy(issue, issuewild)), wild).findings == ()
    assert (
        verdict(right(policy(("pki.goog",), (";",))), DnsRequirements(certificate_authorities=("google",))).findings
        == ()
    )


def test_a_critical_property_that_nobody_knows_forbids_every_ca() -> None:
    finding = only(verdict(right(policy(("pki.goog",), critical=("tbs",)))))
    assert (finding.code, finding.fix) == ("caa_blocks", None)
    assert "critical property tbs" in finding.message


def test_our_own_targets_policy_is_the_operators_to_mend() -> None:
    of_target = policy(("digicert.com",), at=TARGET, start=TARGET)
    for caa in (None, policy(("digicert.com",), at=TARGET), policy(("pki.goog",))):
        finding = only(verdict(right(caa, target_caa=of_target)))
        assert (finding.code, finding.actor) == ("caa_blocks", "operator")
        assert finding.fix == Record("CAA", TARGET, '0 issue "pki.goog"')


def test_a_policy_behind_our_target_is_the_operators_as_well() -> None:
    behind = policy(("digicert.com",), at="lb.cdn.net")
    of_target = policy(("digicert.com",), at="lb.cdn.net", start=TARGET)
    assert only(verdict(right(behind, target_caa=of_target))).actor == "operator"


def test_a_policy_above_our_target_binds_nobody_elses_hostname() -> None:
    for chain in ((TARGET,), ()):
        subject = facts(exists=True, chain=chain, target_caa=policy(("digicert.com",), at="saas.net", start=TARGET))
        assert "caa_blocks" not in [finding.code for finding in verdict(subject).findings]


def test_two_policies_without_a_ca_in_common_block_and_the_customers_is_to_be_widened() -> None:
    subject = right(policy(("letsencrypt.org",)), target_caa=policy(("pki.goog",), at=TARGET, start=TARGET))
    assert permitted_authorities(subject, DnsRequirements()) == ()
    finding = only(verdict(subject))
    assert (finding.actor, finding.fix) == ("customer", Record("CAA", ZONE, '0 issue "pki.goog"'))


def test_before_the_record_is_right_the_policy_is_judged_that_will_hold_then() -> None:
    blocks = policy(("digicert.com",))
    missing = [finding.code for finding in verdict(facts(caa=blocks)).findings]
    assert missing == ["cname_missing", "caa_blocks"]
    # Our target's own policy will be found before the customer's, above the hostname.
    allows = policy(("pki.goog",), at=TARGET, start=TARGET)
    assert [finding.code for finding in verdict(facts(caa=blocks, target_caa=allows)).findings] == ["cname_missing"]
    # What was found behind the wrong CNAME goes away with it.
    behind, above = policy(("digicert.com",), at="old.host.net"), policy(("digicert.com",), at="host.net")
    old = facts(exists=True, chain=("old.host.net",), caa=behind, target_caa=replace(above, start_name="old.host.net"))
    assert [finding.code for finding in verdict(old).findings] == ["cname_wrong_target"]


def test_a_hidden_record_hides_our_targets_policy_too() -> None:
    of_target = policy(("digicert.com",), at=TARGET, start=TARGET)
    flattened = facts(exists=True, addresses=TARGET_ADDRESSES, target_caa=of_target)
    assert verdict(flattened).findings == ()
    blocked = verdict(facts(exists=True, addresses=TARGET_ADDRESSES, caa=policy(("digicert.com",))))
    assert [finding.code for finding in blocked.findings] == ["caa_blocks"]
    assert blocked.state is DnsState.UNVERIFIABLE


def failing(outcome: QueryOutcome, at: str = ZONE, start: str = NAME) -> CaaPolicy:
    return CaaPolicy(start_name=start, outcome=outcome, failed_name=at)


def test_servers_that_fail_caa_alone_are_told_and_the_record_stays_verified() -> None:
    outcomes: list[QueryOutcome] = ["servfail", "refused", "timeout", "malformed", "not_authoritative"]
    for outcome in outcomes:
        for at in (ZONE, NAME):
            finding = only(verdict(right(failing(outcome, at))))
            assert (finding.code, finding.actor, finding.fix) == ("caa_unanswered", "customer", None)
            assert at in finding.evidence[0]
            assert "Contact the DNS provider" in finding.message


def test_silence_to_caa_counts_only_where_nobody_else_is_silent() -> None:
    silent = ServerAnswer(name="ns2.net", address="198.51.100.2", outcome="timeout")
    speaks = ServerAnswer(name="ns1.net", address="198.51.100.1", outcome="answered", exists=True, cname=TARGET)
    resolver = ResolverAnswer(address="192.0.2.53", outcome="timeout")
    for changes in ({"servers": (speaks, silent)}, {"servers": (speaks,), "resolvers": (resolver,)}):
        codes = [finding.code for finding in verdict(right(failing("timeout"), **changes)).findings]
        assert "caa_unanswered" not in codes
    assert only(verdict(right(failing("timeout"), servers=(speaks,)))).code == "caa_unanswered"


def test_a_failure_counts_only_where_our_own_resolvers_work() -> None:
    speaks = ServerAnswer(name="ns1.net", address="198.51.100.1", outcome="answered", exists=True, cname=TARGET)
    works = ResolverAnswer(address="192.0.2.53", outcome="answered", exists=True, cname=TARGET)
    outcomes: list[QueryOutcome] = ["servfail", "refused", "timeout"]
    for outcome in outcomes:
        fails = ResolverAnswer(address="192.0.2.54", outcome=outcome)
        subject = right(failing("servfail", NAME), servers=(speaks,), resolvers=(fails, fails))
        assert verdict(subject).findings == ()
        assert only(verdict(replace(subject, resolvers=(fails, works)))).code == "caa_unanswered"


def test_what_failed_behind_a_wrong_cname_goes_away_with_it() -> None:
    old = facts(exists=True, chain=("old.host.net",), caa=failing("servfail", NAME))
    assert [finding.code for finding in verdict(old).findings] == ["cname_wrong_target"]
    above = verdict(replace(old, caa=failing("servfail", ZONE)))
    assert [finding.code for finding in above.findings] == ["cname_wrong_target", "caa_unanswered"]


def test_names_above_the_registrable_one_are_not_the_customers_to_answer_for() -> None:
    assert verdict(right(failing("servfail", "com"))).findings == ()


def test_our_targets_servers_failing_caa_are_the_operators() -> None:
    finding = only(verdict(right(target_caa=failing("servfail", TARGET, TARGET))))
    assert (finding.code, finding.actor) == ("caa_unanswered", "operator")
    # The climb from the hostname followed the CNAME to them, and failed there too.
    assert only(verdict(right(failing("servfail", NAME), target_caa=failing("servfail", TARGET, TARGET)))) == finding
    assert verdict(right(target_caa=failing("servfail", "saas.net", TARGET))).findings == ()


def test_an_international_name_is_offered_no_ca_that_issues_for_none() -> None:
    name = "app.xn--mnchen-3ya.de"
    subject = replace(right(policy((";",), at="xn--mnchen-3ya.de", start=name)), hostname=name)
    for configured in ((), ("google",), ("google", "lets_encrypt")):
        found = diagnose_dns(subject, DnsRequirements(certificate_authorities=configured), NOW)
        assert [finding.fix for finding in found.findings] == [
            Record("CAA", "xn--mnchen-3ya.de", '0 issue "letsencrypt.org"')
        ]
    allows_google_alone = replace(subject, caa=policy(("pki.goog",), at="xn--mnchen-3ya.de", start=name))
    assert permitted_authorities(allows_google_alone, DnsRequirements()) == ()
