"""Findings from what Cloudflare says of a hostname and its certificate, as it is stored with the domain.

Cloudflare changes its texts without notice, so they are matched loosely. A text that matches nothing is a warning, in
Cloudflare's words. Sources: Cloudflare's "Error codes" and "Custom hostname status codes" (Cloudflare
for SaaS), and "Troubleshooting Domain Control Validation".
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from dcvd.core.custom_hostnames.statuses import VALIDATION_STAGE, CertificateClass, HostnameClass, timed_out_stage
from dcvd.core.diagnosis.cloudflare.validation_errors import certificate_findings, unknown_error_finding
from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.diagnosis.edge import follow_cause, is_edge_finding
from dcvd.core.diagnosis.findings import new_finding, sort_findings
from dcvd.core.diagnosis.names import unusual_name_findings
from dcvd.core.diagnosis.proofs import dormancy_findings, hidden_proof_advice
from dcvd.core.diagnosis.renewal_risks import tell_when_it_hurts
from dcvd.core.diagnosis.service_faults import find_stall, service_findings
from dcvd.core.domains.domain import (
    POINTING_STATES,
    DnsState,
    Domain,
    DomainError,
    DomainErrorCode,
    DomainStatus,
    Finding,
    Record,
    Severity,
)
from dcvd.core.domains.remedy_waits import may_validate, revalidation_due_at
from dcvd.core.domains.required_records import missing_validation_record
from dcvd.core.domains.saas_zone import UNKNOWN_ZONE, SaasZone
from dcvd.core.domains.typed_records import find_zone, to_typed_record
from dcvd.core.instants import HOUR, SECOND, to_rfc3339
from dcvd.core.sentences.rendering import render
from dcvd.core.sentences.sentence import Sentence, TypedRecord, say
from dcvd.core.text import make_printable

_ZONE_HOLD_PATTERN: Final = re.compile(r"\bheld\b|\b(zone|on|the) hold\b", re.IGNORECASE)
_HELD_ZONE_PATTERN: Final = re.compile(r"\bheld zone\b", re.IGNORECASE)
_RISK_PATTERN: Final = re.compile(r"\brisk|abuse|phish|malware|safe.?browsing", re.IGNORECASE)
_FALLBACK_ORIGIN_PATTERN: Final = re.compile(r"fallback", re.IGNORECASE)
_WRONG_TARGET_PATTERN: Final = re.compile(r"not\W+cname\b|records are owned|token was not found", re.IGNORECASE)
_PREVALIDATION_PATTERN: Final = re.compile(
    r"using cloudflare and cannot be activated|point to the saas zone", re.IGNORECASE
)
_STAGE_WORDS: Final = {
    "initializing": "late_order",
    "validation": "late_validation",
    "issuance": "late_issuance",
    "deployment": "late_deployment",
}
_RECHECK_WAIT_MS: Final = HOUR
"""For this long Cloudflare may simply not have checked the hostname again yet."""


def findings_of(
    domain: Domain, now: int, registration_error: DomainError | None = None, saas_zone: SaasZone = UNKNOWN_ZONE
) -> tuple[Finding, ...]:
    """Return all findings of a domain, from DNS, from Cloudflare, of the service and of dormancy, most severe first.

    What is no fault of its owner's comes first, because nothing that they do helps until then. A cause comes before
    its consequence.

    `registration_error` is why its registration has failed so far, which the job knows and the domain does not.
    `saas_zone` is what is known of the operator's zone at Cloudflare.
    """
    at_cloudflare = tuple(
        replace(finding, since=domain.cf_changed_at) for finding in cloudflare_findings(domain, registration_error)
    )
    stall = find_stall(domain, saas_zone, find_cause(at_cloudflare))
    if stall is not None:
        # What is said of many at once is not the DNS of each of them.
        at_cloudflare = tuple(finding for finding in at_cloudflare if finding.code != stall.cause)
    found = (
        *service_findings(domain, saas_zone, registration_error, stall),
        *(finding for finding in domain.findings if not is_edge_finding(finding)),
        *(replace(finding, since=domain.dormant_since) for finding in dormancy_findings(domain)),
        *at_cloudflare,
        # Once it serves, whoever has to take the name takes it.
        *(() if domain.status is DomainStatus.ACTIVE else unusual_name_findings(domain.name)),
        # What the edge shows is the consequence of all of these.
        *(follow_cause(domain, finding, at_cloudflare) for finding in domain.findings if is_edge_finding(finding)),
    )
    return sort_findings(tell_when_it_hurts(domain, finding, now) for finding in found)


def find_cause(at_cloudflare: Iterable[Finding]) -> str | None:
    """Return the code of the first finding from Cloudflare that a domain's owner would have to mend."""
    return next((finding.code for finding in at_cloudflare if finding.actor == "customer"), None)


