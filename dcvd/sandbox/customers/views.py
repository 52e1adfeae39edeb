"""Show zones and tokens as the control API does."""

from collections.abc import Sequence
from typing import Final

from dcvd.sandbox.customers.model import CustomerZone
from dcvd.sandbox.customers.tokens import IssuedToken

_SHOWN_MEMBERS: Final = ("id", "name", "type", "content", "ttl", "proxied", "comment")


def zone_view(zone: CustomerZone) -> dict[str, object]:
    """Show a zone, with its records in a short form."""
    return {
        "id": zone.id,
        "name": zone.name,
        "status": zone.status,
        "type": zone.type,
        "account": zone.account,
        "records": [{member: getattr(record, member) for member in _SHOWN_MEMBERS} for record in zone.records.values()],
    }


def token_view(token: IssuedToken, zones: Sequence[CustomerZone]) -> dict[str, object]:
    """Show what a token permits, without the token itself."""
    return {
        "id": token.id,
        "kind": "api" if token.is_verifiable else "access",
        "zones": [zone.name for zone in zones if token.may_see(zone)],
        "permissions": sorted(token.permissions),
    }
