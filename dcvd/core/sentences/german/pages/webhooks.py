"""German: the pages of endpoints, deliveries and their attempts."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

WEBHOOKS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "webhooks_intro": "Wohin Ihre Ereignisse gesendet werden, und wie das läuft.",
        "webhooks_to_deliveries": "Alle Zustellungen",
        "webhooks_none": "Es gibt noch keinen Endpunkt, also wird kein Ereignis gesendet.",
        "webhooks_add": "Endpunkt hinzufügen",
        "webhooks_add_intro": (
            "Ereignisse gehen an diese URL, signiert mit einem Geheimnis, das Sie einmal sehen: gleich danach."
        ),
        "webhooks_url": "URL",
        "webhooks_name": "Name, wenn Sie einen möchten",
        "webhooks_events": "Ereignisse",
        "webhooks_all_events": "alle Ereignisse, auch künftige",
        "webhooks_some_events": "nur diese:",
        "webhooks_types": "Familien und Arten",
        "webhooks_endpoint": "Endpunkt",
        "webhooks_health": "Zustand",
        "webhooks_health_healthy": "gesund",
        "webhooks_health_shaky": "Versuche scheitern",
        "webhooks_health_failing": "gestört",
        "webhooks_health_disabled": "abgeschaltet",
        "webhooks_health_paused": "pausiert",
        "webhooks_disabled_manual": (
            "Ihre Organisation hat ihn abgeschaltet. Was inzwischen geschieht, wird aufgehoben."
        ),
        "webhooks_disabled_gone": (
            "Er wurde abgeschaltet, weil er mit 410 Gone geantwortet hat. Was inzwischen geschieht, wird aufgehoben."
        ),
        "webhooks_disabled_exhausted": (
            "Er wurde abgeschaltet, weil tagelang nichts zugestellt werden konnte. Was inzwischen geschieht, wird "
            "aufgehoben."
        ),
        "webhooks_failing_since": "Versuche schlagen fehl seit {when}.",
        "webhooks_failed_attempts": "Fehlgeschlagene Versuche ohne Erfolg dazwischen: {count}.",
        "webhooks_no_failures": "Der letzte Versuch ist gelungen, oder es war noch keiner nötig.",
        "webhooks_paused_until": (
            "Vor {when} wird nichts gesendet: Eine Antwort besagte, dass der Empfänger überlastet ist."
        ),
        "webhooks_success_of_day": "Erfolg, letzter Tag",
        "webhooks_no_attempts": "keine Versuche",
        "webhooks_of_attempts": "{delivered} von {total}",
        "webhooks_waiting": "Wartend",
        "webhooks_behind_earlier": "hinter früheren Ereignissen ihrer Domain:",
        "webhooks_dead_letters": "Unzustellbar",
        "webhooks_dead_intro": (
            "Diese haben alle Versuche verbraucht. Sie bleiben erhalten und werden erneut gesendet, sobald Sie das "
            "wollen."
        ),
        "webhooks_retry_all": "Alle erneut senden",
        "webhooks_all_dead": "Alle Unzustellbaren zeigen",
        "webhooks_at_least": "{count} oder mehr",
        "webhooks_event": "Ereignis",
        "webhooks_when": "Wann",
        "webhooks_domain": "Domain",
        "webhooks_state": "Stand",
        "webhooks_attempts": "Versuche",
        "webhooks_last_error": "Letzter Fehler, nächster Versuch",
        "webhooks_filters": "Filter der Zustellungen",
        "webhooks_since": "Von (UTC)",
        "webhooks_until": "Bis (UTC)",
        "webhooks_status_pending": "ausstehend",
        "webhooks_status_held": "aufgehoben",
        "webhooks_status_delivered": "zugestellt",
        "webhooks_status_dead": "unzustellbar",
        "webhooks_status_dropped": "verworfen",
        "webhooks_status_cancelled": "abgebrochen",
        "webhooks_waits": "Wartet auf ein früheres Ereignis ihrer Domain.",
        "webhooks_next_at": "Nächster Versuch {when}.",
        "webhooks_action_explain_delivery": "Ihre Seite",
        "webhooks_action_enable_webhook": "Den Endpunkt einschalten",
        "webhooks_secret_title": "Das Geheimnis Ihres Endpunkts",
        "webhooks_secret_once": "Kopieren Sie es jetzt: Es wird nie wieder gezeigt.",
        "webhooks_secret_overlap": "Das bisherige Geheimnis signiert neben dem neuen weiter bis {when}.",
        "webhooks_secret_overlap_how": (
            "Geben Sie Ihrem Empfänger das neue bis dahin: Jede Zustellung trägt Signaturen von beiden, und eine "
            "davon genügt."
        ),
        "webhooks_secret_standard_short": "Für Standard Webhooks",
        "webhooks_secret_standard": "das Geheimnis für Standard Webhooks",
        "webhooks_secret_hex_short": "In Hex",
        "webhooks_secret_hex": "das Geheimnis in Hex",
        "webhooks_secret_which": (
            "Beide sind ein Schlüssel. Bibliotheken für Standard Webhooks nehmen den, der mit `whsec_` beginnt; "
            "wer `X-DCVaaS-Signature` prüft, den anderen."
        ),
        "webhooks_secret_kept": "Ich habe es aufbewahrt",
        "webhooks_test": "Test senden",
        "webhooks_disable": "Abschalten",
        "webhooks_enable": "Einschalten und Aufgehobenes senden",
        "webhooks_enable_without": "Ohne Aufgehobenes einschalten",
        "webhooks_refuses_since": "Seit {when} weist er eine Art von Ereignis zurück.",
        "webhooks_refuses": "{type}: {attempts} Versuche wurden mit {status} beantwortet.",
        "webhooks_figures": "Erfolg und Dauer",
        "webhooks_window": "Zeitraum",
        "webhooks_window_hour": "Stunde",
        "webhooks_window_day": "Tag",
        "webhooks_window_week": "Woche",
        "webhooks_share": "{share} der Versuche gelangen: {delivered} ja, {failed} nicht.",
        "webhooks_latency_is": "Die Hälfte dauerte höchstens {half} ms, 95 % höchstens {most} ms.",
        "webhooks_no_attempts_then": "In dieser Zeit wurde nichts gesendet.",
        "webhooks_chart_attempts": "Versuche im Lauf der Zeit",
        "webhooks_chart_attempts_is": "Versuche, und an ihrem Fuß die fehlgeschlagenen. {share} gelangen.",
        "webhooks_chart_latency": "Dauer",
        "webhooks_delivered": "gelungen",
        "webhooks_failed": "fehlgeschlagen",
        "webhooks_half": "Median, ms",
        "webhooks_most": "95 %, ms",
        "webhooks_from": "Ab",
        "webhooks_figures_table": "Zahlen",
        "webhooks_answers": "Antworten",
        "webhooks_answer": "Antwort",
        "webhooks_answers_of": "Im selben Zeitraum, für höchstens die letzten {count} Zustellungen.",
        "webhooks_share_of_answers": "Anteil",
        "webhooks_outcome_delivered": "Erfolg",
        "webhooks_outcome_http_error": "Fehler",
        "webhooks_outcome_redirect": "Umleitung",
        "webhooks_outcome_gone": "nicht mehr da",
        "webhooks_outcome_refused_by_policy": "nicht erlaubt",
        "webhooks_outcome_dns": "Name nicht gefunden",
        "webhooks_outcome_connect": "keine Verbindung",
        "webhooks_outcome_tls": "TLS fehlgeschlagen",
        "webhooks_outcome_timeout": "keine Antwort rechtzeitig",
        "webhooks_outcome_protocol": "fehlerhafte Antwort",
        "webhooks_outcome_internal": "Fehler von dcvd",
        "webhooks_replay_title": "Ereignisse erneut senden",
        "webhooks_replay_intro": (
            "Zuerst erfahren Sie, wie viele es sind. Jedes behält seine webhook-id, damit Ihr Empfänger "
            "Wiederholungen erkennt."
        ),
        "webhooks_replay_which": "Welche",
        "webhooks_replay_dead": "Unzustellbare",
        "webhooks_replay_missing": "nie gesendete",
        "webhooks_replay_all": "alle, auch zugestellte",
        "webhooks_replay_dry": "Zählen",
        "webhooks_replay_none": "Es gibt kein solches Ereignis: Nichts würde erneut gesendet.",
        "webhooks_replay_one": "Ein Ereignis würde erneut gesendet.",
        "webhooks_replay_count": "{count} Ereignisse würden erneut gesendet.",
        "webhooks_replay_meaning": "Bisher wurde nichts gesendet. Jedes bekommt noch einmal alle seine Versuche.",
        "webhooks_replay_start": "Jetzt senden",
        "webhooks_replay_stop": "Nicht senden",
        "webhooks_replay_back": "Zurück",
        "webhooks_conformance": "Prüfung des Empfängers",
        "webhooks_conformance_intro": (
            "Sendet gute, wiederholte, gefälschte und alte Zustellungen und zeigt, welche Ihr Empfänger falsch "
            "behandelt."
        ),
        "webhooks_conformance_run": "Empfänger prüfen",
        "webhooks_conformance_again": "Erneut prüfen",
        "webhooks_probe_good": "Richtig signiert",
        "webhooks_probe_duplicate": "Zweimal gesendet",
        "webhooks_probe_forged": "Gefälschte Signatur",
        "webhooks_probe_stale": "Alter Zeitstempel",
        "webhooks_probe_state_done": "bestanden",
        "webhooks_probe_state_wrong": "nicht bestanden",
        "webhooks_probe_state_ahead": "nicht bekannt",
        "webhooks_back_to_endpoint": "Zurück zum Endpunkt",
        "webhooks_rotate": "Geheimnis",
        "webhooks_rotate_intro": (
            "Ein neues Geheimnis signiert ab dem nächsten Versuch; das jetzige signiert noch einen Tag daneben."
        ),
        "webhooks_rotate_button": "Geheimnis wechseln",
        "webhooks_rotate_sure": (
            "Das neue Geheimnis wird einmal gezeigt. Ihr Empfänger braucht es innerhalb eines Tages."
        ),
        "webhooks_change": "Endpunkt ändern",
        "webhooks_save": "Speichern",
        "webhooks_settings": "Einstellungen",
        "webhooks_settings_by_api": "Diese ändern Sie über die API oder die Kommandozeile.",
        "webhooks_setting_ordering": "Reihenfolge",
        "webhooks_ordering_domain": "Ereignisse einer Domain nacheinander",
        "webhooks_ordering_none": "jedes, sobald es geschieht",
        "webhooks_setting_rate": "Höchstens Versuche pro Sekunde",
        "webhooks_setting_none": "keine",
        "webhooks_setting_no_limit": "keine Grenze",
        "webhooks_setting_default": "wie vom Betreiber eingestellt",
        "webhooks_setting_timeout": "Zeit zum Antworten",
        "webhooks_seconds": "{count} s",
        "webhooks_setting_schedule": "Wartezeit vor jedem Versuch",
        "webhooks_setting_headers": "Eigene Header, deren Werte geheim sind",
        "webhooks_setting_certificate": "Client-Zertifikat",
        "webhooks_certificate_expires": "Gültig bis {when}.",
        "webhooks_setting_match": "Nur über diese Domains",
        "webhooks_setting_match_all": "über alle",
        "webhooks_remove": "Endpunkt entfernen",
        "webhooks_remove_button": "Entfernen",
        "webhooks_remove_sure": "Alle seine Zustellungen gehen mit, auch die wartenden. Die Ereignisse selbst bleiben.",
        "webhooks_deliveries_intro": "Jede ist ein Ereignis für einen Endpunkt.",
        "webhooks_to_do": "Was zu tun ist:",
        "webhooks_retry_now": "Jetzt senden",
        "webhooks_retry_again": "Erneut senden",
        "webhooks_cancel": "Abbrechen",
        "webhooks_cancel_sure": "Sie wird nicht mehr versucht, und das nächste Ereignis ihrer Domain wird gesendet.",
        "webhooks_deliveries_of_domain": "alle Zustellungen dazu",
        "webhooks_happened": "Geschehen",
        "webhooks_next": "Als Nächstes",
        "webhooks_event_id": "Ereignis (webhook-id)",
        "webhooks_request_id": "Ausgelöst durch die Anfrage",
        "webhooks_latest_attempts": "Nur die letzten {count} sind hier zu sehen.",
        "webhooks_no_attempt_yet": "Es gab noch keinen Versuch.",
        "webhooks_attempt_number": "Versuch {number}",
        "webhooks_not_counted": "zählt nicht",
        "webhooks_phase_dns": "DNS",
        "webhooks_phase_connect": "Verbinden",
        "webhooks_phase_tls": "TLS",
        "webhooks_phase_wait": "Warten auf die Antwort",
        "webhooks_phase_rest": "Senden und Lesen",
        "webhooks_then_schedule": "Danach sollte sie nach ihrem Plan wieder versucht werden.",
        "webhooks_then_retry_after": (
            "Danach sollte sie wieder versucht werden, wann das Retry-After des Empfängers es verlangte."
        ),
        "webhooks_then_requested": "Während dieses Versuchs wollte jemand sie erneut senden.",
        "webhooks_then_repeated": (
            "Er wurde sofort über eine neue Verbindung wiederholt: Der Empfänger hatte die bestehende aufgegeben."
        ),
        "webhooks_then_gone": "Damit endete sie: 410 schaltet den Endpunkt ab.",
        "webhooks_then_schedule_ended": "Das war ihr letzter Versuch.",
        "webhooks_then_cancelled": "Während dieses Versuchs wurde sie abgebrochen.",
        "webhooks_then_once": "Ein Test wird einmal gesendet.",
        "webhooks_answer_of": "Die Antwort des Empfängers",
        "webhooks_answer_cut": "Von einer Antwort bleibt höchstens das erste KiB erhalten.",
        "webhooks_body": "Inhalt",
        "webhooks_body_raw": "Genau wie gesendet",
        "webhooks_body_raw_is": "{count} Bytes in UTF-8; aus ihnen werden die Signaturen gemacht.",
        "webhooks_headers": "Header",
        "webhooks_headers_are": (
            "Wie sie jetzt gesendet würden: Jeder Versuch hat einen eigenen Zeitstempel und eigene Signaturen. "
            "Werte Ihrer eigenen Header werden nicht gezeigt."
        ),
        "webhooks_curl": "Mit curl wiederholen",
        "webhooks_curl_is": (
            "Jetzt signiert, um Ihren Empfänger von Hand zu prüfen. Tragen Sie die Werte Ihrer eigenen Header ein."
        ),
        "webhooks_curl_until": "Empfänger nehmen es an bis {when}.",
        "webhooks_curl_again": "Neu signieren",
        "done_webhook_changed": "Der Endpunkt ist geändert.",
        "done_webhook_disabled": "Der Endpunkt ist abgeschaltet. Was inzwischen geschieht, wird aufgehoben.",
        "done_webhook_enabled": "Der Endpunkt bekommt wieder Ereignisse.",
        "done_webhook_removed": "Der Endpunkt ist entfernt.",
        "done_webhook_tested": "Der Test wurde gesendet. Das ist daraus geworden.",
        "done_webhook_test_delivered": "Der Test wurde zugestellt.",
        "done_webhook_test_failed": "Der Test wurde gesendet und schlug fehl.",
        "done_replay_started": "Sie werden gesendet.",
        "done_delivery_retried": "Sie wird jetzt gesendet.",
        "done_delivery_cancelled": "Sie ist abgebrochen.",
    }
)
"""The templates by their ids."""
