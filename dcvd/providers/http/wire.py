"""Entries of a described API's lists → records, and back."""

import re
from typing import Any, Final

import msgspec
from msgspec import Struct

from dcvd.config.oauth_http import OauthOtherHttp
from dcvd.core.json_members import member
from dcvd.core.records.zones import Zone, ZoneRecord
from dcvd.core.request_templates import fill_body
from dcvd.providers.owner_names import APEX, Place

DEFAULT_TTL: Final = 600
_HOSTS: Final = frozenset({"CNAME", "NS", "MX", "SRV", "PTR", "ALIAS", "DNAME"})
"""Types whose value ends in a host name."""
_ID: Final = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._:=~-]{1,128}", re.ASCII)
_TYPE: Final = re.compile(r"[A-Z0-9]{1,16}", re.ASCII)
_LONGEST: Final = 8192


class Kept(Struct, frozen=True, rename="camel"):
    """What a record was in the provider's own words."""

    value: str
    ttl: int | None
    members: dict[str, Any]


def identifier(value: object) -> str | None:
    """An id that can stand in a path; None for anything else."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    return text if isinstance(text, str) and _ID.fullmatch(text) is not None else None


def read_record(entry: Any, place: Place, described: OauthOtherHttp) -> ZoneRecord | None:
    """The record, or None where the entry is of another name. Raises ValueError for what is no record."""
    name = member(entry, described.record_name)
    if not isinstance(name, str):
        raise ValueError("no name")  # noqa: TRY004  # it is the answer that is at fault
    if not _is_here(name.lower(), place, described):
        return None
    kind, value, ttl = (
        member(entry, path) for path in (described.record_type, described.record_value, described.record_ttl)
    )
    known = identifier(member(entry, described.record_id))
    if not isinstance(kind, str) or _TYPE.fullmatch(kind) is None or not isinstance(value, str) or known is None:
        raise ValueError("no type, value or id")
    seconds = ttl if isinstance(ttl, int) and not isinstance(ttl, bool) else None
    members = {kept: entry[kept] for kept in described.kept_members if entry.get(kept) is not None}
    raw = msgspec.json.encode(Kept(value, seconds, members)).decode()
    if len(raw) > _LONGEST:
        raise ValueError("too long a record")
    return ZoneRecord(type=kind, name=place.name, value=_plain(kind, value, place.zone), ttl=seconds, id=known, raw=raw)


def created(record: ZoneRecord, place: Place, described: OauthOtherHttp, account: str) -> Any:
    """The document that creates a record; one that was read is created exactly as it was."""
    values: dict[str, str | int] = {**path_values(place, described, account), "type": record.type}
    if record.raw is None:
        dot = "." if described.final_dot and record.type in _HOSTS else ""
        values |= {"value": record.value + dot, "ttl": max(record.ttl or DEFAULT_TTL, described.lowest_ttl)}
        return fill_body(described.create_body, values)
    kept = msgspec.json.decode(record.raw, type=Kept)
    dot = "." if described.final_dot and record.type in _HOSTS and not kept.value.endswith((".", APEX)) else ""
    values |= {"value": kept.value + dot, "ttl": kept.ttl or DEFAULT_TTL}
    return fill_body(described.create_body, values) | kept.members


def path_values(place: Place, described: OauthOtherHttp, account: str) -> dict[str, str]:
    """What the placeholders of a name stand for."""
    label = described.apex if place.label == APEX else place.label
    return {
        "account": account,
        "zone": place.zone.name,
        "zone_id": place.zone.id,
        "name": place.name,
        "label": label,
    }


def _is_here(name: str, place: Place, described: OauthOtherHttp) -> bool:
    if described.record_names == "absolute":
        return name.removesuffix(".") == place.name
    return name in ("", APEX) if place.label == APEX else name == place.label


def _plain(kind: str, value: str, zone: Zone) -> str:
    if kind in _HOSTS:
        return zone.name if value == APEX else value.lower().removesuffix(".")
    if kind == "TXT" and len(value) > 1 and value[0] == value[-1] == '"' and not set('"\\') & set(value[1:-1]):
        return value[1:-1]
    return value
