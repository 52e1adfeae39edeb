"""German: errors about what is written into customers' zones."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

RECORDS_ERRORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "template_does_not_fit": (
            "{name} muss auf {value} zeigen, und das setzt die Vorlage bei den DNS-Anbietern nicht: Legen Sie diesen "
            "Eintrag von Hand an."
        ),
        "redirect_uri_unlisted": "redirectUri ist keine der Adressen in oauth.return_to der Konfiguration.",
        "template_not_supported": (
            "{name} kennt die Vorlage {provider}/{service} nicht: Lassen Sie den Eintrag von Hand anlegen."
        ),
        "record_not_known_yet": (
            "Der Wert des Eintrags {name} ist erst einige Sekunden bekannt, nachdem die Domain hinzugefügt wurde."
        ),
        "connection_needed": "{name} hat noch keine Verbindung: Wählen Sie, mit welcher geschrieben wird.",
        "dns_write_pending": (
            "Ein anderer Auftrag, der die Einträge von {name} schreibt, steht noch aus: {job}. Fragen Sie wieder, "
            "wenn er beendet ist."
        ),
        "nothing_to_undo": "Von {name} wurde kein Eintrag geschrieben: Es gibt nichts rückgängig zu machen.",
        "connection_removed": (
            "Die Verbindung, mit der die Einträge von {name} geschrieben wurden, ist entfernt. Verbinden Sie neu, "
            "lassen Sie sie mit der neuen Verbindung schreiben (was schon da ist, bleibt, wie es ist), und machen Sie "
            "es dann rückgängig."
        ),
        "obstacle_not_in_zone": "{name} ist nicht in der Zone {zone}; verbinden Sie den Anbieter, der sie hat.",
        "obstacle_apex": (
            "{name} ist die Spitze der Zone, an der das DNS keinen CNAME erlaubt (RFC 1034). Verwenden Sie einen "
            "Namen darunter, etwa www.{name}, oder einen ALIAS-Eintrag, wenn der Anbieter einen hat."
        ),
        "obstacle_type": "Es werden nur CNAME-Einträge geschrieben; {name} braucht {type}.",
        "obstacle_delegated": (
            "{name} ist mit {records} abgegeben: Der Eintrag muss dort angelegt werden, wohin das führt."
        ),
        "obstacle_mail": (
            "{name} empfängt E-Mails mit {records}; daneben kann kein CNAME stehen, und dcvd entfernt das nie. "
            "Verwenden Sie einen anderen Namen, oder ziehen Sie zuerst die E-Mails um."
        ),
        "obstacle_too_many": (
            "{count} Einträge stehen unter {name}, zu viele, um sie fürs Rückgängigmachen aufzuheben: Entfernen Sie "
            "sie zuerst von Hand."
        ),
        "obstacle_in_the_way": (
            "Unter {name} steht {records}, wo der CNAME {value} gebraucht wird. Um ihn an diese Stelle zu setzen, "
            'wiederholen Sie das mit "replace": true; was jetzt dort steht, wird fürs Rückgängigmachen aufgehoben.'
        ),
        "obstacle_unplanned": (
            "Unter {name} steht {records}, was der Plan nicht gezeigt hat: Die Zone wurde seither geändert und "
            "bleibt, wie sie ist. Planen Sie neu."
        ),
        "obstacle_no_zone": (
            "Die Verbindung {connection} erreicht keine Zone, in der {name} ist. Verbinden Sie das Konto oder den "
            "Schlüssel, zu dem die Zone gehört, oder geben Sie dieser Verbindung Zugriff darauf."
        ),
        "discovery_unregistered": "Die Domain von {hostname} ist nicht registriert.",
        "discovery_not_offered": "Der DNS-Anbieter von {zone} bietet Domain Connect nicht an.",
        "discovery_without_zone": "{zone} nennt einen Dienst für Domain Connect, der die Zone nicht hat.",
        "discovery_unusable": (
            "Der Dienst für Domain Connect von {zone} gibt eine Antwort, die nicht zu gebrauchen ist: {reason}."
        ),
        "discovery_other_servers": (
            "Die Nameserver von {zone} sind {names}, und ihr Dienst für Domain Connect schreibt zu anderen."
        ),
        "by_hand": "Lassen Sie den Eintrag von Hand anlegen.",
        "record_changed_since": (
            "Unter {name} steht {records}, nicht der geschriebene {type} {value}: Das wurde seither geändert und "
            "bleibt, wie es ist."
        ),
        "zone_without_delegation": (
            "Im DNS gibt es keine Zone für {hostname}: Die Domain ist nicht registriert oder an keine Nameserver "
            "delegiert. Lassen Sie sie zuerst vom Registrar delegieren; bis dahin fragt niemand die Zone {zone} der "
            "Verbindung."
        ),
        "zone_without_delegation_to": (
            "Im DNS gibt es keine Zone für {hostname}: Die Domain ist nicht registriert oder an keine Nameserver "
            "delegiert. Lassen Sie sie zuerst vom Registrar an {servers} delegieren; bis dahin fragt niemand die Zone "
            "{zone} der Verbindung."
        ),
        "zone_is_another": (
            "{hostname} ist in der Zone {public}, die von {servers} bedient wird. Die Verbindung erreicht {zone}, und "
            "dorthin werden Resolver für diesen Namen nicht geführt. Verbinden Sie das Konto, zu dem {public} gehört, "
            "oder legen Sie den Eintrag dort von Hand an."
        ),
        "zone_partial": (
            "Der Anbieter hält {zone} nur zum Teil (CNAME-Setup): Die Antworten kommen von {servers}. Verbinden Sie "
            "deren Anbieter, oder legen Sie den Eintrag dort von Hand an."
        ),
        "zone_secondary": (
            "Der Anbieter hält eine Kopie von {zone} (eine sekundäre Zone), deren Einträge am primären Server "
            "geändert werden. Verbinden Sie diesen, oder legen Sie den Eintrag dort von Hand an."
        ),
        "zone_not_led_to": (
            "Resolver werden nicht zur Zone {zone} der Verbindung geführt, sondern zu {servers}. Verbinden Sie deren "
            "Anbieter, legen Sie den Eintrag dort von Hand an, oder lassen Sie beim Registrar die Nameserver der Zone "
            "der Verbindung eintragen."
        ),
        "zone_at_not_led_to": (
            "Resolver werden nicht zur Zone {zone} der Verbindung geführt ({own}), sondern zu {servers}. Verbinden "
            "Sie deren Anbieter, legen Sie den Eintrag dort von Hand an, oder lassen Sie beim Registrar die "
            "Nameserver der Zone der Verbindung eintragen."
        ),
        "servers_other": "anderen Nameservern",
        "servers_named": "den Nameservern {servers}",
        "servers_named_of": "den Nameservern {servers} ({provider})",
        "nothing_is_written": "Dort wird nichts geschrieben.",
        "connection_that_reaches": "Die Verbindung {connection} erreicht die Zone {zone}: Verwenden Sie diese.",
        "records_more": "{listed} und {count} mehr",
        "record_gone_since": (
            "Unter {name} steht nichts, nicht der geschriebene {type} {value}: Das wurde seither geändert und bleibt, "
            "wie es ist."
        ),
    }
)
"""The templates by their ids."""
