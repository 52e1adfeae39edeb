"""What Cloudflare alone tells of a domain, and all that is known of one put together."""

import pytest
from msgspec.structs import replace

from dcvd.core.diagnosis.cloudflare.findings import cloudflare_findings, findings_of
from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.diagnosis.summary import summarize_domain
from dcvd.core.domains.domain import DnsState, Domain, DomainError, DomainStatus, Finding, Record
from dcvd.core.instants import HOUR, MINUTE
from dcvd.core.lifecycle.domain_events import findings_data
from tests.core.builders import (
    DNS_MISSING,
    DNS_RIGHT,
    HOSTNAME_STATUSES,
    NAME,
    NOW,
    SSL_STATUSES,
    TARGET,
    Story,
    active_story,
    added_domain,
    certificate,
    seen,
)

DELEGATION = f"{NAME}.0123456789abcdef.dcv.cloudflare.com"
ROUTING = Record("CNAME", NAME, TARGET)


def domain(**changes: object) -> Domain:
    return replace(added_domain(), **changes)


def only(subject: Domain, refusal: DomainError | None = None) -> Finding:
    (finding,) = cloudflare_findings(subject, refusal)
    assert NAME in finding.message
    assert finding.message.endswith(".")
    return finding


# Cloudflare's documented words → what they mean, and who has to act.
CERTIFICATE_TEXTS = [
    ("the Certificate Authority had trouble performing a DNS lookup: dns problem: looking up caa for "
     f"{NAME}: dnssec: bogus", "dnssec_bogus", "customer"),
    ("Certificate authority encountered a SERVFAIL during DNS lookup, please check your DNS reachability.",
     "validation_unanswered", "customer"),
    ("Certificate authority encountered a multiple perspective CAA check error, please ensure your DNS is configured "
     "to allow CAA queries", "caa_unanswered", "customer"),
    ("SERVFAIL looking up CAA for customer.com", "caa_unanswered", "customer"),
    (f"caa_error: {NAME}", "caa_blocks", "customer"),
    ("CAA records block issuance. Please update or remove them.", "caa_blocks", "customer"),
    ("The authority has rate limited these domains. Please wait or try a different certificate authority.",
     "ca_rate_limited", "nobody"),
    ("The validation token has expired.", "token_expired", "nobody"),
    ("authorization expired", "token_expired", "nobody"),
    (f"{NAME} potential risk: google_safe_browsing", "high_risk_domain", "operator"),
    ("The certificate authority will not issue for this domain.", "high_risk_domain", "operator"),
    (f"http://{NAME}/.well-known/acme-challenge/abc answered with 403", "http_challenge_blocked", "customer"),
    ("The HTTP challenge returned a redirect", "http_challenge_blocked", "customer"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "code", "actor"), CERTIFICATE_TEXTS)
def test_cloudflares_words_about_the_certificate_are_understood(text: str, code: str, actor: str) -> None:
    for said in (text, text.upper(), text.lower()):
        finding = only(domain(cf_status="active", cf_ssl_status="pending_validation", cf_ssl_errors=(said,)))
        assert (finding.code, finding.actor, finding.evidence) == (code, actor, (said,))


def test_words_that_are_not_understood_are_a_warning_in_those_words() -> None:
    finding = only(domain(cf_ssl_errors=("hibernating",)))
    assert (finding.code, finding.severity, finding.actor) == ("unknown_error", "warning", "operator")
    assert "hibernating" in finding.message
    assert cloudflare_findings(domain(cf_ssl_errors=("", " "), cf_errors=("", " "))) == ()


def test_a_hostname_that_holds_such_a_word_says_nothing_by_it() -> None:
    for name in ("caa.customer.com", "risk.http-token.com", "dnssec-bogus.com", "rate-limit.customer.com"):
        subject = domain(name=name, cf_ssl_errors=(f"The name {name} is pending.",))
        assert [finding.code for finding in cloudflare_findings(subject)] == ["unknown_error"]


def test_a_caa_refusal_says_what_to_add_for_the_ca_in_use() -> None:
    for authority, identifier in (("lets_encrypt", "letsencrypt.org"), ("google", "pki.goog"), (None, "pki.goog")):
        subject = domain(cf_ssl_errors=("CAA records block issuance",), certificate_authority=authority)
        assert only(subject).fix == Record("CAA", "customer.com", f'0 issue "{identifier}"')


