"""Who has to act before a domain is ready: one word, by which lists tell it and operators count what waits for whom."""

from enum import StrEnum

from dcvd.core.domains.domain import POINTING_STATES, WAITING_STATUSES, DnsState, Domain, DomainErrorCode, DomainStatus
from dcvd.core.domains.required_records import missing_validation_record


class Awaited(StrEnum):
    """Who has to act."""

    CUSTOMER = "customer"
    """They own the name, and have to change its DNS."""
    TENANT = "tenant"
    """The organization, as with a claim that another one holds, or a registration that was given up."""
    OPERATOR = "operator"
    CLOUDFLARE = "cloudflare"
    """Cloudflare, or the CA that it asks: everybody else has done their part."""
    NOBODY = "nobody"
    """It goes on by itself, with the next check."""


_OF_TENANTS = frozenset({DomainErrorCode.DOMAIN_HELD, DomainErrorCode.REGISTRATION_FAILED})
_OF_CLOUDFLARE = frozenset(
    {DomainErrorCode.CERTIFICATE_GONE, DomainErrorCode.CERTIFICATE_EXPIRED, DomainErrorCode.DELETED}
)
"""What dcvd mends by itself, by orders that Cloudflare carries out."""


def find_awaited_by_stage(domain: Domain) -> Awaited:
    """Find who has to act for a domain that is not ready, where no finding says it."""
    if domain.error is not None or domain.status is DomainStatus.ERROR:
        return _await_after_error(domain)
    if domain.status not in WAITING_STATUSES:
        return Awaited.CUSTOMER if domain.dns_state is DnsState.FAILED else Awaited.NOBODY
    return _await_setup(domain)


def _await_after_error(domain: Domain) -> Awaited:
    code = None if domain.error is None else domain.error.code
    if code in _OF_TENANTS:
        return Awaited.TENANT
    if code in _OF_CLOUDFLARE:
        return Awaited.CLOUDFLARE
    return Awaited.OPERATOR


def _await_setup(domain: Domain) -> Awaited:
    """Find who has to act where nothing is wrong, and the domain does not serve yet."""
    if domain.dns_state in POINTING_STATES:
        return Awaited.CLOUDFLARE if missing_validation_record(domain) is None else Awaited.CUSTOMER
    if domain.status is DomainStatus.ISSUING:
        return Awaited.CLOUDFLARE
    return Awaited.NOBODY if domain.dns_state is DnsState.UNKNOWN else Awaited.CUSTOMER
