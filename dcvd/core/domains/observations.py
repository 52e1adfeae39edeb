"""What was seen of a domain, by whom, before anyone judges it."""

from msgspec import Struct

from dcvd.core.domains.domain import Record


class ObservedCertificate(Struct, frozen=True, kw_only=True):
    """One entry of Cloudflare's `ssl.certificates[]`; instants in milliseconds."""

    serial: str | None = None
    issuer: str | None = None
    signature: str | None = None
    issued_at: int | None = None
    expires_at: int | None = None


class HostnameSeen(Struct, frozen=True, kw_only=True):
    """Cloudflare answered with the custom hostname. `status` and `ssl_status` are its words, known to us or not.

    errors: `verification_errors`, about the hostname. ssl_errors: `ssl.validation_errors`, about its certificate.
    delegation: the record of `ssl.dcv_delegation_records`. wants_txt: TXT records are waited for at `_acme-challenge`.
    """

    id: str
    hostname: str
    status: str | None
    ssl_status: str | None
    errors: tuple[str, ...] = ()
    ssl_errors: tuple[str, ...] = ()
    method: str | None = None
    wildcard: bool = False
    certificate_authority: str | None = None
    delegation: Record | None = None
    wants_txt: bool = False
    certificates: tuple[ObservedCertificate, ...] = ()


class HostnameGone(Struct, frozen=True):
    """Cloudflare no longer has the hostname that it once gave us (404, code 1436); `id` is what it was asked about."""

    id: str | None = None


class RegistrationRefused(Struct, frozen=True):
    """Cloudflare will not register the hostname, and asking again will not help."""

    code: str
    message: str


CloudflareObservation = HostnameSeen | HostnameGone | RegistrationRefused
