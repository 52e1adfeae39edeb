"""Classes of Cloudflare's 16 hostname statuses and 21 certificate statuses, by what they mean for a domain.

Both lists are open in practice: Cloudflare adds values without notice. A value that is not listed here is of the class
UNKNOWN and changes nothing.
"""

from enum import Enum, auto
from typing import Final


class HostnameClass(Enum):
    """The class of a custom hostname's `status`."""

    SERVING = auto()
    WAITING = auto()
    BLOCKED = auto()
    MOVED = auto()
    DELETED = auto()
    NEUTRAL = auto()
    UNKNOWN = auto()


class CertificateClass(Enum):
    """The class of a custom hostname's `ssl.status`."""

    SERVING = auto()
    BEFORE_ISSUE = auto()
    AFTER_ISSUE = auto()
    TIMED_OUT = auto()
    EXPIRED = auto()
    GONE = auto()
    NEUTRAL = auto()
    UNKNOWN = auto()


_HOSTNAME_CLASSES: Final = {
    "active": HostnameClass.SERVING,
    "active_redeploying": HostnameClass.SERVING,
    "pending": HostnameClass.WAITING,
    "blocked": HostnameClass.BLOCKED,
    "moved": HostnameClass.MOVED,
    "deleted": HostnameClass.DELETED,
    "pending_deletion": HostnameClass.DELETED,
    # Internal or staged at Cloudflare, without a documented meaning: we store and show them, but they decide nothing.
    "pending_blocked": HostnameClass.NEUTRAL,
    "pending_migration": HostnameClass.NEUTRAL,
    "pending_provisioned": HostnameClass.NEUTRAL,
    "provisioned": HostnameClass.NEUTRAL,
    "test_pending": HostnameClass.NEUTRAL,
    "test_active": HostnameClass.NEUTRAL,
    "test_active_apex": HostnameClass.NEUTRAL,
    "test_blocked": HostnameClass.NEUTRAL,
    "test_failed": HostnameClass.NEUTRAL,
}

_CERTIFICATE_CLASSES: Final = {
    "active": CertificateClass.SERVING,
    "initializing": CertificateClass.BEFORE_ISSUE,
    "pending_validation": CertificateClass.BEFORE_ISSUE,
    "pending_issuance": CertificateClass.BEFORE_ISSUE,
    "pending_deployment": CertificateClass.AFTER_ISSUE,
    "holding_deployment": CertificateClass.AFTER_ISSUE,
    "initializing_timed_out": CertificateClass.TIMED_OUT,
    "validation_timed_out": CertificateClass.TIMED_OUT,
    "issuance_timed_out": CertificateClass.TIMED_OUT,
    "deployment_timed_out": CertificateClass.TIMED_OUT,
    "deletion_timed_out": CertificateClass.TIMED_OUT,
    "expired": CertificateClass.EXPIRED,
    "deleted": CertificateClass.GONE,
    "inactive": CertificateClass.GONE,
    "pending_deletion": CertificateClass.NEUTRAL,
    "deactivating": CertificateClass.NEUTRAL,
    "pending_expiration": CertificateClass.NEUTRAL,
    "pending_cleanup": CertificateClass.NEUTRAL,
    "backup_issued": CertificateClass.NEUTRAL,
    "staging_deployment": CertificateClass.NEUTRAL,
    "staging_active": CertificateClass.NEUTRAL,
}

OPEN_ORDER_STATUSES: Final = frozenset(
    {"initializing", "pending_validation", "pending_issuance", "initializing_timed_out", "validation_timed_out",
     "issuance_timed_out"}
)  # fmt: skip
"""Statuses in which no new certificate has been issued yet, so that a listed certificate is the one that serves."""


def classify_hostname_status(status: str | None) -> HostnameClass:
    """Return the class of a hostname's status; NEUTRAL where Cloudflare's answer has none."""
    if status is None:
        return HostnameClass.NEUTRAL
    return _HOSTNAME_CLASSES.get(status, HostnameClass.UNKNOWN)


def classify_ssl_status(ssl_status: str | None) -> CertificateClass:
    """Return the class of a certificate's status; Cloudflare's documentation also writes a bare `timed_out`."""
    if ssl_status is None:
        return CertificateClass.BEFORE_ISSUE
    if ssl_status.endswith("timed_out"):
        return CertificateClass.TIMED_OUT
    return _CERTIFICATE_CLASSES.get(ssl_status, CertificateClass.UNKNOWN)
