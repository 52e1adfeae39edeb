"""German: the pages of connections."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

CONNECTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "connections_intro": (
            "Mit einer Verbindung schreibt dcvd die Einträge für die Domains Ihrer Kunden bei deren DNS-Anbieter "
            "und entfernt sie wieder."
        ),
        "connections_provider": "Anbieter",
        "connections_provider_cloudflare": "Cloudflare",
        "connections_provider_godaddy": "GoDaddy",
        "connections_provider_route53": "Amazon Route 53",
        "connections_provider_other": "Ein anderer DNS-Anbieter",
        "connections_id": "Kennung",
        "connections_account": "Konto",
        "connections_state": "Zustand",
        "connections_active": "funktioniert",
        "connections_reauth": "muss neu verbunden werden",
        "connections_method": "Verbunden durch",
        "connections_method_oauth": "Zustimmung beim Anbieter (OAuth)",
        "connections_method_api_token": "ein API-Token",
        "connections_method_key_pair": "einen Schlüssel mit Geheimnis",
        "connections_method_aws_role": "eine Rolle bei AWS",
        "connections_method_aws_keys": "einen Zugangsschlüssel von AWS",
        "connections_method_tsig": "einen TSIG-Schlüssel",
        "connections_scopes": "Erlaubt",
        "connections_last_use": "Zuletzt benutzt",
        "connections_never_used": "nie benutzt",
        "connections_last_error": "Letzter Fehler",
        "connections_no_error": "keiner",
        "connections_at": "{when}",
        "connections_renewal": "Zugang",
        "connections_renewed_by_itself": "Wird von selbst erneuert, das nächste Mal {when}.",
        "connections_ends": "Endet {when}; dann muss neu verbunden werden.",
        "connections_made": "Verbunden",
        "connections_by_link": "von einem Kunden, über einen Link",
        "connections_domains": "Domains",
        "connections_no_domain": "Keine Domain benutzt sie.",
        "connections_one_domain": "Eine Domain benutzt sie.",
        "connections_domain_count": "{count} Domains benutzen sie.",
        "connections_first_domains": "Dies sind die neuesten {count}.",
        "connections_connect": "Einen Anbieter verbinden",
        "connections_consent_explained": "Sie verlassen diese Seite, stimmen beim Anbieter zu und kommen zurück.",
        "connections_consent": "{provider} verbinden",
        "connections_domain_name": "Hostname, für den der Anbieter um Zustimmung bittet",
        "connections_leaving": (
            "{provider} fragt, ob dcvd DNS-Einträge ändern darf. Nach Ihrer Antwort kommen Sie zu diesem "
            "Dashboard zurück."
        ),
        "connections_by_credentials": "Mit Zugangsdaten",
        "connections_no_key": (
            "Es kann nichts verbunden werden: Wer dcvd betreibt, hat keinen Schlüssel gesetzt, mit dem "
            "Zugangsdaten verschlüsselt werden."
        ),
        "connections_form_cloudflare_api_token": "Cloudflare, mit einem API-Token",
        "connections_form_godaddy_api_token": "GoDaddy, mit einem persönlichen Zugangstoken",
        "connections_form_godaddy_key_pair": "GoDaddy, mit Schlüssel und Geheimnis",
        "connections_form_route53_aws_role": "Amazon Route 53, mit einer Rolle",
        "connections_form_route53_aws_keys": "Amazon Route 53, mit einem Zugangsschlüssel",
        "connections_form_other_tsig": "Ein anderer Anbieter, durch dynamische Updates mit einem TSIG-Schlüssel",
        "connections_credentials_intro": (
            "Die Zugangsdaten werden zuerst beim Anbieter geprüft, verschlüsselt gespeichert und nie wieder gezeigt."
        ),
        "connections_member_api_token_api_token": "API-Token",
        "connections_member_api_token_api_token_hint": "Mit den Rechten Zone Read und DNS Edit.",
        "connections_member_api_token_token": "Persönliches Zugangstoken",
        "connections_member_api_token_token_hint": "Eines, das DNS-Einträge ändern darf.",
        "connections_member_key_pair_key": "Schlüssel",
        "connections_member_key_pair_key_hint": "Der Produktionsumgebung.",
        "connections_member_key_pair_secret": "Geheimnis",
        "connections_member_key_pair_secret_hint": "Das mit dem Schlüssel gezeigt wurde.",
        "connections_member_aws_role_role_arn": "ARN der Rolle",
        "connections_member_aws_role_role_arn_hint": "Wie `arn:aws:iam::123456789012:role/dcvd`.",
        "connections_member_aws_role_external_id": "ExternalId",
        "connections_member_aws_role_external_id_hint": "Die dcvd Ihnen für diese Rolle gegeben hat.",
        "connections_member_aws_keys_access_key_id": "Kennung des Zugangsschlüssels",
        "connections_member_aws_keys_access_key_id_hint": (
            "Wie `AKIA…`. Eines Benutzers, der Einträge ändern darf und sonst nichts."
        ),
        "connections_member_aws_keys_secret_access_key": "Geheimer Zugangsschlüssel",
        "connections_member_aws_keys_secret_access_key_hint": (
            "Eine Rolle braucht kein Geheimnis und ist der bessere Weg."
        ),
        "connections_member_tsig_server": "Server",
        "connections_member_tsig_server_hint": "Hostname oder IP-Adresse des primären Servers der Zone.",
        "connections_member_tsig_zone": "Zone",
        "connections_member_tsig_zone_hint": "Die eine Zone, die geändert werden darf.",
        "connections_member_tsig_key_name": "Name des Schlüssels",
        "connections_member_tsig_key_name_hint": "Wie ihn der Server kennt.",
        "connections_member_tsig_secret": "Geheimnis",
        "connections_member_tsig_secret_hint": "Der Schlüssel in Base64.",
        "connections_member_tsig_port": "Port",
        "connections_member_tsig_port_hint": "Meist 53.",
        "connections_member_tsig_algorithm": "Algorithmus",
        "connections_member_tsig_algorithm_hint": "Wie ihn der Server für den Schlüssel hat.",
        "connections_role_first": "Zuerst: eine Rolle bei AWS anlegen",
        "connections_role_explained": (
            "Die Rolle vertraut dcvd mit einer eigenen ExternalId. dcvd gibt sie Ihnen, mit den beiden "
            "Richtlinien zum Einfügen."
        ),
        "connections_role_domains": "Hostnamen, deren Einträge die Rolle schreiben darf",
        "connections_role_domains_hint": "Je Zeile einer. Leer: die CNAME-Einträge aller Namen.",
        "connections_role_button": "ExternalId und Richtlinien holen",
        "connections_role_then": "Dann: mit der Rolle verbinden",
        "connections_role_step_trust": (
            "Öffnen Sie im AWS-Konto der Zone IAM, Rollen, Rolle erstellen, Benutzerdefinierte "
            "Vertrauensrichtlinie, und fügen Sie die Vertrauensrichtlinie unverändert ein: Ihre Bedingung hält "
            "andere fern."
        ),
        "connections_role_step_permissions": (
            "Erstellen Sie die Rolle ohne Berechtigungen, fügen Sie ihr dann eine Inline-Richtlinie hinzu, und "
            "fügen Sie die Berechtigungsrichtlinie ein."
        ),
        "connections_role_step_arn": (
            "Geben Sie unten die ARN der Rolle ein. AWS braucht bis zu einer Minute, bis es eine neue Rolle kennt."
        ),
        "connections_trust_policy": "Vertrauensrichtlinie",
        "connections_permissions_policy": "Berechtigungsrichtlinie",
        "connections_role_until": "Die ExternalId gilt für eine Verbindung, bis {when}.",
        "connections_connect_button": "Prüfen und verbinden",
        "connections_cancel": "Abbrechen",
        "connections_again": "Neu verbinden",
        "connections_again_explained": (
            "Das macht eine weitere Verbindung zum selben Anbieter. Wählen Sie sie für die Domains, wenn das "
            "nächste Mal ein Eintrag geschrieben wird; diese hier kann dann entfernt werden."
        ),
        "connections_remove": "Verbindung entfernen",
        "connections_remove_explained": (
            "Sie wird beim Anbieter widerrufen, soweit das geht, und hier gelöscht. Ihre Domains bleiben, ohne "
            "Verbindung, und die Einträge, die damit geschrieben wurden, auch. Was noch durch sie zu schreiben "
            "war, wird nicht geschrieben."
        ),
        "connections_failed": (
            "Der Anbieter wurde nicht verbunden. Versuchen Sie es noch einmal; bleibt es dabei, sagen Sie es "
            "denen, die dcvd betreiben."
        ),
        "connections_failed_declined": "Beim Anbieter wurde nicht zugestimmt, also wurde nichts verbunden.",
        "connections_failed_scope": (
            "Das Recht, DNS-Einträge zu ändern, wurde nicht gegeben, also wurde nichts verbunden. Verbinden Sie "
            "noch einmal, und erlauben Sie es."
        ),
        "connections_failed_quota": (
            "Ihre Organisation hat so viele Verbindungen, wie sie haben darf. Entfernen Sie eine, die nicht "
            "gebraucht wird."
        ),
        "done_connected": "Der Anbieter ist verbunden.",
        "done_connection_removed": "Die Verbindung wurde entfernt.",
    }
)
"""The templates by their ids."""
