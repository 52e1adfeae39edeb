"""Whether the zone that a connection can change is the one that resolvers are led to.

What is written to any other zone is accepted by its provider, and seen by nobody.
"""

from typing import Final, assert_never

from msgspec import Struct

from dcvd.core.dns.cloudflare_networks import is_cloudflare_address
from dcvd.core.dns.hostnames import is_within
from dcvd.core.dns.providers import find_provider, is_at_cloudflare
from dcvd.core.records.plan import Obstacle
from dcvd.core.records.zones import Zone
from dcvd.core.sentences.sentence import Sentence, say
from dcvd.core.sentences.wording import SaidSentences, word, word_all

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


class HostAddresses(Struct, frozen=True, kw_only=True):
    """The addresses of some hosts together. unanswered: the hosts of which nobody said whether they have any."""

    found: frozenset[str] = frozenset()
    unanswered: tuple[str, ...] = ()


def is_served_by_name(zone: Zone, public: PublicZone) -> bool | None:
    """Whether DNS leads to a name server of the zone; None where the names do not tell.

    Where the provider says no servers, its own name tells that others run the zone. Other names may be the same
    servers: see `is_served_at`.
    """
    if not public.nameservers:
        return None
    if not zone.nameservers:
        return False if _is_run_by_another_provider(zone, public) else None
    return not set(zone.nameservers).isdisjoint(public.nameservers)


def is_served_at(
    zone: Zone, public: PublicZone, zone_addresses: HostAddresses, public_addresses: HostAddresses
) -> bool | None:
    """Whether the servers are the same ones under other names, as a customer's own names for them are.

    Cloudflare has addresses of its own for such names; there it decides that Cloudflare, which keeps a zone active in
    one account at most, and looks at the delegation itself, says that the zone is active.

    None where some addresses are not known, those that are known differ, and the names do not tell.
    """
    if not zone_addresses.found.isdisjoint(public_addresses.found):
        return True
    is_complete = not zone_addresses.unanswered and not public_addresses.unanswered
    if not is_complete:
        return False if _is_run_by_another_provider(zone, public) else None
    addresses = public_addresses.found
    is_leading_to_cloudflare = bool(addresses) and all(is_cloudflare_address(each) for each in addresses)
    return zone.is_active and is_at_cloudflare(zone.nameservers) and is_leading_to_cloudflare


def _is_run_by_another_provider(zone: Zone, public: PublicZone) -> bool:
    """Whether the name servers are known to be another provider's than the zone's."""
    own, others = zone.provider, find_provider(public.nameservers)
    if own is None:
        known = find_provider(zone.nameservers)
        own = None if known is None else known.name
    return own is not None and others is not None and others.name != own


def find_unused_zone_obstacle(
    hostname: str, zone: Zone, public: PublicZone, *, is_served: bool | None
) -> Obstacle | None:
    """Return why what is written for a hostname into a zone would be seen by nobody; None where nothing says so.

    is_served: whether DNS leads to the zone's name servers, None where that is not known.
    """
    reason = _find_reason(hostname, zone, public, is_served)
    return None if reason is None else Obstacle(ZONE_NOT_IN_USE, word_all((reason, word("nothing_is_written"))))


def _find_reason(hostname: str, zone: Zone, public: PublicZone, is_served: bool | None) -> SaidSentences | None:
    if public.name is None:
        if not zone.nameservers:
            return word("zone_without_delegation", hostname=hostname, zone=zone.name)
        return word("zone_without_delegation_to", hostname=hostname, servers=zone.nameservers, zone=zone.name)
    if zone.name != public.name:
        if not public.is_answered and is_within(zone.name, public.name):
            return None
        return word(
            "zone_is_another", hostname=hostname, public=public.name, servers=_say_servers(public), zone=zone.name
        )
    match zone.setup:
        case "partial":
            return word("zone_partial", zone=zone.name, servers=_say_servers(public))
        case "secondary":
            return word("zone_secondary", zone=zone.name)
        case "full":
            pass
        case _:
            assert_never(zone.setup)
    if is_served or (is_served is None and zone.is_active):
        return None
    servers = _say_servers(public)
    if not zone.nameservers:
        return word("zone_not_led_to", zone=zone.name, servers=servers)
    return word("zone_at_not_led_to", zone=zone.name, own=zone.nameservers, servers=servers)


def _say_servers(public: PublicZone) -> Sentence:
    if not public.nameservers:
        return say("servers_other")
    provider = find_provider(public.nameservers)
    if provider is None:
        return say("servers_named", servers=public.nameservers)
    return say("servers_named_of", servers=public.nameservers, provider=provider.name)
