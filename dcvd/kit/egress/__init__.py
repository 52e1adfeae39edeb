"""Guarded outgoing HTTP: to addresses that a tenant chose, and to no others than an operator lets him choose."""

from dcvd.kit.egress.client import Egress, EgressAnswer, EgressError
from dcvd.kit.egress.failures import EgressFailure
from dcvd.kit.egress.guard import EgressPolicy, check_headers, check_url

__all__ = ["Egress", "EgressAnswer", "EgressError", "EgressFailure", "EgressPolicy", "check_headers", "check_url"]
