"""List Cloudflare's closed sets: 16 hostname statuses, 21 certificate statuses, validation methods, authorities.

Source: the official schema (`tls-certificates-and-hostnames_*`).
"""

from enum import StrEnum
from typing import Literal

Method = Literal["http", "txt", "email"]
Authority = Literal["google", "lets_encrypt", "ssl_com"]
BundleMethod = Literal["ubiquitous", "optimal", "force"]


class HostnameStatus(StrEnum):
    """`status` of a custom hostname."""

    ACTIVE = "active"
    PENDING = "pending"
    ACTIVE_REDEPLOYING = "active_redeploying"
    MOVED = "moved"
    PENDING_DELETION = "pending_deletion"
    DELETED = "deleted"
    PENDING_BLOCKED = "pending_blocked"
    PENDING_MIGRATION = "pending_migration"
    PENDING_PROVISIONED = "pending_provisioned"
    TEST_PENDING = "test_pending"
    TEST_ACTIVE = "test_active"
    TEST_ACTIVE_APEX = "test_active_apex"
    TEST_BLOCKED = "test_blocked"
    TEST_FAILED = "test_failed"
    PROVISIONED = "provisioned"
    BLOCKED = "blocked"


class SslStatus(StrEnum):
    """`ssl.status` of a custom hostname. A hostname passes through five of them; the rest can be forced."""

    INITIALIZING = "initializing"
    PENDING_VALIDATION = "pending_validation"
    DELETED = "deleted"
    PENDING_ISSUANCE = "pending_issuance"
    PENDING_DEPLOYMENT = "pending_deployment"
    PENDING_DELETION = "pending_deletion"
    PENDING_EXPIRATION = "pending_expiration"
    EXPIRED = "expired"
    ACTIVE = "active"
    INITIALIZING_TIMED_OUT = "initializing_timed_out"
    VALIDATION_TIMED_OUT = "validation_timed_out"
    ISSUANCE_TIMED_OUT = "issuance_timed_out"
    DEPLOYMENT_TIMED_OUT = "deployment_timed_out"
    DELETION_TIMED_OUT = "deletion_timed_out"
    PENDING_CLEANUP = "pending_cleanup"
    STAGING_DEPLOYMENT = "staging_deployment"
    STAGING_ACTIVE = "staging_active"
    DEACTIVATING = "deactivating"
    INACTIVE = "inactive"
    BACKUP_ISSUED = "backup_issued"
    HOLDING_DEPLOYMENT = "holding_deployment"


Stage = Literal[
    SslStatus.INITIALIZING,
    SslStatus.PENDING_VALIDATION,
    SslStatus.PENDING_ISSUANCE,
    SslStatus.PENDING_DEPLOYMENT,
    SslStatus.ACTIVE,
]
"""The stages of a certificate order, unless a state is forced."""
