"""The operator's operations on organizations, tokens and domains, whether or not the daemon runs."""

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
