"""German: the pages of the contacts for alerts."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

ALERTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "alerts_intro": (
            "Adressen, die eine E-Mail bekommen, wenn mit Ihren Domains, Endpunkten, Verbindungen oder Aufträgen "
            "etwas schiefgeht."
        ),
        "alerts_no_mail": (
            "Hier gibt es keine Meldungen per E-Mail: Wer dcvd betreibt, hat keinen Mailserver oder nicht die "
            "Adresse dieser Seite gesetzt."
        ),
        "alerts_address": "E-Mail-Adresse",
        "alerts_id": "Kennung",
        "alerts_member": "ein Mitglied",
        "alerts_state": "Zustand",
        "alerts_status_active": "bekommt Meldungen",
        "alerts_status_unconfirmed": "hat noch nicht zugestimmt",
        "alerts_status_unsubscribed": "möchte keine mehr",
        "alerts_status_bouncing": "gibt es nicht",
        "alerts_explained_active": "Wer die Adresse hat, hat zugestimmt.",
        "alerts_explained_unconfirmed": (
            "Sie bekommen eine E-Mail mit einem Link. Bis sie dort auf den Knopf drücken, wird ihnen nichts gemeldet."
        ),
        "alerts_explained_unsubscribed": "Sie haben die Meldungen über den Link in einer E-Mail beendet.",
        "alerts_explained_bouncing": "Mehrere E-Mails nacheinander wurden abgelehnt, weil es die Adresse nicht gibt.",
        "alerts_at": "{when}",
        "alerts_added": "Hinzugefügt",
        "alerts_question": "Frage",
        "alerts_question_until": "Ihr kann bis {when} zugestimmt werden.",
        "alerts_agreed": "Zugestimmt",
        "alerts_last_error": "Letzter Fehler",
        "alerts_no_error": "keiner",
        "alerts_told": "Wird gemeldet",
        "alerts_everything": "alles",
        "alerts_chosen": "nur, was hier gewählt ist",
        "alerts_kind_endpoint_failing": "ein Endpunkt versagt",
        "alerts_kind_event_refused": "ein Endpunkt lehnt eine Art von Ereignis ab",
        "alerts_kind_endpoint_disabled": "ein Endpunkt wurde abgeschaltet",
        "alerts_kind_endpoint_recovered": "ein Endpunkt funktioniert wieder",
        "alerts_kind_domain_broken": "eine Domain, die funktionierte, tut es nicht mehr",
        "alerts_kind_renewal_overdue": "die Erneuerung eines Zertifikats ist überfällig",
        "alerts_kind_certificate_expiring": "ein Zertifikat läuft bald ab",
        "alerts_kind_connection_consent_needed": "eine Verbindung muss neu hergestellt werden",
        "alerts_kind_job_dead": "ein Auftrag wurde aufgegeben",
        "alerts_add": "Eine Adresse hinzufügen",
        "alerts_add_explained": "An die Adresse geht eine E-Mail, und Meldungen erst, wenn darin zugestimmt wurde.",
        "alerts_add_button": "Hinzufügen und fragen",
        "alerts_change": "Was gemeldet wird",
        "alerts_save": "Speichern",
        "alerts_ask": "Noch einmal fragen",
        "alerts_remove": "Entfernen",
        "alerts_remove_explained": "Die Adresse bekommt ab jetzt keine E-Mails mehr.",
        "done_contact_asked": "Eine E-Mail mit der Frage ist unterwegs.",
        "done_contact_changed": "Der Kontakt wurde geändert.",
        "done_contact_removed": "Der Kontakt wurde entfernt.",
    }
)
"""The templates by their ids."""
