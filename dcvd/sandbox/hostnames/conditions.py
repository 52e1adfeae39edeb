"""What Cloudflare would see in DNS for one custom hostname. The sandbox looks in its own zone data only."""

from typing import Final

import dns.exception
import dns.name
from dns.name import Name
from dns.rdatatype import RdataType

from dcvd.sandbox.hostnames.model import Hostname, Sight
from dcvd.sandbox.nameserver.zone import Zone

CHALLENGE: Final = "_acme-challenge"
OWNERSHIP: Final = "_cf-custom-hostname"


def delegation_target(hostname: str, delegation_uuid: str) -> str:
    return f"{hostname}.{delegation_uuid}.dcv.cloudflare.com"


def look(
    record: Hostname, zone: Zone, *, target: Name, fallback_from: int | None, delegation_uuid: str, refusal: str | None
) -> tuple[Sight, frozenset[Name]]:
    """The sight, and the names whose records it depends on.

    Every name at the target or below it is one of this zone's. TXT records, and the delegation, are looked for only
    where they were asked for.
    """
    name = dns.name.from_text(record.hostname)
    # No name holds type 0, so the chain is followed even where a broken zone has an address beside the CNAME.
    routing = zone.resolve(name, RdataType.NONE)
    consulted = routing.consulted
    sight = Sight(
        cname=any(name.is_subdomain(target) for name in routing.chain), fallback_from=fallback_from, refusal=refusal
    )
    if record.ssl is None or record.ssl.method != "txt":
        return sight, consulted
    ownership = _texts(zone, OWNERSHIP, name)
    challenge = _texts(zone, CHALLENGE, name)
    return (
        Sight(
            cname=sight.cname,
            ownership_txt=ownership[1],
            challenge_txt=challenge[1],
            delegated=_name_or_none(delegation_target(record.hostname, delegation_uuid)) in challenge[0],
            fallback_from=fallback_from,
            refusal=refusal,
        ),
        consulted | ownership[2] | challenge[2],
    )


def _texts(zone: Zone, prefix: str, name: Name) -> tuple[tuple[Name, ...], frozenset[str], frozenset[Name]]:
    try:
        owner = Name([prefix.encode()]).concatenate(name)
    except dns.name.NameTooLong:
        return (), frozenset(), frozenset()
    resolution = zone.resolve(owner, RdataType.TXT)
    return resolution.chain, resolution.texts, resolution.consulted


def _name_or_none(text: str) -> Name | None:
    """None where the composed name is longer than DNS allows: nobody can have pointed there."""
    try:
        return dns.name.from_text(text)
    except dns.exception.DNSException:
        return None
