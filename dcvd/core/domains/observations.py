"""What was seen of a domain, by whom, before anyone judges it."""

from msgspec import Struct

from dcvd.core.domains.domain import Record


class CloudflareCertificate(Struct, frozen=True, kw_only=True):
    """One entry of Cloudflare's `ssl.certificates[]`; instants in milliseconds."""

    serial: str | None = None
    issuer: str | None = None
    signature: str | None = None
    issued_at: int | None = None
    expires_at: int | None = None


class CloudflareHostname(Struct, frozen=True, kw_only=True):
    """Cloudflare answered with the custom hostname. `status` and `ssl_status` are its words, known to us or not.

    verification_errors: `verification_errors`, about the hostname. validation_errors: `ssl.validation_errors`, about
    its certificate. delegation_record: the record of `ssl.dcv_delegation_records`. waits_for_txt: TXT records are
    waited for at `_acme-challenge`.
    """

    id: str
    hostname: str
    status: str | None
    ssl_status: str | None
    verification_errors: tuple[str, ...] = ()
    validation_errors: tuple[str, ...] = ()
    method: str | None = None
    wildcard: bool = False
    certificate_authority: str | None = None
    delegation_record: Record | None = None
    waits_for_txt: bool = False
    certificates: tuple[CloudflareCertificate, ...] = ()


class CloudflareHostnameAbsence(Struct, frozen=True):
    """Cloudflare no longer has the hostname that it once gave us (404, code 1436); `id` is what it was asked about."""

    id: str | None = None


class RegistrationRefusal(Struct, frozen=True):
    """Cloudflare will not register the hostname, and asking again will not help."""

    code: str
    message: str


CloudflareObservation = CloudflareHostname | CloudflareHostnameAbsence | RegistrationRefusal
