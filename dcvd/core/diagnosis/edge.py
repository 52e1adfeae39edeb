"""Diagnosis of what serves a hostname over https, from a probe of the edge."""

from collections.abc import Iterable
from typing import Final, assert_never

from msgspec.structs import replace

from dcvd.core.custom_hostnames.edge import CertificateFault, EdgeObservation, EdgeOutcome
from dcvd.core.custom_hostnames.statuses import CertificateClass, HostnameClass
from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.diagnosis.findings import new_finding
from dcvd.core.domains.domain import Domain, Finding, FindingActor, Severity
from dcvd.core.instants import MINUTE, SECOND, to_rfc3339
from dcvd.core.sentences.sentence import Sentence, say
from dcvd.core.text import join_names

_VETOES: Final = frozenset(
    {
        FindingCode.EDGE_UNREACHABLE,
        FindingCode.EDGE_WITHOUT_CERTIFICATE,
        FindingCode.EDGE_WRONG_CERTIFICATE,
        FindingCode.EDGE_REFUSES,
    }
)
_EDGE_CODES: Final = _VETOES | {FindingCode.ORIGIN_DOWN}
_OF_CERTIFICATES: Final = frozenset({FindingCode.EDGE_WITHOUT_CERTIFICATE, FindingCode.EDGE_WRONG_CERTIFICATE})
_ROLLOUT_MS: Final = 10 * MINUTE
"""For so long after a change at Cloudflare some of its servers may not know of it yet."""


def is_edge_finding(finding: Finding) -> bool:
    """Whether a finding comes from a probe."""
    return finding.code in _EDGE_CODES


def has_edge_finding(findings: Iterable[Finding]) -> bool:
    """Whether the last probe saw that something is wrong."""
    return any(map(is_edge_finding, findings))


def is_inconclusive(domain: Domain, observation: EdgeObservation) -> bool:
    """Whether a probe says nothing of the domain.

    Where we do not trust, or not yet, the very certificate that Cloudflare calls active, our own store of authorities
    or our clock may be at fault.
    """
    if observation.outcome is not EdgeOutcome.WRONG_CERTIFICATE:
        return observation.outcome is EdgeOutcome.UNKNOWN
    served, own = observation.certificate, domain.certificate
    is_known = served is not None and own is not None and served.serial == own.serial
    return is_known and observation.certificate_fault in (CertificateFault.UNTRUSTED, CertificateFault.NOT_YET_VALID)


def has_edge_fault(findings: Iterable[Finding]) -> bool:
    """Whether the last probe saw that browsers are not served, by whoever's fault."""
    return any(finding.code in _VETOES for finding in findings)


def follow_cause(domain: Domain, finding: Finding, at_cloudflare: Iterable[Finding]) -> Finding:
    """Return what a probe saw of a certificate, no more severe than what Cloudflare says is its cause."""
    if finding.code not in _OF_CERTIFICATES or _is_well_at_cloudflare(domain):
        return finding
    severities = [each.severity for each in at_cloudflare if each.severity != "info"]
    is_graver = finding.severity == "error" and severities and "error" not in severities
    return replace(finding, severity="warning") if is_graver else finding


def _is_well_at_cloudflare(domain: Domain) -> bool:
    is_hostname_well = domain.hostname_class is HostnameClass.SERVING
    return is_hostname_well and domain.certificate_class is CertificateClass.SERVING


