"""German: what receivers answered, and what stands before them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

ANSWERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        # What was answered.
        "answer": "{host} antwortete mit {status}",
        "answer_without_status": "{host} antwortete ohne Status",
        "answer_broken": "{answer} (zum Inhalt: {fault})",
        "answer_asked_to_wait": "{answer} und bat uns, {seconds} s zu warten",
        "answer_delivered": "Sie wurde zugestellt: {answer}, nach {took} ms.",
        "answer_delivered_and_known": "Sie wurde zugestellt: {answer}, nach {took} ms. Aber: {meaning}.",
        "answer_delivered_to_page": (
            "Sie wurde zugestellt: {answer}, nach {took} ms, aber mit {page}: Vielleicht kam sie nicht weiter."
        ),
        "answer_plain": "{answer}.",
        "answer_known": "{answer}: {meaning}.",
        "answer_quoted": "{answer}: „{text}“",
        "answer_quoted_at_end": "{answer}: „{text}“.",
        "answer_with_page": "{answer}, mit {page}.",
        "answer_with_challenge": (
            "{answer}, mit einer Prüfung durch {product}, die für Browser gedacht ist: Bis zu Ihrer Anwendung kam die "
            "Zustellung nicht."
        ),
        "answer_clock_ahead": "{said} Ihre Uhr und unsere gehen {difference} auseinander: Ihre geht vor.",
        "answer_clock_behind": "{said} Ihre Uhr und unsere gehen {difference} auseinander: Ihre geht nach.",
        "clock_days": "{count} Tage",
        "clock_hours": "{count} Std.",
        "clock_minutes": "{count} Min.",
        # What stands before the receiver.
        "answer_page_of_protection": "einer Seite von {product} zum Schutz vor Bots und Angriffen",
        "answer_page_of_server": "einer Seite des Webservers {product} selbst, nicht Ihrer Anwendung",
        "answer_page_of_login": "einer Seite zum Anmelden",
        "answer_page_unknown": (
            "einer HTML-Seite, vermutlich von einer Firewall oder einer Anmeldung vor Ihrer Anwendung"
        ),
        "answer_product_aws": "AWS WAF oder CloudFront",
        "answer_product_azure": "Azure (Web Application Firewall)",
        "answer_product_bot_check": "aes.js, der Bot-Prüfung Ihres Hosters,",
        "answer_fix_protection": (
            "Lassen Sie POSTs an {path} mit dem User-Agent dcvd/… durch: mit einer Regel bei {product}, die sie von "
            "den Prüfungen ausnimmt, denn sie sind signiert."
        ),
        "answer_fix_server": (
            "Lassen Sie POSTs an {path} mit dem User-Agent dcvd/… in der Konfiguration von {product} bis zu Ihrer "
            "Anwendung durch."
        ),
        "answer_fix_login": (
            "Lassen Sie POSTs an {path} mit dem User-Agent dcvd/… ohne Anmeldung zu; die Signatur weist sie aus."
        ),
        "answer_fix_page": (
            "Lassen Sie POSTs an {path} mit dem User-Agent dcvd/… durch, was auch immer vor Ihrer Anwendung steht; die "
            "Signatur weist sie aus."
        ),
        # Redirects.
        "answer_redirect": "{answer}, einer Umleitung nach {location}; Umleitungen wird nicht gefolgt.",
        "answer_redirect_nowhere": "{answer}, einer Umleitung ins Leere.",
        "answer_redirect_odd": "{answer}, einer Umleitung nach {location}; das ist keine Webadresse.",
        "answer_fix_redirect": "Antworten Sie unter dieser URL selbst mit 2xx, ohne Umleitung.",
        "answer_fix_redirect_to_itself": (
            "Antworten Sie sofort mit 2xx: Die Umleitung führt zu sich selbst, wie bei Servern, die ein Cookie oder "
            "eine Sprache wollen."
        ),
        "answer_fix_redirect_to_login": "Lassen Sie POSTs an {path} ohne Anmeldung zu; die Signatur weist sie aus.",
        "answer_fix_redirect_to_http": (
            "Antworten Sie unter der https-URL selbst mit 2xx: Diese Umleitung führt zu unverschlüsseltem http, wo "
            "jeder mitlesen kann."
        ),
        "answer_fix_redirect_of_form": (
            "Antworten Sie mit 2xx statt mit dieser Umleitung, mit der Formulare antworten, sobald sie verarbeitet "
            "sind."
        ),
        "answer_fix_final_url": "Tragen Sie die endgültige URL beim Endpunkt ein: {url}.",
        "answer_fix_final_url_elsewhere": (
            "Tragen Sie die endgültige URL beim Endpunkt ein: {url} (sie liegt auf einem anderen Host: Vergewissern "
            "Sie sich, dass er Ihnen gehört)."
        ),
        "answer_fix_final_url_www": (
            "Tragen Sie die endgültige URL beim Endpunkt ein: {url} (der Host unterscheidet sich durch www)."
        ),
        "answer_fix_final_url_https": "Tragen Sie die endgültige URL beim Endpunkt ein: {url} (sie beginnt mit https).",
        "answer_fix_final_url_slash": (
            "Tragen Sie die endgültige URL beim Endpunkt ein: {url} (nur der Schrägstrich am Ende ist anders)."
        ),
        # What to do about an answer.
        "answer_fix_body": (
            "Der Status zählt, also wird nichts wiederholt; beenden Sie jeden Inhalt dort, wo ihn Content-Length oder "
            "seine Chunks beenden, damit die Verbindung bestehen bleiben kann."
        ),
        "answer_fix_clock": (
            "Stellen Sie die Uhr des Empfängers per NTP: Wer den Zeitstempel der Signatur prüft, weist ab, was um "
            "Minuten abweicht. Geht sie richtig, sagen Sie Ihrem Betreiber, dass die Uhr des Rechners von dcvd falsch "
            "geht."
        ),
        "answer_fix_nginx_without_certificate": (
            "Geben Sie dem Endpunkt ein Client-Zertifikat (clientCertificate), das Ihr nginx annimmt, oder lassen Sie "
            "ihn unter dieser URL keines verlangen (ssl_verify_client)."
        ),
        "answer_fix_nginx_certificate": (
            "Ihr nginx nimmt das Client-Zertifikat nicht an: Prüfen Sie, ob es noch gilt, und ob in "
            "ssl_client_certificate die Stelle steht, die es ausgestellt hat."
        ),
        "answer_fix_any": "Antworten Sie mit 2xx: Nur das gilt als empfangen.",
        "answer_fix_refusal": (
            "Sehen Sie im Protokoll des Empfängers nach, warum er das abgewiesen hat ({moment}), und antworten Sie mit "
            "2xx auf das, was Sie annehmen."
        ),
        "answer_fix_failure": (
            "Sehen Sie im Protokoll des Empfängers nach, was dort fehlschlug ({moment}), und antworten Sie mit 2xx, "
            "bevor Sie es verarbeiten."
        ),
        "answer_fix_gone": (
            "Das heißt, dass nichts mehr gewünscht ist; war es nicht so gemeint, antworten Sie mit 2xx, und schalten "
            "Sie den Endpunkt wieder ein."
        ),
        "answer_fix_signature": (
            "Ihre eigene Prüfung hat die Zustellung abgewiesen: Prüfen Sie die Signatur (X-DCVaaS-Signature oder "
            "webhook-signature) über die unveränderten Bytes des Inhalts, bevor Sie ihn einlesen, und mit dem jetzigen "
            "Geheimnis."
        ),
        "answer_fix_access": (
            "Ihre eigene Anmeldung hat die Zustellung abgewiesen: Lassen Sie diesen Pfad ohne Anmeldung zu, denn die "
            "Signatur weist uns aus, oder geben Sie dem Endpunkt den verlangten Header als eigenen Header."
        ),
        "answer_fix_access_by_scheme": (
            "Ihre eigene Anmeldung, die {scheme} verlangt, hat die Zustellung abgewiesen: Lassen Sie diesen Pfad ohne "
            "Anmeldung zu, denn die Signatur weist uns aus, oder geben Sie dem Endpunkt den verlangten Header als "
            "eigenen Header."
        ),
        "answer_fix_path": "Prüfen Sie den Pfad der URL, und ob Ihre Anwendung ihn auf diesem Host bedient.",
        "answer_fix_method": "Nehmen Sie die Methode POST unter genau dieser URL an.",
        "answer_fix_406": (
            "Nehmen Sie Anfragen mit `Accept: */*` an; tut Ihre Anwendung das schon, hat ein Filter davor diese "
            "abgewiesen."
        ),
        "answer_fix_408": (
            "Lassen Sie, was vor Ihrer Anwendung steht, auf den Inhalt der Anfrage warten; die ganze Anfrage wurde auf "
            "einmal gesendet."
        ),
        "answer_fix_409": (
            "Kennen Sie die webhook-id schon, antworten Sie mit 2xx: Bis dahin wird eine Zustellung wiederholt."
        ),
        "answer_fix_411": (
            "Lassen Sie, was auch immer vor dem Empfänger steht, Anfragen mit Content-Length annehmen; jede Zustellung "
            "hat einen."
        ),
        "answer_fix_413": "Erhöhen Sie dort die Grenze für die Größe einer Anfrage; eine Zustellung hat ein paar KiB.",
        "answer_fix_415": "Nehmen Sie den Inhaltstyp application/json an.",
        "answer_fix_csrf": (
            "Nehmen Sie diesen Pfad von der CSRF-Prüfung aus, die für Formulare in Browsern da ist; Zustellungen weist "
            "die Signatur aus."
        ),
        "answer_fix_421": "Machen Sie diesen Hostnamen dem Server bekannt, und dem, was vor ihm steht.",
        "answer_fix_425": (
            "Lassen Sie den Server die Anfrage annehmen: Sie kommt nach dem Handshake, nie als frühe Daten von TLS."
        ),
        "answer_fix_426": "Nehmen Sie HTTP/1.1 an, über TLS, wo Sie das verlangen.",
        "answer_fix_429": "Stellen Sie maxPerSecond beim Endpunkt auf das ein, was der Empfänger verträgt.",
        "answer_fix_431": "Nehmen Sie längere Header an, oder geben Sie dem Endpunkt weniger eigene.",
        "answer_fix_application": (
            "Prüfen Sie, ob Ihre Anwendung läuft und gesund ist: Ein Proxy davor hat niemanden, dem er die Zustellung "
            "weitergeben kann."
        ),
        "answer_fix_504": (
            "Erst antworten, dann arbeiten: Ein Proxy vor Ihrer Anwendung hat vergeblich auf sie gewartet."
        ),
        "answer_fix_509": (
            "Erhöhen Sie bei Ihrem Hoster die Grenze für Datenverkehr oder Anfragen; er sagt, sie sei erreicht."
        ),
        "answer_fix_520": (
            "Sehen Sie nach dem Ursprungsserver hinter Cloudflare: Er gab eine Antwort, die Cloudflare nicht versteht."
        ),
        "answer_fix_521": "Starten Sie den Ursprungsserver hinter Cloudflare: Er lehnt Verbindungen von Cloudflare ab.",
        "answer_fix_522": "Lassen Sie Cloudflare an den Ursprungsserver heran: Seine Pakete werden verworfen.",
        "answer_fix_523": (
            "Berichtigen Sie bei Cloudflare die Adresse des Ursprungsservers, die von dort nicht zu erreichen ist."
        ),
        "answer_fix_524": "Erst antworten, dann arbeiten: Cloudflare hat vergeblich auf den Ursprungsserver gewartet.",
        "answer_fix_525": (
            "Bringen Sie TLS auf dem Ursprungsserver in Ordnung: Der Handshake von Cloudflare mit ihm scheitert."
        ),
        "answer_fix_526": "Erneuern Sie das Zertifikat des Ursprungsservers: Cloudflare vertraut ihm nicht.",
        "answer_fix_530": (
            "Berichtigen Sie bei Cloudflare den Namen des Ursprungsservers, oder starten Sie dessen Tunnel."
        ),
    }
)
"""The templates by their ids."""
