"""Which certificate serves, which will follow it, whether that is a renewal, and when its end must be told."""

from collections.abc import Iterable, Sequence
from typing import Final, Literal

from msgspec.structs import replace

from dcvd.core.domains.cloudflare_statuses import ORDER_OPEN, CertificateClass
from dcvd.core.domains.domain import Certificate, Domain, DomainStatus
from dcvd.core.domains.observations import HostnameSeen, ObservedCertificate
from dcvd.core.instants import DAY, HOUR

_FRACTIONS: Final = (3, 8)
"""A warning threshold is never more than this part of the lifetime: a third for the first, an eighth for the rest.

A fixed 30 days would fire for every healthy 90-day certificate and cover most of a 47-day one's life.
"""
_LONG_LIFE: Final = 89 * DAY
"""A 90-day certificate is some seconds short of 90 days."""
_RENEWAL_WINDOW: Final = 30 * DAY
_OVERDUE_AFTER: Final = 3 * DAY
_PAIR: Final = HOUR
"""Within which an RSA and an ECDSA certificate are issued together."""


def follow(domain: Domain, seen: HostnameSeen, ssl: CertificateClass, now: int) -> tuple[Domain, bool]:
    """The domain with the certificate that serves now and the one to follow it, and whether this was a renewal."""
    after, renewed = _with_serving(domain, seen, ssl, now)
    return replace(after, next_certificate=_upcoming(after, seen, ssl, now)), renewed


def lists(seen: HostnameSeen, certificate: Certificate | None) -> bool:
    """Whether Cloudflare's answer lists a certificate that we know."""
    return certificate is not None and any(
        entry.serial == certificate.serial and entry.expires_at == certificate.expires_at for entry in seen.certificates
    )


def _with_serving(domain: Domain, seen: HostnameSeen, ssl: CertificateClass, now: int) -> tuple[Domain, bool]:
    """Certificates listed while a new one is being deployed may be the new one, which does not serve yet: they wait. So
    do those of a domain that never served, whose first order may have been started again just after it was issued.
    """
    served = domain.certificate is not None or ssl is CertificateClass.TIMED_OUT
    in_service = seen.ssl_status in ORDER_OPEN and served
    if not (ssl in (CertificateClass.SERVING, CertificateClass.EXPIRED) or in_service):
        return domain, False
    # A key type that was given up ends its listed days expired; it must not hide the certificate that serves.
    chosen = choose(_alive(seen, now) or seen.certificates)
    known = domain.certificate
    if chosen is None or not supersedes(known, chosen):
        return domain, False
    latest = domain.latest_expiry
    # A later issue starts with nothing told of it, even where it ends before the one that it replaces.
    fresh = is_newer(known, chosen)
    after = replace(
        domain,
        certificate=chosen,
        latest_expiry=chosen.expires_at if latest is None else max(latest, chosen.expires_at),
        warned_for=None if fresh else domain.warned_for,
        warned_level=0 if fresh else domain.warned_level,
    )
    return after, known is not None and _renews(known, chosen, latest)


def _renews(known: Certificate, chosen: Certificate, latest: int | None) -> bool:
    """Whether a certificate is followed by another that expires later.

    It is for certain where that was issued later. Otherwise, as with undated issues, only an expiry later than any seen
    before tells a renewal from a stale answer, or from a certificate that served before.
    """
    same = known.serial is not None and known.serial == chosen.serial
    if same or chosen.expires_at <= known.expires_at:
        return False
    return is_newer(known, chosen) or latest is None or chosen.expires_at > latest


def _upcoming(domain: Domain, seen: HostnameSeen, ssl: CertificateClass, now: int) -> Certificate | None:
    """What was issued to follow the certificate in service, or to be the first; an answer that lists none ends nothing.

    Once deployed the two of a pair serve side by side, though the one was issued a little after the other.
    """
    patience = _PAIR if ssl is CertificateClass.SERVING else 0
    if seen.certificates:
        found = choose(entry for entry in _alive(seen, now) if _follows(domain.certificate, entry, patience))
    else:
        found = domain.next_certificate
    if found is None or found.expires_at <= now or not _follows(domain.certificate, found, patience):
        return None
    return found


def _follows(serving: Certificate | None, other: Certificate | ObservedCertificate, patience: int) -> bool:
    if serving is None:
        return True
    if other.expires_at is None or (serving.serial is not None and serving.serial == other.serial):
        return False
    if serving.issued_at is None or other.issued_at is None:
        return other.expires_at > serving.expires_at
    return other.issued_at > serving.issued_at + patience


