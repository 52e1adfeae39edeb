"""Guarded outgoing HTTP: to addresses that a tenant chose, and to no others than an operator lets him choose."""

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
