"""The records of a domain as somebody types them at a provider: the name within its zone, and the value."""

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from dcvd.core.dns.apex import advise_apex
from dcvd.core.dns.facts import DnsFacts
from dcvd.core.dns.hostnames import find_typing_zone, is_within, relative_name
from dcvd.core.dns.providers import find_provider_by_name, find_zone_provider
from dcvd.core.domains.domain import Domain, Record, RequiredRecord
from dcvd.core.domains.required_records import required_records
from dcvd.core.sentences.sentence import TypedRecord

RECORD_TTL: Final = 300
"""Seconds for which resolvers may keep a record; short, so that a mistake is soon mended."""

_HOST_TYPES: Final = frozenset({"CNAME", "ALIAS", "ANAME", "APEXALIAS", "NS"})
"""Those whose value is a name, which some providers want with its final dot."""


class RecordPlace(Struct, frozen=True, kw_only=True):
    """Where a record is typed.

    fqdn: its whole name. zone: the zone that holds it. host: its name within the zone, `@` for the zone's own.
    """

    fqdn: str
    zone: str
    host: str


def find_zone(domain: Domain) -> str:
    """Return the zone in which a domain's records are typed, as its last check found it; before that the likely one."""
    return find_typing_zone(domain.name, domain.dns_zone)


def remember_zone(domain: Domain, facts: DnsFacts) -> Domain:
    """Return the domain with its zone, and who runs it, as a check saw them; unchanged where it saw none."""
    zone = facts.zone
    if zone is None or find_typing_zone(domain.name, zone) != zone:
        # A hostname that is a zone of its own: who runs the zone above, in which its record belongs, was not seen.
        return replace(domain, dns_zone=None, dns_provider=None) if zone == domain.name else domain
    if facts.target in facts.chain and domain.dns_zone is not None and is_within(domain.dns_zone, zone):
        # Where the record is right, a check does not look for zones further down.
        zone = domain.dns_zone
    provider = find_zone_provider(facts)
    return replace(domain, dns_zone=zone, dns_provider=None if provider is None else provider.name)


def find_place(name: str, zone: str) -> RecordPlace:
    """Return where a record of a domain in this zone is typed; `name` is whole, or as it is typed in the zone."""
    fqdn = zone if name == "@" else name
    if not is_within(fqdn, zone):
        above = find_typing_zone(zone, None)
        if is_within(fqdn, above):
            zone = above
        else:
            fqdn = f"{name}.{zone}"
    return RecordPlace(fqdn=fqdn, zone=zone, host=relative_name(fqdn, zone))


def to_typed_record(record: Record, zone: str) -> TypedRecord:
    """Return a record as it is typed in its zone."""
    return TypedRecord(record.type, find_place(record.name, zone).host, record.value)


def add_final_dot(record_type: str, value: str) -> str:
    """Return a value as providers want it that append the zone to a name without a final dot; others as they are."""
    return f"{value.removesuffix('.')}." if record_type in _HOST_TYPES else value


def required_records_to_type(domain: Domain) -> tuple[RequiredRecord, ...]:
    """Return the records that the customer has to create, each of a type that its zone can hold.

    At the top of a zone no CNAME can be (RFC 1034 section 3.6.2), so the hostname's own is of another type there.
    """
    if find_zone(domain) != domain.name:
        return required_records(domain)
    return tuple(_fit_apex(domain, each) if each.purpose == "routing" else each for each in required_records(domain))


def _fit_apex(domain: Domain, record: RequiredRecord) -> RequiredRecord:
    advice = advise_apex(domain.name, domain.cname_target, find_provider_by_name(domain.dns_provider))
    return replace(record, type=advice.type, is_possible=advice.is_possible, note=advice.sentence)
