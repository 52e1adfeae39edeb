"""What an operator does to organizations, tokens and domains, whether the daemon runs or not."""

from dcvd.cli.operations.choice import perform
from dcvd.cli.operations.contract import (
    ImportedLine,
    LineError,
    MintedTokenOutput,
    Operations,
    OrganizationOutput,
    TokenOutput,
    find_organization,
)

__all__ = [
    "ImportedLine",
    "LineError",
    "MintedTokenOutput",
    "Operations",
    "OrganizationOutput",
    "TokenOutput",
    "find_organization",
    "perform",
]
