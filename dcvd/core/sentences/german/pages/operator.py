"""German: the sign-in of operators, and their pages."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

OPERATOR: Final[Mapping[str, str]] = MappingProxyType(
    {
        "operator_sign_in_title": "Als Betreiber anmelden",
        "operator_sign_in_intro": (
            "Diesen Link haben Sie auf dem Rechner von dcvd angefordert. "
            "Er meldet diesen Browser einmal an, mit Ihren Rechten dort."
        ),
        "operator_sign_in_button": "Anmelden",
        "operator_link_ended": "Dieser Link funktioniert nicht mehr",
        "operator_link_again": (
            "Er wurde benutzt, oder seine Minute ist um. Fordern Sie auf dem Rechner von dcvd einen neuen an: {command}"
        ),
        "operator_title": "Betreiber",
        "operator_signed_in": "Sie sind als Betreiber angemeldet, mit den Rechten des Benutzers mit der uid {uid}.",
        "operator_signed_in_observer": (
            "Sie sind als Beobachter angemeldet, der nur liest, mit den Rechten des Benutzers mit der uid {uid}."
        ),
    }
)
"""The templates by their ids."""
