"""Certificates for the sandbox's edge, by an authority whose key is known to everybody."""

import hashlib
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    derive_private_key,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_NAME: Final = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "dcvd sandbox edge CA")])
_VALID_FROM: Final = datetime(2026, 1, 1, tzinfo=UTC)
_VALID_UNTIL: Final = datetime(2126, 1, 1, tzinfo=UTC)
_LIFETIME: Final = timedelta(days=90)
_SKEW: Final = timedelta(hours=1)


def known_key() -> EllipticCurvePrivateKey:
    """Return the authority's key. It is the same everywhere, so that a configuration can trust it beforehand."""
    number = int.from_bytes(hashlib.sha256(b"dcvd sandbox edge CA").digest(), "big")
    return derive_private_key(number, SECP256R1())


class EdgeAuthority:
    """An authority; with no key of its own it is one that nobody trusts."""

    def __init__(self, key: EllipticCurvePrivateKey | None = None) -> None:
        self._key = key or generate_private_key(SECP256R1())

    def build_root(self) -> bytes:
        """Return the authority's certificate in PEM."""
        builder = (
            _start(_NAME, self._key.public_key())
            .not_valid_before(_VALID_FROM)
            .not_valid_after(_VALID_UNTIL)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
        )
        return builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM)

    def issue(self, name: str, path: Path, *, is_expired: bool = False) -> ssl.SSLContext:
        """Return the context of a server with a new certificate for a name; `path`: a file that may be written."""
        key, now = generate_private_key(SECP256R1()), datetime.now(UTC)
        start = now - 2 * _LIFETIME if is_expired else now - _SKEW
        certificate = (
            _start(x509.Name([]), key.public_key())
            .not_valid_before(start)
            .not_valid_after(start + _LIFETIME)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=True)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        # Python's ssl reads a certificate and its key from a file alone.
        path.write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            + certificate.public_bytes(Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        path.unlink()
        return context


def _start(subject: x509.Name, key: object) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(_NAME)
        .public_key(key)  # type: ignore[arg-type]  # of the kinds that this file makes
        .serial_number(x509.random_serial_number())
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)  # type: ignore[arg-type]
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
