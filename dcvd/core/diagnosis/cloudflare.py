"""What Cloudflare said of a hostname and of its certificate → findings. Read from the domain as it is stored.

Its words change without notice, so they are matched loosely; what matches nothing is shown as Cloudflare said it and
makes no finding. Sources: Cloudflare's "Error codes" and "Custom hostname status codes" (Cloudflare for SaaS), and
"Troubleshooting Domain Control Validation".
"""

import re
from collections.abc import Iterator
from typing import Final

from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.diagnosis.findings import most_severe_first, shortened
from dcvd.core.diagnosis.validation_errors import said_of_certificate
from dcvd.core.domains.cloudflare_statuses import CertificateClass, HostnameClass, certificate_class, hostname_class
from dcvd.core.domains.domain import CHALLENGE_LABEL, Actor, DnsState, Domain, DomainError, Finding, Record, Severity
from dcvd.core.instants import HOUR

_HELD: Final = re.compile(r"\bheld\b|\bholds?\b", re.IGNORECASE)
_RISK: Final = re.compile(r"\brisk|abuse|phish|malware|safe.?browsing", re.IGNORECASE)
_FALLBACK: Final = re.compile(r"fallback", re.IGNORECASE)
_LEADS_ELSEWHERE: Final = re.compile(r"not\W+cname\b|records are owned|token was not found", re.IGNORECASE)
_PATIENCE: Final = HOUR
"""For so long Cloudflare may just not have looked again yet."""


def findings_of(domain: Domain, refusal: DomainError | None = None) -> tuple[Finding, ...]:
    """All that is known to be wrong with a domain: what DNS showed and what Cloudflare said, most severe first.

    `refusal`: why its registration could not be done up to now, which the job knows and the domain does not.
    """
    return most_severe_first((*domain.findings, *cloudflare_findings(domain, refusal)))


def cloudflare_findings(domain: Domain, refusal: DomainError | None = None) -> tuple[Finding, ...]:
    """What Cloudflare alone tells; `refusal` as in `findings_of`."""
    found = [*_refused(domain, refusal), *_hostname(domain), *said_of_certificate(domain), *_timed_out(domain)]
    return most_severe_first(found)


def _refused(domain: Domain, refusal: DomainError | None) -> Iterator[Finding]:
    for error in filter(None, (domain.error, refusal)):
        match error.code:
            case FindingCode.HOSTNAME_TAKEN:
                message = (
                    f"{domain.name} is registered at Cloudflare already, by somebody else. The operator of this "
                    "service has to find out by whom; its owner can have it released there."
                )
                yield _finding(FindingCode.HOSTNAME_TAKEN, "error", "operator", message, error.message)
            case FindingCode.QUOTA_EXCEEDED:
                message = (
                    f"{domain.name} waits: the operator's quota of custom hostnames at Cloudflare is used up, and has "
                    "to be raised."
                )
                yield _finding(FindingCode.QUOTA_EXCEEDED, "error", "operator", message, error.message)
            case FindingCode.HOSTNAME_INVALID:
                message = f"{domain.name} cannot have a certificate: Cloudflare refuses the name."
                yield _finding(FindingCode.HOSTNAME_INVALID, "error", "customer", message, error.message)
            case _:
                continue


def _hostname(domain: Domain) -> Iterator[Finding]:
    status = hostname_class(domain.cf_status)
    if status is HostnameClass.BLOCKED:
        yield _blocked(domain)
    if status is HostnameClass.MOVED:
        yield _moved(domain)
    for text in domain.cf_errors:
        if _FALLBACK.search(text):
            message = (
                f"{domain.name} waits: the fallback origin of the operator's zone at Cloudflare is missing or not "
                "active, and the operator has to set it."
            )
            yield _finding(FindingCode.FALLBACK_ORIGIN, "error", "operator", message, text)
        elif status is HostnameClass.WAITING and _LEADS_ELSEWHERE.search(text) and _hidden_for_long(domain):
            message = (
                f"Cloudflare does not see {domain.name} lead to us, and where it leads is hidden from us. Make sure "
                f"that its record is a CNAME, {domain.name} → {domain.cname_target}, and no address."
            )
            fix = Record("CNAME", domain.name, domain.cname_target)
            yield _finding(FindingCode.CNAME_WRONG_TARGET, "warning", "customer", message, text, fix=fix)


def _hidden_for_long(domain: Domain) -> bool:
    waited = (domain.cf_checked_at or domain.created_at) - domain.created_at
    return domain.dns_state is DnsState.UNVERIFIABLE and waited >= _PATIENCE


def _blocked(domain: Domain) -> Finding:
    said = " ".join(domain.cf_errors)
    if _HELD.search(said):
        message = (
            f"The zone of {domain.name} is on hold at Cloudflare, which keeps others from using its names. Whoever "
            "owns the zone has to release the hold, also for subdomains, in its Cloudflare account."
        )
        return _finding(FindingCode.ZONE_HOLD, "error", "customer", message, *domain.cf_errors)
    why = "holds it for a risk" if _RISK.search(said) else "gives no reason: it may hold it for a risk, or its zone"
    message = f"Cloudflare blocks {domain.name} and {why}. The operator has to ask Cloudflare's support to review it."
    return _finding(FindingCode.HIGH_RISK_DOMAIN, "error", "operator", message, *domain.cf_errors)


def _moved(domain: Domain) -> Finding:
    if domain.dns_state is DnsState.VERIFIED:
        message = (
            f"Cloudflare gave {domain.name} up while it did not point to us. It does now, and is being validated again."
        )
        return _finding(FindingCode.MOVED, "warning", "nobody", message, *domain.cf_errors)
    message = (
        f"Cloudflare gave {domain.name} up, because it does not point to us. Create its CNAME again: {domain.name} → "
        f"{domain.cname_target}."
    )
    fix = Record("CNAME", domain.name, domain.cname_target)
    return _finding(FindingCode.MOVED, "error", "customer", message, *domain.cf_errors, fix=fix)


def _timed_out(domain: Domain) -> Iterator[Finding]:
    """A stage of the order that Cloudflare gave up. Taking a certificate away is no stage of it."""
    status = domain.cf_ssl_status or ""
    if certificate_class(status) is not CertificateClass.TIMED_OUT or status.startswith("deletion"):
        return
    stage = status.removesuffix("timed_out").removesuffix("_") or "validation"
    message = f"The {stage} of {domain.name}'s certificate took too long, and Cloudflare stopped trying."
    fix = _unproven(domain) if stage == "validation" else None
    if fix is None:
        message += " It is started again; nothing to do."
        yield _finding(FindingCode.VALIDATION_TIMED_OUT, "warning", "nobody", message, status, *domain.cf_ssl_errors)
    else:
        message += f" It goes on once {fix.name} → {fix.value} is there."
        yield _finding(
            FindingCode.VALIDATION_TIMED_OUT, "error", "customer", message, status, *domain.cf_ssl_errors, fix=fix
        )


def _unproven(domain: Domain) -> Record | None:
    """The record by which the CA would be convinced, where it is known to be missing."""
    if domain.validation == "delegated" or domain.wildcard:
        if domain.challenge_verified or domain.challenge_target is None:
            return None
        return Record("CNAME", f"{CHALLENGE_LABEL}.{domain.name}", domain.challenge_target)
    return Record("CNAME", domain.name, domain.cname_target) if domain.dns_state is DnsState.FAILED else None


def _finding(
    code: FindingCode, severity: Severity, actor: Actor, message: str, *said: str, fix: Record | None = None
) -> Finding:
    return Finding(code=code, severity=severity, actor=actor, message=message, fix=fix, evidence=shortened(said))
