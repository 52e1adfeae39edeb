"""German: why a name is refused."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

HOSTNAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "hostname_empty": "Der Hostname ist leer; geben Sie einen ein, etwa app.customer.com.",
        "hostname_beyond_dns": "Der Hostname ist länger als {most} Zeichen, und mehr passen nicht in DNS.",
        "hostname_length": "Der Hostname ist {length} Zeichen lang; in DNS passen höchstens {most}.",
        "hostname_missing": "{typed} enthält keinen Hostnamen; geben Sie einen ein, etwa app.customer.com.",
        "hostname_underscore": (
            "{name} hat einen Unterstrich; ein Hostname mit Zertifikat hat nur Buchstaben, Ziffern und Bindestriche."
        ),
        "hostname_wildcard": "{name} ist eine Wildcard; geben Sie den Hostnamen selbst ein.",
        "hostname_not_one": "{name} ist kein Hostname: {reason}.",
        "hostname_label_empty": "{name} hat einen leeren Teil: zwei Punkte hintereinander oder einen am Anfang.",
        "hostname_label_length": "Der Teil {label} ist {length} Zeichen lang; DNS erlaubt höchstens {most}.",
        "hostname_label_odd": "Der Teil {label} besteht nicht aus Buchstaben, Ziffern und Bindestrichen dazwischen.",
        "hostname_single_label": (
            "{name} ist nicht vollständig; geben Sie einen ganzen Hostnamen ein, etwa app.customer.com."
        ),
        "hostname_number": (
            "{name} endet mit einer Zahl und wird daher als IP-Adresse gelesen; geben Sie einen Hostnamen ein."
        ),
        "hostname_no_tld": "{name} ist kein Hostname: Es gibt keine Top-Level-Domain .{tld}.",
        "hostname_reserved_tld": (
            "Die Top-Level-Domain .{tld} ist reserviert; keine Zertifizierungsstelle stellt darunter Zertifikate aus."
        ),
        "hostname_tld_slip": (
            "Es gibt keine Top-Level-Domain .{tld}: Meinten Sie .{likely}? Dann geben Sie {meant} ein."
        ),
        "hostname_public_suffix": (
            "Unter {name} registrieren andere ihre Namen; geben Sie einen Namen ein, der dem Kunden gehört."
        ),
        "hostname_not_web": "{typed} ist keine Adresse einer Webseite.",
        "hostname_ip_address": "{name} ist eine IP-Adresse; ein Zertifikat braucht einen Hostnamen.",
        "hostname_mail_address": "{typed} ist eine E-Mail-Adresse.",
        "hostname_with_user": "{typed} ist eine Adresse mit einem Benutzernamen.",
        "hostname_with_port": "{typed} hat einen Port, von dem DNS nichts weiß.",
        "hostname_enter_only": "Geben Sie nur den Namen ein: {name}.",
        "hostname_of_service": "{name} gehört zu diesem Dienst selbst: Kunden richten ihre Namen auf {target}.",
        "hostname_beyond_delegation": (
            "{name} ist zu lang, um durch Delegation geprüft zu werden: Der Name {challenge} hätte {length} Zeichen, "
            "und in DNS passen {most}. Nehmen Sie einen Hostnamen von höchstens {allowed} Zeichen, oder http."
        ),
    }
)
"""The templates by their ids."""
