"""German: attempts to which no answer came."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

ATTEMPTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        # Parts of others: what is put into words elsewhere.
        "recorded": "{text}",
        "step": "{action} {target_id}",
        "receiver_without_name": "dem Empfänger",
        # What happened.
        "attempt_failed": "Von {host} kam keine Antwort.",
        "attempt_failed_internal": "dcvd selbst ist bei diesem Versuch gescheitert.",
        "attempt_timed_out": "Von {host} kam innerhalb von {seconds} s keine vollständige Antwort.",
        "attempt_seconds_decimal": "{whole},{fraction}",
        "attempt_failed_bad_url": "An {host} wurde nichts gesendet: Die URL ist so nicht brauchbar.",
        "attempt_failed_address_not_allowed": "An {host} wurde nichts gesendet: Diese Adresse ist nicht erlaubt.",
        "attempt_failed_port_not_allowed": "An {host} wurde nichts gesendet: Dieser Port ist nicht erlaubt.",
        "attempt_failed_name_not_public": "Der Name {host} führt zu keiner öffentlichen Adresse.",
        "attempt_failed_name_server_failed": "Der Name {host} ließ sich nicht auflösen: Ein Nameserver hat versagt.",
        "attempt_failed_connection_refused": "Die Verbindung zu {host} wurde abgelehnt.",
        "attempt_failed_host_unreachable": "Der Server von {host} war nicht zu erreichen.",
        "attempt_failed_network_unreachable": "Es gab keinen Weg durch das Netz zu {host}.",
        "attempt_failed_own_limit": "An {host} konnte nichts gesendet werden: Es lag an dcvd selbst.",
        "attempt_failed_certificate_expired": "Keine sichere TLS-Verbindung zu {host}: Das Zertifikat ist abgelaufen.",
        "attempt_failed_certificate_not_yet_valid": (
            "Keine sichere TLS-Verbindung zu {host}: Ein Zertifikat ist noch nicht gültig."
        ),
        "attempt_failed_certificate_self_signed": (
            "Keine sichere TLS-Verbindung zu {host}: Das Zertifikat ist selbst signiert."
        ),
        "attempt_failed_certificate_untrusted": (
            "Keine sichere TLS-Verbindung zu {host}: Das Zertifikat ist nicht vertrauenswürdig."
        ),
        "attempt_failed_certificate_wrong_name": (
            "Keine sichere TLS-Verbindung zu {host}: Das Zertifikat gilt nicht für diesen Namen."
        ),
        "attempt_failed_certificate_weak": "Keine sichere TLS-Verbindung zu {host}: Das Zertifikat ist zu schwach.",
        "attempt_failed_chain_expired": (
            "Keine sichere TLS-Verbindung zu {host}: Ein Zertifikat der Kette ist abgelaufen."
        ),
        "attempt_failed_trust_store_outdated": (
            "Keine sichere TLS-Verbindung zu {host}: Die Zertifikate sind gültig, doch die Zertifizierungsstelle in "
            "der Liste von dcvd ist abgelaufen."
        ),
        "attempt_failed_client_certificate_required": (
            "Keine sichere TLS-Verbindung zu {host}: Der Server verlangt ein Client-Zertifikat."
        ),
        "attempt_failed_client_certificate_refused": (
            "Keine sichere TLS-Verbindung zu {host}: Das Client-Zertifikat wurde nicht angenommen."
        ),
        "attempt_failed_tls_too_old": "Keine sichere TLS-Verbindung zu {host}: Der Server kann nur veraltetes TLS.",
        "attempt_failed_tls_handshake": "Keine sichere TLS-Verbindung zu {host}: Der Handshake ist gescheitert.",
        "attempt_failed_closed_without_answer": "Die Verbindung zu {host} wurde ohne Antwort geschlossen.",
        "attempt_failed_connection_reset": "Die Verbindung zu {host} brach mittendrin ab.",
        "attempt_failed_not_http": "Was von {host} kam, ist keine gültige HTTP-Antwort.",
        "attempt_failed_too_much": "Von {host} kam zu viel; die Verbindung wurde abgebrochen.",
        # What to do.
        "attempt_nothing_to_do": "Nichts: Die Zustellung wird nach ihrem Plan wieder versucht.",
        "attempt_fix_late_turn": (
            "Nichts: Die Zustellung wird nach ihrem Plan wieder versucht. Es war keine Verbindung für sie frei, und "
            "das liegt an dcvd selbst."
        ),
        "attempt_fix_late_name": "Prüfen Sie, ob jeder Nameserver von {host} antwortet, und zwar schnell.",
        "attempt_fix_late_connection": (
            "Lassen Sie Verbindungen zu {host} durch: Genau so sieht es aus, wenn eine Firewall Pakete stillschweigend "
            "verwirft."
        ),
        "attempt_fix_late_tls": (
            "Prüfen Sie, was bei {host} TLS beendet: Es hat die Verbindung angenommen, aber den Handshake nicht zu "
            "Ende geführt."
        ),
        "attempt_fix_late_answer": (
            "Erst antworten, dann arbeiten: Speichern Sie das Ereignis, antworten Sie mit 2xx, und verarbeiten Sie es "
            "danach."
        ),
        "attempt_fix_late_body": (
            "Beenden Sie die Antwort sofort: Ein Status ohne Inhalt genügt, und von einem langen wird nur 1 KiB "
            "gelesen."
        ),
        "attempt_fix_refused": "Ändern Sie die URL oder die eigenen Header des Endpunkts so, wie es dort steht.",
        "attempt_fix_unreached": "Prüfen Sie von einem anderen Rechner aus, ob {host} zu erreichen ist und antwortet.",
        "attempt_fix_bad_url": "Berichtigen Sie die URL des Endpunkts.",
        "attempt_fix_address_not_allowed": (
            "Lassen Sie {host} zu einer öffentlichen Adresse führen; private werden nur angewählt, wo der Betreiber "
            "von dcvd das erlaubt."
        ),
        "attempt_fix_port_not_allowed": (
            "Nehmen Sie Port 443, und lassen Sie den Port in der URL weg, oder bitten Sie den Betreiber von dcvd, "
            "diesen zu erlauben."
        ),
        "attempt_fix_name_not_public": (
            "Prüfen Sie, ob {host} in der URL richtig geschrieben ist, ob die Domain noch läuft, und ob es einen A- "
            "oder AAAA-Eintrag mit öffentlicher Adresse gibt; andere werden nur angewählt, wo der Betreiber von dcvd "
            "das erlaubt."
        ),
        "attempt_fix_name_server_failed": (
            "Prüfen Sie, ob jeder Nameserver von {host} antwortet; wenn ja, lag es am Resolver von dcvd selbst."
        ),
        "attempt_fix_connection_refused": (
            "Starten Sie den Server von {host}, und prüfen Sie, ob er am Port der URL und nach außen lauscht."
        ),
        "attempt_fix_host_unreachable": (
            "Prüfen Sie, ob der Rechner von {host} läuft, ob seine Adresse stimmt, und ob keine Firewall ihn verbirgt."
        ),
        "attempt_fix_network_unreachable": (
            "Vermutlich nichts bei Ihnen: Das Netz von dcvd selbst hat keinen Weg zu {host}. Gibt es dort nur eine "
            "IPv6-Adresse, legen Sie auch einen A-Eintrag an."
        ),
        "attempt_fix_own_limit": (
            "Nichts: Die Zustellung wird nach ihrem Plan wieder versucht. Es lag an dcvd selbst; mehr steht im "
            "Protokoll seines Betreibers."
        ),
        "attempt_fix_certificate_expired": (
            "Erneuern Sie das Zertifikat, das {host} zeigt, laden Sie es, und prüfen Sie, was es hätte erneuern sollen."
        ),
        "attempt_fix_certificate_not_yet_valid": (
            "Nehmen Sie für {host} ein Zertifikat, das schon gilt, und prüfen Sie die Uhr dort, wo es ausgestellt "
            "wurde."
        ),
        "attempt_fix_certificate_self_signed": (
            "Nehmen Sie für {host} das Zertifikat einer öffentlichen Zertifizierungsstelle; ein selbst signiertes "
            "beweist niemandem etwas."
        ),
        "attempt_fix_certificate_untrusted": (
            "Lassen Sie {host} die ganze Kette zeigen, auch die Zwischenzertifikate (oft heißt sie fullchain), und "
            "nehmen Sie das Zertifikat einer öffentlichen Zertifizierungsstelle."
        ),
        "attempt_fix_certificate_wrong_name": (
            "Nehmen Sie ein Zertifikat, in dem {host} steht, oder schreiben Sie den Namen in die URL, der darin steht."
        ),
        "attempt_fix_certificate_weak": (
            "Nehmen Sie für {host} ein Zertifikat mit langen Schlüsseln (RSA 2048 Bit, ECDSA 256), signiert mit "
            "SHA-256."
        ),
        "attempt_fix_chain_expired": (
            "Das Zertifikat von {host} selbst ist gültig: Nehmen Sie das abgelaufene Zwischenzertifikat aus dem "
            "heraus, was der Server sendet, und laden Sie das jetzige der Zertifizierungsstelle."
        ),
        "attempt_fix_trust_store_outdated": (
            "Vermutlich nichts bei Ihnen: Die Liste der Zertifizierungsstellen von dcvd ist alt, und im Protokoll des "
            "Betreibers steht mehr. Nutzt {host} eine abgelaufene Wurzel, wechseln Sie zu einer gültigen."
        ),
        "attempt_fix_client_certificate_required": (
            "Geben Sie dem Endpunkt ein Zertifikat (clientCertificate), das {host} annimmt, oder lassen Sie {host} "
            "unter dieser URL keines verlangen: Die Signatur weist die Zustellung aus."
        ),
        "attempt_fix_client_certificate_refused": (
            "Prüfen Sie, ob das Client-Zertifikat des Endpunkts (clientCertificate) noch gilt, und ob {host} die "
            "Stelle kennt, die es ausgestellt hat."
        ),
        "attempt_fix_tls_too_old": (
            "Aktualisieren Sie, was bei {host} TLS beendet: Nötig sind TLS 1.2 mit sicherer Neuaushandlung (RFC 5746) "
            "und Schlüssel von 2048 Bit, oder besser TLS 1.3."
        ),
        "attempt_fix_tls_handshake": (
            "Prüfen Sie, ob {host} am Port der URL TLS 1.2 oder neuer spricht und kein Client-Zertifikat verlangt."
        ),
        "attempt_fix_closed_without_answer": (
            "Suchen Sie im Protokoll des Empfängers nach einem Absturz in diesem Moment; auch ein Proxy oder eine "
            "Firewall kann aufgelegt haben."
        ),
        "attempt_fix_connection_reset": (
            "Suchen Sie im Protokoll des Empfängers nach einem Absturz oder Neustart in diesem Moment, und antworten "
            "Sie, bevor Sie auflegen."
        ),
        "attempt_fix_not_http": (
            "Prüfen Sie, ob am Port der URL ein HTTP/1.1-Server lauscht, und ob nicht https:// und http:// verwechselt "
            "sind."
        ),
        "attempt_fix_too_much": (
            "Antworten Sie mit einem Status und kurzem oder gar keinem Inhalt: Über dessen erstes KiB hinaus wird "
            "nichts aufbewahrt."
        ),
    }
)
"""The templates by their ids."""
