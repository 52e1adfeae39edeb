"""German: errors about organizations and their quotas."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

ORGANIZATIONS_ERRORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "organization_named_deleting": "Die Organisation {name} wird gelöscht.",
        "quota_unknown": "Das Kontingent {name} gibt es nicht; es gibt: {known}.",
        "quota_beyond": "{name} ist {value}; geben Sie eine Zahl von 0 (keine Grenze) bis {most} an.",
        "organization_missing": "Diese Organisation gibt es nicht.",
        "organization_unknown": "Es gibt keine Organisation {organization}.",
        "organization_name_like_id": (
            "Der Name einer Organisation darf nicht mit org_ beginnen, sonst könnte er für eine Id gehalten werden."
        ),
        "organization_exists": "Es gibt schon eine Organisation mit dem Namen {name}.",
        "quota_no_number": "{name} ist {text}; geben Sie eine ganze Zahl an, 0 für keine Grenze.",
        "organization_not_found": "Es gibt keine Organisation {name}.",
        "organization_not_found_list": "Es gibt keine Organisation {name}; `dcvd org list` zeigt, welche es gibt.",
        "quota_reached": (
            "Ihre Organisation hat {number} {things}, und möglich sind {limit} (Kontingent {quota}). {remedy} oder "
            "bitten Sie Ihren Betreiber um ein höheres Kontingent."
        ),
        "quota_more_than": "mehr als {limit}",
        "quota_remedy_remove": "Entfernen Sie, was nicht gebraucht wird,",
        "quota_remedy_wait": (
            "Jede wird innerhalb von zwei Tagen vergessen: Senden Sie den Rest später oder ohne Schlüssel,"
        ),
        "quota_of_webhooks": "Webhooks",
        "quota_of_tokens": "Tokens",
        "quota_of_connections": "Verbindungen",
        "quota_of_zones": "Zonen",
        "quota_of_links": "Links",
        "quota_of_members": "Mitglieder",
        "quota_of_domains": "Domains",
        "quota_of_remembered_lines": (
            "Antworten oder Zeilen von Sammelaufrufen, die zu einem Idempotency-Key gemerkt sind"
        ),
        "quota_of_remembered_bytes": "Bytes von Antworten, die zu einem Idempotency-Key gemerkt sind",
    }
)
"""The templates by their ids."""
