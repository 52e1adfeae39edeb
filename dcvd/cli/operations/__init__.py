"""What an operator does to organizations and tokens, whether the daemon runs or not."""

from dcvd.cli.operations.choice import perform
from dcvd.cli.operations.contract import MintedTokenView, Operations, OrganizationView, TokenView, find_organization

__all__ = [
    "MintedTokenView",
    "Operations",
    "OrganizationView",
    "RenewalsView",
    "TokenView",
    "find_organization",
    "perform",
]
