"""German: errors about members."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

MEMBERS_ERRORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "address_unusable": (
            "Das ist keine E-Mail-Adresse wie person@example.com. Eine internationale Domain schreiben Sie in "
            "A-Labels (xn--…)."
        ),
        "member_not_confirmed": (
            "Für den Stand {status} geht das nicht; aktiv wird ein Mitglied nur selbst, indem es eine Einladung "
            "annimmt."
        ),
        "member_exists": "{address} ist schon Mitglied.",
        "member_not_invited": "Das Mitglied ist {status} und braucht keine Einladung.",
        "invitation_unusable": (
            "Die Einladung ist unbekannt, benutzt oder abgelaufen: Bitten Sie um eine neue, wo Sie eingeladen wurden."
        ),
        "member_rank": (
            "Mit der Rolle {own} können keine Mitglieder mit der höheren Rolle {role} eingeladen, geändert oder "
            "entfernt werden."
        ),
        "last_owner": "Dieses Mitglied ist der letzte aktive Inhaber: Machen Sie zuerst ein anderes zum Inhaber.",
        "member_without_tokens": "Das Mitglied ist {status}; nur ein aktives hat Tokens.",
        "member_role_exceeded": "Das Mitglied hat die Rolle {role}, und sein Token kann nicht {wanted} haben.",
        "status_unknown": "Wählen Sie einen Stand: {known}.",
        "role_unknown": "Wählen Sie eine Rolle: {known}.",
        "member_scopes": (
            "Dieses Token ist auf Rechte beschränkt, was Personen mit der Rolle {role} nicht sind: Es gibt nur die "
            "Rolle {member}. Nehmen Sie ein Token ohne solche Grenzen."
        ),
    }
)
"""The templates by their ids."""
