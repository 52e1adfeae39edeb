"""Convert Cloudflare's JSON to zones and records, and back. An answer about anything else is refused."""

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from dcvd.core.dns.hostnames import to_a_labels
from dcvd.core.dns.provider_table import CLOUDFLARE
from dcvd.core.records.zones import Zone, ZoneRecord, ZoneSetup
from dcvd.core.text import make_printable
from dcvd.custom_hostnames.wire import as_list, as_object, is_id
from dcvd.errors import Permanent
from dcvd.providers.cloudflare.faults import unexpected_answer

COMMENT: Final = "Written by dcvd"
_AUTOMATIC_TTL: Final = 1
"""The `ttl` that leaves the choice to Cloudflare, which takes 300 seconds, as its documentation says."""
_AUTOMATIC_TTL_S: Final = 300
_TYPE: Final = re.compile(r"[A-Z0-9]{1,16}")
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPED: Final = re.compile(r"\\(.)")
_MAX_VALUE_LENGTH: Final = 8192
_MAX_ACCOUNT_LENGTH: Final = 100
_ZONE_STATUSES: Final = ("active", "pending", "initializing")
"""A zone is active if its registrar names Cloudflare's servers; one of any other status will never be served."""
_SETUPS: Final[Mapping[str, ZoneSetup]] = {"partial": "partial", "secondary": "secondary"}
_INTERNAL_TYPE: Final = "internal"
"""The `type` of a zone that only a customer's own resolvers ask."""
_RESTORED_MEMBERS: Final = ("content", "ttl", "proxied", "comment", "tags", "priority", "data", "settings")


def read_zones(result: object, name: str) -> list[Zone]:
    """Return the public zones of exactly this name that are active or will be; Cloudflare's filter may let others pass.

    Raises Retryable for an answer that is not a list of zones, which could otherwise be taken for none.
    """
    zones = []
    for entry in _listed(result, "the zones of", name):
        zone_id, zone_name, status, zone_type = (entry.get(member) for member in ("id", "name", "status", "type"))
        is_readable = isinstance(zone_name, str) and isinstance(status, str) and isinstance(zone_type, str | None)
        if not is_readable or not is_id(zone_id):
            raise unexpected_answer(f"Cloudflare answered with an unreadable zone when it was asked for {name}.")
        if _normalize_host(zone_name) == name and status in _ZONE_STATUSES and zone_type != _INTERNAL_TYPE:
            zones.append(
                Zone(
                    id=zone_id,
                    name=name,
                    nameservers=_read_nameservers(entry, name),
                    provider=CLOUDFLARE.name,
                    flattens_apex=True,
                    is_active=status == "active",
                    setup=_SETUPS.get(zone_type or "", "full"),
                )
            )
    return zones


def read_account(result: object) -> str | None:
    """Return the name of the account that all listed zones belong to; None if there is none, or more than one."""
    values = [as_object(as_object(entry).get("account")).get("name") for entry in as_list(result)]
    names = {name if isinstance(name, str) else None for name in values}
    only = names.pop() if len(names) == 1 else None
    return None if only is None else make_printable(only)[:_MAX_ACCOUNT_LENGTH] or None


def read_records(result: object, name: str) -> list[ZoneRecord]:
    """Return the records at a name.

    Raises Retryable for a record at another name, which could otherwise be changed as if it were ours, and for an
    answer that is not a list, which could otherwise be taken for an empty name.
    """
    return [_read_record(entry, name) for entry in _listed(result, "the records of", name)]


def read_id(result: object) -> str | None:
    """Return the id of a created record; None if the answer names none."""
    record_id = as_object(result).get("id")
    return record_id if is_id(record_id) else None


def to_body(record: ZoneRecord) -> dict[str, Any]:
    """Return the body that creates a record: exactly as it was read, else unproxied and with our comment.

    Raises Permanent for a new record of a type whose value Cloudflare takes in parts.
    """
    body: dict[str, Any] = {"type": record.type, "name": record.name}
    if record.raw is not None:
        original = as_object(msgspec.json.decode(record.raw))
        return body | {member: original[member] for member in _RESTORED_MEMBERS if member in original}
    ttl = _AUTOMATIC_TTL if record.ttl is None else min(max(record.ttl, 60), 86_400)
    body |= {"content": record.value, "ttl": ttl, "comment": COMMENT}
    match record.type:
        case "A" | "AAAA" | "CNAME":
            return body | {"proxied": False}
        case "TXT" | "NS" | "PTR":
            return body
        case _:
            raise Permanent(
                f"dcvd does not write records of type {record.type} at Cloudflare that were not there before.",
                code="provider_refused",
            )


def _read_record(entry: Mapping[str, Any], name: str) -> ZoneRecord:
    record_id, kind, content, ttl = (entry.get(member) for member in ("id", "type", "content", "ttl"))
    if _normalize_host(entry.get("name")) != name:
        raise unexpected_answer(f"Cloudflare answered about another name when it was asked for the records of {name}.")
    if not (is_id(record_id) and isinstance(kind, str) and _TYPE.fullmatch(kind) and isinstance(content, str)):
        raise unexpected_answer(f"Cloudflare answered with a record of {name} that cannot be read.")
    if len(content) > _MAX_VALUE_LENGTH:
        raise unexpected_answer(
            f"Cloudflare answered with a record of {name} that has over {_MAX_VALUE_LENGTH} characters."
        )
    match kind:
        case "TXT":
            value = _read_txt(content)
        case "MX":
            value = f"{entry.get('priority')} {content}"
        case _:
            value = content
    raw = {member: entry[member] for member in _RESTORED_MEMBERS if entry.get(member) not in (None, [], {})}
    if "data" in raw:
        del raw["content"]  # read-only here: Cloudflare derives it from the data
    return ZoneRecord(
        id=record_id,
        type=kind,
        name=name,
        value=value,
        ttl=_AUTOMATIC_TTL_S if not isinstance(ttl, int) or ttl == _AUTOMATIC_TTL else ttl,
        raw=msgspec.json.encode(raw).decode(),
    )


def _read_txt(content: str) -> str:
    """The text of a TXT record, which Cloudflare shows as it was typed: with quotation marks, or without."""
    parts = _QUOTED.findall(content)
    return _ESCAPED.sub(r"\1", "".join(parts)) if content.startswith('"') and parts else content


def _listed(result: object, what: str, name: str) -> list[Mapping[str, Any]]:
    if not isinstance(result, list):
        raise unexpected_answer(f"Cloudflare answered with no list when it was asked for {what} {name}.")
    return [as_object(entry) for entry in result]


def _read_nameservers(entry: Mapping[str, Any], zone_name: str) -> tuple[str, ...]:
    """The name servers of a zone: those that Cloudflare assigned, and the customer's own names for them."""
    names: list[str] = []
    for member in ("name_servers", "vanity_name_servers"):
        hosts = entry.get(member) or []
        if not isinstance(hosts, list) or not all(isinstance(host, str) for host in hosts):
            raise unexpected_answer(f"Cloudflare answered with {member} of {zone_name} that cannot be read.")
        names += filter(None, map(to_a_labels, hosts))
    return tuple(dict.fromkeys(names))


def _normalize_host(value: object) -> str:
    return to_a_labels(value) if isinstance(value, str) else ""