def _alive(seen: HostnameSeen, now: int) -> list[ObservedCertificate]:
    return [entry for entry in seen.certificates if entry.expires_at is not None and entry.expires_at > now]


def choose(seen: Iterable[ObservedCertificate]) -> Certificate | None:
    """The newest certificate of each key type, and of these the one that expires first; None if none has an expiry.

    Whatever the order in which they are listed: of what is alike in its instants the serial decides.
    """
    by_key_type: dict[str, list[Certificate]] = {}
    for entry in seen:
        if entry.expires_at is None:
            continue
        found = Certificate(
            serial=entry.serial, issuer=entry.issuer, issued_at=entry.issued_at, expires_at=entry.expires_at
        )
        by_key_type.setdefault(_key_type(entry.signature), []).append(found)
    return min((_newest(group) for group in by_key_type.values()), key=_by_expiry, default=None)


def supersedes(known: Certificate | None, seen: Certificate) -> bool:
    """Whether `seen` may replace `known`; an older issue is a stale answer of Cloudflare's and may not.

    The same serial is the same certificate, of which Cloudflare knows best.
    """
    if known is not None and known.serial is not None and known.serial == seen.serial:
        return True
    if known is None or known.issued_at is None or seen.issued_at is None:
        return True
    return seen.issued_at >= known.issued_at


def is_newer(known: Certificate | None, seen: Certificate) -> bool:
    """Whether `seen` is for certain a later issue than `known`, whatever their expiries."""
    if known is None or known.issued_at is None or seen.issued_at is None:
        return False
    return seen.issued_at > known.issued_at


def warning_level(certificate: Certificate, thresholds: Sequence[int], now: int) -> int:
    """How many of the thresholds (milliseconds before expiry, longest first) the certificate has passed."""
    return sum(now >= moment for moment in warning_moments(certificate, thresholds))


def warning_moments(certificate: Certificate, thresholds: Sequence[int]) -> list[int]:
    """The instants at which each threshold is passed."""
    return [
        certificate.expires_at - min([threshold, *_cap(certificate, index)])
        for index, threshold in enumerate(thresholds)
    ]


def renewal_due_at(certificate: Certificate) -> int:
    """When Cloudflare starts a renewal: 30 days before the end of a life of 90 days or more, 7 of 30, 3 of 14.

    Lives that it does not list are taken in proportion to its 7 of 30.
    """
    lifetime = _lifetime(certificate)
    if lifetime is None or lifetime >= _LONG_LIFE:
        return certificate.expires_at - _RENEWAL_WINDOW
    return certificate.expires_at - lifetime * 7 // 30


def renewal_overdue_at(certificate: Certificate) -> int:
    """From when a renewal that has not come is late: 3 days, or a tenth of a shorter life, after it was due."""
    lifetime = _lifetime(certificate)
    patience = _OVERDUE_AFTER if lifetime is None else min(_OVERDUE_AFTER, lifetime // 10)
    return renewal_due_at(certificate) + patience


def renewal(certificate: Certificate, now: int) -> Literal["due", "overdue"]:
    """Whether a certificate that is about to end is merely due for renewal, or late."""
    return "overdue" if now >= renewal_overdue_at(certificate) else "due"


def _newest(group: Sequence[Certificate]) -> Certificate:
    """By issue where every one tells it, else by expiry: an issue and an expiry do not compare with each other."""
    dated = all(certificate.issued_at is not None for certificate in group)
    return max(group, key=lambda c: (c.issued_at or 0 if dated else 0, *_by_expiry(c)))


def _by_expiry(certificate: Certificate) -> tuple[int, str]:
    return certificate.expires_at, certificate.serial or ""


def _cap(certificate: Certificate, index: int) -> list[int]:
    lifetime = _lifetime(certificate)
    return [] if lifetime is None else [lifetime // _FRACTIONS[min(index, len(_FRACTIONS) - 1)]]


def _lifetime(certificate: Certificate) -> int | None:
    if certificate.issued_at is None or certificate.issued_at >= certificate.expires_at:
        return None
    return certificate.expires_at - certificate.issued_at


def _key_type(signature: str | None) -> str:
    text = (signature or "").upper()
    return next((kind for kind in ("ECDSA", "RSA") if kind in text), text)


def overdue_at(domain: Domain) -> int | None:
    """From when the renewal is late, in milliseconds; None where nothing is to be renewed.

    A certificate that has ended counts until another serves, whatever the domain's error is by then.
    """
    if domain.certificate is None or domain.status not in (DomainStatus.ACTIVE, DomainStatus.ERROR):
        return None
    return renewal_overdue_at(domain.certificate)
