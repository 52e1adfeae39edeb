"""Probes of the edge: when one is made, and what it changes in a domain."""

from msgspec.structs import replace

from dcvd.core.custom_hostnames.edge import EdgeObservation, EdgeOutcome, ProbeMode
from dcvd.core.custom_hostnames.statuses import CertificateClass, HostnameClass
from dcvd.core.diagnosis.edge import diagnose_edge, is_edge_finding
from dcvd.core.diagnosis.findings import date_findings, sort_findings
from dcvd.core.diagnosis.renewal_risks import tell_when_it_hurts
from dcvd.core.domains.domain import POINTING_STATES, Domain, DomainStatus
from dcvd.core.domains.observations import CloudflareHostname


def wants_probe(domain: Domain, hostname: CloudflareHostname | None, mode: ProbeMode, *, is_requested: bool) -> bool:
    """Whether a check of a domain is to probe what serves it.

    hostname: what Cloudflare answered in this check, None where it gave no answer. Before it says that it serves the
    hostname there is nothing to be seen. is_requested: whether a person waits for the check.
    """
    if mode == "never" or domain.dormant_since is not None or not _is_serving(domain, hostname):
        return False
    if mode == "always" or is_requested or domain.status is not DomainStatus.ACTIVE:
        return True
    return any(is_edge_finding(finding) for finding in domain.findings)


def apply_probe(before: Domain, observation: EdgeObservation, now: int) -> Domain:
    """Apply a probe; one that could not find out anything leaves what the last one saw."""
    if observation.outcome is EdgeOutcome.UNKNOWN:
        return before
    found = diagnose_edge(before, observation, now)
    others = (finding for finding in before.findings if not is_edge_finding(finding))
    findings = date_findings(before.findings, sort_findings((*others, *filter(None, (found,)))), now)
    return before if findings == before.findings else replace(before, findings=findings, updated_at=now)


def drop_outdated(domain: Domain, now: int) -> Domain:
    """Forget what a probe saw where the hostname is not to be served, or leads elsewhere: that has a finding then."""
    others = tuple(finding for finding in domain.findings if not is_edge_finding(finding))
    if len(others) == len(domain.findings):
        return domain
    has_own_fault = any(tell_when_it_hurts(domain, finding, now).severity == "error" for finding in others)
    is_served = domain.status is DomainStatus.ACTIVE and domain.dns_state in POINTING_STATES
    return domain if is_served and not has_own_fault else replace(domain, findings=others, updated_at=now)


def _is_serving(domain: Domain, hostname: CloudflareHostname | None) -> bool:
    if hostname is None:
        return domain.status is DomainStatus.ACTIVE
    return hostname.hostname_class is HostnameClass.SERVING and hostname.certificate_class is CertificateClass.SERVING
