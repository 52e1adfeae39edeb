"""Entries of a described API's lists → records, and back."""

import re
from typing import Any, Final

import msgspec
from msgspec import Struct

from dcvd.config.oauth_http_section import HttpApiDescription
from dcvd.core.json_members import get_member
from dcvd.core.records.zones import Zone, ZoneRecord
from dcvd.core.request_templates import fill_body
from dcvd.providers.owner_names import APEX, OwnerName

DEFAULT_TTL: Final = 600
_HOST_TYPES: Final = frozenset({"CNAME", "NS", "MX", "SRV", "PTR", "ALIAS", "DNAME"})
"""Types whose value ends in a host name."""
_ID: Final = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._:=~-]{1,128}", re.ASCII)
_TYPE: Final = re.compile(r"[A-Z0-9]{1,16}", re.ASCII)
_MAX_RAW_LENGTH: Final = 8192


class OriginalRecord(Struct, frozen=True, rename="camel"):
    """What a record was in the provider's own words."""

    value: str
    ttl: int | None
    members: dict[str, Any]


def read_identifier(value: object) -> str | None:
    """An id that can stand in a path; None for anything else."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    return text if isinstance(text, str) and _ID.fullmatch(text) is not None else None


def read_record(entry: Any, owner: OwnerName, description: HttpApiDescription) -> ZoneRecord | None:
    """The record, or None where the entry is of another name. Raises ValueError for what is no record."""
    name = get_member(entry, description.record_name)
    if not isinstance(name, str):
        raise ValueError("no name")  # noqa: TRY004  # it is the answer that is at fault
    if not _is_at_owner(name.lower(), owner, description):
        return None
    kind, value, ttl = (
        get_member(entry, path) for path in (description.record_type, description.record_value, description.record_ttl)
    )
    known = read_identifier(get_member(entry, description.record_id))
    if not isinstance(kind, str) or _TYPE.fullmatch(kind) is None or not isinstance(value, str) or known is None:
        raise ValueError("no type, value or id")
    seconds = ttl if isinstance(ttl, int) and not isinstance(ttl, bool) else None
    members = {kept: entry[kept] for kept in description.kept_members if entry.get(kept) is not None}
    raw = msgspec.json.encode(OriginalRecord(value, seconds, members)).decode()
    if len(raw) > _MAX_RAW_LENGTH:
        raise ValueError("too long a record")
    return ZoneRecord(
        type=kind, name=owner.name, value=_normalize_value(kind, value, owner.zone), ttl=seconds, id=known, raw=raw
    )


def build_creation_body(record: ZoneRecord, owner: OwnerName, description: HttpApiDescription, account: str) -> Any:
    """The document that creates a record; one that was read is created exactly as it was."""
    values: dict[str, str | int] = {**path_values(owner, description, account), "type": record.type}
    if record.raw is None:
        dot = "." if description.final_dot and record.type in _HOST_TYPES else ""
        values |= {"value": record.value + dot, "ttl": max(record.ttl or DEFAULT_TTL, description.lowest_ttl)}
        return fill_body(description.create_body, values)
    kept = msgspec.json.decode(record.raw, type=OriginalRecord)
    dot = "." if description.final_dot and record.type in _HOST_TYPES and not kept.value.endswith((".", APEX)) else ""
    values |= {"value": kept.value + dot, "ttl": kept.ttl or DEFAULT_TTL}
    return fill_body(description.create_body, values) | kept.members


def path_values(owner: OwnerName, description: HttpApiDescription, account: str) -> dict[str, str]:
    """What the placeholders of a name stand for."""
    label = description.apex if owner.label == APEX else owner.label
    return {
        "account": account,
        "zone": owner.zone.name,
        "zone_id": owner.zone.id,
        "name": owner.name,
        "label": label,
    }


def _is_at_owner(name: str, owner: OwnerName, description: HttpApiDescription) -> bool:
    if description.record_names == "absolute":
        return name.removesuffix(".") == owner.name
    return name in ("", APEX) if owner.label == APEX else name == owner.label


def _normalize_value(kind: str, value: str, zone: Zone) -> str:
    if kind in _HOST_TYPES:
        return zone.name if value == APEX else value.lower().removesuffix(".")
    if kind == "TXT" and len(value) > 1 and value[0] == value[-1] == '"' and not set('"\\') & set(value[1:-1]):
        return value[1:-1]
    return value
