"""Find the zone of a name at a provider, and the label of the name in that zone."""

from collections.abc import Awaitable, Callable
from typing import Final

from msgspec import Struct

from dcvd.core.dns.hostnames import registrable_domain
from dcvd.core.records.plan import find_name_obstacle
from dcvd.core.records.zones import Zone
from dcvd.errors import Permanent

APEX: Final = "@"
_MAX_CANDIDATES: Final = 8
"""The most zones to look for: nobody delegates deeper, each costs a call, and a name may have 120 labels."""


class OwnerName(Struct, frozen=True):
    """A name in its zone; `label` is the part before the zone's name, `@` at the apex."""

    zone: Zone
    name: str
    label: str


def zone_candidates(name: str) -> list[str]:
    """List the zones that could hold a name, longest first: the name itself and its parents, up to the registrable one.

    No zone has the name of a wildcard. A name with many labels yields only the shortest eight.
    """
    end = registrable_domain(name)
    candidates = [name]
    while candidates[-1] != end and "." in candidates[-1]:
        candidates.append(candidates[-1].partition(".")[2])
    return [candidate for candidate in candidates if not candidate.startswith("*")][-_MAX_CANDIDATES:]


async def find_nearest_zone(name: str, find_zone: Callable[[str], Awaitable[Zone | None]]) -> Zone | None:
    """Walk up the labels of a name to the nearest zone; `find_zone` looks for one name."""
    for candidate in zone_candidates(name):
        zone = await find_zone(candidate)
        if zone is not None:
            return zone
    return None


def locate_owner(zone: Zone, name: str, *, is_cname: bool = False) -> OwnerName:
    """Split a name into its zone and its label. Raises Permanent if no record, or no CNAME, can be there."""
    obstacle = find_name_obstacle(name, zone, is_cname=is_cname)
    if obstacle is not None:
        raise Permanent(obstacle.wording, code=obstacle.code)
    return OwnerName(zone, name, name.removesuffix(zone.name).removesuffix(".") or APEX)
