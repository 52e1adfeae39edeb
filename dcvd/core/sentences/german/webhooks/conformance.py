"""German: what a receiver does with four probes."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

CONFORMANCE: Final[Mapping[str, str]] = MappingProxyType(
    {
        # What is expected.
        "conformance_expected_good": "Eine richtig signierte Zustellung wird mit 2xx angenommen.",
        "conformance_expected_duplicate": (
            "Dieselbe Zustellung wird noch einmal, mit derselben webhook-id, auch mit 2xx angenommen."
        ),
        "conformance_expected_forged": (
            "Eine mit einem anderen Geheimnis signierte Zustellung wird abgewiesen, am besten mit 401."
        ),
        "conformance_expected_stale": (
            "Eine Zustellung, deren webhook-timestamp eine Stunde alt ist, wird abgewiesen, am besten mit 400."
        ),
        # Summaries.
        "conformance_conforms": (
            "Der Empfänger besteht die Prüfung: Er nimmt an, was richtig signiert ist, auch zweimal, und weist ab, was "
            "gefälscht oder alt ist."
        ),
        "conformance_fails": "Der Empfänger besteht die Prüfung nicht: Er {faults}.",
        "conformance_inconclusive": "Nicht zu entscheiden: {kinds}.",
        "conformance_listed": "{first}, {rest}",
        "conformance_kind_good": "richtig signiert",
        "conformance_kind_duplicate": "zweimal gesendet",
        "conformance_kind_forged": "gefälschte Signatur",
        "conformance_kind_stale": "alter Zeitstempel",
        "conformance_fault_good": "nimmt richtig Signiertes nicht an",
        "conformance_fault_duplicate": "nimmt eine Wiederholung nicht an",
        "conformance_fault_forged": "nimmt eine gefälschte Signatur an",
        "conformance_fault_stale": "nimmt einen alten Zeitstempel an",
        # Verdicts.
        "conformance_good_accepted": "Er hat eine richtig signierte Zustellung angenommen.",
        "conformance_good_refused": (
            "Er hat eine richtig signierte Zustellung nicht angenommen: Er antwortete mit {status}. Antworten Sie mit "
            "2xx auf das, was richtig signiert ist."
        ),
        "conformance_good_doubted": (
            "Er hat eine richtig signierte Zustellung nicht angenommen: Er antwortete mit {status}. Prüfen Sie die "
            "Signatur über die unveränderten Bytes des Inhalts, bevor Sie ihn einlesen, mit dem jetzigen Geheimnis "
            "dieses Endpunkts; antworten Sie dann mit 2xx."
        ),
        "conformance_duplicate_accepted": "Er hat eine Zustellung angenommen, die schon einmal gesendet war.",
        "conformance_no_repeat": (
            "Nicht zu entscheiden: Er hatte die Zustellung beim ersten Mal nicht angenommen, also war das keine "
            "Wiederholung."
        ),
        "conformance_duplicate_refused": (
            "Er hat eine Zustellung, die er schon hatte, mit {status} abgewiesen: Antworten Sie auf Wiederholungen mit "
            "2xx. Eine Zustellung wird noch einmal gesendet, wenn ihre Antwort verloren ging; merken Sie sich jede "
            "webhook-id, und tun Sie bei einer bekannten nichts."
        ),
        "conformance_forgery_accepted": (
            "Er hat eine gefälschte Signatur angenommen: Wer die URL kennt, kann ihm Ereignisse senden. Vergleichen "
            "Sie webhook-signature oder X-DCVaaS-Signature mit der, die Sie aus dem Geheimnis und dem unveränderten "
            "Inhalt errechnen, in konstanter Zeit, und antworten Sie mit 401, wenn sie sich unterscheiden."
        ),
        "conformance_replay_accepted": (
            "Er hat eine Zustellung angenommen, deren Zeitstempel eine Stunde alt war: Wer eine aufgezeichnet hat, "
            "kann sie jederzeit wieder senden. Prüfen Sie webhook-signature, die webhook-timestamp einschließt, und "
            "weisen Sie ab, was älter als fünf Minuten ist; X-DCVaaS-Signature allein schließt keine Zeit ein."
        ),
        "conformance_forgery_refused": "Er hat eine gefälschte Signatur mit {status} abgewiesen.",
        "conformance_replay_refused": "Er hat einen Zeitstempel, der eine Stunde alt war, mit {status} abgewiesen.",
        "conformance_forgery_refused_oddly": (
            "Er hat eine gefälschte Signatur abgewiesen, aber mit {status}; 401 würde nicht für einen Fehler des "
            "Empfängers gehalten."
        ),
        "conformance_replay_refused_oddly": (
            "Er hat einen Zeitstempel, der eine Stunde alt war, abgewiesen, aber mit {status}; 401 würde nicht für "
            "einen Fehler des Empfängers gehalten."
        ),
        "conformance_forgery_unknown": (
            "Nicht zu entscheiden: Ob er eine gefälschte Signatur abweist, ist nicht bekannt."
        ),
        "conformance_replay_unknown": (
            "Nicht zu entscheiden: Ob er einen Zeitstempel abweist, der eine Stunde alt ist, ist nicht bekannt."
        ),
        "conformance_forgery_unproved": (
            "Nicht zu entscheiden: Er hat eine gefälschte Signatur abgewiesen, nimmt aber auch richtig Signiertes "
            "nicht an."
        ),
        "conformance_replay_unproved": (
            "Nicht zu entscheiden: Er hat einen Zeitstempel, der eine Stunde alt war, abgewiesen, nimmt aber auch "
            "richtig Signiertes nicht an."
        ),
        "conformance_silent": "Er hat nicht geantwortet.",
        "conformance_silent_by_our_fault": (
            "Nicht zu entscheiden: Dass keine Antwort kam, lag vielleicht an dcvd selbst."
        ),
        "conformance_busy": (
            "Nicht zu entscheiden: Er antwortete mit {status}, und das heißt, dass er überlastet oder gestört ist."
        ),
        # What it does to bodies.
        "body_reserialized_fault": "hat den Inhalt neu geschrieben, bevor er die Signatur prüfte",
        "body_reserialized": (
            "Er hat den Inhalt neu geschrieben: Er wies die Signatur des gesendeten Inhalts ab und nahm die Signatur "
            "dessen an, was {habit} daraus macht. Prüfen Sie die Signatur über die Bytes des Inhalts, wie sie kamen, "
            "bevor Sie ihn einlesen; Frameworks bewahren sie auf, wenn Sie es verlangen."
        ),
        "body_wrong_encoding_fault": "hat den Inhalt in einer falschen Codierung gelesen, bevor er die Signatur prüfte",
        "body_wrong_encoding": (
            "Er hat den Inhalt, der UTF-8 ist, als ISO-8859-1 gelesen: Er wies die Signatur des gesendeten Inhalts ab "
            "und nahm die Signatur dessen an, was so daraus wird. Prüfen Sie die Signatur über die Bytes des Inhalts, "
            "wie sie kamen, bevor Sie ihn einlesen; Frameworks bewahren sie auf, wenn Sie es verlangen."
        ),
        "body_changed_fault": "hat den Inhalt verändert, bevor er die Signatur prüfte",
        "body_changed": (
            "Er hat den Inhalt verändert, etwa neu geschrieben: Er nahm eine Zustellung aus reinem ASCII an und wies "
            "eine ab, in der steht, was Bibliotheken verschieden schreiben. Prüfen Sie die Signatur über die Bytes des "
            "Inhalts, wie sie kamen, bevor Sie ihn einlesen; Frameworks bewahren sie auf, wenn Sie es verlangen."
        ),
        "habit_python": "json.dumps von Python",
        "habit_php": "json_encode von PHP",
        "habit_python_compact": (
            "json.dumps von Python mit knappen Trennzeichen oder json_encode von PHP mit JSON_UNESCAPED_SLASHES"
        ),
        "habit_python_unicode": "json.dumps von Python mit ensure_ascii=False",
        "habit_go_map": "json.Marshal von Go mit einer Map",
        "habit_go_struct": "json.Marshal von Go mit einem Struct, to_json von Rails oder Gson von Java",
        "habit_php_unicode": (
            "json_encode von PHP mit JSON_UNESCAPED_UNICODE oder JSON.generate von Ruby mit script_safe"
        ),
        "habit_php_plain": (
            "json_encode von PHP mit JSON_UNESCAPED_SLASHES und JSON_UNESCAPED_UNICODE, ein Encoder von Go ohne die "
            "Escapes von HTML oder Json.NET"
        ),
        "habit_slashes": (
            "eine Bibliothek, die nur Schrägstriche maskiert, wie JSON.generate von Ruby mit escape_slash,"
        ),
        "habit_dotnet": "System.Text.Json von .NET",
        "habit_python_sorted": "json.dumps von Python mit sort_keys=True",
        "habit_python_sorted_compact": "json.dumps von Python mit sort_keys=True und knappen Trennzeichen",
        "habit_sorted": "eine Bibliothek, die die Mitglieder sortiert,",
    }
)
"""The templates by their ids."""
