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
        "done_job_retried": "Der Auftrag wird jetzt noch einmal versucht.",
    }
)
"""The templates by their ids."""
