"""Guarded outgoing HTTP to addresses that a tenant chose, among those that the operator permits."""

from dcvd.kit.egress.client import EgressClient, EgressError, EgressResponse
from dcvd.kit.egress.failures import EgressErrorKind
from dcvd.kit.egress.guard import EgressPolicy, check_headers, check_url

__all__ = [
    "EgressClient",
    "EgressError",
    "EgressErrorKind",
    "EgressPolicy",
    "EgressResponse",
    "check_headers",
    "check_url",
]
