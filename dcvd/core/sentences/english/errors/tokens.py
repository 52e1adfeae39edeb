"""English: errors about tokens."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

TOKENS_ERRORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "expiry_passed": "expiresAt is {instant}, which has passed; give a later instant.",
        "networks_empty": "{field} is empty: such a token would work from nowhere. Name some, or leave it out.",
        "entries_too_many": "{field} has {count} entries; {most} are allowed.",
        "network_unusable": "{network} is no network such as 192.0.2.0/24 or 2001:db8::/48: {reason}.",
        "reach_empty": "{field} is empty: such a token could see no domain. Name some, or leave it out.",
        "reach_entry_unusable": "{entry} is neither a hostname, nor *. and a hostname, nor an id.",
        "scopes_empty": "{field} is empty: such a token could do nothing. Name some, or leave it out.",
        "scope_unknown": "There is no scope {scope}; there are: {known}.",
        "token_unknown": "There is no token {token}.",
        "token_of_higher_role": (
            "The token {token} has the role {role}; a token with the role {own} cannot change or end it."
        ),
        "rights_end_before": (
            "Your own rights end at {instant}; nobody prolongs, or gets hold of, a token that ends later."
        ),
        "tokens_of_other_members": (
            "A member's token gets hold of no tokens but that member's own; only an owner's does."
        ),
        "token_exceeds_minter": "The new token {excess}; nobody mints a token that may do more than their own.",
        "token_exceeds_taker": "The token {token} {excess}; nobody takes over a token that may do more than their own.",
        "excess_role": "has the role {role}, which is higher than {own}",
        "excess_writes": "may write",
        "excess_scopes": "has scopes that the caller has not",
        "excess_domains": "reaches domains that the caller does not",
        "excess_networks": "works from networks from which the caller does not",
        "excess_life": "ends later than the caller's rights",
    }
)
"""The templates by their ids."""
