"""Find out what Cloudflare would see in DNS for one custom hostname. Only the sandbox's own zone data is read."""

import dns.exception
import dns.name
from dns.name import Name
from dns.rdatatype import RdataType
from msgspec.structs import replace

from dcvd.core.domains.domain import CHALLENGE_LABEL, OWNERSHIP_LABEL
from dcvd.sandbox.hostnames.model import CustomHostname, HostnameConditions
from dcvd.sandbox.nameserver.zone import ZoneData


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
    """Return the conditions of a hostname, and the names whose records they depend on.

    Every name at the target or below it belongs to this zone. TXT records and the delegation are read only if the
    order is validated by TXT.
    """
    name = dns.name.from_text(record.hostname)
    # No name has records of type 0, so the chain is followed even if a broken zone has an address beside the CNAME.
    routing = zone.resolve(name, RdataType.NONE)
    consulted_names = routing.consulted_names
    conditions = HostnameConditions(
        has_cname=any(name.is_subdomain(target) for name in routing.chain),
        fallback_active_at=fallback_active_at,
        authority_refusal=authority_refusal,
    )
    if record.ssl is None or record.ssl.method != "txt":
        return conditions, consulted_names
    ownership = _resolve_texts(zone, OWNERSHIP_LABEL, name)
    challenge = _resolve_texts(zone, CHALLENGE_LABEL, name)
    conditions = replace(
        conditions,
        ownership_txt=ownership[1],
        challenge_txt=challenge[1],
        is_delegated=_parse_name(delegation_target(record.hostname, delegation_uuid)) in challenge[0],
    )
    return conditions, consulted_names | ownership[2] | challenge[2]


def _resolve_texts(zone: ZoneData, prefix: str, name: Name) -> tuple[tuple[Name, ...], frozenset[str], frozenset[Name]]:
    try:
        owner = Name([prefix.encode()]).concatenate(name)
    except dns.name.NameTooLong:
        return (), frozenset(), frozenset()
    resolution = zone.resolve(owner, RdataType.TXT)
    return resolution.chain, resolution.texts, resolution.consulted_names


def _parse_name(text: str) -> Name | None:
    """Return the name; None if it is longer than DNS allows, because then no record can point to it."""
    try:
        return dns.name.from_text(text)
    except dns.exception.DNSException:
        return None
