"""German: the pages of the quick start."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

QUICK_START: Final[Mapping[str, str]] = MappingProxyType(
    {
        "quick_start_intro": (
            "Von einem Token bis zum ersten Webhook, der ankommt. Jedes Stück Code läuft so, wie es hier steht."
        ),
        "quick_start_language": "Code zeigen für",
        "quick_start_done": "erledigt",
        "quick_start_ahead": "noch nicht",
        "quick_start_commands": "Befehle",
        "quick_start_token": "Ein Token haben",
        "quick_start_token_explained": (
            "Jeder Aufruf trägt ein Token Ihrer Organisation. Um Domains und Webhooks hinzuzufügen, muss es das "
            "eines Administrators oder Inhabers sein."
        ),
        "quick_start_token_yours": "Sie sind mit {token} angemeldet ({role}).",
        "quick_start_tokens": "Tokens",
        "quick_start_token_variable": (
            "Der Code unten erwartet das Token in der Umgebungsvariablen `{variable}`. Dies fragt danach, damit "
            "es nicht im Verlauf Ihrer Shell steht:"
        ),
        "quick_start_token_try": "Sehen Sie, was es darf:",
        "quick_start_domain": "Eine Domain hinzufügen",
        "quick_start_domain_explained": (
            "Nehmen Sie anstelle von `{example}` den Namen eines Kunden oder einen eigenen. Die Antwort sagt, "
            "welcher Eintrag angelegt werden muss."
        ),
        "quick_start_domain_newest": "Ihre neueste Domain:",
        "quick_start_record": "Den Eintrag anlegen lassen",
        "quick_start_record_explained": (
            "Wer das DNS der Domain verwaltet, legt an, was `requiredRecords` sagt. dcvd sucht von selbst danach, "
            "und `ready` ist wahr, sobald die Domain über https erreichbar ist."
        ),
        "quick_start_webhook": "Durch einen Webhook davon erfahren",
        "quick_start_webhook_explained": (
            "Ihr Empfänger braucht eine öffentliche Adresse mit https. Die Antwort enthält `signingSecret` und "
            "`secret`, nur dieses eine Mal: Bewahren Sie eines davon für den Empfänger auf."
        ),
        "quick_start_webhook_newest": "Ihr neuester Webhook:",
        "quick_start_test": "Senden Sie ihm einen Test, und sehen Sie, was er antwortete:",
        "quick_start_placeholder": (
            "Setzen Sie anstelle von `{placeholder}` die Id aus der Antwort oben ein; sobald es sie gibt, steht "
            "sie hier."
        ),
        "quick_start_hidden": "Was es schon gibt, darf Ihr Token nicht sehen.",
        "quick_start_verify": "Die Signatur prüfen",
        "quick_start_verify_explained": (
            "Behalten Sie die rohen Bytes des Inhalts, und prüfen Sie sie, bevor Sie ihn lesen. Jede Zustellung "
            "ist auf zwei Arten signiert; prüfen Sie eine davon."
        ),
        "quick_start_verify_standard": (
            "Standard Webhooks: `webhook-signature` enthält `v1,` und den HMAC-SHA256 von Id, Zeitpunkt und "
            "Inhalt in Base64, mit den 32 Bytes aus `signingSecret` als Schlüssel. Das weist auch alte "
            "Mitschnitte ab. Nehmen Sie es für einen neuen Empfänger."
        ),
        "quick_start_verify_hex": (
            "`X-DCVaaS-Signature`: der HMAC-SHA256 des Inhalts in Hexadezimal, mit `secret` als Text als Schlüssel."
        ),
        "quick_start_receiver_explained": (
            "Diese Empfänger sind vollständig: Jeder nimmt eines der beiden Geheimnisse aus `WEBHOOK_SECRET` und "
            "seinen Port aus `PORT`."
        ),
        "quick_start_try": "Auf dem eigenen Rechner ausprobieren",
        "quick_start_try_listen": (
            "`dcvd listen` leitet die Ereignisse Ihrer Organisation an einen Empfänger auf Ihrem Rechner weiter, "
            "signiert wie Webhooks, ganz ohne öffentliche Adresse. Das Geheimnis gibt es beim Start aus:"
        ),
        "quick_start_try_demo": "`dcvd demo` zeigt den ganzen Weg einer Domain, ohne Konto und ohne Netz:",
        "quick_start_try_sandbox": (
            "`dcvd sandbox` ist ein Cloudflare, ein DNS und ein Edge auf Ihrem Rechner, für Ihre eigenen Tests; "
            "`dcvd sandbox --help` sagt, wie man dort Einträge anlegt und Fehler auslöst:"
        ),
    }
)
"""The templates by their ids."""
