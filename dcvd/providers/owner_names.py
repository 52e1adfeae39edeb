"""Find the zone of a name at a provider, and the label of the name in that zone."""

from typing import Final

from msgspec import Struct

from dcvd.core.domains.hostnames import registrable_domain
from dcvd.core.records.zones import Zone
from dcvd.errors import Permanent

APEX: Final = "@"
_MAX_CANDIDATES: Final = 6
"""The most zones to look for: each costs a call, and a name may have 120 labels."""


class OwnerName(Struct, frozen=True):
    """A name in its zone; `label` is the part before the zone's name, `@` at the apex."""

    zone: Zone
    name: str
    label: str


def zone_candidates(name: str) -> list[str]:
    """List the zones that could hold a name, longest first: the name itself and its parents, up to the registrable one.

    A name with many labels yields only the shortest six.
    """
    end = registrable_domain(name)
    candidates = [name]
    while candidates[-1] != end and "." in candidates[-1]:
        candidates.append(candidates[-1].partition(".")[2])
    return candidates[-_MAX_CANDIDATES:]


def locate_owner(zone: Zone, name: str) -> OwnerName:
    """Split a name into its zone and its label. Raises Permanent for a name outside the zone."""
    if name == zone.name:
        return OwnerName(zone, name, APEX)
    suffix = f".{zone.name}"
    if len(name) <= len(suffix) or not name.endswith(suffix):
        raise Permanent(
            f"{name} is not in the zone {zone.name}; connect the provider that holds it.", code="zone_not_found"
        )
    return OwnerName(zone, name, name.removesuffix(suffix))
