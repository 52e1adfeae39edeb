"""English: the sign-in of operators, and their pages."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

OPERATOR: Final[Mapping[str, str]] = MappingProxyType(
    {
        "operator_sign_in_title": "Sign in as an operator",
        "operator_sign_in_intro": (
            "You asked for this link on the machine of dcvd. It signs in this browser, once, with your rights there."
        ),
        "operator_sign_in_button": "Sign in",
        "operator_link_ended": "This link does not work any more",
        "operator_link_again": (
            "It was used, or its minute is over. Ask for another one on the machine of dcvd: {command}"
        ),
        "operator_title": "Operator",
        "operator_signed_in": "You are signed in as an operator, with the rights of the user with uid {uid}.",
        "operator_signed_in_observer": (
            "You are signed in as an observer, who only reads, with the rights of the user with uid {uid}."
        ),
    }
)
"""The templates by their ids."""
