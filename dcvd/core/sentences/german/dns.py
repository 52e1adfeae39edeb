"""German: what a check of DNS and a probe of the edge find."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

DNS: Final[Mapping[str, str]] = MappingProxyType(
    {
        # Parts.
        "verbatim": "{text}",
        "and": "und",
        "more": "{count} mehr",
        "record": "Typ {type}, Name `{host}`, Wert `{value}`",
        "record_in_words": "Typ {type}, Name `{host}`, Wert: {value}",
        "target_when_added": "(wird beim Hinzufügen vergeben)",
        "other_servers": "anderen Nameservern",
        "wildcard_certificates": "Wildcard-Zertifikate",
        "delegated_certificates": "Zertifikate mit delegierter Validierung",
        "our_caa_record": "Der CAA-Eintrag unseres eigenen Ziels",
        "domains_caa_record": "Der CAA-Eintrag der Domain",
        "no_name": "keinen Namen",
        "cloudflares_error": "seinem Fehler {number}",
        "status_code": "dem Status {status}",
        # The record is missing, or stands at the wrong name.
        "cname_missing": "Für {hostname} gibt es keinen CNAME. Legen Sie diesen Eintrag an: {record}.",
        "zone_run_by_servers": "Die Zone {zone} liegt auf {servers}: Dort muss der Eintrag angelegt werden.",
        "zone_run_by_provider": (
            "Die Zone {zone} liegt bei {provider} ({servers}): Legen Sie den Eintrag dort an, unter {page}."
        ),
        "zone_delegated": (
            "Für {hostname} gibt es keinen CNAME. {zone} liegt auf {servers}. Legen Sie dort diesen Eintrag an: "
            "{record}."
        ),
        "part_delegated": (
            "Für {hostname} gibt es keinen CNAME. Dieser Teil der Domain liegt auf {servers}. Legen Sie dort diesen "
            "Eintrag an: {record}."
        ),
        "name_doubled": "Der Eintrag wurde als {saved} gespeichert. Geben Sie als Namen nur {host} ein.",
        "target_doubled": (
            "{name} zeigt auf {alias}: Ihr Anbieter hat {appended} an den Wert angehängt. Schließen Sie ihn mit einem "
            "Punkt ab: {target}."
        ),
        "wrong_type_for": (
            "Der Eintrag für {name} hat den Typ TXT und den Namen {target} als Text. Ändern Sie seinen Typ in CNAME."
        ),
        "wrong_type_at": (
            "Der Eintrag bei {name} hat den Typ TXT und den Namen {target} als Text. Ändern Sie seinen Typ in CNAME."
        ),
        "slip": "Sie haben {typed} eingegeben; es muss {meant} heißen.",
        "wildcard_masks": (
            "Ein Wildcard-Eintrag fängt {hostname} ab und führt den Namen zu {end}. Legen Sie einen Eintrag für "
            "{hostname} selbst an: {record}."
        ),
        "wildcard_may_end": (
            "{hostname} führt vielleicht nur durch einen Wildcard-Eintrag hierher. Sorgen Sie zuerst dafür, dass der "
            "Name einen eigenen Eintrag hat: {record}. Sobald es darunter einen Eintrag gibt, etwa für das Zertifikat, "
            "gilt ein Wildcard-Eintrag für ihn nicht mehr."
        ),
        "wildcard_will_end": (
            "{hostname} führt nur durch einen Wildcard-Eintrag hierher. Legen Sie zuerst einen Eintrag für {hostname} "
            "selbst an: Sobald es darunter einen gibt, etwa für das Zertifikat, gilt der Wildcard-Eintrag für den "
            "Namen nicht mehr. Legen Sie diesen Eintrag an: {record}."
        ),
        "wildcard_missing": (
            "Namen unter {hostname} führen nicht hierher, und das Zertifikat gilt auch für sie. Legen Sie auch diesen "
            "Eintrag an: {record}."
        ),
        # The record leads elsewhere, or others are in its way.
        "record_proxied": (
            "Der Eintrag für {hostname} läuft über einen Proxy; wir lassen ihn von Cloudflare bestätigen."
        ),
        "record_proxied_preview": (
            "Der Eintrag läuft über den Proxy von Cloudflare, der verbirgt, wohin er führt. Sobald der Name "
            "hinzugefügt ist, wird das bestätigt."
        ),
        "zone_of_its_own": (
            "{hostname} ist eine eigene Zone auf {servers}, und an der Spitze einer Zone kann kein CNAME stehen. "
            "Löschen Sie die NS-Einträge von {hostname} in der Zone darüber, und legen Sie dort diesen Eintrag an: "
            "{record}."
        ),
        "apex_unknown_provider": (
            "{name} ist die Spitze einer Zone, an der kein CNAME stehen kann. Nutzen Sie ALIAS, ANAME oder CNAME "
            "Flattening Ihres Anbieters (Ziel: {target}). Hat er nichts davon, fügen Sie hier stattdessen www.{name} "
            "hinzu, und leiten Sie {name} dorthin um."
        ),
        "apex_impossible": (
            "{name} ist die Spitze einer Zone, an der kein CNAME stehen kann, und {provider} hat dafür keinen anderen "
            "Eintrag (Ziel: {target}). Fügen Sie hier stattdessen www.{name} hinzu, und leiten Sie {name} dorthin um, "
            "oder ziehen Sie mit der Zone zu einem Anbieter um, der ALIAS-Einträge hat."
        ),
        "apex_flattened": (
            "{name} ist die Spitze einer Zone. {provider} nimmt dort einen CNAME an (Ziel: {target}) und löst ihn "
            "selbst auf."
        ),
        "apex_typed": (
            "{name} ist die Spitze einer Zone, an der kein CNAME stehen kann. Nehmen Sie bei {provider} den Typ {type} "
            "(Ziel: {target})."
        ),
        "records_in_the_way": (
            "{hostname} hat Einträge vom Typ {types}, wo der CNAME stehen soll. Löschen Sie die vorhandenen Einträge "
            "vom Typ {types} für {hostname}, und legen Sie dann diesen an: {record}."
        ),
        "addresses_in_the_way": (
            "{hostname} hat Einträge vom Typ {types} ({addresses}), wo der CNAME stehen soll. Löschen Sie die "
            "vorhandenen Einträge vom Typ {types} für {hostname}, und legen Sie dann diesen an: {record}."
        ),
        "cloudflares_addresses_in_the_way": (
            "{hostname} hat Adressen von Cloudflare ({addresses}), aber nicht die, die hierher führen: Der Eintrag "
            "wird dort weitergeleitet (proxied), oder ein anderes Konto bei Cloudflare hat ihn. Gehört das Konto zu "
            "dieser Domain, ändern Sie ihn dort; sonst löschen Sie die vorhandenen Einträge vom Typ {types} für "
            "{hostname}. Legen Sie dann diesen an: {record}."
        ),
        "records_beside_cname": (
            "{hostname} hat Einträge vom Typ {types} neben dem CNAME, und kein Name darf beides haben: Manche folgen "
            "dem einen, manche dem anderen. Löschen Sie die vorhandenen Einträge vom Typ {types} für {hostname}."
        ),
        "several_cnames_keep": (
            "{hostname} hat {count} CNAME-Einträge, zu {targets}, und DNS erlaubt einen (RFC 2181). Löschen Sie die zu "
            "{wrong}, und behalten Sie diesen: {record}."
        ),
        "several_cnames_create": (
            "{hostname} hat {count} CNAME-Einträge, zu {targets}, und DNS erlaubt einen (RFC 2181). Löschen Sie die zu "
            "{wrong}, und legen Sie diesen an: {record}."
        ),
        "stray_ipv6_one": (
            "Löschen Sie den IPv6-Eintrag {addresses} von {hostname}: Wer IPv6 hat, auch Zertifizierungsstellen, kommt "
            "zu einem anderen Server."
        ),
        "stray_ipv6_many": (
            "Löschen Sie die IPv6-Einträge {addresses} von {hostname}: Wer IPv6 hat, auch Zertifizierungsstellen, "
            "kommt zu einem anderen Server."
        ),
        "stray_address_one": (
            "Löschen Sie den Adresseintrag {addresses} von {hostname}: Ein Teil der Besucher kommt zu einem anderen "
            "Server."
        ),
        "stray_address_many": (
            "Löschen Sie die Adresseinträge {addresses} von {hostname}: Ein Teil der Besucher kommt zu einem anderen "
            "Server."
        ),
        "cname_broken": (
            "{hostname} zeigt auf {alias}, und Nameserver auf dem Weg von dort antworten nicht. Ändern Sie den Wert in "
            "{target}."
        ),
        "cname_wrong": "{hostname} zeigt auf {alias}; ändern Sie das in {target}.",
        "cname_almost_right": "Der Wert des CNAME von {hostname} ist fast richtig.",
        "loop_circle": "Die CNAMEs von {hostname} führen im Kreis.",
        "loop_itself": "{name} zeigt auf sich selbst.",
        "loop_back": "{name} zeigt auf {next}, und das führt wieder zurück.",
        "point_directly": "Lassen Sie {hostname} direkt hierher zeigen: {target}.",
        "chain_long": (
            "{hostname} führt über {count} CNAMEs, mehr, als jeder Resolver verfolgt. Lassen Sie den Namen direkt "
            "hierher zeigen: {target}."
        ),
        # _acme-challenge.
        "challenge_proxied": (
            "Der Eintrag bei {name} läuft über den Proxy von Cloudflare, der verbirgt, wohin er führt. Stellen Sie ihn "
            "auf „DNS only“: {record}."
        ),
        "challenge_almost_right": "Der Wert des CNAME bei {name} ist fast richtig.",
        "challenge_elsewhere": "{certificates} brauchen {name} mit dem Ziel {target}; der Name zeigt auf {alias}.",
        "challenge_hidden": (
            "Der CNAME bei {name} ist da, aber Cloudflare beantwortet Fragen nach TXT dort mit Token für das eigene "
            "Zertifikat der Zone, die kein Dashboard zeigt. Sie verschwinden, sobald dieses Zertifikat ausgestellt ist "
            "oder Universal SSL in der Zone abgeschaltet wird; oder {hostname} wird über http validiert."
        ),
        "challenge_bare": (
            "Bei {name} steht etwas, das nichts zeigt. Ist es der CNAME zu {target}, und löst der Anbieter ihn selbst "
            "auf, ist alles gut: Er zeigt sich, sobald ein Zertifikat bestellt ist. Wenn nicht, legen Sie diesen CNAME "
            "an."
        ),
        "challenge_txt_in_the_way": (
            "Löschen Sie den alten TXT-Eintrag bei {name}: Er steht, wo der CNAME zu {target} stehen muss."
        ),
        "challenge_needed": "{certificates} für {hostname} brauchen auch diesen Eintrag: {record}.",
        "challenge_missing": (
            "Die Zertifizierungsstelle findet nichts bei {name}. Legen Sie dort den CNAME zu {target} an."
        ),
        "challenge_wrong_text": (
            "Die Zertifizierungsstelle findet bei {name} einen TXT-Eintrag, der nicht ihrer ist. Löschen Sie ihn, und "
            "legen Sie dort den CNAME zu {target} an."
        ),
        "challenge_was_missing": "Die Zertifizierungsstelle fand nichts bei {name}",
        "challenge_was_older": "Die Zertifizierungsstelle fand bei {name} einen älteren Text als ihren eigenen",
        "challenge_is_there": ("{what}. Unsere eigene Prüfung findet den Eintrag dort; es wird noch einmal versucht."),
        "challenge_unknown_yet": (
            "{what}. Cloudflare muss noch sagen, was dorthin gehört; es wird noch einmal versucht."
        ),
        "challenge_odd": (
            "{what}, obwohl {hostname} durch den CNAME validiert wird, über den auch der Verkehr läuft. Bleibt das so, "
            "muss der Betreiber dieses Dienstes die Art der Validierung bei Cloudflare prüfen."
        ),
        # CAA.
        "caa_critical": (
            "{hostname} bekommt kein Zertifikat: {whose} bei {owner} schließt jede Zertifizierungsstelle aus, durch "
            "die kritische Eigenschaft {tags}; löschen Sie sie."
        ),
        "caa_forbids": (
            "{hostname} bekommt kein Zertifikat: {whose} bei {owner} schließt unsere Zertifizierungsstelle aus; fügen "
            "Sie dort {values} hinzu."
        ),
        "caa_target_fails": (
            "Die DNS-Server von {target}, unserem eigenen Ziel, beantworten CAA-Anfragen nicht; {hostname} muss "
            "warten, bis sie das tun."
        ),
        "caa_zone_fails": (
            "Die DNS-Server von {zone} beantworten CAA-Anfragen nicht, daher kann für {hostname} kein Zertifikat "
            "ausgestellt werden. Wenden Sie sich an Ihren DNS-Anbieter."
        ),
        # The zone and its servers.
        "dnssec_no_key": (
            "DNSSEC von {hostname} ist fehlerhaft: Die Registry hat einen DS-Eintrag von {zone}, und deren Server "
            "haben "
            "keinen Schlüssel, zu dem er führt. Entfernen Sie den DS-Eintrag beim Registrar von {zone}, oder "
            "signieren Sie die Zone mit seinem Schlüssel."
        ),
        "dnssec_signatures": (
            "DNSSEC von {hostname} ist fehlerhaft, daher weisen Resolver die Antworten ab. Bringen Sie die Signaturen "
            "von "
            "{zone} in Ordnung, oder entfernen Sie den DS-Eintrag von {zone} beim Registrar."
        ),
        "dnssec_signatures_above": (
            "DNSSEC von {hostname} ist fehlerhaft, daher weisen Resolver die Antworten ab. Bringen Sie die Signaturen "
            "von "
            "{zone} in Ordnung, oder entfernen Sie den DS-Eintrag darüber."
        ),
        "resolvers_failed": (
            "Kein DNS-Resolver dieses Dienstes antwortet, daher ist über {hostname} gerade nichts bekannt. Prüfen Sie "
            "dns.resolvers in der Konfiguration und das Netz dieser Maschine."
        ),
        "servers_all_unknown": (
            "Keinen der Nameserver von {zone} gibt es im DNS ({servers}), daher kann niemand {hostname} nachschlagen. "
            "Tragen Sie beim Registrar von {zone} die richtigen Nameserver ein."
        ),
        "servers_unknown": (
            "Nicht zu finden sind diese Nameserver von {zone}: {servers}. Entfernen Sie sie beim Registrar: Wer einen "
            "solchen Namen registriert, könnte für {zone} antworten."
        ),
        "servers_own_dead_one": (
            "Die Zone {zone} nennt andere Nameserver als ihr Registrar, und davon bedient {servers} sie nicht. "
            "Resolver fragen diese: Berichtigen Sie die NS-Einträge in der Zone, so dass sie denen beim Registrar "
            "gleichen."
        ),
        "servers_own_dead_many": (
            "Die Zone {zone} nennt andere Nameserver als ihr Registrar, und davon bedienen {servers} sie nicht. "
            "Resolver fragen diese: Berichtigen Sie die NS-Einträge in der Zone, so dass sie denen beim Registrar "
            "gleichen."
        ),
        "servers_lame_one": (
            "Von den Nameservern für {hostname} ist {servers} eingetragen, bedient den Namen aber nicht. Entfernen Sie "
            "ihn aus den NS-Einträgen, oder bitten Sie Ihren DNS-Anbieter, die Zone dort bereitzustellen."
        ),
        "servers_lame_many": (
            "Von den Nameservern für {hostname} sind {servers} eingetragen, bedienen den Namen aber nicht. Entfernen "
            "Sie sie aus den NS-Einträgen, oder bitten Sie Ihren DNS-Anbieter, die Zone dort bereitzustellen."
        ),
        "servers_none_left": "Auch kein anderer Server der Zone antwortet.",
        "servers_lack_record": (
            "Auf {servers}, mit einer neueren Kopie der Zone, fehlt der Eintrag von {hostname}, der auf {others} noch "
            "steht. Legen Sie dort diesen Eintrag an: {record}."
        ),
        "servers_old_data": (
            "Von {servers} kommen noch alte Daten für {hostname}, von {others} der richtige Eintrag. Meist ist das "
            "nach Minuten vorbei; wenn nicht, bitten Sie Ihren DNS-Anbieter, die alten Daten zu aktualisieren."
        ),
        "servers_older_copy": (
            "Von {servers} kommen noch alte Daten für {hostname}; eine neuere Kopie ist auf {others}."
        ),
        "servers_differ": ("{servers} sind sich über {hostname} nicht einig; einer davon liefert noch alte Daten."),
        "propagation_overdue": (
            "Der Eintrag von {hostname} stimmt auf seinen Nameservern, und von {resolvers} kommt länger als erlaubt "
            "eine andere Antwort: Vielleicht werden dort noch frühere Nameserver der Zone gefragt. Nach zwei Tagen ist "
            "das vorbei; "
            "wurde die Zone kürzlich umgezogen, ändern Sie den Eintrag auch beim früheren Anbieter."
        ),
        "propagation_until": (
            "Der Eintrag von {hostname} stimmt. Zwischenspeicher leeren sich bis {until}; es ist nichts zu tun."
        ),
        "propagation": (
            "Der Eintrag von {hostname} stimmt. Zwischenspeicher leeren sich von selbst; es ist nichts zu tun."
        ),
        "propagation_at_earlier_servers": (
            "Der Eintrag von {hostname} stimmt auf den heutigen Nameservern der Zone. Manche Resolver fragen noch die "
            "früheren ({servers}), bis {until}: Ändern Sie den Eintrag auch dort, oder warten Sie."
        ),
        "domain_suspended": (
            "Der Registrar von {zone} hat seine eigenen Nameserver an die Stelle der bisherigen gesetzt: Die Domain "
            "ist gesperrt oder abgelaufen. Bestätigen Sie die E-Mail-Adresse des Inhabers, verlängern Sie die Domain, "
            "oder fragen Sie den Registrar; auf die Einträge kommt es jetzt nicht an."
        ),
        "domain_gone": (
            "{zone} war am {day} da und ist aus dem DNS verschwunden: Die Domain ist abgelaufen oder gesperrt. "
            "Bestätigen "
            "Sie die E-Mail-Adresse des Inhabers, verlängern Sie die Domain, oder fragen Sie den Registrar; auf die "
            "Einträge kommt es jetzt nicht an."
        ),
        "tld_unknown": (
            "Es gibt keine Top-Level-Domain .{tld}, daher kann es {hostname} nicht geben. Wahrscheinlich ist es ein "
            "Tippfehler: Entfernen Sie den Namen hier, und fügen Sie den richtigen hinzu."
        ),
        "domain_unregistered": (
            "{zone} ist anscheinend abgelaufen oder nicht registriert, daher kann es {hostname} nicht geben. "
            "Verlängern Sie die Domain; ist sie bezahlt, fragen Sie den Registrar, ob sie gesperrt ist."
        ),
        # The name, and whose it is.
        "name_unusual": (
            "{name} hat einen Teil, den die Regeln für internationale Namen (IDNA 2008) nicht erlauben: {labels}. DNS "
            "liefert ihn, aber manche Browser, Mailprogramme und Zertifizierungsstellen nehmen ihn nicht."
        ),
        "name_long": (
            "{name} hat mehr als {count} Zeichen, daher nennt das Zertifikat auch einen Host von Cloudflare "
            "(cloudflare_branding). Darum kümmern wir uns."
        ),
        "ownership_unproved": (
            "Dass {hostname} hierher zeigt, sagt nicht, wer den Namen nutzen darf. Legen Sie den TXT-Eintrag {name} "
            "mit dem Wert {value} an, der beweist, dass er Ihnen gehört."
        ),
        "ownership_hidden": (
            "Ist dieser Eintrag schon da, legen Sie zusätzlich den TXT-Eintrag {name} mit dem Wert {value} an, der "
            "beweist, dass der Name Ihnen gehört."
        ),
        "dormant": (
            "{hostname} ruht seit {since}, weil der Eintrag so lange fehlt: Es gibt bei Cloudflare keinen Hostnamen "
            "dafür, und das DNS wird einmal am Tag abgefragt. Legen Sie den Eintrag an, und der Name wird von selbst "
            "wieder "
            "registriert; eine Prüfung weckt ihn sofort."
        ),
        "works_until": (
            "{hostname} funktioniert bis {until}; das Zertifikat kann nicht erneuert werden, bis dies behoben ist."
        ),
        # What a probe saw.
        "edge_origin_down": (
            "https://{hostname}/ wird ausgeliefert, aber Cloudflare antwortet mit {answer}: Es erreicht den "
            "Ursprungsserver nicht. Der Betreiber dieses Dienstes muss ihn prüfen."
        ),
        "edge_any_origin_down": (
            "https://{hostname}/ wird ausgeliefert, aber Cloudflare antwortet mit {answer}: Es erreicht einen "
            "Ursprungsserver nicht, entweder den des eigenen Proxys der Domain oder den des Dienstes."
        ),
        "edge_silent": "https://{hostname}/ antwortet nicht.",
        "edge_without_certificate": (
            "https://{hostname}/ hat kein Zertifikat: Der Server bricht den TLS-Handshake ab."
        ),
        "edge_certificate_of_others": "Browser warnen vor https://{hostname}/: Das Zertifikat dort gilt für {names}.",
        "edge_certificate_expired": "Browser warnen vor https://{hostname}/: Das Zertifikat ist am {day} abgelaufen.",
        "edge_certificate_early": "Browser warnen vor https://{hostname}/: Das Zertifikat gilt erst ab {day}.",
        "edge_certificate_untrusted": (
            "Browser warnen vor https://{hostname}/: Sie vertrauen dem Aussteller des Zertifikats nicht, {issuer}."
        ),
        "edge_certificate_refused": "Browser warnen vor https://{hostname}/: Das Zertifikat ist nicht gültig.",
        "edge_refuses": (
            "https://{hostname}/ hat ein Zertifikat, aber Cloudflare bedient den Namen nicht: Es antwortet mit "
            "{answer}."
        ),
        "edge_rollout": (
            "Vielleicht verteilt Cloudflare das Zertifikat noch auf alle seine Server; wir prüfen wieder."
        ),
        "edge_proxys_turn": "Wer den Proxy der Domain betreibt, muss ihn prüfen.",
        "edge_operators_turn": "Der Betreiber dieses Dienstes muss den Support von Cloudflare fragen.",
    }
)
"""The templates by their ids."""
