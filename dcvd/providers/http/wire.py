"""Convert the entries of a described API's lists to records, and back."""

import re
from typing import Any, Final

import msgspec
from msgspec import Struct

from dcvd.config.http_api_section import HttpApiDescription
from dcvd.core.dns.hostnames import to_a_labels
from dcvd.core.http.json_members import get_member
from dcvd.core.http.request_templates import fill_body
from dcvd.core.records.zones import HOST_TYPES, Zone, ZoneRecord
from dcvd.providers.owner_names import APEX, OwnerName

DEFAULT_TTL: Final = 600
_ID: Final = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._:=~-]{1,128}", re.ASCII)
_TYPE: Final = re.compile(r"[A-Z0-9]{1,16}", re.ASCII)
_MAX_RAW_LENGTH: Final = 8192


class OriginalRecord(Struct, frozen=True, rename="camel"):
    """A record's members as the provider spelled them, kept so that it can be created again."""

    value: str
    ttl: int | None
    members: dict[str, Any]


def read_identifier(value: object) -> str | None:
    """Return an id that can stand in a path; None for anything else."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    return text if isinstance(text, str) and _ID.fullmatch(text) is not None else None


def read_record(entry: Any, owner: OwnerName, description: HttpApiDescription) -> ZoneRecord | None:
    """Return the record, or None if the entry has another name. Raises ValueError for an unreadable entry."""
    name = get_member(entry, description.record_name)
    if not isinstance(name, str):
        raise ValueError("no name")  # noqa: TRY004  # the answer is at fault
    if not _is_at_owner(to_a_labels(name), owner, description):
        return None
    kind, value, ttl = (
        get_member(entry, path) for path in (description.record_type, description.record_value, description.record_ttl)
    )
    record_id = read_identifier(get_member(entry, description.record_id))
    if not isinstance(kind, str) or _TYPE.fullmatch(kind) is None or not isinstance(value, str) or record_id is None:
        raise ValueError("no type, value or id")
    seconds = ttl if isinstance(ttl, int) and not isinstance(ttl, bool) else None
    members = {member: entry[member] for member in description.kept_members if entry.get(member) is not None}
    raw = msgspec.json.encode(OriginalRecord(value, seconds, members)).decode()
    if len(raw) > _MAX_RAW_LENGTH:
        raise ValueError("too long a record")
    return ZoneRecord(
        type=kind, name=owner.name, value=_read_value(kind, value, owner.zone), ttl=seconds, id=record_id, raw=raw
    )


def build_creation_body(record: ZoneRecord, owner: OwnerName, description: HttpApiDescription, account: str) -> Any:
    """Return the document that creates a record; a record that was read is created exactly as it was."""
    values: dict[str, str | int] = {**path_values(owner, description, account), "type": record.type}
    if record.raw is None:
        dot = "." if description.final_dot and record.type in HOST_TYPES else ""
        values |= {"value": record.value + dot, "ttl": max(record.ttl or DEFAULT_TTL, description.lowest_ttl)}
        return fill_body(description.create_body, values)
    original = msgspec.json.decode(record.raw, type=OriginalRecord)
    value = original.value
    dot = "." if description.final_dot and record.type in HOST_TYPES and not value.endswith((".", APEX)) else ""
    values |= {"value": value + dot, "ttl": original.ttl or DEFAULT_TTL}
    return fill_body(description.create_body, values) | original.members


def path_values(owner: OwnerName, description: HttpApiDescription, account: str) -> dict[str, str]:
    """The values of the placeholders in a path or body, for a name."""
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


def _read_value(kind: str, value: str, zone: Zone) -> str:
    if kind in HOST_TYPES:
        return zone.name if value == APEX else value
    if kind == "TXT" and len(value) > 1 and value[0] == value[-1] == '"' and not set('"\\') & set(value[1:-1]):
        return value[1:-1]
    return value
