"""Whether the zone that a connection can change is the one that resolvers are led to.

What is written to any other zone is accepted by its provider, and seen by nobody.
"""

from collections.abc import Collection
from typing import Final, assert_never

from msgspec import Struct

from dcvd.core.domains.cloudflare_networks import is_cloudflare_address
from dcvd.core.domains.dns_providers import find_provider, is_at_cloudflare
from dcvd.core.domains.hostnames import is_within
from dcvd.core.records.plan import Obstacle
from dcvd.core.records.zones import Zone
from dcvd.core.text import join_names

ZONE_NOT_IN_USE: Final = "zone_not_in_use"
"""The connection holds a zone of the name, but not the one that resolvers are led to."""


class PublicZone(Struct, frozen=True, kw_only=True):
    """The zone that DNS leads to for a hostname; `name` is None where its domain is not registered, or not delegated.

    nameservers: those that its parent delegates it to, and those that it names itself; empty where neither says any.
    is_answered: whether anybody answered about the hostname; else it may be in a zone further down.
    """

    name: str | None
    nameservers: tuple[str, ...] = ()
    is_answered: bool = True


def is_served_by_name(zone: Zone, public: PublicZone) -> bool | None:
    """Whether DNS leads to a name server of the zone; None where one side says none. Other names may be the same
    servers: see `is_served_at`.
    """
    if not zone.nameservers or not public.nameservers:
        return None
    return not set(zone.nameservers).isdisjoint(public.nameservers)


def is_served_at(zone: Zone, zone_addresses: Collection[str], public_addresses: Collection[str]) -> bool:
    """Whether the servers are the same ones under other names, as a customer's own names for them are.

    Cloudflare has addresses of its own for such names; there it decides that Cloudflare, which keeps a zone active in
    one account at most, and looks at the delegation itself, says that the zone is active.
    """
    if not set(zone_addresses).isdisjoint(public_addresses):
        return True
    is_leading_to_cloudflare = bool(public_addresses) and all(is_cloudflare_address(each) for each in public_addresses)
    return zone.is_active and is_at_cloudflare(zone.nameservers) and is_leading_to_cloudflare


def find_unused_zone_obstacle(
    hostname: str, zone: Zone, public: PublicZone, *, is_served: bool | None
) -> Obstacle | None:
    """Return why what is written for a hostname into a zone would be seen by nobody; None where nothing says so.

    is_served: whether DNS leads to the zone's name servers, None where that is not known.
    """
    reason = _find_reason(hostname, zone, public, is_served)
    return None if reason is None else Obstacle(ZONE_NOT_IN_USE, f"{reason} Nothing is written there.")


def _find_reason(hostname: str, zone: Zone, public: PublicZone, is_served: bool | None) -> str | None:
    if public.name is None:
        servers = f" to {join_names(zone.nameservers)}" if zone.nameservers else ""
        return (
            f"DNS has no zone for {hostname}: its domain is not registered, or is delegated to no name servers. Have "
            f"its registrar delegate it{servers} first; until then nobody asks the connection's zone {zone.name}."
        )
    if zone.name != public.name:
        if not public.is_answered and is_within(zone.name, public.name):
            return None
        return (
            f"{hostname} is in the zone {public.name}, which {_describe_servers(public)} serve. The connection reaches "
            f"{zone.name}, and for this name resolvers are not led there. Connect the account that holds "
            f"{public.name}, or create the record there by hand."
        )
    match zone.setup:
        case "partial":
            return (
                f"The provider holds {zone.name} in a partial (CNAME) setup: resolvers ask {_describe_servers(public)}."
                " Connect the provider that runs these, or create the record there by hand."
            )
        case "secondary":
            return (
                f"The provider holds a copy of {zone.name} (a secondary zone), whose records are changed at its "
                "primary server. Connect that, or create the record there by hand."
            )
        case "full":
            pass
        case _:
            assert_never(zone.setup)
    if is_served or (is_served is None and zone.is_active):
        return None
    here = f" ({join_names(zone.nameservers)})" if zone.nameservers else ""
    return (
        f"Resolvers are not led to the connection's zone {zone.name}{here}, but to {_describe_servers(public)}. "
        "Connect the provider that runs these, create the record there by hand, or have the registrar set the name "
        "servers of the connection's zone."
    )


def _describe_servers(public: PublicZone) -> str:
    if not public.nameservers:
        return "other name servers"
    provider = find_provider(public.nameservers)
    return f"the name servers {join_names(public.nameservers)}{'' if provider is None else f' ({provider.name})'}"