def test_a_held_zone_is_its_owners_to_release() -> None:
    said = (
        "The hostname is associated with a held zone. Please contact the owner of this domain to have the hold removed."
    )
    finding = only(domain(cf_status="blocked", cf_errors=(said,)))
    assert (finding.code, finding.actor, finding.evidence) == ("zone_hold", "customer", (said,))
    assert only(domain(cf_status="pending", cf_errors=(said,))).code == "zone_hold"
    assert cloudflare_findings(domain(cf_status="active", cf_errors=(said,))) == ()


def test_what_is_blocked_for_another_reason_is_for_cloudflares_support() -> None:
    for said in ((), ("This hostname is high risk.",)):
        finding = only(domain(cf_status="blocked", cf_errors=said))
        assert (finding.code, finding.actor) == ("high_risk_domain", "operator")


def test_a_moved_hostname_wants_its_record_again_unless_it_is_there() -> None:
    finding = only(domain(cf_status="moved", dns_state=DnsState.FAILED))
    assert (finding.code, finding.severity, finding.actor, finding.fix) == ("moved", "error", "customer", ROUTING)
    finding = only(domain(cf_status="moved", dns_state=DnsState.VERIFIED))
    assert (finding.code, finding.severity, finding.actor, finding.fix) == ("moved", "warning", "nobody", None)


def test_a_validation_that_timed_out_wants_the_record_that_is_missing() -> None:
    for ssl in ("validation_timed_out", "timed_out"):
        finding = only(domain(cf_ssl_status=ssl, dns_state=DnsState.FAILED))
        assert (finding.code, finding.actor, finding.fix) == ("validation_timed_out", "customer", ROUTING)
        finding = only(domain(cf_ssl_status=ssl, dns_state=DnsState.VERIFIED))
        assert (finding.severity, finding.actor, finding.fix) == ("warning", "nobody", None)
    delegated = domain(
        cf_ssl_status="validation_timed_out", validation="delegated", challenge_target=DELEGATION,
        dns_state=DnsState.VERIFIED,
    )  # fmt: skip
    assert only(delegated).fix == Record("CNAME", f"_acme-challenge.{NAME}", DELEGATION)
    assert only(replace(delegated, challenge_verified=True)).actor == "nobody"
    assert only(replace(delegated, challenge_target=None)).actor == "nobody"


def test_another_stage_that_timed_out_is_named_and_nobodys_to_mend() -> None:
    for stage, words in (("initializing", "order"), ("issuance", "issuance"), ("deployment", "deployment")):
        finding = only(domain(cf_ssl_status=f"{stage}_timed_out", dns_state=DnsState.FAILED))
        assert (finding.code, finding.actor) == ("validation_timed_out", "nobody")
        assert f"The {words} of {NAME}'s certificate" in finding.message
    assert cloudflare_findings(domain(cf_ssl_status="deletion_timed_out")) == ()


def test_a_refused_registration_says_whose_affair_it_is() -> None:
    for code, actor in (
        ("hostname_taken", "operator"),
        ("hostname_differs", "operator"),
        ("hostname_invalid", "customer"),
    ):
        error = DomainError(code, "Cloudflare answered POST with 409, code 1406: Duplicate custom hostname found.")
        for finding in (only(domain(error=error)), only(domain(), error), only(domain(error=error), error)):
            assert (finding.code, finding.severity, finding.actor) == (code, "error", actor)
            assert finding.evidence == (error.message,)


def test_a_missing_fallback_origin_is_the_operators() -> None:
    for said in (
        "Zone does not have a fallback origin set.",
        "Fallback origin is in a status of `pending_deployment`.",
    ):
        finding = only(domain(cf_status="pending", cf_errors=(said,)))
        assert (finding.code, finding.actor) == ("fallback_origin", "operator")


def test_a_hostname_that_was_changed_at_cloudflare_is_the_operators_affair_as_long_as_it_is_in_use() -> None:
    changed = domain(cf_differences=("wildcard is false instead of true",))
    for status in ("active", "pending"):
        finding = only(replace(changed, cf_status=status))
        assert (finding.code, finding.severity, finding.actor) == ("hostname_differs", "warning", "operator")
        assert finding.evidence == changed.cf_differences
    assert [finding.code for finding in cloudflare_findings(replace(changed, cf_status="deleted"))] == []


NOT_HERE = "custom hostname does not CNAME to this zone."


