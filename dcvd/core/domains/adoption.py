"""Adoption: how a domain becomes of a hostname that Cloudflare has already, and which hostnames are only read."""

from collections.abc import Collection
from fnmatch import fnmatchcase
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from dcvd.core.custom_hostnames.certificate_authorities import CAA_IDENTIFIERS
from dcvd.core.custom_hostnames.read_only import ReadOnlyReason
from dcvd.core.custom_hostnames.statuses import CertificateClass, HostnameClass
from dcvd.core.domains.domain import Domain, ValidationMethod
from dcvd.core.domains.observations import CloudflareHostname

_VALIDATIONS: Final[dict[str | None, ValidationMethod]] = {"http": "http", "txt": "delegated"}


class HostnameSelection(Struct, frozen=True, kw_only=True):
    """Which hostnames are meant: all, or those that match one of the patterns, such as `*.customer.com`.

    only: those of exactly these names; None for all. exclude: patterns of those that are not meant.
    """

    match: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    only: frozenset[str] | None = None

    def includes(self, name: str) -> bool:
        """Whether a hostname is meant."""
        if self.only is not None and name not in self.only:
            return False
        if self.match and not _matches(name, self.match):
            return False
        return not _matches(name, self.exclude)


def _matches(name: str, patterns: Collection[str]) -> bool:
    return any(fnmatchcase(name, pattern.lower()) for pattern in patterns)


def choose_validation(hostname: CloudflareHostname) -> ValidationMethod:
    """Choose the validation by which a hostname is ordered as it is: Cloudflare's `txt` is our delegated one."""
    default: ValidationMethod = "delegated" if hostname.wildcard else "http"
    return default if hostname.wildcard else _VALIDATIONS.get(hostname.method, default)


def order_as_it_is(domain: Domain, hostname: CloudflareHostname) -> Domain:
    """Return a domain whose order is that of the hostname which it adopts."""
    return replace(domain, validation=choose_validation(hostname), wildcard=hostname.wildcard is True)


def find_read_only_reason(hostname: CloudflareHostname, *, is_adopted: bool) -> ReadOnlyReason | None:
    """Return why an edit could destroy what a hostname has; None where it can be edited.

    is_adopted: whether it was taken over as it is, and is to stay so. For others, an order says how it is to be.
    """
    if hostname.has_own_certificate:
        return ReadOnlyReason.CUSTOM_CERTIFICATE
    if hostname.has_own_csr:
        return ReadOnlyReason.CUSTOM_CSR
    if hostname.has_too_many_settings:
        return ReadOnlyReason.SETTINGS_TOO_LARGE
    if not is_adopted or hostname.hostname_class in (HostnameClass.DELETED, HostnameClass.BEING_DELETED):
        return None
    if hostname.certificate_class is CertificateClass.NOT_ORDERED:
        return ReadOnlyReason.NO_CERTIFICATE
    if hostname.method not in (None, *_VALIDATIONS) or hostname.certificate_type not in (None, "dv"):
        return ReadOnlyReason.METHOD
    if hostname.certificate_authority not in (None, *CAA_IDENTIFIERS):
        return ReadOnlyReason.CERTIFICATE_AUTHORITY
    return None
