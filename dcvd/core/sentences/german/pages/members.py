"""German: the pages of people."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

MEMBERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "members_intro": "Die Personen Ihrer Organisation. Was ihre Tokens dürfen, folgt aus ihrer Rolle.",
        "members_role_by_groups": (
            "Wer sich mit {provider} anmeldet, hat die Rolle, die die Gruppen dort geben. Die Rollen hier gelten für "
            "die Tokens."
        ),
        "members_address": "E-Mail-Adresse",
        "members_id": "Kennung",
        "members_role": "Rolle",
        "members_state": "Zustand",
        "members_active": "aktiv",
        "members_suspended": "gesperrt",
        "members_invited": "eingeladen",
        "members_at": "{when}",
        "members_last_use": "Tokens zuletzt benutzt",
        "members_never_used": "nie",
        "members_added": "Hinzugefügt",
        "members_accepted": "Angenommen",
        "members_invitation": "Die Einladung",
        "members_invitation_until": "Die Einladung kann bis {when} angenommen werden.",
        "members_invitation_ended": "Die Einladung ist abgelaufen.",
        "members_invitation_once": (
            "Schicken Sie ihnen diese Adresse: Wer sie öffnet, kann annehmen. Sie gilt für ein Mal und wird nur "
            "dieses eine Mal gezeigt."
        ),
        "members_go_on": "Weiter zum Mitglied",
        "members_invite": "Jemanden einladen",
        "members_invite_explained": (
            "Die Person wird Mitglied, wenn sie annimmt. Dafür bekommen Sie eine Adresse und schicken sie ihr, denn "
            "dcvd verschickt dafür keine E-Mail."
        ),
        "members_invite_button": "Einladen",
        "members_new_token": "Neues Token für sie",
        "members_change_role": "Andere Rolle",
        "members_save": "Speichern",
        "members_access": "Zugang",
        "members_invite_again": "Noch einmal einladen",
        "members_invite_again_explained": "Sie haben noch nicht angenommen. Eine neue Einladung beendet die frühere.",
        "members_suspend": "Sperren",
        "members_suspend_explained": (
            "Ihre Tokens und Links gelten sofort nicht mehr, ihre Browser werden abgemeldet, und eine offene "
            "Einladung endet. Sie können wieder aktiv werden."
        ),
        "members_resume": "Wieder aktiv machen",
        "members_resume_explained": "Ihre Tokens gelten dann wieder.",
        "members_remove": "Entfernen",
        "members_remove_explained": (
            "Ihre Tokens und Links werden sofort widerrufen, und ihre Browser abgemeldet. Das lässt sich nicht "
            "zurücknehmen."
        ),
        "done_member_changed": "Das Mitglied wurde geändert.",
        "done_member_removed": "Das Mitglied wurde entfernt.",
    }
)
"""The templates by their ids."""