def test_a_hidden_record_that_cloudflare_does_not_find_either_is_told_after_an_hour() -> None:
    subject = domain(cf_status="pending", dns_state=DnsState.UNVERIFIABLE, cf_errors=(NOT_HERE,))
    assert cloudflare_findings(replace(subject, cf_checked_at=NOW + 59 * MINUTE)) == ()
    for said in (
        NOT_HERE,
        "Custom hostname does not `CNAME` to this zone.",
        "None of the A or AAAA records are owned by this account and the pre-generated ownership validation token was "
        "not found.",
    ):
        finding = only(replace(subject, cf_checked_at=NOW + HOUR, cf_errors=(said,)))
        assert (finding.code, finding.severity, finding.fix) == ("cname_wrong_target", "warning", ROUTING)
    for changes in ({"cf_status": "active"}, {"dns_state": DnsState.VERIFIED}, {"dns_state": DnsState.FAILED}):
        assert cloudflare_findings(replace(subject, cf_checked_at=NOW + HOUR, **changes)) == ()


def test_a_healthy_domain_has_no_findings_on_its_way_or_when_it_serves() -> None:
    story = Story()
    for answer in (
        seen("pending", "initializing", errors=(NOT_HERE,)),
        seen("pending", "pending_validation", errors=(NOT_HERE,)),
        seen("active", "pending_issuance"),
        seen("active", "pending_deployment", certificate("01")),
        seen("active", "active", certificate("01")),
    ):
        story.look(DNS_RIGHT, answer)
        assert findings_of(story.domain, NOW) == ()
    assert findings_of(active_story().domain, NOW) == ()


def test_all_that_is_known_is_put_together_most_severe_first() -> None:
    story = Story()
    story.look(DNS_MISSING, seen("moved", "validation_timed_out", errors=(NOT_HERE,)))
    found = [(finding.severity, finding.code) for finding in findings_of(story.domain, NOW)]
    assert found == [("error", "cname_missing"), ("error", "moved"), ("error", "validation_timed_out")]
    proxied = Finding(code="proxied_unverifiable", severity="info", actor="nobody", message=f"{NAME} is proxied.")
    subject = domain(findings=(proxied,), cf_ssl_errors=("The authority has rate limited", f"caa_error: {NAME}"))
    assert [finding.code for finding in findings_of(subject, NOW)] == [
        "caa_blocks",
        "ca_rate_limited",
        "proxied_unverifiable",
    ]


def test_what_dns_showed_itself_is_told_rather_than_cloudflares_word_for_it() -> None:
    exact = Finding(code="caa_blocks", severity="error", actor="customer", message=f"The exact reason for {NAME}.")
    assert findings_of(domain(findings=(exact,), cf_ssl_errors=(f"caa_error: {NAME}",)), NOW) == (exact,)


def test_no_status_of_cloudflares_breaks_the_reading() -> None:
    codes = set(FindingCode)
    for status in (*HOSTNAME_STATUSES, "hibernating", None):
        for ssl in (*SSL_STATUSES, "hibernating", None):
            for state in DnsState:
                found = cloudflare_findings(domain(cf_status=status, cf_ssl_status=ssl, dns_state=state))
                assert {finding.code for finding in found} <= codes
                assert all(NAME in finding.message and finding.message.endswith(".") for finding in found)


def test_an_event_has_the_record_to_type_and_not_when_the_next_check_is() -> None:
    waits = Finding(code="propagating", severity="info", actor="nobody", message="m.", next_check_at=NOW, fix=ROUTING)
    (first, second) = findings_data([waits, replace(waits, since=NOW, fix=None)])
    assert set(first) == {"code", "severity", "actor", "message", "fix", "evidence", "since", "hurts_at"}
    assert first["fix"] == {"type": "CNAME", "name": NAME, "value": TARGET}
    assert (second["fix"], second["since"]) == (None, "2026-11-23T10:00:00Z")


def test_what_forbids_the_next_certificate_is_a_warning_with_its_day_while_the_present_one_serves() -> None:
    story = active_story()
    serving = story.domain
    assert serving.certificate is not None
    refused = replace(serving, cf_ssl_errors=("CAA records block issuance",))
    (finding,) = findings_of(refused, NOW)
    assert (finding.code, finding.severity, finding.actor) == ("caa_blocks", "warning", "customer")
    assert finding.message.startswith(f"{NAME} works until 20")
    assert "cannot be renewed until this is mended" in finding.message
    assert "not all is well" in summarize_domain(refused, findings_of(refused, NOW))
    for subject in (replace(refused, status=DomainStatus.ISSUING), replace(refused, certificate=None)):
        (finding,) = findings_of(subject, NOW)
        assert finding.severity == "error"
    left = replace(
        serving,
        dns_state=DnsState.FAILED,
        findings=(Finding(code="cname_missing", severity="error", actor="customer", message="It is gone."),),
    )
    assert [each.severity for each in findings_of(left, NOW)] == ["error"]
