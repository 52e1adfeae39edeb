"""The claim that becomes of a predecessor's domain: what was so before is no news, so it makes no events."""

from msgspec.structs import replace

from dcvd.core.custom_hostnames.statuses import CertificateClass, HostnameClass
from dcvd.core.dns.hostnames import is_cname_target
from dcvd.core.domains.domain import Certificate, Domain, DomainStatus, Proof, new_domain
from dcvd.core.domains.observations import CloudflareHostname, ParkedHostname
from dcvd.core.domains.targets import service_name
from dcvd.core.lifecycle import adoption
from dcvd.core.lifecycle.transitions import LifecycleRules, apply_observation
from dcvd.core.predecessor.rows import DomainRow


def build_claim(row: DomainRow, name: str, target: str, now: int, *, is_contested: bool) -> Domain:
    """Build a claim about which nobody was asked yet. target: the configured one, for where the row has none."""
    claim = new_domain(
        domain_id=row.id,
        org_id=row.org_id,
        name=name,
        # The customer's record is there already, and has no label that would be made now.
        cname_target=choose_target(row) or service_name(target),
        is_contested=is_contested,
        now=now,
    )
    return replace(claim, created_at=now if row.created_at is None else min(row.created_at, now))


def choose_target(row: DomainRow) -> str | None:
    """Return the target that the row names, to which its customer's CNAME leads; None where it is none."""
    target = (row.cname_target or "").strip().rstrip(".").lower()
    return target if is_cname_target(target) else None


def is_gone(hostname: CloudflareHostname) -> bool:
    """Whether Cloudflare shows a hostname that it has deleted."""
    return hostname.hostname_class in (HostnameClass.DELETED, HostnameClass.BEING_DELETED)


def adopt(
    claim: Domain,
    row: DomainRow,
    hostname: CloudflareHostname,
    now: int,
    rules: LifecycleRules,
    suffix: str | None,
) -> Domain:
    """Return the claim with the hostname that Cloudflare has for it, as it is ordered there.

    `suffix`: as for `adoption.adopt`. What the predecessor said does not count against Cloudflare's word that no
    certificate is ordered.
    """
    is_ordered = hostname.certificate_class is not CertificateClass.NOT_ORDERED
    return adoption.adopt(_trust(claim, row) if is_ordered else claim, hostname, now, rules, suffix)


def adopt_unseen(claim: Domain, row: DomainRow) -> Domain:
    """Return the claim as the row has it, where Cloudflare could not be asked; its next check does that."""
    expires_at = row.expires_at if row.state == "active" else None
    return replace(
        _trust(claim, row),
        cf_id=row.cf_id,
        cf_status=row.cf_status,
        cf_ssl_status=row.cf_ssl_status,
        cf_errors=row.cf_errors,
        certificate=None if expires_at is None else Certificate(expires_at=expires_at),
        latest_expires_at=expires_at,
        awaits_first_check=True,
    )


def park(claim: Domain, parked: ParkedHostname, now: int, rules: LifecycleRules) -> Domain:
    """Return a claim on a name whose hostname is another's."""
    return replace(apply_observation(claim, parked, now, rules).domain, awaits_first_check=True)


def _trust(claim: Domain, row: DomainRow) -> Domain:
    """Return the claim as active, where the predecessor said so: a check finds whether it still is."""
    if row.state != "active":
        return claim
    return replace(claim, status=DomainStatus.ACTIVE, proof=Proof.SHARED_CNAME, proved_at=claim.created_at)
