"""Observations: what Cloudflare answered about a domain, before its meaning is decided."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from dcvd.core.custom_hostnames.statuses import (
    CertificateClass,
    HostnameClass,
    classify_hostname_status,
    classify_ssl_status,
)
from dcvd.core.domains.domain import Record


class CloudflareCertificate(Struct, frozen=True, kw_only=True):
    """One entry of Cloudflare's `ssl.certificates[]`; instants are in milliseconds."""

    serial: str | None = None
    issuer: str | None = None
    signature: str | None = None
    issued_at: int | None = None
    expires_at: int | None = None


class CloudflareHostname(Struct, frozen=True, kw_only=True):
    """A custom hostname as Cloudflare describes it. `status` and `ssl_status` may be values that we do not know.

    verification_errors: Cloudflare's `verification_errors`, about the hostname. validation_errors: its
    `ssl.validation_errors`, about the certificate. delegation_record: the record of `ssl.dcv_delegation_records`.
    certificate_type: `ssl.type`, `dv` for what Cloudflare issues.
    method, wildcard, certificate_type, certificate_authority: what is ordered there; None where that is not said.
    waits_for_txt: whether Cloudflare waits for TXT records at `_acme-challenge`.
    kept_settings: what it has that dcvd does not manage, as the part of an edit's body that leaves it as it is.
    has_own_certificate, has_own_csr: whether somebody uploaded its certificate, or made the signing request for it.
    has_too_many_settings: whether `kept_settings` lacks something, because it has more than is kept.
    """

    id: str
    hostname: str
    status: str | None
    ssl_status: str | None
    verification_errors: tuple[str, ...] = ()
    validation_errors: tuple[str, ...] = ()
    method: str | None = None
    wildcard: bool | None = None
    certificate_type: str | None = None
    certificate_authority: str | None = None
    delegation_record: Record | None = None
    waits_for_txt: bool = False
    certificates: tuple[CloudflareCertificate, ...] = ()
    kept_settings: Mapping[str, Any] = {}
    has_own_certificate: bool = False
    has_own_csr: bool = False
    has_too_many_settings: bool = False

    @property
    def hostname_class(self) -> HostnameClass:
        """The class of `status`."""
        return classify_hostname_status(self.status)

    @property
    def certificate_class(self) -> CertificateClass:
        """The class of `ssl_status`."""
        return classify_ssl_status(self.ssl_status)


class CloudflareHostnameAbsence(Struct, frozen=True):
    """Cloudflare's answer that the custom hostname no longer exists (404, code 1436); `id` is the one we asked for."""

    id: str | None = None


class RegistrationRefusal(Struct, frozen=True):
    """Cloudflare's refusal to register the hostname, which a repeated request would not change."""

    code: str
    message: str


class ClaimHeld(Struct, frozen=True):
    """The observation that a claim is proved, while another organization has proved the name before.

    is_new: whether an earlier check had not observed that.
    """

    is_new: bool


class ParkedHostname(Struct, frozen=True, kw_only=True):
    """What stands for Cloudflare's answer about a parked claim, which has no hostname of its own there.

    A check makes one where Cloudflare answers at all, and what it does not know is filled in where it is stored.

    is_new: whether the claim was parked just now, as if its hostname had just been created.
    certificate_authority: that of the hostname that another claim has. challenge_target: where Cloudflare would have
        `_acme-challenge` point.
    """

    is_new: bool = False
    certificate_authority: str | None = None
    challenge_target: str | None = None


CloudflareObservation = CloudflareHostname | CloudflareHostnameAbsence | ParkedHostname | RegistrationRefusal
