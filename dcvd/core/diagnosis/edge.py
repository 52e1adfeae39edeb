"""Diagnosis of what serves a hostname over https, from a probe of the edge."""

from collections.abc import Iterable
from typing import Final, assert_never

from dcvd.core.diagnosis.codes import FindingCode
from dcvd.core.diagnosis.findings import new_finding
from dcvd.core.domains.domain import DnsState, Domain, Finding, FindingActor, Severity
from dcvd.core.domains.edge import EdgeObservation, EdgeOutcome, ServedCertificate
from dcvd.core.instants import MINUTE, SECOND, to_rfc3339
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
_ROLLOUT_MS: Final = 10 * MINUTE
"""For so long after a change at Cloudflare some of its servers may not know of it yet."""


def is_edge_finding(finding: Finding) -> bool:
    """Whether a finding comes from a probe."""
    return finding.code in _EDGE_CODES


def has_edge_fault(findings: Iterable[Finding]) -> bool:
    """Whether the last probe saw that browsers are not served, by whoever's fault."""
    return any(finding.code in _VETOES for finding in findings)


def diagnose_edge(domain: Domain, observation: EdgeObservation, now: int) -> Finding | None:
    """Return what is wrong with what serves a hostname; None where nothing is, or nothing is known."""
    match observation.outcome:
        case EdgeOutcome.SERVING | EdgeOutcome.UNKNOWN | EdgeOutcome.NOT_PROBED:
            return None
        case EdgeOutcome.ORIGIN_DOWN:
            message = (
                f"https://{domain.name}/ is served, but Cloudflare answers with {_describe_answer(observation)}: it "
                "does not reach the origin. The operator of this service has to look at the origin."
            )
            return new_finding(FindingCode.ORIGIN_DOWN, "warning", "operator", message, _list_evidence(observation))
        case EdgeOutcome.UNREACHABLE:
            code = FindingCode.EDGE_UNREACHABLE
            message = f"https://{domain.name}/ does not answer. {observation.fault or ''}".rstrip()
        case EdgeOutcome.NO_CERTIFICATE:
            code = FindingCode.EDGE_WITHOUT_CERTIFICATE
            message = f"https://{domain.name}/ has no certificate: the server ends the TLS handshake."
        case EdgeOutcome.WRONG_CERTIFICATE:
            code = FindingCode.EDGE_WRONG_CERTIFICATE
            message = f"Browsers warn of https://{domain.name}/: {_describe_certificate(observation)}."
        case EdgeOutcome.REFUSED:
            code = FindingCode.EDGE_REFUSES
            message = (
                f"https://{domain.name}/ has a certificate, but Cloudflare does not serve it: it answers with "
                f"{_describe_answer(observation)}."
            )
        case _:
            assert_never(observation.outcome)
    severity, actor, advice = _choose_actor(domain, now)
    return new_finding(code, severity, actor, f"{message} {advice}", _list_evidence(observation))


def _choose_actor(domain: Domain, now: int) -> tuple[Severity, FindingActor, str]:
    """Return whose turn it is, with what they have to do."""
    if domain.cf_changed_at is not None and now - domain.cf_changed_at < _ROLLOUT_MS:
        advice = "Cloudflare may still be bringing it to all of its servers. No action needed: we check again."
        return "warning", "nobody", advice
    if domain.dns_state is DnsState.UNVERIFIABLE:
        return "error", "customer", "Whoever runs the proxy of the domain has to look at it."
    return "error", "operator", "The operator of this service has to ask Cloudflare's support."


def _describe_certificate(observation: EdgeObservation) -> str:
    fault = (observation.fault or "its certificate is not valid").rstrip(".")
    certificate = observation.certificate
    if certificate is None:
        return fault
    return f"{fault}. The certificate there is for {_describe_names(certificate)}, by {certificate.issuer}"


def _describe_names(certificate: ServedCertificate) -> str:
    return join_names(certificate.names) or "no name"


def _describe_answer(observation: EdgeObservation) -> str:
    if observation.cloudflare_error is not None:
        return f"its error {observation.cloudflare_error}"
    return f"the status {observation.status}"


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
        lines.append(f"certificate for {_describe_names(certificate)}, by {certificate.issuer}, {issued} to {expires}")
    if observation.status is not None:
        lines.append(f"answer: {observation.status}")
    if observation.cloudflare_error is not None:
        lines.append(f"Cloudflare's error {observation.cloudflare_error}")
    return lines or ["no address was connected to"]
