"""German: errors about what the caller may not, or not that often."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

ACCESS_ERRORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "link_ended": "Dieser Link funktioniert nicht: Er ist abgelaufen oder nicht vollständig.",
        "browser_refused": "Aufrufe von Betreibern sind nicht für Browser: Senden Sie weder Origin noch Referer.",
        "not_an_operator": (
            "Der Benutzer mit der uid {uid} ist kein Betreiber; tragen Sie ihn in der Konfiguration unter "
            "server.operators ein, oder unter server.observers, wenn er nur lesen soll."
        ),
        "token_needed": "Es braucht ein Bearer-Token: Senden Sie einen Header Authorization: Bearer dcv_live_….",
        "token_header_unusable": "Der Header Authorization muss so aussehen: Bearer dcv_live_….",
        "link_not_allowed": "Ein Link ist dafür da, eine Domain einzurichten, und nicht dafür.",
        "role_cannot_read": (
            "Mit der Rolle {role} kann dies nicht gelesen werden; dafür braucht es Administrator oder Inhaber."
        ),
        "role_only_reads": (
            "Mit der Rolle {role} kann nur gelesen werden; für Änderungen braucht es Administrator oder Inhaber."
        ),
        "token_only_reads": "Dieses Token liest nur, welche Rolle es auch hat.",
        "scope_missing": "Diesem Token fehlt das Recht {scope}.",
        "outside_reach": (
            "Dieses Token ist auf einige Domains beschränkt, und dieser Aufruf betrifft die ganze Organisation."
        ),
        "only_an_observer": (
            "Der Benutzer mit der uid {uid} darf nur lesen; dafür braucht es einen Betreiber (server.operators)."
        ),
        "csrf_refused": (
            "Das kam nicht von einer Seite Ihrer Sitzung. Öffnen Sie die Seite noch einmal, und wiederholen Sie, was "
            "Sie getan haben."
        ),
        "requests_under_way": (
            "{most} Anfragen Ihrer Adresse sind unterwegs; fragen Sie wieder, wenn eine davon fertig ist."
        ),
        "tokens_wrong": (
            "Von Ihrer Adresse kamen zu viele falsche Tokens. Ein gültiges wird weiterhin angenommen; andere werden "
            "eine Weile nicht angesehen."
        ),
        "live_pages_too_many": "Zu viele offene Seiten folgen den Änderungen sofort; diese fragt ab und zu nach.",
        "work_under_way": "{most} {work} von Ihnen sind unterwegs; fragen Sie wieder, wenn davon etwas fertig ist.",
        "work_too_often": (
            "Für jeden, der fragt, werden in einer Minute {most} {work} gemacht; fragen Sie später wieder."
        ),
        "organization_suspended": (
            "Ihre Organisation ist gesperrt: Ihre Tokens gelten wieder, sobald der Betreiber sie freigibt. Ihre "
            "Domains werden weiter geprüft, und Ihre Webhooks weiter gesendet."
        ),
        "organization_deleting": "Ihre Organisation wird gelöscht.",
        "network_not_allowed": "Dieses Token gilt nur aus einigen Netzen, und nicht aus Ihrem.",
        "rights_changed": (
            "Was Sie dürfen, wurde geändert, während die Anfrage unterwegs war; damit endete sie. Senden Sie sie noch "
            "einmal."
        ),
        "session_of_higher_role": (
            "Die Sitzung {session} gehört jemandem mit der Rolle {role}; ein Token mit der Rolle {own} kann sie nicht "
            "beenden."
        ),
        "address_not_verified": (
            "{name} sagt nicht, dass Ihre E-Mail-Adresse bestätigt ist. Lassen Sie sie dort bestätigen, und melden "
            "Sie sich noch einmal an."
        ),
        "no_group_of_roles": (
            "Keine Ihrer Gruppen bei {name} darf dieses Dashboard benutzen. Fragen Sie den Betreiber von dcvd, welche "
            "es dürfen."
        ),
        "session_unknown": "Es gibt keine Sitzung {session}.",
        "token_refused": (
            "Das Token ist nicht gültig: falsch geschrieben, unbekannt, widerrufen oder abgelaufen. Bitten Sie Ihren "
            "Betreiber um ein neues."
        ),
        "rate_of_token_reads": (
            "In einer Minute werden {count} lesende Anfragen dieses Tokens, Links oder Mitglieds beantwortet; fragen "
            "Sie später wieder."
        ),
        "rate_of_token_writes": (
            "In einer Minute werden {count} schreibende Anfragen dieses Tokens, Links oder Mitglieds beantwortet; "
            "fragen Sie später wieder."
        ),
        "rate_of_reads": (
            "In einer Minute werden {count} lesende Anfragen Ihrer Organisation beantwortet; fragen Sie später wieder."
        ),
        "rate_of_writes": (
            "In einer Minute werden {count} schreibende Anfragen Ihrer Organisation beantwortet; fragen Sie später "
            "wieder."
        ),
        "work_logos": "Abrufe eines Logos",
        "work_diagnoses": "Diagnosen",
        "work_credentials": "Versuche mit Zugangsdaten",
        "work_sign_ins": "Anmeldungen",
        "work_downloads": "Downloads von Listen",
        "work_syncs": "Prüfungen",
        "work_plans": "Pläne von DNS-Einträgen",
    }
)
"""The templates by their ids."""
