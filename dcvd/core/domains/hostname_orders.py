"""Orders: what we ask Cloudflare for, for a domain's hostname, and in what a hostname there differs from it."""

from collections.abc import Iterator
from typing import Final, Literal

from msgspec import Struct

from dcvd.core.custom_hostnames.statuses import CertificateClass
from dcvd.core.domains.domain import Domain, ValidationMethod
from dcvd.core.domains.observations import CloudflareHostname

_MAX_COMMON_NAME_LENGTH: Final = 64
"""A longer name gets a certificate only with one of Cloudflare's own names in front of it (error 1469)."""


class HostnameOrder(Struct, frozen=True, kw_only=True):
    """What we order for a hostname: a certificate that is validated for a domain.

    certificate_authorities: those that may issue, of which the first is asked; empty where Cloudflare chooses.
    """

    hostname: str
    validation: ValidationMethod = "http"
    wildcard: bool = False
    certificate_authorities: tuple[str, ...] = ()

    @property
    def method(self) -> Literal["http", "txt"]:
        """Cloudflare's method: delegated validation is its `txt`, whose records it then answers itself."""
        return "http" if self.validation == "http" else "txt"


def order_of(domain: Domain) -> HostnameOrder:
    """Return the order for a domain's hostname. It asks for no CA, because remedies change that."""
    return HostnameOrder(hostname=domain.name, validation=domain.validation, wildcard=domain.wildcard)


def needs_branding(hostname: str) -> bool:
    """Whether a hostname is too long to be the common name of a certificate."""
    return len(hostname) > _MAX_COMMON_NAME_LENGTH


def describe_differences(order: HostnameOrder, cloudflare_hostname: CloudflareHostname) -> tuple[str, ...]:
    """Describe in what a hostname at Cloudflare is not what was ordered: `wildcard is false instead of true`."""
    return tuple(_describe_each(order, cloudflare_hostname))


def _describe_each(order: HostnameOrder, cloudflare_hostname: CloudflareHostname) -> Iterator[str]:
    if cloudflare_hostname.certificate_class is CertificateClass.NOT_ORDERED:
        yield "no certificate is ordered"
        return
    if cloudflare_hostname.method not in (None, order.method):
        yield f"the method is {cloudflare_hostname.method} instead of {order.method}"
    if cloudflare_hostname.wildcard not in (None, order.wildcard):
        yield "wildcard is false instead of true" if order.wildcard else "wildcard is true instead of false"
    if cloudflare_hostname.certificate_type not in (None, "dv"):
        yield f"the type is {cloudflare_hostname.certificate_type} instead of dv"
    authority = cloudflare_hostname.certificate_authority
    if order.certificate_authorities and authority is not None and authority not in order.certificate_authorities:
        yield f"the CA is {authority} instead of {' or '.join(order.certificate_authorities)}"
