"""Renewals of certificates: when Cloudflare starts one, and when a missing one is late."""

from typing import Final, Literal

from dcvd.core.domains.domain import Certificate, Domain, DomainStatus
from dcvd.core.instants import DAY

_LONG_LIFETIME_MS: Final = 89 * DAY
"""From here on a certificate counts as a 90-day one, whose lifetime is some seconds short of 90 days."""
_RENEWAL_WINDOW_MS: Final = 30 * DAY
_OVERDUE_AFTER_MS: Final = 3 * DAY


def renewal_due_at(certificate: Certificate) -> int:
    """Return when Cloudflare starts a renewal: 30 days before expiry for lifetimes of 90 days or more.

    Cloudflare names 7 days for a lifetime of 30 and 3 for one of 14; other lifetimes are taken in proportion to the 7
    of 30.
    """
    lifetime = measure_lifetime_ms(certificate)
    if lifetime is None or lifetime >= _LONG_LIFETIME_MS:
        return certificate.expires_at - _RENEWAL_WINDOW_MS
    return certificate.expires_at - lifetime * 7 // 30


def renewal_overdue_at(certificate: Certificate) -> int:
    """Return when a missing renewal becomes overdue: 3 days, or a tenth of a shorter lifetime, after it is due."""
    lifetime = measure_lifetime_ms(certificate)
    grace_ms = _OVERDUE_AFTER_MS if lifetime is None else min(_OVERDUE_AFTER_MS, lifetime // 10)
    return renewal_due_at(certificate) + grace_ms


def renewal_state(certificate: Certificate, now: int) -> Literal["not_due", "due", "overdue"]:
    """Return whether the renewal of a certificate that expires soon is due already, or overdue.

    The first warning of a certificate of less than 90 days comes before its renewal is due.
    """
    if now < renewal_due_at(certificate):
        return "not_due"
    return "overdue" if now >= renewal_overdue_at(certificate) else "due"


def domain_renewal_overdue_at(domain: Domain) -> int | None:
    """Return when a domain's renewal becomes overdue, in milliseconds; None where there is nothing to renew.

    An expired certificate counts until another one serves, whatever the domain's error is by then.
    """
    if domain.certificate is None or domain.status not in (DomainStatus.ACTIVE, DomainStatus.ERROR):
        return None
    return renewal_overdue_at(domain.certificate)


def measure_lifetime_ms(certificate: Certificate) -> int | None:
    """Measure how long a certificate is valid, in milliseconds; None where that is not known."""
    if certificate.issued_at is None or certificate.issued_at >= certificate.expires_at:
        return None
    return certificate.expires_at - certificate.issued_at
