"""German: the sign-in of operators, and their pages."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

OPERATOR: Final[Mapping[str, str]] = MappingProxyType(
    {
        "operator_sign_in_title": "Als Betreiber anmelden",
        "operator_sign_in_intro": (
            "Diesen Link haben Sie auf dem Rechner von dcvd angefordert. "
            "Er meldet diesen Browser einmal an, mit Ihren Rechten dort."
        ),
        "operator_sign_in_button": "Anmelden",
        "operator_link_ended": "Dieser Link funktioniert nicht mehr",
        "operator_link_again": (
            "Er wurde benutzt, oder seine Minute ist um. Fordern Sie auf dem Rechner von dcvd einen neuen an:"
        ),
        "operator_title": "Betreiber",
        "operator_signed_in": "Sie sind als Betreiber angemeldet, mit den Rechten des Benutzers mit der uid {uid}.",
        "operator_signed_in_observer": (
            "Sie sind als Beobachter angemeldet, der nur liest, mit den Rechten des Benutzers mit der uid {uid}."
        ),
        "operator_signed_in_as": "Betreiber (uid {uid})",
        "operator_observes_as": "Beobachter (uid {uid})",
        "operator_acting": "Sie handeln für {organization}, als Betreiber.",
        "operator_acting_end": "Zurück zu den Seiten des Betreibers",
        "operator_organizations": "Organisationen",
        "operator_deliveries": "Zustellungen",
        "operator_at": "{when}",
        "operator_since": "seit {when}",
        "operator_due_since": "fällig seit {when}",
        "operator_next": "Nächster Versuch {when}.",
        "operator_as_of": "Stand: {when}",
        "operator_of": "{count} von {total}",
        "operator_at_least": "{number} oder mehr",
        "operator_unlimited": "keine Grenze",
        "operator_unknown": "nicht bekannt",
        "operator_never": "nie",
        "operator_show": "Ansehen",
        "operator_search": "Suchen",
        "operator_all": "Alle",
        "operator_status": "Stand",
        "operator_count": "Anzahl",
        "operator_error": "Letzter Fehler",
        "operator_attempts": "Versuche",
        "operator_made": "Wann",
        "operator_code": "Code des Fehlers",
        "operator_id": "Id",
        "operator_event": "Ereignis",
        "operator_domain": "Domain",
        "operator_organization": "Organisation",
        "operator_endpoint": "Webhook",
        "operator_provider": "Anbieter",
        "operator_reason": "Grund",
        "operator_why": "Was zu tun ist",
        "operator_waiting": "Wartet auf",
        "operator_maintenance": "Wartung",
        "operator_number": "Nummer in ihrer Organisation",
        "operator_last_use": "Zuletzt benutzt",
        "operator_verdict_well": "Alles ist in Ordnung: nichts wartet auf Sie.",
        "operator_verdict_needed": "Etwas wartet auf Sie.",
        "operator_problems": "Was zu wissen ist",
        "operator_weight_bad": "dringend",
        "operator_weight_warning": "bald",
        "operator_weight_note": "zu wissen",
        "operator_problem_cloudflare_paused": (
            "Cloudflare will noch {seconds} s lang keine Aufrufe; was wartet, geht danach weiter."
        ),
        "operator_problem_quota_low": (
            "Die Zone hat {used} von höchstens {allowed} Custom Hostnames: Bitten Sie Cloudflare um mehr, oder "
            "entfernen Sie Domains."
        ),
        "operator_problem_disk_low": (
            "Auf der Platte sind nur {free} frei: Schaffen Sie Platz, denn auf einer vollen wird nichts gespeichert."
        ),
        "operator_problem_backup_late": (
            "Die letzte Sicherung ist zu alt: Sehen Sie nach, warum keine weitere gemacht wurde, und rufen Sie "
            "dcvd backup auf."
        ),
        "operator_problem_no_backup": (
            "Von dieser Datenbank ist keine Sicherung bekannt: Rufen Sie dcvd backup auf, oder schalten Sie "
            "dcvd-backup.timer ein."
        ),
        "operator_problem_clock_wrong": (
            "Die Uhr des Rechners geht falsch, oder nichts bestätigt sie: Stellen Sie sie, und lassen Sie NTP "
            "darüber wachen."
        ),
        "operator_problem_alerts_failing": "Warnungen gehen nicht hinaus.",
        "operator_problem_domains_broken": (
            "Domains, die liefen und es jetzt nicht tun: {count}. Davon warten auf Sie: {operators}."
        ),
        "operator_problem_domains_wait_for_operator": "Neue Domains, die auf Sie warten: {count}.",
        "operator_problem_renewals_overdue": "Zertifikate, die erneuert sein sollten: {count}.",
        "operator_problem_certificates_expiring": "Zertifikate, die in den nächsten 7 Tagen ablaufen: {count}.",
        "operator_problem_jobs_dead": "Aufträge, die aufgegeben wurden: {count}.",
        "operator_problem_deliveries_dead": "Unzustellbare Sendungen nach dem letzten Versuch: {count}.",
        "operator_problem_endpoints_troubled": (
            "Webhooks, die scheitern: {failing}. Webhooks, die abgeschaltet sind: {disabled}."
        ),
        "operator_dead_by_cause": "Aufgegebene Aufträge nach Ursache",
        "operator_cause": "Ursache",
        "operator_cause_line": "{count} × {kind}: {code}",
        "operator_latest_error": "Fehler des neuesten",
        "operator_requeue_there": "Alle aufgegebenen Aufträge, und wie sie nochmals versucht werden",
        "operator_requeue_explained": (
            "Beseitigen Sie zuerst die Ursache. Dann werden alle Aufträge einer Ursache nochmals versucht, jeder "
            "mit allen seinen Versuchen; bis zu 5.000 auf einmal, die ältesten zuerst."
        ),
        "operator_requeue": "Alle nochmals versuchen",
        "operator_requeue_which": "Alle nochmals versuchen: {what}",
        "done_jobs_requeued": "Die Aufträge werden nochmals versucht.",
        "done_jobs_requeued_some": (
            "5.000 Aufträge werden nochmals versucht. Es kann mehr geben: Wiederholen Sie es für den Rest."
        ),
        "operator_ready": "Bereit",
        "operator_waits_for_customer": "Warten auf Kunden",
        "operator_waits_for_tenant": "Warten auf Organisationen",
        "operator_waits_for_operator": "Warten auf Sie",
        "operator_waits_for_cloudflare": "Warten auf Cloudflare",
        "operator_waits_for_nobody": "Gehen von selbst weiter",
        "operator_actor_customer": "den Kunden",
        "operator_actor_tenant": "die Organisation",
        "operator_actor_operator": "Sie",
        "operator_actor_cloudflare": "Cloudflare",
        "operator_actor_nobody": "niemanden",
        "operator_broken": "Liefen und tun es nicht mehr",
        "operator_broken_latest": "Domains, die zuletzt ausfielen",
        "operator_broken_since": "Ausgefallen seit",
        "operator_expires_within": "Laufen in {days} Tagen ab",
        "operator_renewals_overdue": "Erneuerungen überfällig",
        "operator_renewals_late": "Erneuerungen, die überfällig sind",
        "operator_late_since": "Überfällig seit",
        "operator_expires_at": "Läuft ab",
        "operator_at_cloudflare": "Bei Cloudflare",
        "operator_token": "API-Token",
        "operator_token_active": "angenommen",
        "operator_token_refused": "abgelehnt",
        "operator_token_unknown": "noch nicht benutzt",
        "operator_fault": "Fehler",
        "operator_hostnames": "Custom Hostnames",
        "operator_requests_left": "Aufrufe übrig in diesen 5 Minuten",
        "operator_certificates_left": "Zertifikate übrig in dieser Minute",
        "operator_calls_waiting": "Aufrufe, die warten",
        "operator_to_register": "Anzumeldende Hostnamen",
        "operator_work": "Arbeit",
        "operator_jobs_pending": "Ausstehende Aufträge",
        "operator_jobs_dead": "Aufgegebene Aufträge",
        "operator_deliveries_pending": "Ausstehende Zustellungen",
        "operator_deliveries_waiting": "Hinter einer früheren",
        "operator_deliveries_held": "Zurückgehalten, Webhook abgeschaltet",
        "operator_deliveries_dead": "Unzustellbar",
        "operator_oldest": "Am längsten fällig",
        "operator_oldest_check_waiting": "Prüfungen neuer Domains",
        "operator_oldest_check_routine": "Prüfungen anderer Domains",
        "operator_oldest_check_failing": "Prüfungen ohne Antwort",
        "operator_oldest_job": "Aufträge: {kind}",
        "operator_oldest_delivery": "Zustellungen",
        "operator_oldest_delivery_to_failing": "Zustellungen an gestörte Webhooks",
        "operator_late": "verspätet",
        "operator_nothing_due": "Nichts ist fällig.",
        "operator_machine": "Dieser Rechner",
        "operator_serves": "Dienst",
        "operator_serves_ok": "alles läuft",
        "operator_serves_degraded": "Anfragen werden bedient; ein Teil läuft nicht",
        "operator_serves_failing": "ein Teil, den Anfragen brauchen, läuft nicht",
        "operator_started": "Läuft seit",
        "operator_addresses": "Adressen",
        "operator_disk_free": "Frei auf der Platte",
        "operator_database": "Datenbank",
        "operator_growth": "{size} mehr am Tag",
        "operator_backup": "Letzte Sicherung",
        "operator_backup_none": "keine bekannt",
        "operator_clock": "Uhr",
        "operator_clock_confirmed": "richtig und bestätigt",
        "operator_clock_unconfirmed": "richtig, soweit bekannt; noch bestätigt sie nichts",
        "operator_clock_wrong": "um {seconds} s falsch",
        "operator_alerts": "Meldungen",
        "operator_alerts_mail": "per Mail an {count}",
        "operator_alerts_chat": "per Chat an {count}",
        "operator_alerts_failing": "(scheitert)",
        "operator_alerts_nobody": "niemand erfährt davon",
        "operator_versions": "Versionen",
        "operator_endpoints_troubled": "Gestörte Webhooks",
        "operator_endpoints_counts": (
            "Gestört: {failing}. Pausiert: {paused}. Abgeschaltet: {disabled}. Gesund: {healthy}."
        ),
        "operator_dead_letters": "Unzustellbare Sendungen nach Webhook",
        "operator_retry_dead": "Alle nochmals senden",
        "operator_retry_dead_of": "Alle nochmals senden: {url}",
        "done_dead_letters_retried": "Ein Auftrag sendet die unzustellbaren Sendungen nochmals.",
        "operator_search_organization": "Name oder Id",
        "operator_search_domain": "Domain oder kopierte URL",
        "operator_search_webhook": "Id, URL oder Name eines Webhooks",
        "operator_webhook_id": "Id eines Webhooks",
        "operator_request_id": "Id einer Anfrage",
        "operator_webhooks_state": "{failing} gestört, {disabled} abgeschaltet",
        "operator_in_trouble": "Gestört",
        "operator_no_trouble": "nichts",
        "operator_trouble_domains": "Domains im Fehler: {count}",
        "operator_trouble_webhooks": "Webhooks gestört: {failing}, abgeschaltet: {disabled}",
        "operator_trouble_deliveries": "Unzustellbare Sendungen: {count}",
        "operator_trouble_jobs": "Aufgegebene Aufträge: {count}",
        "operator_domains_of_quota": "{count} von höchstens {quota}, {ready} bereit",
        "operator_domains_unlimited": "{count}, {ready} bereit",
        "operator_domains_in_error": "Domains im Fehler",
        "operator_last_request": "Letzte Anfrage",
        "operator_last_event": "Letztes Ereignis",
        "operator_its_pages": "Ihre Seiten",
        "operator_open_dashboard": "Ihr Dashboard öffnen",
        "operator_organization_suspended": "gesperrt",
        "operator_organization_deleting": "wird gelöscht",
        "operator_new_organization": "Neue Organisation",
        "operator_new_with_token": "mit einem ersten Token eines Inhabers, das einmal gezeigt wird",
        "operator_create": "Anlegen",
        "operator_created": "{organization} ist angelegt",
        "operator_created_at": "Angelegt",
        "operator_first_token": "Ihr erstes Token",
        "operator_first_token_once": "Es wird hier gezeigt und nie wieder: Kopieren Sie es jetzt.",
        "operator_is_suspended": (
            "Ihre Tokens werden abgelehnt, bis sie wieder freigegeben ist. Ihre Domains werden weiter geprüft, "
            "ihre Webhooks gesendet."
        ),
        "operator_is_deleting": "Ihre Tokens werden abgelehnt, und alles, was ihr gehört, wird nach und nach entfernt.",
        "operator_suspend": "Sperren",
        "operator_suspend_explained": (
            "Ihre Tokens werden abgelehnt, und ihre Sitzungen enden sofort. Ihre Domains werden weiter geprüft, "
            "ihre Webhooks gesendet."
        ),
        "operator_resume": "Freigeben",
        "done_organization_suspended": "Die Organisation ist gesperrt.",
        "done_organization_resumed": "Die Organisation ist freigegeben.",
        "done_organization_changed": "Die Änderungen sind gespeichert.",
        "done_organization_deletion_begun": (
            "Die Löschung hat begonnen; zuerst werden die Hostnamen bei Cloudflare entfernt."
        ),
        "operator_name": "Name",
        "operator_quotas": "Name und Kontingente",
        "operator_quotas_explained": "Leer: wie für alle eingestellt. 0: keine Grenze. Was sie schon hat, bleibt.",
        "operator_quota": "Kontingent",
        "operator_limit": "Grenze",
        "operator_limit_holds": "Grenze: {limit}.",
        "operator_limit_none": "Keine Grenze.",
        "operator_own_limit": "eigene",
        "operator_used": "Belegt: {count}.",
        "operator_save": "Speichern",
        "operator_limit_endpoints": "Webhooks",
        "operator_limit_tokens": "Tokens",
        "operator_limit_connections": "Verbindungen",
        "operator_limit_zones": "Zonen",
        "operator_limit_links": "Links",
        "operator_limit_members": "Personen",
        "operator_limit_domains": "Domains",
        "operator_limit_remembered_lines": "Gemerkte Antworten",
        "operator_limit_remembered_bytes": "Bytes gemerkter Antworten",
        "operator_limit_reads_per_minute": "Lesende Aufrufe je Minute",
        "operator_limit_writes_per_minute": "Schreibende Aufrufe je Minute",
        "operator_limit_token_reads_per_minute": "Lesende Aufrufe je Minute und Token",
        "operator_limit_token_writes_per_minute": "Schreibende Aufrufe je Minute und Token",
        "operator_delete": "Löschen",
        "operator_delete_explained": (
            "{organization} wird mit allem gelöscht, was ihr gehört: Domains, Webhooks, Tokens, Protokoll. "
            "Zuerst werden ihre Hostnamen bei Cloudflare entfernt. Niemand kann es rückgängig machen."
        ),
        "operator_delete_again": "Nochmals versuchen, was die Löschung aufhält",
        "operator_delete_again_explained": (
            "Hostnamen, die Cloudflare nicht entfernen wollte, halten die Löschung von {organization} auf. Sie "
            "werden nochmals versucht oder dort gelassen."
        ),
        "operator_delete_name": "Geben Sie ihren Namen ein",
        "operator_name_differs": "Das ist nicht ihr Name; er ist {name}.",
        "operator_leave_hostnames": "Hostnamen bei Cloudflare lassen, die es nicht entfernen wollte",
        "operator_domain_ready": "bereit",
        "operator_domain_pending_cname": "wartet auf den Eintrag",
        "operator_domain_issuing": "Zertifikat unterwegs",
        "operator_domain_active": "aktiv",
        "operator_domain_error": "Fehler",
        "operator_stuck": "steckt fest",
        "operator_only_stuck": "Wartet zu lange",
        "operator_expiry": "Zertifikat läuft ab",
        "operator_within_days": "in {days} Tagen",
        "operator_look_and_move": "Ansehen oder verschieben",
        "operator_open_domain": "Ihre Seite öffnen",
        "operator_added_at": "Hinzugefügt",
        "operator_more": "Mehr darüber",
        "operator_same_name": "Derselbe Name anderswo",
        "operator_move": "Zu einer anderen Organisation verschieben",
        "operator_move_explained": (
            "{organization} verliert {hostname}, und die andere bekommt es mit seinem Hostnamen bei Cloudflare; "
            "der Eintrag im DNS bleibt richtig. Ereignisse sagen es beiden."
        ),
        "operator_move_to": "Id oder Name der Organisation, die sie bekommt",
        "operator_move_to_whom": "Geben Sie die Organisation an, die sie haben soll.",
        "operator_move_button": "Verschieben",
        "done_domain_moved": "Die Domain ist verschoben.",
        "operator_connection_active": "läuft",
        "operator_connection_reauth_required": "muss erneuert werden",
        "operator_sessions": "Sitzungen der Betreiber",
        "operator_sessions_explained": (
            "Browser, in denen Betreiber und Beobachter angemeldet sind, durch Links, die sie auf dem Rechner "
            "von dcvd bekamen."
        ),
        "operator_browser": "Browser",
        "operator_user": "Benutzer",
        "operator_begun": "Angemeldet",
        "operator_ends": "Endet",
        "operator_object": "Id des Objekts",
        "operator_change": "Vorher und nachher",
        "operator_own_chain": "Von dcvd selbst",
        "operator_own_only": "nur diese",
    }
)
"""The templates by their ids."""