def diagnose_edge(domain: Domain, observation: EdgeObservation, now: int) -> Finding | None:
    """Return what is wrong with what serves a hostname; None where nothing is, or nothing is known."""
    match observation.outcome:
        case EdgeOutcome.SERVING | EdgeOutcome.UNKNOWN | EdgeOutcome.NOT_PROBED:
            return None
        case EdgeOutcome.ORIGIN_DOWN:
            # Behind another proxy it is not known whose origin it is.
            sentence_id = "edge_any_origin_down" if _is_behind_proxy(domain) else "edge_origin_down"
            origin_down = say(sentence_id, hostname=domain.name, answer=_name_answer(observation))
            evidence = _list_evidence(observation)
            return new_finding(FindingCode.ORIGIN_DOWN, "warning", "operator", origin_down, evidence)
        case EdgeOutcome.UNREACHABLE:
            code = FindingCode.EDGE_UNREACHABLE
            message = say("edge_silent", hostname=domain.name)
        case EdgeOutcome.NO_CERTIFICATE:
            code = FindingCode.EDGE_WITHOUT_CERTIFICATE
            message = say("edge_without_certificate", hostname=domain.name)
        case EdgeOutcome.WRONG_CERTIFICATE:
            code = FindingCode.EDGE_WRONG_CERTIFICATE
            message = _describe_certificate(domain, observation)
        case EdgeOutcome.REFUSED:
            code = FindingCode.EDGE_REFUSES
            message = say("edge_refuses", hostname=domain.name, answer=_name_answer(observation))
        case _:
            assert_never(observation.outcome)
    severity, actor, advice = _choose_actor(domain, now)
    return new_finding(code, severity, actor, (message, say(advice)), _list_evidence(observation))


def _choose_actor(domain: Domain, now: int) -> tuple[Severity, FindingActor, str]:
    """Return whose turn it is, and the sentence on what they have to do."""
    if domain.cf_changed_at is not None and now - domain.cf_changed_at < _ROLLOUT_MS:
        return "warning", "nobody", "edge_rollout"
    if _is_behind_proxy(domain):
        return "error", "customer", "edge_proxys_turn"
    return "error", "operator", "edge_operators_turn"


def _is_behind_proxy(domain: Domain) -> bool:
    """Whether the domain's own zone proxies it: what answers is not only the operator's, then."""
    return any(finding.code == FindingCode.PROXIED_UNVERIFIABLE for finding in domain.findings)


def _describe_certificate(domain: Domain, observation: EdgeObservation) -> Sentence:
    certificate, hostname = observation.certificate, domain.name
    if certificate is None:
        return say("edge_certificate_refused", hostname=hostname)
    match observation.certificate_fault:
        case CertificateFault.WRONG_NAME:
            names = certificate.names or say("no_name")
            return say("edge_certificate_of_others", hostname=hostname, names=names)
        case CertificateFault.EXPIRED if certificate.expires_at <= certificate.seen_at:
            return say("edge_certificate_expired", hostname=hostname, day=_day(certificate.expires_at))
        case CertificateFault.NOT_YET_VALID if certificate.issued_at > certificate.seen_at:
            return say("edge_certificate_early", hostname=hostname, day=_day(certificate.issued_at))
        case CertificateFault.UNTRUSTED:
            return say("edge_certificate_untrusted", hostname=hostname, issuer=certificate.issuer)
        case _:
            # The dates of another one in its chain were refused.
            return say("edge_certificate_refused", hostname=hostname)


def _day(instant: int) -> str:
    return to_rfc3339(instant - instant % SECOND)[:10]


def _name_answer(observation: EdgeObservation) -> Sentence:
    if observation.cloudflare_error is not None:
        return say("cloudflares_error", number=observation.cloudflare_error)
    return say("status_code", status=observation.status or 0)


def _list_evidence(observation: EdgeObservation) -> list[str]:
    certificate = observation.certificate
    lines = []
    if observation.address is not None:
        lines.append(f"connected to {observation.address}, port 443")
    if observation.fault is not None:
        lines.append(observation.fault)
    if certificate is not None:
        issued, expires = (
            to_rfc3339(instant - instant % SECOND) for instant in (certificate.issued_at, certificate.expires_at)
        )
        lines.append(f"certificate for {join_names(certificate.names)}, by {certificate.issuer}, {issued} to {expires}")
    if observation.status is not None:
        lines.append(f"answer: {observation.status}")
    if observation.cloudflare_error is not None:
        lines.append(f"Cloudflare's error {observation.cloudflare_error}")
    return lines or ["no address was connected to"]
