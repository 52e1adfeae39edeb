"""German: what Cloudflare and certificate authorities say, and what keeps the service from going on."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

CLOUDFLARE: Final[Mapping[str, str]] = MappingProxyType(
    {
        # The hostname at Cloudflare.
        "hostname_taken": (
            "{hostname} ist bei Cloudflare schon von jemand anderem registriert. Der Betreiber dieses Dienstes muss "
            "herausfinden, von wem; der Inhaber kann den Namen dort freigeben lassen."
        ),
        "hostname_refused": "{hostname} kann kein Zertifikat bekommen: Cloudflare nimmt den Namen nicht an.",
        "hostname_differs": (
            "{hostname} steht bei Cloudflare, aber nicht so, wie der Name bestellt wurde. Der Betreiber muss ihn dort "
            "ändern oder löschen, damit er neu registriert wird."
        ),
        "proxied_prevalidation": (
            "{hostname} läuft in einer Zone bei Cloudflare über den Proxy und kann daher nicht validiert werden, bevor "
            "der Eintrag geändert ist. Lassen Sie den Namen jetzt durch diesen Eintrag auf uns zeigen: {record}."
        ),
        "hidden_from_cloudflare": (
            "Cloudflare sieht nicht, dass {hostname} zu uns führt, und uns ist verborgen, wohin der Name führt. Sorgen "
            "Sie dafür, dass er diesen Eintrag hat und keine Adresse: {record}."
        ),
        "zone_hold": (
            "Die Zone von {hostname} ist bei Cloudflare gesperrt (Zone Hold), damit andere ihre Namen nicht nutzen. "
            "Der Inhaber der Zone muss die Sperre in seinem Cloudflare-Konto aufheben, auch für Subdomains."
        ),
        "blocked_for_risk": (
            "Cloudflare sperrt {hostname} und hält den Namen für ein Risiko. Der Betreiber muss den Support von "
            "Cloudflare um eine Prüfung bitten."
        ),
        "blocked": (
            "Cloudflare sperrt {hostname} und nennt keinen Grund: Vielleicht gilt der Name als Risiko, oder seine Zone "
            "ist gesperrt. Der Betreiber muss den Support von Cloudflare um eine Prüfung bitten."
        ),
        "moved_and_back": (
            "Cloudflare hat {hostname} aufgegeben, während der Name nicht auf uns zeigte. Jetzt zeigt er auf uns."
        ),
        "validated_again": "Er wird wieder validiert.",
        "validated_again_at": "Er wird um {when} wieder validiert.",
        "moved": (
            "Cloudflare hat {hostname} aufgegeben, weil der Name nicht auf uns zeigt. Legen Sie diesen Eintrag wieder "
            "an: {record}."
        ),
        "timed_out": (
            "Die Stufe „{stage}“ beim Zertifikat von {hostname} hat zu lange gedauert, und Cloudflare hat aufgehört."
        ),
        "late_order": "Bestellung",
        "late_validation": "Validierung",
        "late_issuance": "Ausstellung",
        "late_deployment": "Verteilung",
        "timed_out_restarted": "Sie wird neu gestartet; es ist nichts zu tun.",
        "timed_out_restarted_at": "Sie wird um {when} neu gestartet; es ist nichts zu tun.",
        "timed_out_record": "Es geht weiter, sobald dieser Eintrag da ist: {record}.",
        "unknown_error": (
            "Cloudflare sagt über {hostname}: „{text}“. Bleibt das so, muss der Betreiber dieses Dienstes den Support "
            "von Cloudflare fragen, was es bedeutet."
        ),
        # What a CA found.
        "ca_fault": (
            "Die Zertifizierungsstelle hat selbst eine Störung, auf deren Ende {hostname} wartet. Es wird noch einmal "
            "versucht."
        ),
        "http_challenge_blocked": (
            "Die Zertifizierungsstelle bekommt ihr Token unter http://{hostname}/.well-known/ nicht. Lassen Sie diesen "
            "Pfad durch nichts umleiten, prüfen oder sperren: vor allem nicht durch Firewall- und Seitenregeln der "
            "Zone {zone}."
        ),
        "ca_dnssec_bogus": (
            "Die Zertifizierungsstelle stellt fest, dass DNSSEC von {hostname} fehlerhaft ist. Bringen Sie die "
            "Signaturen von {zone} in "
            "Ordnung, oder entfernen Sie den DS-Eintrag."
        ),
        "ca_caa_unanswered": (
            "Die Zertifizierungsstelle bekommt keine Antwort von den DNS-Servern von {zone}, die für {hostname} auch "
            "CAA-Anfragen beantworten müssen, von überall her. Wenden Sie sich an Ihren DNS-Anbieter."
        ),
        "ca_caa_blocks": (
            "{hostname} bekommt kein Zertifikat: Ein CAA-Eintrag schließt unsere Zertifizierungsstelle aus; fügen Sie "
            'bei {owner} `0 issue "{ca}"` hinzu.'
        ),
        "ca_caa_blocks_at_target": (
            "{hostname} bekommt kein Zertifikat: Ein CAA-Eintrag unseres eigenen Ziels schließt die "
            "Zertifizierungsstelle aus. Der Betreiber muss sie dort zulassen."
        ),
        "mpic_failed": (
            "Die Zertifizierungsstelle erreicht die DNS-Server von {zone} oder den Webserver von {hostname} von "
            "manchen Orten der Welt und von anderen nicht. Lassen Sie beide allen antworten: Sperren nach Land oder "
            "Netz sind die übliche Ursache."
        ),
        "validation_unanswered": (
            "Die Zertifizierungsstelle bekommt keine Antwort von den DNS-Servern von {zone}, die für {hostname} von "
            "überall her antworten müssen, auf Fragen jeden Typs. Wenden Sie sich an Ihren DNS-Anbieter."
        ),
        "failed_authorizations": (
            "Die Zertifizierungsstelle nimmt für {hostname} einige Stunden lang keine Versuche mehr an, weil so viele "
            "gescheitert sind. Danach wird es noch einmal versucht; was sie scheitern ließ, muss vorher behoben sein."
        ),
        "authorizations_suspended": (
            "Die Zertifizierungsstelle nimmt für {hostname} keine Versuche mehr an, weil so viele gescheitert sind, "
            "bis jemand das aufhebt. Der Betreiber muss den Support von Cloudflare fragen oder eine andere "
            "Zertifizierungsstelle wählen."
        ),
        "ca_rate_limited": (
            "Die Zertifizierungsstelle stellt für {zone} vorerst keine Zertifikate mehr aus, weil eine ihrer Grenzen "
            "erreicht ist, daher wartet {hostname}. Es wird noch einmal versucht; es ist nichts zu tun."
        ),
        "token_expired": (
            "Der Nachweis für das Zertifikat von {hostname} kam zu spät, und sein Token lief ab. Es wird mit einem "
            "neuen wieder begonnen."
        ),
        "ca_name_too_long": (
            "{hostname} ist für ein Zertifikat allein zu lang. Der Betreiber muss `cloudflare_branding` setzen, damit "
            "Cloudflare einen kürzeren Namen hinzufügt."
        ),
        "ca_name_invalid": (
            "Die Zertifizierungsstelle stellt für {hostname} kein Zertifikat aus, weil sie das für keinen gültigen "
            "Hostnamen hält."
        ),
        "ca_refuses_name": (
            "Die Zertifizierungsstelle nimmt Namen von der Form von {hostname} nicht an. Eine andere tut es "
            "vielleicht: Der Betreiber muss sie wählen."
        ),
        "ca_risk": (
            "Die Zertifizierungsstelle hält {hostname} für ein Risiko und stellt kein Zertifikat dafür aus. Der "
            "Betreiber muss den Support von Cloudflare um eine Prüfung bitten oder eine andere Zertifizierungsstelle "
            "nehmen."
        ),
        "from_some_places": "Das war von manchen Orten der Welt so und von anderen nicht.",
        "registry_unanswered": (
            "Die Zertifizierungsstelle bekam keine Antwort von den Nameservern von .{name}, die der Registry gehören, "
            "daher wartet {hostname}. Das geht vorbei; es wird noch einmal versucht."
        ),
        "delegation_unanswered": (
            "Die Zertifizierungsstelle bekam keine gute Antwort von Cloudflare, wohin der Nachweis von {hostname} "
            "delegiert ist. Es wird noch einmal versucht."
        ),
        "target_unanswered": (
            "Die Zertifizierungsstelle bekommt von den DNS-Servern von {name}, zu denen {hostname} führt und die der "
            "Betreiber dieses Dienstes betreibt, keine Antwort, wenn sie {types} nachschlägt."
        ),
        "lookup_unanswered": (
            "Die Zertifizierungsstelle bekommt von den DNS-Servern von {zone} keine Antwort, wenn sie {types} für "
            "{name} nachschlägt. Sie müssen solche Fragen von überall her beantworten, damit {hostname} ein Zertifikat "
            "bekommt. Wenden Sie sich an Ihren DNS-Anbieter."
        ),
        "lookup_bogus": (
            "Die Zertifizierungsstelle stellt fest, dass DNSSEC von {name} fehlerhaft ist, daher bekommt {hostname} "
            "kein Zertifikat. "
            "Bringen Sie die Signaturen von {zone} in Ordnung, oder entfernen Sie den DS-Eintrag."
        ),
        "lookup_absent_here": (
            "Die Zertifizierungsstelle fand {name} nicht im DNS. Unsere eigene Prüfung findet {hostname}; es wird noch "
            "einmal versucht."
        ),
        "lookup_absent": (
            "Die Zertifizierungsstelle findet {name} nicht im DNS. Legen Sie den Eintrag von {hostname} an."
        ),
        # The service.
        "waits_unauthorized": (
            "{hostname} wartet: Cloudflare weist das API-Token dieses Dienstes ab. Der Betreiber muss ein gültiges "
            "einsetzen."
        ),
        "waits_zone_not_found": (
            "{hostname} wartet: Cloudflare kennt die Zone dieses Dienstes nicht. Der Betreiber muss die richtige "
            "zone_id setzen."
        ),
        "waits_zone_inactive": (
            "{hostname} wartet: Die Zone dieses Dienstes ist bei Cloudflare nicht aktiv. Der Betreiber muss sie "
            "aktivieren."
        ),
        "waits_not_enabled": (
            "{hostname} wartet: Cloudflare for SaaS ist für die Zone dieses Dienstes nicht eingeschaltet. Der "
            "Betreiber muss es einschalten."
        ),
        "waits_quota": (
            "{hostname} wartet: Das Kontingent des Betreibers an Hostnamen bei Cloudflare ist aufgebraucht und muss "
            "erhöht werden."
        ),
        "waits_fallback_origin": (
            "{hostname} wartet: Der Fallback Origin in der Zone des Betreibers bei Cloudflare fehlt oder ist nicht "
            "aktiv, und der Betreiber muss ihn setzen."
        ),
        "waits_target": (
            "{hostname} wartet: {target}, worauf der Name zeigen muss, hat keine Adresse. Der Betreiber muss sie "
            "anlegen."
        ),
        "plan_lacks": (
            "{hostname} ist nicht registriert: Der Tarif der Zone des Betreibers bei Cloudflare enthält nicht alles, "
            "was dafür bestellt wird. Der Betreiber muss den Tarif ändern und die Registrierung wiederholen."
        ),
        "plan_lacks_wildcard": (
            "{hostname} ist nicht registriert: Der Tarif der Zone des Betreibers bei Cloudflare enthält keine "
            "Wildcard-Zertifikate. Der Betreiber muss den Tarif ändern und die Registrierung wiederholen; oder die "
            "Domain wird ohne Wildcard hinzugefügt."
        ),
        "cloudflare_unavailable": (
            "{hostname} ist noch nicht registriert: Cloudflare nimmt den Aufruf gerade nicht an. Es wird noch einmal "
            "versucht."
        ),
        "registration_refused": (
            "Cloudflare lehnt die Registrierung von {hostname} ab und sagt, warum. Der Betreiber dieses Dienstes ist "
            "am Zug."
        ),
        "many_waiting": (
            "{hostname} wartet darauf, dass {awaited}, so wie {count} Domains dieses Dienstes, die erste seit {since}. "
            "An {hostname} liegt es nicht. Sie müssen nichts tun: Wir versuchen es weiter."
        ),
        "stage_order": "Cloudflare das Zertifikat bestellt",
        "stage_validation": "die Zertifizierungsstelle den Namen validiert",
        "stage_issuance": "die Zertifizierungsstelle das Zertifikat ausstellt",
        "stage_deployment": "Cloudflare das Zertifikat verteilt",
        "stage_hostname": "Cloudflare den Namen in Betrieb nimmt",
    }
)
"""The templates by their ids."""
