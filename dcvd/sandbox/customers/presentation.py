"""Convert a customer's records to the form in which DNS serves them, and records of `PUT /sandbox/dns` back."""

from collections.abc import Mapping, Sequence
from typing import Final

from dcvd.sandbox.customers.bodies import TYPES
from dcvd.sandbox.customers.model import AUTOMATIC_TTL, PROXIABLE_TYPES, DnsRecord

PROXY_ADDRESSES: Final[Mapping[str, str]] = {"A": "104.16.0.1", "AAAA": "2606:4700::1"}
"""The addresses of Cloudflare that answer for every proxied record, whatever the record says."""
_AUTOMATIC_TTL_S: Final = 300
_MAX_STRING_CHARS: Final = 255


def to_presentation(records: Sequence[DnsRecord]) -> dict[str, tuple[list[str], int]]:
    """Return, for each type at one name, the values in presentation form and the TTL in seconds."""
    presented: dict[str, tuple[list[str], int]] = {}
    proxied = any(record.proxied for record in records)
    for record in records:
        if proxied and record.type in PROXIABLE_TYPES:
            continue
        values, ttl = presented.get(record.type, ([], _ttl_s(record)))
        presented[record.type] = [*values, _present_value(record)], min(ttl, _ttl_s(record))
    if proxied:
        presented |= {kind: ([address], _AUTOMATIC_TTL_S) for kind, address in PROXY_ADDRESSES.items()}
    return presented


def to_body(kind: str, name: str, value: str, ttl: int) -> dict[str, object] | None:
    """Return the body that creates a record; None for a type that the zones do not keep."""
    if kind not in TYPES:
        return None
    body: dict[str, object] = {"type": kind, "name": name, "content": value, "ttl": min(max(ttl, 60), 86400)}
    match kind:
        case "MX":
            priority, _, host = value.partition(" ")
            body |= {"priority": int(priority), "content": host}
        case "SRV":
            priority, weight, port, target = value.split()
            body["data"] = {"priority": int(priority), "weight": int(weight), "port": int(port), "target": target}
        case "CAA":
            flags, tag, text = value.split(" ", 2)
            body["data"] = {"flags": int(flags), "tag": tag, "value": text.strip('"')}
        case _:
            pass
    return body


def _present_value(record: DnsRecord) -> str:
    match record.type:
        case "CNAME" | "NS" | "PTR" | "SRV":
            return f"{record.content}."
        case "MX":
            return f"{record.priority} {record.content}."
        case "TXT":
            return _quote_text(record.content)
        case _:
            return record.content


def _quote_text(text: str) -> str:
    """Return a text that is quoted already as it is; cut any other into quoted strings of at most 255 characters."""
    if text.startswith('"'):
        return text
    parts = [text[start : start + _MAX_STRING_CHARS] for start in range(0, len(text), _MAX_STRING_CHARS)]
    return " ".join('"' + part.replace("\\", "\\\\").replace('"', '\\"') + '"' for part in parts)


def _ttl_s(record: DnsRecord) -> int:
    return _AUTOMATIC_TTL_S if record.ttl == AUTOMATIC_TTL else record.ttl
