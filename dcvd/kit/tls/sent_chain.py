"""The certificates that a server sent, whether they can be trusted or not."""

import ssl
from datetime import datetime

import structlog
from cryptography import x509
from cryptography.x509.oid import NameOID

log = structlog.get_logger(__name__)

_MAX_CERTIFICATES = 10


def read_sent_chain(ssl_object: ssl.SSLObject) -> list[bytes]:
    """Return the certificates of the handshake in DER, the server's own first."""
    read = getattr(ssl_object, "get_unverified_chain", None)
    if read is None:
        # The method of Python 3.13 is there since 3.10, one layer below.
        certificates = ssl_object._sslobj.get_unverified_chain() or ()  # type: ignore[attr-defined]
        return [certificate.public_bytes(_DER) for certificate in certificates[:_MAX_CERTIFICATES]]
    return list(read()[:_MAX_CERTIFICATES])


_DER = 2  # _ssl.ENCODING_DER


def parse_chain(ders: list[bytes], host: str) -> list[x509.Certificate]:
    """Parse a stranger's certificates, with their dates, up to the first that cannot be read."""
    certificates = []
    for der in ders:
        try:
            certificate = x509.load_der_x509_certificate(der)
            if certificate.not_valid_before_utc > certificate.not_valid_after_utc:
                break
        except Exception as error:  # noqa: BLE001  # made to be unreadable, it may fail in any way
            log.info("tls.certificate_unreadable", host=host, error=str(error) or type(error).__name__)
            break
        certificates.append(certificate)
    return certificates


def is_expired(certificate: x509.Certificate, now: datetime) -> bool:
    """Whether a certificate's time is over."""
    return certificate.not_valid_after_utc < now


def is_not_yet_valid(certificate: x509.Certificate, now: datetime) -> bool:
    """Whether a certificate's time has not come."""
    return certificate.not_valid_before_utc > now


def read_common_name(name: x509.Name) -> str:
    """Return the common name, or the whole name where it has none."""
    found = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else name.rfc4514_string()