def cloudflare_findings(domain: Domain, registration_error: DomainError | None = None) -> tuple[Finding, ...]:
    """Return the findings from Cloudflare alone; `registration_error` as in `findings_of`."""
    if registration_error is None and _has_nothing(domain):
        return ()
    findings = [
        *_refusal_findings(domain, registration_error),
        *_hostname_findings(domain),
        *certificate_findings(domain),
        *_timeout_findings(domain),
        *_difference_findings(domain),
    ]
    return sort_findings(findings)


def _has_nothing(domain: Domain) -> bool:
    """Whether there is nothing that a finding from Cloudflare comes from, as of a domain that was just added."""
    return not (
        domain.error is not None
        or domain.cf_status is not None
        or domain.cf_ssl_status is not None
        or domain.cf_errors
        or domain.cf_ssl_errors
        or domain.cf_differences
    )


def _refusal_findings(domain: Domain, registration_error: DomainError | None) -> Iterator[Finding]:
    for error in filter(None, (domain.error, registration_error)):
        match error.code:
            case DomainErrorCode.HOSTNAME_TAKEN:
                message = say("hostname_taken", hostname=domain.name)
                yield new_finding(FindingCode.HOSTNAME_TAKEN, "error", "operator", message, [error.message])
            case DomainErrorCode.HOSTNAME_INVALID:
                message = say("hostname_refused", hostname=domain.name)
                yield new_finding(FindingCode.HOSTNAME_INVALID, "error", "customer", message, [error.message])
            case DomainErrorCode.HOSTNAME_DIFFERS:
                yield _differs_finding(domain, "error", [error.message])
            case _:
                continue


def _hostname_findings(domain: Domain) -> Iterator[Finding]:
    hostname_class = domain.hostname_class
    if hostname_class is HostnameClass.BLOCKED:
        yield _blocked_finding(domain)
    if hostname_class is HostnameClass.MOVED:
        yield _moved_finding(domain)
    for text in domain.cf_errors:
        if _FALLBACK_ORIGIN_PATTERN.search(_without_name(domain, text)):
            message = say("waits_fallback_origin", hostname=domain.name)
            yield new_finding(FindingCode.FALLBACK_ORIGIN, "error", "operator", message, [text])
        elif hostname_class is HostnameClass.WAITING and make_printable(text):
            yield from _waiting_findings(domain, text)


def _without_name(domain: Domain, text: str) -> str:
    """Return a text without the hostname, which may be made of any words."""
    return re.sub(re.escape(domain.name), "", text, flags=re.IGNORECASE)


def _waiting_findings(domain: Domain, text: str) -> Iterator[Finding]:
    """Find why Cloudflare has not validated a hostname that waits."""
    fix = Record("CNAME", domain.name, domain.cname_target)
    if _PREVALIDATION_PATTERN.search(text):
        message = say("proxied_prevalidation", hostname=domain.name, record=_type(domain, fix))
        severity: Severity = "warning" if domain.dns_state in POINTING_STATES else "error"
        yield new_finding(FindingCode.PROXIED_PREVALIDATION, severity, "customer", message, [text], fix=fix)
    elif _HELD_ZONE_PATTERN.search(text):
        yield _blocked_finding(domain)
    elif not _WRONG_TARGET_PATTERN.search(text):
        yield unknown_error_finding(domain, text)
    elif _is_hidden_for_long(domain):
        hidden = say("hidden_from_cloudflare", hostname=domain.name, record=_type(domain, fix))
        messages = (hidden, hidden_proof_advice(domain))
        yield new_finding(FindingCode.CNAME_WRONG_TARGET, "warning", "customer", messages, [text], fix=fix)


def _is_hidden_for_long(domain: Domain) -> bool:
    waited = (domain.cf_checked_at or domain.created_at) - domain.created_at
    return domain.dns_state is DnsState.UNVERIFIABLE and waited >= _RECHECK_WAIT_MS


