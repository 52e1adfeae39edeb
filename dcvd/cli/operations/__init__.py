"""What an operator does to organizations, tokens and domains, whether the daemon runs or not."""

from dcvd.cli.operations.choice import perform
from dcvd.cli.operations.contract import (
    ImportedLine,
    LineError,
    MintedTokenView,
    Operations,
    OrganizationView,
    TokenView,
    find_organization,
)

__all__ = [
    "ImportedLine",
    "LineError",
    "MintedTokenView",
    "Operations",
    "OrganizationView",
    "TokenView",
    "find_organization",
    "perform",
]
