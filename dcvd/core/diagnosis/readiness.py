"""Whether a domain is ready: it serves https, and the traffic of its names comes here."""

from dcvd.core.diagnosis.edge import has_edge_fault
from dcvd.core.diagnosis.renewal_risks import tell_when_it_hurts
from dcvd.core.domains.domain import POINTING_STATES, WILDCARD_MISSING, Domain, DomainStatus


def is_ready(domain: Domain, now: int) -> bool:
    """Whether hostname and certificate are active, and DNS points here, or hides where it points.

    With a wildcard, for the names below the hostname too. A probe that saw that browsers are not served takes it back;
    none gives it. An error takes that back as soon as it is found, also where a
    second check has to confirm it; but not one that only keeps the next certificate from being issued, as long as the
    present one has not expired.
    """
    if domain.status is not DomainStatus.ACTIVE or domain.dns_state not in POINTING_STATES:
        return False
    if domain.wildcard and any(finding.code == WILDCARD_MISSING for finding in domain.findings):
        return False
    if has_edge_fault(domain.findings):
        return False
    return all(tell_when_it_hurts(domain, finding, now).severity != "error" for finding in domain.findings)
