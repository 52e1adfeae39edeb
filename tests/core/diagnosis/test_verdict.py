"""The verdict on a domain, as its organization reads it."""

from msgspec.structs import replace

from dcvd.core.custom_hostnames.statuses import UNVALIDATED_HOSTNAME_STATUS
from dcvd.core.diagnosis.awaited import Awaited
from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.diagnosis.findings import new_finding
from dcvd.core.diagnosis.verdict import AWAITED_BY_STATE, Verdict, VerdictState, find_verdict
from dcvd.core.domains.domain import Certificate, DnsState, Domain, DomainError, DomainStatus, Finding, Severity
from dcvd.core.instants import DAY
from dcvd.core.sentences.rendering import render
from dcvd.core.sentences.sentence import quote
from tests.core.builders import NOW, added_domain

CERTIFICATE = Certificate(issued_at=NOW, expires_at=NOW + 90 * DAY)
ACTIVE = replace(
    added_domain(),
    status=DomainStatus.ACTIVE,
    dns_state=DnsState.VERIFIED,
    certificate=CERTIFICATE,
    cf_id="x",
    cf_status="active",
    cf_ssl_status="active",
    ready_since=NOW + 5,
)
BROKEN = replace(ACTIVE, ready_since=None, broken_since=NOW + 9, dns_state=DnsState.FAILED)


def finding(code: FindingCode, severity: Severity = "error", *evidence: str) -> Finding:
    return replace(new_finding(code, severity, "customer", quote("What is wrong."), evidence), since=NOW + 3)


def judge(domain: Domain, *findings: Finding, now: int = NOW) -> Verdict:
    return find_verdict(replace(domain, findings=findings), findings, now)


def test_what_works_is_ready_since_then() -> None:
    verdict = judge(ACTIVE)
    assert (verdict.state, verdict.since, verdict.awaited) == (VerdictState.READY, NOW + 5, None)
    assert render(verdict.causes).endswith("there is nothing to do.")
    assert judge(ACTIVE, finding(FindingCode.PROXIED_UNVERIFIABLE, "info")).state is VerdictState.READY


def test_what_works_and_is_endangered_is_at_risk() -> None:
    verdict = judge(ACTIVE, finding(FindingCode.AAAA_ELSEWHERE, "warning"))
    assert (verdict.state, verdict.awaited) == (VerdictState.RISKY, None)
    assert "What is wrong." in render(verdict.causes)
    assert judge(ACTIVE, now=NOW + 64 * DAY).state is VerdictState.RISKY


def test_what_has_worked_is_broken_and_what_became_of_its_record_is_told() -> None:
    changed = judge(BROKEN, finding(FindingCode.CNAME_WRONG_TARGET, "error", "shops.example", "x.example"))
    assert (changed.state, changed.since, changed.awaited) == (VerdictState.BROKEN, NOW + 9, Awaited.CUSTOMER)
    assert render(changed.causes) == "Its CNAME was changed to shops.example."
    assert render(judge(BROKEN, finding(FindingCode.CNAME_MISSING)).causes) == "Its CNAME was removed."
    assert render(judge(BROKEN, finding(FindingCode.DNSSEC_BOGUS)).causes) == "What is wrong."


def test_a_warning_about_the_target_is_no_change_of_the_record() -> None:
    verdict = judge(BROKEN, finding(FindingCode.CNAME_WRONG_TARGET, "warning", "shops.example"))
    assert "was changed" not in render(verdict.causes)


def test_what_waits_says_for_whom_and_since_when() -> None:
    missing = judge(replace(added_domain(), dns_state=DnsState.FAILED), finding(FindingCode.CNAME_MISSING))
    assert (missing.state, missing.since) == (VerdictState.CUSTOMER, NOW + 3)
    assert render(missing.causes) == "What is wrong."
    new = judge(added_domain())
    assert (new.state, new.awaited, new.since) == (VerdictState.PROGRESS, Awaited.NOBODY, NOW)
    held = replace(added_domain(), status=DomainStatus.ERROR, error=DomainError("domain_held", "It is held."))
    assert (judge(held).state, judge(held).awaited) == (VerdictState.SERVICE, Awaited.TENANT)
    issuing = replace(added_domain(), status=DomainStatus.ISSUING, dns_state=DnsState.VERIFIED, cf_id="x",
                      cf_status=UNVALIDATED_HOSTNAME_STATUS, cf_changed_at=NOW + 7)  # fmt: skip
    assert (judge(issuing).state, judge(issuing).since) == (VerdictState.PROGRESS, NOW + 7)


def test_everybody_who_may_have_to_act_has_a_state() -> None:
    assert sorted(each for awaited in AWAITED_BY_STATE.values() for each in awaited) == sorted(Awaited)
