"""Probes of the edge: when one is made, and what it changes in a domain."""

from typing import Final

from msgspec.structs import replace

from dcvd.core.custom_hostnames.edge import EdgeObservation, EdgeOutcome, ProbeMode
from dcvd.core.custom_hostnames.statuses import CertificateClass, HostnameClass
from dcvd.core.diagnosis.edge import diagnose_edge, has_edge_finding, is_edge_finding, is_inconclusive
from dcvd.core.diagnosis.findings import date_findings, sort_findings
from dcvd.core.diagnosis.renewal_risks import tell_when_it_hurts
from dcvd.core.domains.domain import POINTING_STATES, Domain, DomainStatus
from dcvd.core.domains.observations import CloudflareHostname
from dcvd.core.instants import DAY

_LONGEST_UNCONFIRMED_MS: Final = DAY


def wants_probe(domain: Domain, hostname: CloudflareHostname | None, mode: ProbeMode, *, is_requested: bool) -> bool:
    """Whether a check of a domain is to probe what serves it.

    hostname: what Cloudflare answered in this check, None where it gave no answer. Before it says that it serves the
    hostname there is nothing to be seen. is_requested: whether a person waits for the check.
    """
    if mode == "never" or domain.dormant_since is not None or not domain.may_serve:
        return False
    if not _is_serving(domain, hostname):
        return False
    return mode == "always" or is_requested or domain.edge_probed_at is None or has_edge_finding(domain.findings)


def apply_probe(before: Domain, observation: EdgeObservation, now: int) -> Domain:
    """Apply a probe; one that could not find out anything leaves what the last one saw, for a day."""
    if is_inconclusive(before, observation):
        is_old = before.edge_probed_at is not None and now - before.edge_probed_at > _LONGEST_UNCONFIRMED_MS
        return drop_findings(before, now) if is_old else before
    found = diagnose_edge(before, observation, now)
    others = (finding for finding in before.findings if not is_edge_finding(finding))
    findings = date_findings(before.findings, sort_findings((*others, *filter(None, (found,)))), now)
    probed_at = None if observation.outcome is EdgeOutcome.NOT_PROBED else now
    after = replace(before, edge_probed_at=probed_at)
    return after if findings == before.findings else replace(after, findings=findings, updated_at=now)


def drop_outdated(domain: Domain, now: int) -> Domain:
    """Forget what a probe saw where the hostname is not to be served, or leads elsewhere: that has a finding then.

    The next check of one that is served is to probe it again.
    """
    others = (finding for finding in domain.findings if not is_edge_finding(finding))
    has_own_fault = any(tell_when_it_hurts(domain, finding, now).severity == "error" for finding in others)
    is_served = domain.status is DomainStatus.ACTIVE and domain.dns_state in POINTING_STATES
    return domain if is_served and not has_own_fault else drop_findings(domain, now)


def drop_findings(domain: Domain, now: int) -> Domain:
    """Return the domain as if it had not been probed."""
    others = tuple(finding for finding in domain.findings if not is_edge_finding(finding))
    if len(others) < len(domain.findings):
        return replace(domain, findings=others, edge_probed_at=None, updated_at=now)
    return domain if domain.edge_probed_at is None else replace(domain, edge_probed_at=None)


def _is_serving(domain: Domain, hostname: CloudflareHostname | None) -> bool:
    """Whether browsers are to be served: also while a certificate is renewed, of one that is active."""
    if hostname is None:
        return domain.status is DomainStatus.ACTIVE
    if hostname.hostname_class is not HostnameClass.SERVING:
        return False
    return domain.status is DomainStatus.ACTIVE or hostname.certificate_class is CertificateClass.SERVING
