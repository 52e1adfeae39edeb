"""Certificates as Cloudflare lists them (`ssl.certificates[]`): descriptions without keys. Pure."""

import hashlib
import uuid
from typing import Final

import msgspec

from dcvd.core.instants import DAY, SECOND
from dcvd.sandbox.hostnames.statuses import Authority

VALIDITY_DAYS: Final = 90

_ISSUERS: Final[dict[Authority, str]] = {
    "google": "GoogleTrustServices",
    "lets_encrypt": "LetsEncrypt",
    "ssl_com": "SSLCorporation",
}
_SIGNATURES: Final = ("SHA256WithRSA", "ECDSAWithSHA256")


class IssuedCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """An issued certificate. Its instants are milliseconds, at whole seconds as in X.509."""

    id: str
    issuer: str
    serial_number: str
    signature: str
    issued_on: int
    expires_on: int
    fingerprint_sha256: str


def issue_pair(
    seed: str, number: int, now: int, authority: Authority, days: int = VALIDITY_DAYS
) -> tuple[IssuedCertificate, ...]:
    """Issue one RSA and one ECDSA certificate.

    The same arguments give the same pair; another `number` gives other serial numbers.
    """
    issued_on = now // SECOND * SECOND
    return tuple(
        _issue(f"{seed}:{number}:{signature}", signature, issued_on, issued_on + days * DAY - SECOND, authority)
        for signature in _SIGNATURES
    )


def _issue(seed: str, signature: str, issued_on: int, expires_on: int, authority: Authority) -> IssuedCertificate:
    digest = hashlib.sha256(seed.encode()).digest()
    return IssuedCertificate(
        id=str(uuid.UUID(bytes=digest[:16], version=4)),
        issuer=_ISSUERS[authority],
        serial_number=str(int.from_bytes(digest[:16], "big") >> 1),
        signature=signature,
        issued_on=issued_on,
        expires_on=expires_on,
        fingerprint_sha256=hashlib.sha256(digest).hexdigest(),
    )


def earliest_expiry(certificates: tuple[IssuedCertificate, ...]) -> int | None:
    return min((certificate.expires_on for certificate in certificates), default=None)


def renewal_due_at(certificates: tuple[IssuedCertificate, ...]) -> int | None:
    """Return when Cloudflare starts to renew.

    That is 30 days before the expiry of a certificate for 90 days, 7 of one for 30 days, 3 of one for 14 days, and a
    fifth of the lifetime of a shorter one.
    """
    if not certificates:
        return None
    first = min(certificates, key=lambda certificate: certificate.expires_on)
    lifetime = first.expires_on + SECOND - first.issued_on
    if lifetime >= 90 * DAY:
        window = 30 * DAY
    elif lifetime >= 30 * DAY:
        window = 7 * DAY
    elif lifetime >= 14 * DAY:
        window = 3 * DAY
    else:
        window = lifetime // 5
    return first.expires_on - window


def move_expiry(certificates: tuple[IssuedCertificate, ...], expires_on: int) -> tuple[IssuedCertificate, ...]:
    """Return the certificates with another expiry. An earlier expiry moves the issue date back too."""
    return tuple(
        msgspec.structs.replace(
            certificate,
            issued_on=certificate.issued_on + min(0, expires_on - certificate.expires_on),
            expires_on=expires_on,
        )
        for certificate in certificates
    )
