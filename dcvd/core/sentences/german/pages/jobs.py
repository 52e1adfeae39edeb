"""German: the pages of jobs."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

JOBS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "jobs_intro": (
            "Was dcvd im Hintergrund tut: Was fehlschlägt, wird wiederholt und nach dem letzten Versuch aufgegeben."
        ),
        "jobs_all": "Alle Aufträge",
        "jobs_status": "Stand",
        "jobs_kind": "Arbeit",
        "jobs_cause": "Fehler",
        "jobs_attempts": "Versuche",
        "jobs_next": "Nächster Versuch",
        "jobs_last_error": "Letzter Fehler",
        "jobs_connection": "Verbindung",
        "jobs_action": "Vorgang",
        "jobs_created": "Begonnen",
        "jobs_updated": "Letzte Änderung",
        "jobs_id": "Id",
        "jobs_retry": "Noch einmal versuchen",
        "jobs_retry_which": "Noch einmal versuchen: {job}, {about}",
        "jobs_state_pending": "ausstehend",
        "jobs_state_done": "erledigt",
        "jobs_state_dead": "aufgegeben",
        "jobs_dead_causes": "Aufgegeben, nach Ursache",
        "jobs_count": "{count} Aufträge",
        "jobs_count_one": "1 Auftrag",
        "jobs_causes_newest": "Nur die neuesten tausend wurden gezählt.",
        "job_kind_register": "Registrierung bei Cloudflare",
        "job_kind_deregister": "Löschung bei Cloudflare",
        "job_kind_revalidate": "Neue Prüfung bei Cloudflare",
        "job_kind_write_dns": "Schreiben von DNS-Einträgen",
        "job_kind_refresh_token": "Erneuerung des Zugangs bei einem Anbieter",
        "job_kind_replay": "Erneutes Senden von Ereignissen",
        "job_error_remote_unavailable": "Der andere Dienst hat nicht oder nicht brauchbar geantwortet.",
        "job_error_remote_refused": "Der andere Dienst hat es abgelehnt.",
        "job_error_remote_unauthorized": "Der andere Dienst hat die Zugangsdaten abgelehnt.",
        "job_error_own_limit": "Auf dem eigenen Rechner von dcvd war kein Platz mehr.",
        "job_error_restart_needed": "dcvd wurde aktualisiert, und sein Dienst muss neu gestartet werden.",
        "job_error_record_conflict": "Jemand hat den Eintrag zur selben Zeit geändert.",
        "job_error_record_in_the_way": "Ein anderer Eintrag ist im Weg.",
        "job_error_record_changed": "Der Eintrag wurde seither geändert.",
        "job_error_changed_since_plan": "Die Zone wurde seit dem Plan geändert.",
        "job_error_zone_not_found": "Die Verbindung erreicht die Zone nicht.",
        "job_error_zone_not_in_use": "Resolver werden nicht zu dieser Zone geführt.",
        "job_error_provider_unavailable": "Der DNS-Anbieter hat nicht geantwortet.",
        "job_error_dns_unavailable": "Die Nameserver haben nicht geantwortet.",
        "job_error_internal_error": "dcvd selbst ist daran gescheitert.",
        "job_error_store_failed": "Die Datenbank konnte ihre Arbeit nicht tun.",
        "job_error_disk_full": "Die Festplatte von dcvd ist voll.",
        "done_job_retried": "Der Auftrag wird jetzt noch einmal versucht.",
    }
)
"""The templates by their ids."""
