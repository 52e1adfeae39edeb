"""What Cloudflare would see in DNS for one custom hostname. The sandbox looks in its own zone data only."""

from typing import Final

import dns.exception
import dns.name
from dns.name import Name
from dns.rdatatype import RdataType

from dcvd.sandbox.hostnames.model import CustomHostname, HostnameConditions
from dcvd.sandbox.nameserver.zone import ZoneData

CHALLENGE_LABEL: Final = "_acme-challenge"
OWNERSHIP_LABEL: Final = "_cf-custom-hostname"


def delegation_target(hostname: str, delegation_uuid: str) -> str:
    return f"{hostname}.{delegation_uuid}.dcv.cloudflare.com"


def read_conditions(
    record: CustomHostname,
    zone: ZoneData,
    *,
    target: Name,
    fallback_active_at: int | None,
    delegation_uuid: str,
    authority_refusal: str | None,
) -> tuple[HostnameConditions, frozenset[Name]]:
    """The sight, and the names whose records it depends on.

    Every name at the target or below it is one of this zone's. TXT records, and the delegation, are looked for only
    where they were asked for.
    """
    name = dns.name.from_text(record.hostname)
    # No name holds type 0, so the chain is followed even where a broken zone has an address beside the CNAME.
    routing = zone.resolve(name, RdataType.NONE)
    consulted = routing.consulted_names
    sight = HostnameConditions(
        has_cname=any(name.is_subdomain(target) for name in routing.chain),
        fallback_active_at=fallback_active_at,
        authority_refusal=authority_refusal,
    )
    if record.ssl is None or record.ssl.method != "txt":
        return sight, consulted
    ownership = _resolve_texts(zone, OWNERSHIP_LABEL, name)
    challenge = _resolve_texts(zone, CHALLENGE_LABEL, name)
    return (
        HostnameConditions(
            has_cname=sight.has_cname,
            ownership_txt=ownership[1],
            challenge_txt=challenge[1],
            is_delegated=_parse_name(delegation_target(record.hostname, delegation_uuid)) in challenge[0],
            fallback_active_at=fallback_active_at,
            authority_refusal=authority_refusal,
        ),
        consulted | ownership[2] | challenge[2],
    )


def _resolve_texts(zone: ZoneData, prefix: str, name: Name) -> tuple[tuple[Name, ...], frozenset[str], frozenset[Name]]:
    try:
        owner = Name([prefix.encode()]).concatenate(name)
    except dns.name.NameTooLong:
        return (), frozenset(), frozenset()
    resolution = zone.resolve(owner, RdataType.TXT)
    return resolution.chain, resolution.texts, resolution.consulted_names


def _parse_name(text: str) -> Name | None:
    """None where the composed name is longer than DNS allows: nobody can have pointed there."""
    try:
        return dns.name.from_text(text)
    except dns.exception.DNSException:
        return None
