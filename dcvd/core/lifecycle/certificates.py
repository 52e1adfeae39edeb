"""Which certificate serves, which will follow it, whether that is a renewal, and when its end must be told."""

from collections.abc import Iterable, Sequence
from typing import Final, Literal

from msgspec.structs import replace

from dcvd.core.domains.cloudflare_statuses import OPEN_ORDER_STATUSES, CertificateClass
from dcvd.core.domains.domain import Certificate, Domain, DomainStatus
from dcvd.core.domains.observations import CloudflareCertificate, CloudflareHostname
from dcvd.core.instants import DAY, HOUR

_LIFETIME_DIVISORS: Final = (3, 8)
"""A warning threshold is never more than this part of the lifetime: a third for the first, an eighth for the rest.

A fixed 30 days would fire for every healthy 90-day certificate and cover most of a 47-day one's life.
"""
_LONG_LIFETIME_MS: Final = 89 * DAY
"""A 90-day certificate is some seconds short of 90 days."""
_RENEWAL_WINDOW_MS: Final = 30 * DAY
_OVERDUE_AFTER_MS: Final = 3 * DAY
_PAIR_ISSUANCE_MS: Final = HOUR
"""Within which an RSA and an ECDSA certificate are issued together."""


def apply_certificates(
    domain: Domain, hostname: CloudflareHostname, certificate_class: CertificateClass, now: int
) -> tuple[Domain, bool]:
    """The domain with the certificate that serves now and the one to follow it, and whether this was a renewal."""
    after, renewed = _replace_serving(domain, hostname, certificate_class, now)
    return replace(after, next_certificate=_choose_next(after, hostname, certificate_class, now)), renewed


def is_listed(hostname: CloudflareHostname, certificate: Certificate | None) -> bool:
    """Whether Cloudflare's answer lists a certificate that we know."""
    return certificate is not None and any(
        entry.serial == certificate.serial and entry.expires_at == certificate.expires_at
        for entry in hostname.certificates
    )


def _replace_serving(
    domain: Domain, hostname: CloudflareHostname, certificate_class: CertificateClass, now: int
) -> tuple[Domain, bool]:
    """Certificates listed while a new one is being deployed may be the new one, which does not serve yet: they wait. So
    do those of a domain that never served, whose first order may have been started again just after it was issued.
    """
    served = domain.certificate is not None or certificate_class is CertificateClass.TIMED_OUT
    in_service = hostname.ssl_status in OPEN_ORDER_STATUSES and served
    if not (certificate_class in (CertificateClass.SERVING, CertificateClass.EXPIRED) or in_service):
        return domain, False
    # A key type that was given up ends its listed days expired; it must not hide the certificate that serves.
    chosen = choose_serving(_select_unexpired(hostname, now) or hostname.certificates)
    known = domain.certificate
    if chosen is None or not may_replace(known, chosen):
        return domain, False
    latest = domain.latest_expires_at
    # A later issue starts with nothing told of it, even where it ends before the one that it replaces.
    fresh = is_newer(known, chosen)
    after = replace(
        domain,
        certificate=chosen,
        latest_expires_at=chosen.expires_at if latest is None else max(latest, chosen.expires_at),
        warned_expires_at=None if fresh else domain.warned_expires_at,
        warnings_sent=0 if fresh else domain.warnings_sent,
    )
    return after, known is not None and _is_renewal(known, chosen, latest)


def _is_renewal(current: Certificate, candidate: Certificate, latest_expires_at: int | None) -> bool:
    """Whether a certificate is followed by another that expires later.

    It is for certain where that was issued later. Otherwise, as with undated issues, only an expiry later than any seen
    before tells a renewal from a stale answer, or from a certificate that served before.
    """
    same = current.serial is not None and current.serial == candidate.serial
    if same or candidate.expires_at <= current.expires_at:
        return False
    return is_newer(current, candidate) or latest_expires_at is None or candidate.expires_at > latest_expires_at


def _choose_next(
    domain: Domain, hostname: CloudflareHostname, certificate_class: CertificateClass, now: int
) -> Certificate | None:
    """What was issued to follow the certificate in service, or to be the first; an answer that lists none ends nothing.

    Once deployed the two of a pair serve side by side, though the one was issued a little after the other.
    """
    patience = _PAIR_ISSUANCE_MS if certificate_class is CertificateClass.SERVING else 0
    if hostname.certificates:
        found = choose_serving(
            entry for entry in _select_unexpired(hostname, now) if _is_successor(domain.certificate, entry, patience)
        )
    else:
        found = domain.next_certificate
    if found is None or found.expires_at <= now or not _is_successor(domain.certificate, found, patience):
        return None
    return found


def _is_successor(
    current: Certificate | None, candidate: Certificate | CloudflareCertificate, tolerance_ms: int
) -> bool:
    if current is None:
        return True
    if candidate.expires_at is None or (current.serial is not None and current.serial == candidate.serial):
        return False
    if current.issued_at is None or candidate.issued_at is None:
        return candidate.expires_at > current.expires_at
    return candidate.issued_at > current.issued_at + tolerance_ms


