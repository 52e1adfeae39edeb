"""Adopt a hostname that Cloudflare has already: the domain is as it is there, and nobody is told."""

from msgspec.structs import replace

from dcvd.core.domains.claims import add_proof
from dcvd.core.domains.domain import Domain, DomainStatus, Proof
from dcvd.core.domains.observations import CloudflareHostname
from dcvd.core.domains.targets import fill_challenge_target
from dcvd.core.lifecycle import transitions
from dcvd.core.lifecycle.transitions import LifecycleRules


def adopt(domain: Domain, hostname: CloudflareHostname, now: int, rules: LifecycleRules, suffix: str | None) -> Domain:
    """Return a new domain with what Cloudflare says of its hostname; `suffix`: below which it answers challenges.

    Warnings of an expiry whose time has come count as sent. No remedy is begun: that is for its first check, which
    also asks DNS.
    """
    domain = replace(domain, awaits_first_check=True)
    domain = fill_challenge_target(transitions.apply_observation(domain, hostname, now, rules).domain, suffix)
    is_validated = domain.status in (DomainStatus.ISSUING, DomainStatus.ACTIVE)
    return add_proof(domain, Proof.SHARED_CNAME, now) if is_validated else domain
