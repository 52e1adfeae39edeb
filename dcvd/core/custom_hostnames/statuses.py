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
    """It can be restored while Cloudflare lists it."""
    BEING_DELETED = auto()
    NEUTRAL = auto()
    UNKNOWN = auto()


class CertificateClass(Enum):
    """The class of a custom hostname's `ssl.status`. An order goes through the first five, and then serves."""

    NOT_ORDERED = auto()
    INITIALIZING = auto()
    AWAITING_VALIDATION = auto()
    AWAITING_ISSUE = auto()
    AWAITING_DEPLOYMENT = auto()
    SERVING = auto()
    TIMED_OUT_BEFORE_ISSUE = auto()
    TIMED_OUT = auto()
    """A new certificate may have been issued before."""
    DELETION_TIMED_OUT = auto()
    EXPIRED = auto()
    GONE = auto()
    NEUTRAL = auto()
    UNKNOWN = auto()

    @property
    def has_timed_out(self) -> bool:
        """Whether Cloudflare has stopped trying."""
        return self in _TIMED_OUT_CLASSES

    @property
    def has_open_order(self) -> bool:
        """Whether an order has issued no new certificate yet, so that a listed certificate is the one that serves."""
        return self in _OPEN_ORDER_CLASSES


_TIMED_OUT_CLASSES: Final = frozenset(
    {CertificateClass.TIMED_OUT_BEFORE_ISSUE, CertificateClass.TIMED_OUT, CertificateClass.DELETION_TIMED_OUT}
)
_OPEN_ORDER_CLASSES: Final = frozenset(
    {CertificateClass.INITIALIZING, CertificateClass.AWAITING_VALIDATION, CertificateClass.AWAITING_ISSUE,
     CertificateClass.TIMED_OUT_BEFORE_ISSUE}
)  # fmt: skip
DELETED_HOSTNAME_STATUS: Final = "deleted"
"""The `status` of a hostname that Cloudflare no longer lists."""
UNVALIDATED_HOSTNAME_STATUS: Final = "pending"
UNVALIDATED_SSL_STATUS: Final = "pending_validation"
NEW_SSL_STATUS: Final = "initializing"
"""The statuses of a hostname of which Cloudflare has validated neither the routing nor the certificate."""

_HOSTNAME_STATUSES: Final = {
    HostnameClass.SERVING: ("active", "active_redeploying"),
    HostnameClass.WAITING: (UNVALIDATED_HOSTNAME_STATUS,),
    HostnameClass.BLOCKED: ("blocked",),
    HostnameClass.MOVED: ("moved",),
    HostnameClass.DELETED: (DELETED_HOSTNAME_STATUS,),
    HostnameClass.BEING_DELETED: ("pending_deletion",),
    # Internal or staged at Cloudflare, without a documented meaning: we store and show them, but they decide nothing.
    HostnameClass.NEUTRAL: (
        "pending_blocked", "pending_migration", "pending_provisioned", "provisioned",
        "test_pending", "test_active", "test_active_apex", "test_blocked", "test_failed",
    ),
}  # fmt: skip
_CERTIFICATE_STATUSES: Final = {
    CertificateClass.INITIALIZING: ("initializing",),
    CertificateClass.AWAITING_VALIDATION: (UNVALIDATED_SSL_STATUS,),
    CertificateClass.AWAITING_ISSUE: ("pending_issuance",),
    CertificateClass.AWAITING_DEPLOYMENT: ("pending_deployment", "holding_deployment"),
    CertificateClass.SERVING: ("active",),
    CertificateClass.TIMED_OUT_BEFORE_ISSUE: ("initializing_timed_out", "validation_timed_out", "issuance_timed_out"),
    CertificateClass.DELETION_TIMED_OUT: ("deletion_timed_out",),
    CertificateClass.EXPIRED: ("expired",),
    CertificateClass.GONE: ("deleted", "inactive"),
    CertificateClass.NEUTRAL: (
        "pending_deletion", "deactivating", "pending_expiration", "pending_cleanup", "backup_issued",
        "staging_deployment", "staging_active",
    ),
}  # fmt: skip
_LOST_FALLBACK_STATUSES: Final = frozenset({"pending_deletion", "deployment_timed_out", "deletion_timed_out"})
_HOSTNAME_CLASSES: Final = {status: kind for kind, statuses in _HOSTNAME_STATUSES.items() for status in statuses}
_CERTIFICATE_CLASSES: Final = {status: kind for kind, statuses in _CERTIFICATE_STATUSES.items() for status in statuses}
_TIMED_OUT_SUFFIX: Final = "timed_out"
TIMED_OUT_STATUSES: Final = (
    *_CERTIFICATE_STATUSES[CertificateClass.TIMED_OUT_BEFORE_ISSUE], "deployment_timed_out", "deletion_timed_out",
    _TIMED_OUT_SUFFIX,
)  # fmt: skip
"""Those that become the code of a domain's error."""
VALIDATION_STAGE: Final = "validation"


def classify_hostname_status(status: str | None) -> HostnameClass:
    """Return the class of a hostname's status; NEUTRAL where Cloudflare's answer has none."""
    if status is None:
        return HostnameClass.NEUTRAL
    return _HOSTNAME_CLASSES.get(status, HostnameClass.UNKNOWN)


def classify_ssl_status(ssl_status: str | None) -> CertificateClass:
    """Return the class of a certificate's status; Cloudflare's documentation also writes a bare `timed_out`."""
    if ssl_status is None:
        return CertificateClass.NOT_ORDERED
    by_default = CertificateClass.TIMED_OUT if ssl_status.endswith(_TIMED_OUT_SUFFIX) else CertificateClass.UNKNOWN
    return _CERTIFICATE_CLASSES.get(ssl_status, by_default)


def timed_out_stage(ssl_status: str | None) -> str:
    """Return Cloudflare's word for the stage that timed out; `validation` where it has none."""
    return (ssl_status or "").removesuffix(_TIMED_OUT_SUFFIX).removesuffix("_") or VALIDATION_STAGE


def has_lost_fallback(status: str | None) -> bool:
    """Whether a zone's fallback origin with this status will not become active by itself."""
    return status in _LOST_FALLBACK_STATUSES