def _blocked_finding(domain: Domain) -> Finding:
    errors = _without_name(domain, " ".join(domain.cf_errors))
    if _ZONE_HOLD_PATTERN.search(errors):
        message = say("zone_hold", hostname=domain.name)
        return new_finding(FindingCode.ZONE_HOLD, "error", "customer", message, domain.cf_errors)
    message = say("blocked_for_risk" if _RISK_PATTERN.search(errors) else "blocked", hostname=domain.name)
    return new_finding(FindingCode.HIGH_RISK_DOMAIN, "error", "operator", message, domain.cf_errors)


def _type(domain: Domain, record: Record) -> TypedRecord:
    return to_typed_record(record, find_zone(domain))


def _moved_finding(domain: Domain) -> Finding:
    if domain.dns_state is DnsState.VERIFIED:
        again = _say_when(domain, "validated_again", "validated_again_at", may_succeed=True)
        messages = (say("moved_and_back", hostname=domain.name), again)
        return new_finding(FindingCode.MOVED, "warning", "nobody", messages, domain.cf_errors)
    fix = Record("CNAME", domain.name, domain.cname_target)
    message = say("moved", hostname=domain.name, record=_type(domain, fix))
    return new_finding(FindingCode.MOVED, "error", "customer", message, domain.cf_errors, fix=fix)


def _say_when(domain: Domain, now_id: str, later_id: str, *, may_succeed: bool) -> Sentence:
    """Say that a domain is validated again, and when, where that waits for the next step of its remedies."""
    due_at = revalidation_due_at(domain, may_succeed=may_succeed)
    return say(now_id) if due_at is None else say(later_id, when=to_rfc3339(due_at - due_at % SECOND))


def describe_timeout(domain: Domain) -> str:
    """Return the sentence that a stage of the certificate's order timed out."""
    return render((_timeout(domain),))


def _timeout(domain: Domain) -> Sentence:
    stage = timed_out_stage(domain.cf_ssl_status)
    words = _STAGE_WORDS.get(stage)
    return say("timed_out", stage=stage if words is None else say(words), hostname=domain.name)


def _timeout_findings(domain: Domain) -> Iterator[Finding]:
    """Find the stage of the certificate order that timed out; deleting a certificate is no stage of it."""
    certificate_class, status = domain.certificate_class, domain.cf_ssl_status or ""
    if not certificate_class.has_timed_out or certificate_class is CertificateClass.DELETION_TIMED_OUT:
        return
    fix = _blocking_record(domain) if timed_out_stage(status) == VALIDATION_STAGE else None
    evidence = (status, *domain.cf_ssl_errors)
    if fix is None:
        may_succeed = may_validate(domain)
        again = _say_when(domain, "timed_out_restarted", "timed_out_restarted_at", may_succeed=may_succeed)
        message = (_timeout(domain), again)
        yield new_finding(FindingCode.VALIDATION_TIMED_OUT, "warning", "nobody", message, evidence)
    else:
        message = (_timeout(domain), say("timed_out_record", record=_type(domain, fix)))
        yield new_finding(FindingCode.VALIDATION_TIMED_OUT, "error", "customer", message, evidence, fix=fix)


def _difference_findings(domain: Domain) -> Iterator[Finding]:
    """Find that somebody changed the hostname at Cloudflare. It is not changed back: they may have meant it."""
    if domain.cf_differences and domain.hostname_class in (HostnameClass.WAITING, HostnameClass.SERVING):
        yield _differs_finding(domain, "warning", domain.cf_differences)


def _differs_finding(domain: Domain, severity: Severity, evidence: Sequence[str]) -> Finding:
    message = say("hostname_differs", hostname=domain.name)
    return new_finding(FindingCode.HOSTNAME_DIFFERS, severity, "operator", message, evidence)


def _blocking_record(domain: Domain) -> Record | None:
    """Return the record without which the domain is not validated, where it is known to be missing."""
    if domain.validation == "http":
        return Record("CNAME", domain.name, domain.cname_target) if domain.dns_state is DnsState.FAILED else None
    missing = missing_validation_record(domain)
    return None if missing is None or missing.value is None else Record(missing.type, missing.name, missing.value)
