"""German: the pages of events."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

EVENTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "events_intro": (
            "Was geschehen ist, das Neueste zuerst, ob seine Webhooks angekommen sind oder nicht. Neue Ereignisse "
            "erscheinen von selbst."
        ),
        "events_type": "Art",
        "events_domain": "Domain",
        "events_when": "Wann",
        "events_what": "Was geschah",
        "events_at": "{when}",
        "events_number": "Nummer {number}",
        "events_number_of": "Nummer",
        "events_id": "Id",
        "events_request": "Anfrage",
        "events_body": "Inhalt",
        "events_body_of": "den Inhalt von Ereignis {number}",
        "events_body_explained": (
            "Hier mit Zeilenumbrüchen; kopiert werden genau die Bytes, die signiert und gesendet werden."
        ),
        "events_all": "Alle Ereignisse",
        "events_send": "Noch einmal senden",
        "events_send_explained": (
            "Es geht an den gewählten Webhook, mit derselben Id, auch wenn dieser keine Ereignisse dieser Art "
            "abonniert hat."
        ),
        "events_send_button": "Senden",
        "events_endpoint": "Webhook",
        "events_deliveries": "Zustellungen",
        "events_no_deliveries": "Kein Webhook hatte es abonniert.",
        "events_status": "Stand",
        "events_attempts": "Versuche",
        "events_last_error": "Letzter Fehler",
        "done_event_sent": "Das Ereignis wird noch einmal gesendet.",
        "event_domain_added": "{hostname} wurde hinzugefügt.",
        "event_domain_dormant": "{hostname} ruht: Sein Eintrag fehlt seit zu langer Zeit.",
        "event_domain_removed": "{hostname} wurde entfernt.",
        "event_dns_verified": "Der Eintrag von {hostname} ist da und stimmt.",
        "event_dns_check_failed": "Der Eintrag von {hostname} fehlt oder stimmt nicht.",
        "event_domain_active": "{hostname} ist über https erreichbar.",
        "event_domain_renewed": "Das Zertifikat von {hostname} wurde erneuert.",
        "event_domain_expiring_soon": "Das Zertifikat von {hostname} läuft bald ab.",
        "event_domain_error": "Bei {hostname} geht es nicht von selbst weiter.",
        "event_job_failed": "{job}, für {hostname}: Ein Versuch schlug fehl und wird wiederholt.",
        "event_job_failed_alone": "{job}: Ein Versuch schlug fehl und wird wiederholt.",
        "event_job_dlq": "{job}, für {hostname}: Alle Versuche schlugen fehl; es wurde aufgegeben.",
        "event_job_dlq_alone": "{job}: Alle Versuche schlugen fehl; es wurde aufgegeben.",
        "event_delivery_dlq": "Eine Zustellung von {type} ist unzustellbar: Alle Versuche schlugen fehl.",
        "event_endpoint_failing": "Der Webhook {endpoint} schlägt fehl.",
        "event_endpoint_recovered": "Der Webhook {endpoint} funktioniert wieder.",
        "event_endpoint_disabled": "Der Webhook {endpoint} wurde abgeschaltet.",
        "event_connection_reauth_required": (
            "Die Verbindung zu {provider} muss von ihrem Inhaber neu hergestellt werden."
        ),
        "event_webhook_test": "Ein Webhook wurde getestet.",
        "event_other": "Ein Ereignis der Art {type}.",
    }
)
"""The templates by their ids."""
