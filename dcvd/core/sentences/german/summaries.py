"""German: the one sentence that says who has to do what next."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

SUMMARIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "customers_turn": "Der Inhaber der Domain ist am Zug:",
        "operators_turn": "Der Betreiber dieses Dienstes ist am Zug:",
        "nobodys_turn": "Es ist nichts zu tun:",
        "serves_but": "{hostname} ist über https erreichbar, aber nicht alles ist in Ordnung.",
        "serves": "{hostname} ist über https erreichbar und zeigt hierher; es ist nichts zu tun.",
        "renewal_late": (
            "{hostname} ist bis {until} über https erreichbar, aber die Erneuerung des Zertifikats ist seit {since} "
            "überfällig. Cloudflare, das es erneuert, ist am Zug."
        ),
        "renewal_late_uploaded": (
            "{hostname} ist bis {until} über https erreichbar, aber die Erneuerung des Zertifikats ist seit {since} "
            "überfällig. Der Betreiber dieses Dienstes muss ein neues hochladen."
        ),
        "serves_unknown": (
            "{hostname} ist über https erreichbar; ob der Name noch hierher zeigt, ist nicht bekannt und wird wieder "
            "geprüft."
        ),
        "record_there_next": (
            "Der Eintrag von {hostname} ist da. Legen Sie für das Zertifikat auch diesen Eintrag an: {record}."
        ),
        "value_to_come": "der Name, den Cloudflare gleich nennt",
        "issuing": ("Der Eintrag von {hostname} ist da, und das Zertifikat wird ausgestellt; es ist nichts zu tun."),
        "checks_unanswered": (
            "Was im DNS für {hostname} steht, ist nicht bekannt: Die Prüfungen bekamen bisher keine Antwort. Es wird "
            "wieder "
            "gefragt."
        ),
        "not_checked_yet": ("{hostname} wurde noch nicht geprüft; legen Sie inzwischen die nötigen Einträge an."),
        "confirming": "Der Eintrag von {hostname} wird von Cloudflare bestätigt; es ist nichts zu tun.",
        "stuck": "{hostname} kommt von selbst nicht weiter; fragen Sie den Betreiber dieses Dienstes.",
        "error_deleted": (
            "Cloudflare hat {hostname} nicht mehr: Der Name wurde dort gelöscht. Er wird von selbst wieder registriert."
        ),
        "error_certificate_gone": (
            "Das Zertifikat von {hostname} ist bei Cloudflare nicht mehr in Betrieb ({status}): https geht erst "
            "wieder, "
            "wenn ein neues ausgestellt ist."
        ),
        "error_certificate_expired": (
            "Das Zertifikat von {hostname} ist am {when} abgelaufen, und keines ist nachgekommen."
        ),
        "ordered_again": "Es wird von selbst wieder bestellt.",
        "error_held": (
            "Eine andere Organisation dieses Dienstes hat vorher bewiesen, dass {hostname} ihr gehört; bitten Sie den "
            "Betreiber, Ihnen den Namen zu übertragen."
        ),
        "error_registration_failed": (
            "{hostname} konnte bei Cloudflare nicht registriert werden. Der Job `register` sagt, warum, und kann "
            "wiederholt werden."
        ),
        "cname_removed": "Der CNAME wurde gelöscht.",
        "cname_changed": "Der CNAME wurde auf {target} geändert.",
        "preview_unanswered": (
            "Das DNS konnte gerade nicht nach {hostname} gefragt werden; fragen Sie in einer Minute wieder."
        ),
        "preview_target_unknown": (
            "{hostname} kann hinzugefügt werden; legen Sie den Eintrag dann an, denn sein Ziel wird beim Hinzufügen "
            "gewählt."
        ),
        "preview_hidden_new": (
            "Wohin {hostname} führt, ist verborgen, weil der Eintrag über einen Proxy läuft oder vom Anbieter "
            "aufgelöst wird; der Name kann hinzugefügt werden und wird dann von Cloudflare bestätigt."
        ),
        "preview_hidden": (
            "Wohin {hostname} führt, ist verborgen, weil der Eintrag über einen Proxy läuft oder vom Anbieter "
            "aufgelöst wird; Cloudflare bestätigt ihn."
        ),
        "preview_right_but_new": (
            "Der Eintrag von {hostname} stimmt, daher kann der Name hinzugefügt werden, aber nicht alles ist in "
            "Ordnung."
        ),
        "preview_right_but": ("Der Eintrag von {hostname} stimmt, aber nicht alles ist in Ordnung."),
        "preview_right_new": "Der Eintrag von {hostname} stimmt; der Name kann hinzugefügt werden.",
        "preview_right": "Der Eintrag von {hostname} stimmt; es ist nichts zu tun.",
    }
)
"""The templates by their ids."""
