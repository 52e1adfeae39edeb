"""The operator's operations on organizations, tokens and domains, whether or not the daemon runs."""

from dcvd.cli.operations.choice import perform
from dcvd.cli.operations.contract import Operations, find_organization

__all__ = ["Operations", "find_organization", "perform"]
