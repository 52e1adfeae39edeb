"""English: errors about contacts, and the questions whether they want alerts."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

ALERTS_ERRORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "kinds_empty": "kinds is empty: such a contact would be told nothing. Name some, or give null.",
        "kinds_too_many": "kinds has {count} entries, and there are {known} kinds.",
        "kind_unknown": "There is no kind {kind}; there are: {known}.",
        "contact_address_or_member": "Give either address or memberId.",
        "contact_exists": "{address} is a contact already.",
        "contacts_too_many": "Your organization has {most} contacts, which is the most: remove one that is not needed.",
        "contact_active": "The contact has agreed already.",
        "member_unknown": "There is no member {member}.",
        "contact_unknown": "There is no contact {contact}.",
        "questions_refused": (
            "Whoever has {address} wants no such questions; they can allow them by the link in an earlier one."
        ),
        "address_asked_enough": "{address} was asked {most} times within a day, which is the most. Ask again tomorrow.",
        "addresses_asked_enough": "Your organization had {most} addresses asked within a day. Ask again tomorrow.",
    }
)
"""The templates by their ids."""
