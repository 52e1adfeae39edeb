"""German: the page on which a customer connects a domain."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

CONNECT_PAGE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "connect_title": "{hostname} verbinden",
        "connect_title_ready": "{hostname} ist verbunden",
        "connect_title_broken": "{hostname} funktioniert nicht",
        "connect_title_new": "Verbinden Sie Ihre Domain",
        "connect_intro": ("{organization} betreibt diese Adresse für Sie. Ein Eintrag in Ihrem DNS führt dorthin."),
        "connect_verdict_ready": (
            "{hostname} führt zu {organization} und öffnet sich mit https. Es ist nichts mehr zu tun."
        ),
        "connect_verdict_customer": "Es gibt etwas für Sie zu tun: Sehen Sie, was unten markiert ist.",
        "connect_verdict_broken": "Es hat schon funktioniert. Sehen Sie, was unten markiert ist.",
        "connect_verdict_organization": (
            "{organization} muss etwas in Ordnung bringen. Für Sie ist nichts zu tun; diese Seite zeigt, wann es "
            "weitergeht."
        ),
        "connect_verdict_waiting": "Für Sie ist jetzt nichts zu tun. Diese Seite zeigt von selbst, was geschieht.",
        "connect_verdict_first_check": (
            "Ihr DNS wird gerade gefragt. Sie können den Eintrag unten inzwischen anlegen."
        ),
        "connect_open": "{hostname} öffnen",
        "connect_return": "Zurück zu {organization}",
        "connect_expires": "Diese Seite gilt bis {when}.",
        "connect_next_check": "Nächste Prüfung: {when}",
        "connect_check_now": "Jetzt prüfen",
        "connect_checked_soon": "Die Prüfung dauert länger; ihr Ergebnis erscheint hier.",
        "connect_since": "seit {when}",
        "connect_progress": "Fortschritt",
        "connect_step_name": "Der Name existiert",
        "connect_step_record": "Ihr Eintrag ist da",
        "connect_step_target": "Er zeigt zu uns",
        "connect_step_caa": "Ein Zertifikat darf ausgestellt werden",
        "connect_step_certificate": "Das Zertifikat ist ausgestellt",
        "connect_step_https": "Die Adresse öffnet sich über https",
        "connect_state_done": "erledigt",
        "connect_state_wrong": "noch nicht",
        "connect_state_current": "läuft",
        "connect_state_ahead": "kommt später",
        "connect_record": "Der Eintrag",
        "connect_records": "Die Einträge",
        "connect_record_of": "Eintrag {number} von {total}",
        "connect_type": "Typ",
        "connect_name": "Name",
        "connect_value": "Wert",
        "connect_value_to_come": "Er erscheint gleich hier.",
        "connect_ttl": "TTL",
        "connect_ttl_seconds": "{seconds} Sekunden, oder wie Ihr Anbieter es vorgibt",
        "connect_copy": "Kopieren",
        "connect_copy_what": "{what} kopieren",
        "connect_copied": "Kopiert",
        "connect_found": "gefunden",
        "connect_at_provider": "Ihr DNS liegt bei {provider}. Dort heißt es {records_page}.",
        "connect_open_provider": "{provider} öffnen",
        "connect_provider_unknown": (
            "Wo das DNS von {zone} liegt, wurde nicht erkannt: Melden Sie sich dort an, wo Sie die Domain gekauft "
            "haben, und suchen Sie nach „DNS“ oder „Nameserver“."
        ),
        "connect_field_words": "Dort heißt der Name „{name_field}“ und der Wert „{value_field}“.",
        "connect_grey_cloud": (
            "Schalten Sie den Proxy für diesen Eintrag aus: Die Wolke daneben muss grau sein, mit den Worten „DNS "
            "only“ (nur DNS)."
        ),
        "connect_final_dot": (
            "Hängt Ihr Anbieter {zone} an den Wert an, so geben Sie den Wert mit einem Punkt am Ende ein."
        ),
        "connect_your_provider": "Ihrem DNS-Anbieter",
        "connect_one_click": "Von {provider} erledigen lassen",
        "connect_one_click_explained": (
            "Sie melden sich bei {provider} an und stimmen zu. Dann wird der Eintrag für Sie geschrieben, und "
            "sonst wird nichts geändert."
        ),
        "connect_continue_at": "Weiter bei {provider}",
        "connect_leads_there": "Diese Seite führt von selbst dorthin. Wenn nicht, folgen Sie dem Link.",
        "connect_leaving": "Sie verlassen diese Seite und kommen hierher zurück.",
        "connect_new_window": "Es öffnet sich ein neues Fenster, und diese Seite zeigt, was daraus wird.",
        "connect_plan": "Das wird bei {provider} geschrieben",
        "connect_plan_add": "Neu: {record}",
        "connect_plan_remove": "Wird entfernt, und aufgehoben, damit es zurückgelegt werden kann: {record}",
        "connect_plan_done": "Schon da: {record}",
        "connect_plan_write": "Schreiben",
        "connect_plan_replace": "Ersetzen, was da ist, und schreiben",
        "connect_plan_cancel": "Nichts tun",
        "connect_failed": (
            "Ihr Anbieter wurde nicht verbunden. Versuchen Sie es noch einmal, oder legen Sie den Eintrag von Hand an."
        ),
        "connect_failed_declined": (
            "Sie haben abgelehnt, deshalb wurde nichts verbunden. Sie können den Eintrag von Hand anlegen."
        ),
        "connect_failed_scope": (
            "Die Erlaubnis, DNS-Einträge zu ändern, wurde nicht gegeben, deshalb wurde nichts verbunden. Beginnen"
            " Sie noch einmal und erlauben Sie es, oder legen Sie den Eintrag von Hand an."
        ),
        "connect_failed_quota": (
            "Es gibt schon zu viele Verbindungen. Sagen Sie es {organization}, oder legen Sie den Eintrag von Hand an."
        ),
        "connect_share": "Verwaltet jemand anderes Ihr DNS?",
        "connect_share_mail": "Per Mail senden",
        "connect_share_copy": "Als Text kopieren",
        "connect_share_print": "Drucken",
        "connect_mail_subject": "Ein DNS-Eintrag für {hostname}",
        "connect_mail_intro": ("Bitte legen Sie diesen DNS-Eintrag an, damit {hostname} zu {organization} führt:"),
        "connect_mail_intro_many": ("Bitte legen Sie diese DNS-Einträge an, damit {hostname} zu {organization} führt:"),
        "connect_new_intro": (
            "Welche Adresse soll zu {organization} führen? Geben Sie sie so ein, wie man sie sehen wird, etwa "
            "{example}."
        ),
        "connect_new_label": "Ihre Domain",
        "connect_new_button": "Weiter",
        "connect_new_read_as": "Wir lesen {text} als {hostname}.",
        "connect_new_apex": (
            "{hostname} ist eine ganze Domain. Die meisten Anbieter können sie nicht auf einen anderen Namen führen; "
            "{www} geht überall."
        ),
        "connect_new_take": "{hostname} verbinden",
        "connect_new_other": "Einen anderen Namen eingeben",
        "connect_error_title": "Das hat nicht geklappt",
        "connect_error_link": (
            "Dieser Link gilt nicht mehr, oder er wurde nicht ganz kopiert. Bitten Sie den, von dem Sie ihn haben, um "
            "einen neuen."
        ),
        "connect_error_later": (
            "Versuchen Sie es gleich noch einmal. Bleibt es so, sagen Sie es dem, von dem Sie diesen Link haben."
        ),
        "connect_error_reference": "Kennung: {request_id}",
        "connect_skip": "Zum Inhalt",
        "connect_language": "Sprache",
    }
)
"""The templates by their ids."""
