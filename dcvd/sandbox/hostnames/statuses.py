"""List Cloudflare's closed sets: 16 hostname statuses, 21 certificate statuses, validation methods, authorities.

Source: the official schema (`tls-certificates-and-hostnames_*`).
"""

from enum import StrEnum
from typing import Literal

Method = Literal["http", "txt", "email"]
Authority = Literal["google", "lets_encrypt", "ssl_com"]
BundleMethod = Literal["ubiquitous", "optimal", "force"]


HostnameStatus = StrEnum(
    "HostnameStatus",
    "ACTIVE PENDING ACTIVE_REDEPLOYING MOVED PENDING_DELETION DELETED PENDING_BLOCKED PENDING_MIGRATION "
    "PENDING_PROVISIONED TEST_PENDING TEST_ACTIVE TEST_ACTIVE_APEX TEST_BLOCKED TEST_FAILED PROVISIONED BLOCKED",
)
"""`status` of a custom hostname; each value is the name in lower case."""

SslStatus = StrEnum(
    "SslStatus",
    "INITIALIZING PENDING_VALIDATION DELETED PENDING_ISSUANCE PENDING_DEPLOYMENT PENDING_DELETION PENDING_EXPIRATION "
    "EXPIRED ACTIVE INITIALIZING_TIMED_OUT VALIDATION_TIMED_OUT ISSUANCE_TIMED_OUT DEPLOYMENT_TIMED_OUT "
    "DELETION_TIMED_OUT PENDING_CLEANUP STAGING_DEPLOYMENT STAGING_ACTIVE DEACTIVATING INACTIVE BACKUP_ISSUED "
    "HOLDING_DEPLOYMENT",
)
"""`ssl.status` of a custom hostname. A hostname passes through five of them; the rest can be forced."""

Stage = Literal[
    SslStatus.INITIALIZING,
    SslStatus.PENDING_VALIDATION,
    SslStatus.PENDING_ISSUANCE,
    SslStatus.PENDING_DEPLOYMENT,
    SslStatus.ACTIVE,
]
"""The stages of a certificate order, unless a state is forced."""
