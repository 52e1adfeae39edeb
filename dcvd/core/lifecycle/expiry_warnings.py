"""Warnings of an expiry: of which certificates a domain was warned, and by how many thresholds."""

from typing import Final

from msgspec.structs import replace

from dcvd.core.domains.domain import Certificate, Domain, ExpiryWarning

_MAX_REMEMBERED: Final = 8


def count_sent(domain: Domain, certificate: Certificate) -> int:
    """Count the thresholds that were reported of a certificate, whatever its expiry was said to be then."""
    return max((warning.sent for warning in domain.expiry_warnings if _is_about(warning, certificate)), default=0)


def remember(domain: Domain, certificate: Certificate, sent: int, now: int) -> Domain:
    """Return the domain with the thresholds that were reported of a certificate; expired ones are forgotten."""
    others = [
        warning
        for warning in domain.expiry_warnings
        if warning.expires_at > now and not _is_about(warning, certificate)
    ]
    latest = ExpiryWarning(serial=certificate.serial, expires_at=certificate.expires_at, sent=sent)
    return replace(domain, expiry_warnings=(*others[1 - _MAX_REMEMBERED :], latest))


def _is_about(warning: ExpiryWarning, certificate: Certificate) -> bool:
    if warning.serial is not None and certificate.serial is not None:
        return warning.serial == certificate.serial
    return warning.expires_at == certificate.expires_at
