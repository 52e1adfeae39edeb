"""Certificates of a domain: which one serves, which one follows, and when a renewal or an expiry is near."""

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec.structs import replace

from dcvd.core.custom_hostnames.statuses import CertificateClass
from dcvd.core.domains.domain import Certificate, Domain
from dcvd.core.domains.observations import CloudflareCertificate, CloudflareHostname
from dcvd.core.domains.renewals import measure_lifetime_ms
from dcvd.core.instants import HOUR

_LIFETIME_DIVISORS: Final = (3, 8)
"""The most that a warning threshold may be of the lifetime: a third for the first, an eighth for the others.

A fixed 30 days would warn of every healthy 90-day certificate, and cover most of a 47-day certificate's life.
"""
_PAIR_ISSUANCE_MS: Final = HOUR
"""The most time between the issues of an RSA and an ECDSA certificate that belong together."""


def apply_certificates(domain: Domain, hostname: CloudflareHostname, now: int) -> tuple[Domain, bool]:
    """Return the domain with its present and its next certificate, and whether a renewal has come into service."""
    after, renewed = _replace_serving(domain, hostname, now)
    return replace(after, next_certificate=_choose_next(after, hostname, now)), renewed


def is_listed(hostname: CloudflareHostname, certificate: Certificate | None) -> bool:
    """Whether Cloudflare's answer lists a certificate that we know already."""
    return certificate is not None and any(
        entry.serial == certificate.serial and entry.expires_at == certificate.expires_at
        for entry in hostname.certificates
    )


def _replace_serving(domain: Domain, hostname: CloudflareHostname, now: int) -> tuple[Domain, bool]:
    """Return the domain with the certificate that serves now, and whether it renews the one before.

    While a new certificate is being deployed, the listed one may be the new one, which does not serve yet: then nothing
    changes. The same holds for a domain that never served, because its first order may have been started again just
    after a certificate was issued.
    """
    certificate_class = hostname.certificate_class
    has_served = domain.certificate is not None or certificate_class.has_timed_out
    in_service = certificate_class.has_open_order and has_served
    if not (certificate_class in (CertificateClass.SERVING, CertificateClass.EXPIRED) or in_service):
        return domain, False
    # An expired certificate of an abandoned key type may stay listed; it must not hide the one that serves.
    serving = choose_serving(_select_unexpired(hostname, now) or hostname.certificates)
    current = domain.certificate
    if serving is None or not may_replace(current, serving):
        return domain, False
    latest = domain.latest_expires_at
    after = replace(
        domain,
        certificate=serving,
        latest_expires_at=serving.expires_at if latest is None else max(latest, serving.expires_at),
    )
    return after, current is not None and _is_renewal(current, serving, latest)


def _is_renewal(current: Certificate, candidate: Certificate, latest_expires_at: int | None) -> bool:
    """Whether `candidate` renews `current`, which means that it expires later.

    That is certain where it was also issued later. Otherwise, as without issue dates, only an expiry later than all
    before distinguishes a renewal from a stale answer or from a certificate that served earlier.
    """
    is_same = current.serial is not None and current.serial == candidate.serial
    if is_same or candidate.expires_at <= current.expires_at:
        return False
    return is_newer(current, candidate) or latest_expires_at is None or candidate.expires_at > latest_expires_at


def _choose_next(domain: Domain, hostname: CloudflareHostname, now: int) -> Certificate | None:
    """Return the certificate that was issued to follow the one that serves, or to be the first.

    An answer that lists no certificates keeps the known one. The two certificates of a deployed pair serve side by
    side, so the one that was issued a little later is no successor.
    """
    slack_ms = _PAIR_ISSUANCE_MS if hostname.certificate_class is CertificateClass.SERVING else 0
    if hostname.certificates:
        candidate = choose_serving(
            entry for entry in _select_unexpired(hostname, now) if _is_successor(domain.certificate, entry, slack_ms)
        )
    else:
        candidate = domain.next_certificate
    if candidate is None or candidate.expires_at <= now or not _is_successor(domain.certificate, candidate, slack_ms):
        return None
    return candidate


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
    """Return the newest certificate of each key type, and of these the one that expires first.

    None if none has an expiry. The order of the list does not matter: between equal expiries the rest decides.
    """
    by_key_type: dict[str, list[Certificate]] = {}
    for entry in certificates:
        if entry.expires_at is None:
            continue
        certificate = Certificate(
            serial=entry.serial, issuer=entry.issuer, issued_at=entry.issued_at, expires_at=entry.expires_at
        )
        by_key_type.setdefault(_key_type(entry.signature), []).append(certificate)
    return min((_choose_newest(group) for group in by_key_type.values()), key=_by_expiry, default=None)


def may_replace(current: Certificate | None, candidate: Certificate) -> bool:
    """Whether `candidate` may replace `current`; an older issue may not, because it comes from a stale answer.

    With the same serial it is the same certificate, and Cloudflare's newer data count.
    """
    if current is not None and current.serial is not None and current.serial == candidate.serial:
        return True
    if current is None or current.issued_at is None or candidate.issued_at is None:
        return True
    return candidate.issued_at >= current.issued_at


def is_newer(current: Certificate | None, candidate: Certificate) -> bool:
    """Whether `candidate` was certainly issued later than `current`, whatever their expiries are."""
    if current is None or current.issued_at is None or candidate.issued_at is None:
        return False
    return candidate.issued_at > current.issued_at


def count_passed_thresholds(certificate: Certificate, thresholds_ms: Sequence[int], now: int) -> int:
    """Count the thresholds (milliseconds before expiry, longest first) that the certificate has passed."""
    return sum(now >= moment for moment in warning_instants(certificate, thresholds_ms))


def warning_instants(certificate: Certificate, thresholds_ms: Sequence[int]) -> list[int]:
    """Return the instants at which the thresholds are passed."""
    return [
        certificate.expires_at - min([threshold, *_threshold_cap_ms(certificate, index)])
        for index, threshold in enumerate(thresholds_ms)
    ]


def _choose_newest(group: Sequence[Certificate]) -> Certificate:
    """Return the newest certificate by issue date where all have one, otherwise by expiry."""
    all_dated = all(certificate.issued_at is not None for certificate in group)
    return max(group, key=lambda c: (c.issued_at or 0 if all_dated else 0, *_by_expiry(c)))


def _by_expiry(certificate: Certificate) -> tuple[int, str, int, str]:
    return certificate.expires_at, certificate.serial or "", certificate.issued_at or 0, certificate.issuer or ""


def _threshold_cap_ms(certificate: Certificate, index: int) -> list[int]:
    lifetime = measure_lifetime_ms(certificate)
    return [] if lifetime is None else [lifetime // _LIFETIME_DIVISORS[min(index, len(_LIFETIME_DIVISORS) - 1)]]


def _key_type(signature: str | None) -> str:
    text = (signature or "").upper()
    return next((kind for kind in ("ECDSA", "RSA") if kind in text), text)
