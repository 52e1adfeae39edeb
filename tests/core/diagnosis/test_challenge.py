"""`_acme-challenge`: what has to stand there where the CA is answered by delegation."""

import pytest
from msgspec.structs import replace

from dcvd.core.diagnosis.dns import DnsDiagnosis, diagnose_dns
from dcvd.core.diagnosis.requirements import DnsRequirements
from dcvd.core.dns.facts import ChallengeAnswer, QueryOutcome
from dcvd.core.domains.domain import DnsState, Record
from tests.core.builders import NAME, NOW, TARGET, facts

CHALLENGE = f"_acme-challenge.{NAME}"
ANSWERED = f"{NAME}.0123456789abcdef.dcv.cloudflare.com"
DELEGATED = DnsRequirements(validation="delegated", challenge_target=ANSWERED)
WILDCARD = DnsRequirements(validation="delegated", wildcard=True, challenge_target=ANSWERED)
FIX = Record("CNAME", CHALLENGE, ANSWERED)


def verdict(
    wanted: DnsRequirements,
    chain: tuple[str, ...] = (),
    texts: tuple[str, ...] = (),
    outcome: QueryOutcome = "answered",
) -> DnsDiagnosis:
    seen = ChallengeAnswer(outcome=outcome, chain=chain, texts=texts)
    return diagnose_dns(facts(exists=True, chain=(TARGET,), challenge=seen), wanted, NOW)


@pytest.mark.parametrize(
    "wanted", [DELEGATED, WILDCARD, DnsRequirements(wildcard=True, challenge_target=ANSWERED.upper() + ".")]
)
def test_a_challenge_that_leads_to_cloudflare_is_verified(wanted: DnsRequirements) -> None:
    for chain in ((ANSWERED,), ("acme.customer.com", ANSWERED)):
        # Cloudflare's own tokens stand at the end of the chain while an order is open.
        found = verdict(wanted, chain, texts=("gESljTB8fBT1mIuoEASU0qcK-oTd46baarnU_ZGjJIY",))
        assert found == DnsDiagnosis(DnsState.VERIFIED, (), True)


def test_a_missing_delegation_is_told_and_the_routing_stays_verified() -> None:
    for wanted, words, code in (
        (WILDCARD, "Wildcard certificates", "wildcard_needs_delegation"),
        (DELEGATED, "Certificates by delegated validation", "delegation_missing"),
    ):
        found = verdict(wanted)
        (finding,) = found.findings
        assert (found.state, found.challenge_verified) == (DnsState.VERIFIED, False)
        assert (finding.code, finding.severity, finding.actor) == (code, "error", "customer")
        assert (
            finding.message
            == f"{words} for {NAME} also need this record: type CNAME, name `_acme-challenge.app`, value `{ANSWERED}`."
        )
        assert finding.fix == FIX


def test_a_delegation_to_somebody_else_is_named() -> None:
    for texts in ((), ("a",)):
        found = verdict(WILDCARD, ("x.acme-dns.io",), texts)
        (finding,) = found.findings
        assert (finding.code, finding.fix, found.challenge_verified) == ("wildcard_needs_delegation", FIX, False)
        assert finding.message.endswith("it points to x.acme-dns.io.")


def test_an_old_text_where_the_delegation_has_to_be_is_to_be_deleted() -> None:
    found = verdict(DELEGATED, texts=("old token",))
    (finding,) = found.findings
    assert (finding.code, finding.severity, finding.fix) == ("challenge_txt_conflict", "error", FIX)
    assert finding.message.startswith(f"Delete the old TXT record at {CHALLENGE}")
    assert finding.evidence == ("TXT old token",)
    assert found.challenge_verified is False


def test_nothing_is_said_where_the_challenge_is_not_needed() -> None:
    assert verdict(DnsRequirements(challenge_target=ANSWERED), texts=("old token",)) == DnsDiagnosis(DnsState.VERIFIED)


def test_nothing_is_said_while_nobody_knows_what_to_type() -> None:
    for texts in ((), ("old token",)):
        assert verdict(DnsRequirements(validation="delegated", wildcard=True), texts=texts) == DnsDiagnosis(
            DnsState.VERIFIED
        )


def test_a_challenge_that_was_not_seen_says_nothing() -> None:
    outcomes: list[QueryOutcome] = ["servfail", "timeout", "refused"]
    for outcome in outcomes:
        assert verdict(WILDCARD, outcome=outcome) == DnsDiagnosis(DnsState.VERIFIED)
    unasked = facts(exists=True, chain=(TARGET,))
    assert diagnose_dns(unasked, WILDCARD, NOW) == DnsDiagnosis(DnsState.VERIFIED)


def test_a_missing_delegation_and_a_missing_record_are_both_told() -> None:
    found = diagnose_dns(facts(challenge=ChallengeAnswer(outcome="answered")), WILDCARD, NOW)
    assert [finding.code for finding in found.findings] == ["cname_missing", "wildcard_needs_delegation"]


def test_a_challenge_that_is_hidden_is_followed_and_one_text_of_the_target_is_enough_to_show_flattening() -> None:
    hidden = ChallengeAnswer(outcome="answered", texts=("own",), hidden_chain=("acme.customer.com", ANSWERED))
    partly = ChallengeAnswer(outcome="answered", texts=("one",), target_texts=("one", "two"))
    wanted = DnsRequirements(validation="delegated", challenge_target=ANSWERED)
    for seen, found_codes in ((hidden, ["challenge_hidden"]), (partly, [])):
        found = diagnose_dns(facts(exists=True, chain=(TARGET,), challenge=seen), wanted, NOW)
        assert found.challenge_verified is True
        assert [finding.code for finding in found.findings] == found_codes


ACTIVE = replace(DELEGATED, is_active=True)


@pytest.mark.parametrize("chain", [(), ("x.acme-dns.io",)])
@pytest.mark.parametrize("texts", [(), ("old token",)])
def test_an_active_hostname_that_leads_here_needs_no_delegation_because_cloudflare_renews_over_http(
    chain: tuple[str, ...], texts: tuple[str, ...]
) -> None:
    assert verdict(ACTIVE, chain, texts) == DnsDiagnosis(DnsState.VERIFIED, (), False)


def test_an_active_hostname_needs_its_delegation_once_it_leads_elsewhere_or_is_a_wildcard() -> None:
    elsewhere = facts(exists=True, chain=("old.vendor.test",), challenge=ChallengeAnswer(outcome="answered"))
    assert "delegation_missing" in [each.code for each in diagnose_dns(elsewhere, ACTIVE, NOW).findings]
    found = verdict(replace(WILDCARD, is_active=True))
    assert [each.code for each in found.findings] == ["wildcard_needs_delegation"]
