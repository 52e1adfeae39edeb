"""Certificates by which dcvd shows a server who it is (mutual TLS, RFC 8446, section 4.4.2)."""

from msgspec import Struct

from dcvd.core.secret import Secret


class ClientCertificate(Struct, frozen=True, kw_only=True):
    """What may be shown of a client certificate.

    subject, issuer: distinguished names (RFC 4514). fingerprint: SHA-256 of the certificate, in hex. expires_at in
    milliseconds.
    """

    subject: str
    issuer: str
    expires_at: int
    fingerprint: str


class ClientCredentials(Struct, frozen=True, kw_only=True):
    """A client certificate with its chain and its private key, all in PEM.

    digest: a digest of `pem`, which differs wherever `pem` does.
    """

    pem: Secret
    digest: str
