"""German: errors about connections and how they are made."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

CONNECTIONS_ERRORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "aws_without_oauth": (
            "AWS hat kein OAuth für seine Kunden. Holen Sie eine ExternalId mit POST /api/oauth/aws/external-ids, "
            "lassen Sie den Kunden eine Rolle anlegen, die ihr vertraut, und verbinden Sie dann mit POST "
            "/api/oauth/connections."
        ),
        "credentials_of_other_kind": "{provider} nimmt keine Zugangsdaten dieser Art.",
        "return_to_not_listed": "returnTo ist keine der URLs in oauth.return_to, genau wie sie dort stehen.",
        "state_unusable": (
            "Der Vorgang ist unbekannt, benutzt oder abgelaufen, oder wurde nicht für diesen Anbieter und diese "
            "Weiterleitung von diesem Token oder Link begonnen: Beginnen Sie noch einmal mit POST "
            "/api/oauth/authorize."
        ),
        "authorizations_too_many": (
            "Es sind {unused} Vorgänge offen und {used} innerhalb von {minutes} Minuten benutzt; möglich sind "
            "{most_unused} und {most}. Jeder endet von selbst."
        ),
        "redirect_uri_not_listed": (
            "redirectUri ist keine der URIs in oauth.{provider}.redirect_uris, genau wie sie dort stehen."
        ),
        "external_ids_unused": (
            "Es gibt {most} ExternalIds, die gegeben und nicht benutzt wurden; benutzen Sie eine davon, oder warten "
            "Sie, bis die älteste endet."
        ),
        "external_id_unknown": (
            "{field} wurde dieser Organisation nicht von dcvd gegeben, wurde schon benutzt oder ist abgelaufen. Holen "
            "Sie eine mit POST /api/oauth/aws/external-ids; mit jeder wird eine Verbindung gemacht."
        ),
        "role_domains_too_many": "Es sind {count} Domains; eine Rolle ist für bis zu {most}.",
        "policy_too_long": (
            "Die Richtlinie wäre länger als die {most} Zeichen, die AWS nimmt; geben Sie weniger Domains an."
        ),
        "consent_name_missing": "Der Name der Domain fehlt: Dieser Anbieter gibt seine Zustimmung für einen Hostnamen.",
        "consent_name_unwanted": (
            "Der Name einer Domain ist nicht gewünscht: {provider} gibt seine Zustimmung für ein Konto."
        ),
        "consent_zone_missing": "Die Domain von {name} ist nicht registriert.",
        "no_consent_here": "Bei diesem Anbieter kann hier nicht zugestimmt werden.",
        "connection_missing": "Mit diesem Link wurde keine Verbindung gemacht, oder sie funktioniert nicht mehr.",
        "provider_unknown": "Wählen Sie einen Anbieter: {known}.",
        "credentials_form_unknown": (
            "Ein solches Formular für Zugangsdaten gibt es nicht; wählen Sie eines auf der Seite der Verbindungen."
        ),
        "member_missing": "{member} fehlt.",
        "member_no_number": "{member} ist keine ganze Zahl.",
    }
)
"""The templates by their ids."""
