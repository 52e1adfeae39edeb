"""The records in answers, with all that tells how they are typed."""

from typing import Any


def typed(record_type: str, host: str, zone: str, value: str, *, ttl: bool = True, **members: Any) -> dict[str, Any]:
    """What an answer has of a record in a zone; `members` are those that not every record has."""
    name = zone if host == "@" else f"{host}.{zone}"
    record = {"type": record_type, "name": name, "fqdn": name, "zone": zone, "host": host, "value": value}
    dotted = f"{value}." if record_type == "CNAME" else value
    return record | ({"valueWithDot": dotted, "ttl": 300} if ttl else {}) | members


def required(host: str, zone: str, value: str, *, verified: bool = False, purpose: str = "routing") -> dict[str, Any]:
    """A required CNAME."""
    return typed("CNAME", host, zone, value, purpose=purpose, verified=verified, possible=True, note=None)


def left(host: str, zone: str, value: str) -> dict[str, Any]:
    """A CNAME that a removed domain leaves, which nobody removes."""
    return typed("CNAME", host, zone, value, ttl=False, writtenByUs=False, beingRemoved=False)
