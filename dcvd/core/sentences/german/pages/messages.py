"""German: pages that say one thing, behind links in mails and on the way back from providers."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

MESSAGES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "message_close": "Sie können dieses Fenster schließen.",
        "message_unchanged": "Es wurde nichts geändert",
        "message_connected": "Verbunden",
        "message_may_write": "{organization} kann jetzt bei {provider} DNS-Einträge für Ihre Domains schreiben.",
        "message_take_back": (
            "Sie können dieses Fenster schließen. Wenn Sie das rückgängig machen möchten, fragen Sie {organization}, "
            "oder entfernen Sie den Zugriff bei {provider}."
        ),
        "message_not_connected": "Nicht verbunden",
        "message_not_connected_provider": "Die Verbindung mit {provider} kam nicht zustande.",
        "message_not_connected_to": "Die Verbindung von {organization} mit {provider} kam nicht zustande.",
        "message_your_provider": "Ihrem DNS-Anbieter",
        "message_declined": "Sie haben abgelehnt, also wurde nichts verbunden.",
        "message_link_used": (
            "Dieser Link wurde schon benutzt, ist zu alt oder gehört zu etwas anderem. Beginnen Sie noch einmal dort, "
            "woher Sie kamen."
        ),
        "message_link_incomplete": "Dieser Link ist nicht vollständig. Beginnen Sie noch einmal dort, woher Sie kamen.",
        "message_scope": (
            "Das Recht, DNS-Einträge zu ändern, wurde nicht gegeben, also wurde nichts verbunden. Beginnen Sie noch "
            "einmal, und erlauben Sie es."
        ),
        "message_quota": (
            "Es gibt schon zu viele Verbindungen. Erst muss eine entfernt werden, die nicht gebraucht wird."
        ),
        "message_failed": (
            "Zwischen den beiden stimmt etwas nicht, und Sie können es nicht ändern. Versuchen Sie es später noch "
            "einmal, oder nennen Sie denen, die Sie hierher geschickt haben, diesen Code: {code}"
        ),
        "message_applied": "Ihr DNS-Anbieter legt den Eintrag an",
        "message_applied_explained": (
            "Es kann einige Minuten dauern, bis er überall zu sehen ist; Sie müssen hier nicht darauf warten."
        ),
        "message_cancelled": "Sie haben es bei Ihrem DNS-Anbieter abgebrochen.",
        "message_denied": (
            "Bei Ihrem DNS-Anbieter dürfen Sie diese Domain nicht ändern. Fragen Sie, wer sie verwaltet, oder legen "
            "Sie den Eintrag von Hand an."
        ),
        "message_provider_failed": (
            "Ihr DNS-Anbieter konnte es nicht erledigen. Versuchen Sie es später noch einmal, oder legen Sie den "
            "Eintrag von Hand an."
        ),
        "message_invited": "Sie sind eingeladen",
        "message_invited_by": "{organization} lädt {address} mit der Rolle {role} ein.",
        "message_accept": "Annehmen",
        "message_member": "Sie sind Mitglied",
        "message_member_role": "{address} ist jetzt Mitglied, mit der Rolle {role}.",
        "message_member_token": (
            "Zum Anmelden brauchen Sie ein Token: Fragen Sie, wer Sie eingeladen hat. Sie können dieses Fenster "
            "schließen."
        ),
        "message_invitation_refused": (
            "Diese Einladung ist nicht vollständig, wurde benutzt oder ersetzt oder ist zu alt. Bitten Sie um eine "
            "neue, wo Sie eingeladen wurden."
        ),
        "message_alerts_question": "Möchten Sie diese Meldungen?",
        "message_alerts_wanted": (
            "{organization} möchte {address} melden, wenn mit den dort verbundenen Domains etwas nicht stimmt."
        ),
        "message_alerts_confirm": "Ja, schicken Sie mir Meldungen",
        "message_alerts_end_question": "Keine Meldungen mehr?",
        "message_alerts_sent": (
            "{organization} meldet {address}, wenn mit den dort verbundenen Domains etwas nicht stimmt."
        ),
        "message_alerts_end": "Schicken Sie mir keine Meldungen mehr",
        "message_alerts_begun": "Sie bekommen Meldungen",
        "message_alerts_begun_explained": (
            "Ab jetzt wird {address} gemeldet, wenn mit den bei {organization} verbundenen Domains etwas nicht stimmt."
        ),
        "message_alerts_begun_end": (
            "Jede E-Mail hat einen Link, mit dem Sie sie beenden können. Sie können dieses Fenster schließen."
        ),
        "message_alerts_ended": "Sie bekommen keine Meldungen mehr",
        "message_alerts_ended_explained": (
            "{address} bekommt keine Meldungen von {organization} mehr. Sie können dieses Fenster schließen."
        ),
        "message_alerts_refused": (
            "Dieser Link ist nicht vollständig, wurde durch einen späteren ersetzt oder ist zu alt. Fragen Sie, wer "
            "Ihnen Meldungen schicken will."
        ),
        "message_questions_ended": "Sie bekommen keine Fragen mehr",
        "message_questions_ended_explained": "Niemand lässt {address} mehr fragen, ob Meldungen gewünscht sind.",
        "message_questions_allow": "Fragen wieder erlauben",
        "message_questions_end_question": "Keine Fragen mehr?",
        "message_questions_asked": "Organisationen dürfen {address} fragen lassen, ob ihre Meldungen gewünscht sind.",
        "message_questions_end": "Nie wieder fragen",
    }
)
"""The templates by their ids."""
