"""Convert AWS's resource record sets to records, and back to exactly the same sets.

A set is what Route 53 creates and deletes; each of its values is one of our records, whose `raw` is the whole set.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final
from xml.sax.saxutils import escape

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from dcvd.core.records.zones import ZoneRecord
from dcvd.errors import Permanent
from dcvd.providers.route53.names import read_name, read_value, to_absolute, write_value
from dcvd.providers.route53.xml import Element

NAMESPACE: Final = "https://route53.amazonaws.com/doc/2013-04-01/"
ALIAS_PREFIX: Final = "ALIAS "
"""Stands before the target of an alias, because that is no value of the type: an alias of type CNAME is no CNAME."""
_DEFAULT_TTL: Final = 300
_NESTED_ELEMENTS: Final = {
    "AliasTarget": {"HostedZoneId", "DNSName", "EvaluateTargetHealth"},
    "GeoLocation": {"ContinentCode", "CountryCode", "SubdivisionCode"},
    "CidrRoutingConfig": {"CollectionId", "LocationName"},
    "GeoProximityLocation": {"AWSRegion", "LocalZoneGroup", "Coordinates", "Bias"},
    "Coordinates": {"Latitude", "Longitude"},
}
_VALUES_ELEMENT: Final = "ResourceRecords"
_ELEMENT_ORDER: Final = (
    "Name", "Type", "SetIdentifier", "Weight", "Region", "GeoLocation", "Failover", "MultiValueAnswer", "TTL",
    _VALUES_ELEMENT, "AliasTarget", "HealthCheckId", "CidrRoutingConfig", "GeoProximityLocation",
)  # fmt: skip
"""All elements of a set, in the order of the API's schema."""

Tree = dict[str, Any]
"""Elements by name; each is a text or another tree."""


class RrSet(Struct, frozen=True, kw_only=True):
    """One record set.

    settings: its elements by AWS's names, without its values. values: empty for an alias. exact: whether all of its
    elements are known, so that the set can be created again.
    """

    settings: Tree
    values: tuple[str, ...] = ()
    exact: bool = True

    def get_setting(self, name: str) -> str:
        """Return the text of a plain element; empty if there is none."""
        value = self.settings.get(name, "")
        return value if isinstance(value, str) else ""

    @property
    def type(self) -> str:
        return self.get_setting("Type")

    @property
    def name(self) -> str:
        """The name in the form of our records."""
        return read_name(self.get_setting("Name"))

    @property
    def key(self) -> tuple[str, str, str]:
        """What identifies the set in its zone: name, type and set identifier."""
        return self.name, self.type, self.get_setting("SetIdentifier")


def read_rrset(element: Element) -> RrSet:
    """Read a `ResourceRecordSet` of an answer."""
    settings: Tree = {}
    values: list[str] = []
    exact = True
    for child in element.children:
        if child.tag == _VALUES_ELEMENT:
            values += [value.text for value in child.find_all("ResourceRecord", "Value")]
        elif child.tag in _ELEMENT_ORDER:
            settings[child.tag], is_known = _read_tree(child)
            exact = exact and is_known
        else:
            exact = False
    return RrSet(settings=settings, values=tuple(values), exact=exact)


def to_records(rrset: RrSet) -> list[ZoneRecord]:
    """Return one record for each value; one for an alias, and one for a set without any value."""
    raw = msgspec.json.encode(rrset).decode()
    ttl = rrset.get_setting("TTL")
    values = [read_value(rrset.type, value) for value in rrset.values] or [_alias_value(rrset)]
    return [
        ZoneRecord(
            type=rrset.type,
            name=rrset.name,
            value=value,
            ttl=int(ttl[:9]) if ttl.isascii() and ttl.isdecimal() else None,
            id=rrset.get_setting("SetIdentifier") or None,
            raw=raw,
        )
        for value in values
    ]


def to_rrsets(records: Iterable[ZoneRecord]) -> list[RrSet]:
    """Return the sets of these records, each with only their values. Raises Permanent if a `raw` cannot be used."""
    sets: dict[tuple[str, str, str], RrSet] = {}
    for record in records:
        whole = _read_whole_rrset(record)
        partial = sets.get(whole.key, replace(whole, values=()))
        values = [
            value
            for value in whole.values
            if read_value(whole.type, value) == record.value and value not in partial.values
        ]
        sets[whole.key] = replace(partial, values=(*partial.values, *values))
    return list(sets.values())


def to_whole_rrsets(records: Iterable[ZoneRecord]) -> list[RrSet]:
    """Return the whole sets that these records were read from."""
    return list({whole.key: whole for record in records for whole in [_read_whole_rrset(record)]}.values())


def build_change_batch(changes: Sequence[tuple[str, RrSet]], comment: str) -> bytes:
    """Build the body of ChangeResourceRecordSets; each change is an action (CREATE, DELETE) and its set."""
    parts = [
        f"<Change><Action>{action}</Action><ResourceRecordSet>{_to_xml(rrset)}</ResourceRecordSet></Change>"
        for action, rrset in changes
    ]
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<ChangeResourceRecordSetsRequest xmlns="{NAMESPACE}"><ChangeBatch><Comment>{escape(comment)}</Comment>'
        f"<Changes>{''.join(parts)}</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>"
    ).encode()


def _read_whole_rrset(record: ZoneRecord) -> RrSet:
    if record.raw is None:
        settings: Tree = {
            "Name": to_absolute(record.name),
            "Type": record.type,
            "TTL": str(_DEFAULT_TTL if record.ttl is None else record.ttl),
        }
        return RrSet(settings=settings, values=(write_value(record.type, record.value),))
    try:
        rrset = msgspec.json.decode(record.raw, type=RrSet)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Permanent(
            f"The stored form of the {record.type} record of {record.name} is not one of Route 53.",
            code="record_not_restorable",
        ) from error
    if rrset.name != record.name or rrset.type != record.type:
        raise Permanent(
            f"The stored form of the {record.type} record of {record.name} belongs to another record.",
            code="record_not_restorable",
        )
    return rrset


def _alias_value(rrset: RrSet) -> str:
    target = rrset.settings.get("AliasTarget")
    name = target.get("DNSName", "") if isinstance(target, dict) else ""
    return ALIAS_PREFIX + read_name(name) if isinstance(name, str) and name else rrset.get_setting("SetIdentifier")


def _read_tree(element: Element) -> tuple[str | Tree, bool]:
    """Return an element as text or tree, and whether all its elements are known."""
    known_tags = _NESTED_ELEMENTS.get(element.tag)
    if known_tags is None:
        return element.text, not element.children
    tree: Tree = {}
    exact = True
    for child in element.children:
        tree[child.tag], is_child_exact = _read_tree(child)
        exact = exact and is_child_exact and child.tag in known_tags
    return tree, exact


def _to_xml(rrset: RrSet) -> str:
    values = "".join(f"<ResourceRecord><Value>{escape(value)}</Value></ResourceRecord>" for value in rrset.values)
    parts = {tag: _to_inner_xml(value) for tag, value in rrset.settings.items()}
    if values:
        parts[_VALUES_ELEMENT] = values
    return "".join(f"<{tag}>{parts[tag]}</{tag}>" for tag in _ELEMENT_ORDER if tag in parts)


def _to_inner_xml(value: str | Tree) -> str:
    if isinstance(value, str):
        return escape(value)
    return "".join(f"<{tag}>{_to_inner_xml(item)}</{tag}>" for tag, item in value.items())
