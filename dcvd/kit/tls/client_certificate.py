"""Read the client certificate that somebody gives, with its private key, both in PEM."""

import hashlib
import re
import ssl
from datetime import UTC, datetime
from typing import Final, Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from msgspec import Struct

from dcvd.core.http.client_certificates import ClientCertificate, ClientCredentials
from dcvd.core.instants import SECOND
from dcvd.core.secret import Secret
from dcvd.core.text import make_printable, shorten
from dcvd.kit.tls.trust import load_credentials

MAX_PEM_CHARS: Final = 32 << 10
_MAX_CHAIN: Final = 8
_MIN_RSA_BITS: Final = 2048
_MAX_RSA_BITS: Final = 4096
"""Each handshake signs with the key: with 4096 bits that takes some 10 ms, with 16384 half a second."""
_MAX_NAME_CHARS: Final = 200
_CERTIFICATE: Final = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


class BadClientCertificate(Exception):
    """A client certificate or its key cannot be used. The message is a sentence; `part` says which of the two."""

    def __init__(self, part: Literal["certificate", "private_key"], message: str) -> None:
        super().__init__(message)
        self.part: Literal["certificate", "private_key"] = part


class ReadClientCertificate(Struct, frozen=True, kw_only=True):
    """A client certificate that can be used: what may be shown of it, and the whole."""

    shown: ClientCertificate
    credentials: ClientCredentials


def read_client_certificate(certificate_pem: str, key_pem: Secret, now: int) -> ReadClientCertificate:
    """Read a certificate with its chain, the client's own first, and its key. Raises BadClientCertificate.

    `now` in milliseconds: a certificate whose time is over is refused.
    """
    certificates = _read_certificates(certificate_pem)
    own = certificates[0]
    key = _read_key(key_pem)
    if own.public_key() != key.public_key():
        raise BadClientCertificate("private_key", "The private key is not that of the first certificate.")
    if own.not_valid_after_utc <= datetime.fromtimestamp(now / SECOND, UTC):
        message = f"The certificate expired on {own.not_valid_after_utc:%Y-%m-%d}; give one that is valid."
        raise BadClientCertificate("certificate", message)
    pem = b"".join(
        (
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ),
            *(certificate.public_bytes(serialization.Encoding.PEM) for certificate in certificates),
        )
    )
    credentials = build_credentials(Secret(pem.decode()))
    try:
        load_credentials(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), credentials)
    except ssl.SSLError as error:
        reason = (error.reason or str(error)).replace("_", " ").lower()
        raise BadClientCertificate("certificate", f"OpenSSL refuses the certificate: {reason}.") from error
    return ReadClientCertificate(shown=_show(own), credentials=credentials)


def build_credentials(pem: Secret) -> ClientCredentials:
    """Build the credentials of a client certificate that was read before."""
    return ClientCredentials(pem=pem, digest=hashlib.sha256(pem.reveal().encode()).hexdigest())


def _read_certificates(pem: str) -> list[x509.Certificate]:
    if len(pem) > MAX_PEM_CHARS:
        message = f"The certificate has {len(pem)} characters; at most {MAX_PEM_CHARS} are accepted."
        raise BadClientCertificate("certificate", message)
    blocks = _CERTIFICATE.findall(pem)
    if not blocks:
        message = "There is no certificate in PEM, which begins with -----BEGIN CERTIFICATE-----."
        raise BadClientCertificate("certificate", message)
    if len(blocks) > _MAX_CHAIN:
        message = f"There are {len(blocks)} certificates; give the client's own and its chain, at most {_MAX_CHAIN}."
        raise BadClientCertificate("certificate", message)
    try:
        certificates = [x509.load_pem_x509_certificate(block.encode()) for block in blocks]
        for certificate in certificates:
            # Each is parsed as far as it is used.
            _ = (certificate.subject, certificate.issuer, certificate.public_key(), certificate.not_valid_after_utc)
    except Exception as error:
        # What strangers encode may fail in any way.
        raise BadClientCertificate("certificate", "The certificate cannot be read.") from error
    return certificates


_Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey


def _read_key(pem: Secret) -> _Key:
    if len(pem.reveal()) > MAX_PEM_CHARS:
        message = f"The private key is too long; at most {MAX_PEM_CHARS} characters are accepted."
        raise BadClientCertificate("private_key", message)
    try:
        # What the library would check of a key of RSA takes seconds of the whole process, as long as a stranger likes.
        key = serialization.load_pem_private_key(
            pem.reveal().encode(), password=None, unsafe_skip_rsa_key_validation=True
        )
    except TypeError:
        # The error is not chained: it might quote the key.
        message = "The private key is encrypted; give it without a passphrase. It is sealed before it is stored."
        raise BadClientCertificate("private_key", message) from None
    except Exception:  # noqa: BLE001  # what strangers encode may fail in any way
        message = "There is no private key in PEM that can be read, which begins with -----BEGIN PRIVATE KEY-----."
        raise BadClientCertificate("private_key", message) from None
    if not isinstance(key, _Key):
        raise BadClientCertificate("private_key", "The private key is none of RSA, ECDSA and EdDSA.")
    if isinstance(key, rsa.RSAPrivateKey):
        _check_rsa_key(key)
    return key


def _check_rsa_key(key: rsa.RSAPrivateKey) -> None:
    """Raise BadClientCertificate for a key of RSA that is too short or too long, or does not sign."""
    if not _MIN_RSA_BITS <= key.key_size <= _MAX_RSA_BITS:
        message = f"The private key has {key.key_size} bits; RSA needs {_MIN_RSA_BITS} to {_MAX_RSA_BITS}."
        raise BadClientCertificate("private_key", message)
    try:
        numbers = key.private_numbers()
        parts = (numbers.p, numbers.q, numbers.d, numbers.dmp1, numbers.dmq1, numbers.iqmp, numbers.public_numbers.e)
        if any(part.bit_length() > key.key_size for part in parts):
            raise ValueError("a part is larger than the whole")
        signature = key.sign(b"dcvd", padding.PKCS1v15(), hashes.SHA256())
        key.public_key().verify(signature, b"dcvd", padding.PKCS1v15(), hashes.SHA256())
    except Exception:  # noqa: BLE001  # what strangers encode may fail in any way, and the error might quote the key
        message = "The private key is damaged: what it signs is not right."
        raise BadClientCertificate("private_key", message) from None


def _show(certificate: x509.Certificate) -> ClientCertificate:
    der = certificate.public_bytes(serialization.Encoding.DER)
    return ClientCertificate(
        subject=_show_name(certificate.subject),
        issuer=_show_name(certificate.issuer),
        expires_at=int(certificate.not_valid_after_utc.timestamp()) * SECOND,
        fingerprint=hashlib.sha256(der).hexdigest(),
    )


def _show_name(name: x509.Name) -> str:
    return shorten(make_printable(name.rfc4514_string()), _MAX_NAME_CHARS)