def _select_unexpired(hostname: CloudflareHostname, now: int) -> list[CloudflareCertificate]:
    return [entry for entry in hostname.certificates if entry.expires_at is not None and entry.expires_at > now]


def choose_serving(certificates: Iterable[CloudflareCertificate]) -> Certificate | None:
    """The newest certificate of each key type, and of these the one that expires first; None if none has an expiry.

    Whatever the order in which they are listed: of what is alike in its instants the serial decides.
    """
    by_key_type: dict[str, list[Certificate]] = {}
    for entry in certificates:
        if entry.expires_at is None:
            continue
        found = Certificate(
            serial=entry.serial, issuer=entry.issuer, issued_at=entry.issued_at, expires_at=entry.expires_at
        )
        by_key_type.setdefault(_key_type(entry.signature), []).append(found)
    return min((_choose_newest(group) for group in by_key_type.values()), key=_by_expiry, default=None)


def may_replace(current: Certificate | None, candidate: Certificate) -> bool:
    """Whether `candidate` may replace `current`; an older issue is a stale answer of Cloudflare's and may not.

    The same serial is the same certificate, of which Cloudflare knows best.
    """
    if current is not None and current.serial is not None and current.serial == candidate.serial:
        return True
    if current is None or current.issued_at is None or candidate.issued_at is None:
        return True
    return candidate.issued_at >= current.issued_at


def is_newer(current: Certificate | None, candidate: Certificate) -> bool:
    """Whether `candidate` is for certain a later issue than `current`, whatever their expiries."""
    if current is None or current.issued_at is None or candidate.issued_at is None:
        return False
    return candidate.issued_at > current.issued_at


def count_passed_thresholds(certificate: Certificate, thresholds_ms: Sequence[int], now: int) -> int:
    """How many of the thresholds (milliseconds before expiry, longest first) the certificate has passed."""
    return sum(now >= moment for moment in warning_instants(certificate, thresholds_ms))


def warning_instants(certificate: Certificate, thresholds_ms: Sequence[int]) -> list[int]:
    """The instants at which each threshold is passed."""
    return [
        certificate.expires_at - min([threshold, *_threshold_cap_ms(certificate, index)])
        for index, threshold in enumerate(thresholds_ms)
    ]


def renewal_due_at(certificate: Certificate) -> int:
    """When Cloudflare starts a renewal: 30 days before the end of a life of 90 days or more, 7 of 30, 3 of 14.

    Lives that it does not list are taken in proportion to its 7 of 30.
    """
    lifetime = _lifetime_ms(certificate)
    if lifetime is None or lifetime >= _LONG_LIFETIME_MS:
        return certificate.expires_at - _RENEWAL_WINDOW_MS
    return certificate.expires_at - lifetime * 7 // 30


def renewal_overdue_at(certificate: Certificate) -> int:
    """From when a renewal that has not come is late: 3 days, or a tenth of a shorter life, after it was due."""
    lifetime = _lifetime_ms(certificate)
    patience = _OVERDUE_AFTER_MS if lifetime is None else min(_OVERDUE_AFTER_MS, lifetime // 10)
    return renewal_due_at(certificate) + patience


def renewal_state(certificate: Certificate, now: int) -> Literal["due", "overdue"]:
    """Whether a certificate that is about to end is merely due for renewal, or late."""
    return "overdue" if now >= renewal_overdue_at(certificate) else "due"


def _choose_newest(group: Sequence[Certificate]) -> Certificate:
    """By issue where every one tells it, else by expiry: an issue and an expiry do not compare with each other."""
    dated = all(certificate.issued_at is not None for certificate in group)
    return max(group, key=lambda c: (c.issued_at or 0 if dated else 0, *_by_expiry(c)))


def _by_expiry(certificate: Certificate) -> tuple[int, str]:
    return certificate.expires_at, certificate.serial or ""


def _threshold_cap_ms(certificate: Certificate, index: int) -> list[int]:
    lifetime = _lifetime_ms(certificate)
    return [] if lifetime is None else [lifetime // _LIFETIME_DIVISORS[min(index, len(_LIFETIME_DIVISORS) - 1)]]


def _lifetime_ms(certificate: Certificate) -> int | None:
    if certificate.issued_at is None or certificate.issued_at >= certificate.expires_at:
        return None
    return certificate.expires_at - certificate.issued_at


def _key_type(signature: str | None) -> str:
    text = (signature or "").upper()
    return next((kind for kind in ("ECDSA", "RSA") if kind in text), text)


def domain_renewal_overdue_at(domain: Domain) -> int | None:
    """From when the renewal is late, in milliseconds; None where nothing is to be renewed.

    A certificate that has ended counts until another serves, whatever the domain's error is by then.
    """
    if domain.certificate is None or domain.status not in (DomainStatus.ACTIVE, DomainStatus.ERROR):
        return None
    return renewal_overdue_at(domain.certificate)
