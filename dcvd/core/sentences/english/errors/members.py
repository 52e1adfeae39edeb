"""English: errors about members."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

MEMBERS_ERRORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "address_unusable": (
            "address is no e-mail address such as person@example.com. An international domain is written in A-labels "
            "(xn--…)."
        ),
        "member_not_confirmed": "The member is {status}; only they can become active, by accepting an invitation.",
        "member_exists": "{address} is a member already.",
        "member_not_invited": "The member is {status}, and needs no invitation.",
        "invitation_unusable": "The invitation is unknown, used or expired: ask whoever invited you for a new one.",
        "member_rank": (
            "Whoever has the role {own} cannot invite, change or remove members with the higher role {role}."
        ),
        "last_owner": "This member is the last active owner: make another one an owner first.",
        "member_without_tokens": "The member is {status}; only an active one has tokens.",
        "member_role_exceeded": "The member has the role {role}, and their token cannot have {wanted}.",
        "status_unknown": "Choose a status: {known}.",
        "role_unknown": "Choose a role: {known}.",
        "member_scopes": (
            "This token is limited to scopes, which {role}s are not: it gives people the role {member} alone. Take a "
            "token without scopes."
        ),
    }
)
"""The templates by their ids."""
