"""Hostnames at Cloudflare that dcvd only reads: it could not put back what an edit of them destroys."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from dcvd.errors import Permanent

READ_ONLY_CODE: Final = "hostname_read_only"


class ReadOnlyReason(StrEnum):
    """Why a hostname is only read."""

    CUSTOM_CERTIFICATE = "custom_certificate"
    """It serves a certificate that somebody uploaded, whose key Cloudflare shows to nobody."""
    CUSTOM_CSR = "custom_csr"
    """Its certificate is for a signing request that somebody made."""
    SETTINGS_TOO_LARGE = "settings_too_large"
    """It has more settings than dcvd keeps."""
    NO_CERTIFICATE = "no_certificate"
    """No certificate is ordered for it, so something else serves it."""
    METHOD = "method"
    """It is validated by a method that dcvd does not order, such as by e-mail."""
    CERTIFICATE_AUTHORITY = "certificate_authority"
    """Its CA takes no orders by Cloudflare any more."""

    @property
    def is_lasting(self) -> bool:
        """Whether it counts for every domain. The others count for one that was adopted as it is, until they end."""
        return self in _LASTING


_LASTING: Final = frozenset(
    {ReadOnlyReason.CUSTOM_CERTIFICATE, ReadOnlyReason.CUSTOM_CSR, ReadOnlyReason.SETTINGS_TOO_LARGE}
)
_CLAUSES: Final[Mapping[ReadOnlyReason, str]] = {
    ReadOnlyReason.CUSTOM_CERTIFICATE: "it has a certificate of its own, whose key nobody can read",
    ReadOnlyReason.CUSTOM_CSR: "its certificate is for a signing request of its own",
    ReadOnlyReason.SETTINGS_TOO_LARGE: "it has more settings than can be kept",
    ReadOnlyReason.NO_CERTIFICATE: "no certificate is ordered for it",
    ReadOnlyReason.METHOD: "its certificate is validated by a method that is not ordered here",
    ReadOnlyReason.CERTIFICATE_AUTHORITY: "its CA takes no orders by Cloudflare any more",
}


def describe_reason(reason: ReadOnlyReason) -> str:
    """Say why a hostname is only read, as a clause behind "because"."""
    return _CLAUSES[reason]


def explain_read_only(name: str, reason: ReadOnlyReason) -> str:
    """Say that and why a hostname is only read, and what ends it."""
    return (
        f"{name} is only read at Cloudflare and not changed, because {describe_reason(reason)}. Change that at"
        " Cloudflare, and the next check finds it."
    )


def read_only_error(name: str, reason: ReadOnlyReason) -> Permanent:
    """Return the refusal of a change at Cloudflare."""
    return Permanent(explain_read_only(name, reason), code=READ_ONLY_CODE)
