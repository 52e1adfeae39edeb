"""What a create or edit of a DNS record asks for, checked as Cloudflare checks it; refusals by its numbers.

The texts behind number 1004 are the sandbox's own.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Final, cast

from dcvd.sandbox.customers.model import AUTOMATIC, PROXIABLE, DnsRecord
from dcvd.sandbox.hostnames.bodies import Body
from dcvd.sandbox.http.envelope import Refused

_LABEL: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_QUOTED: Final = re.compile(r'("([^"\\]|\\[^0-9]|\\[0-2][0-9]{2}){0,255}"( +|$))+')
_TAG: Final = re.compile(r"[A-Za-z0-9_-]{1,32}(:.{0,100})?")
_TTL: Final = (60, 86400)
_LONGEST_COMMENT: Final = 100
_LONGEST_TEXT: Final = 2048
_WITH_PRIORITY: Final = frozenset({"MX"})


def read_record(body: Body, zone: str, *, record_id: str, created_at: int, now: int) -> DnsRecord:
    """A whole record, as a create and a PUT give it. Raises Refused 1004."""
    kind = _text(body, "type").upper()
    reader = _CONTENT.get(kind)
    if reader is None:
        raise Refused(1004, f"`type` {kind!r} is none that the sandbox keeps: {', '.join(_CONTENT)}.")
    name = record_name(_text(body, "name"), zone)
    content, data = reader(body)
    if kind == "CNAME" and content == name:
        raise Refused(1004, "A CNAME record cannot reference itself.")
    proxied = body.get("proxied", False)
    if not isinstance(proxied, bool):
        raise Refused(1004, "`proxied` is true or false.")
    if proxied and kind not in PROXIABLE:
        raise Refused(1004, f"A {kind} record cannot be proxied.")
    return DnsRecord(
        id=record_id,
        type=kind,
        name=name,
        content=content,
        ttl=AUTOMATIC if proxied else _ttl(body.get("ttl", AUTOMATIC)),
        proxied=proxied,
        comment=_comment(body.get("comment")),
        tags=_tags(body.get("tags", [])),
        priority=_number(body, "priority", 65535) if kind in _WITH_PRIORITY else None,
        data=data,
        settings=_object(body.get("settings", {}), "settings"),
        created_at=created_at,
        modified_at=now,
    )


def read_patch(body: Body, present: DnsRecord, zone: str, now: int) -> DnsRecord:
    """The record with what the body names. Raises Refused 1004."""
    shown = present.view()
    kept = {member: shown[member] for member in _EDITABLE if shown.get(member) is not None}
    if kept.get("proxied") and body.get("proxied") is False:
        kept["ttl"] = AUTOMATIC
    return read_record({**kept, **body}, zone, record_id=present.id, created_at=present.created_at, now=now)


def record_name(text: str, zone: str) -> str:
    """Whole; what does not end in the zone's name is relative to it, and `@` is the zone itself. Raises Refused."""
    name = text.lower().removesuffix(".")
    if name == "@":
        name = zone
    elif name != zone and not name.endswith(f".{zone}"):
        name = f"{name}.{zone}"
    if not _is_host(name.removeprefix("*.")):
        raise Refused(1004, f"`name` {text!r} is not a DNS name in Punycode.")
    return name


def _address(version: int) -> Callable[[Body], tuple[str, None]]:
    def read(body: Body) -> tuple[str, None]:
        text = _text(body, "content")
        try:
            address = ipaddress.ip_address(text)
        except ValueError as error:
            raise Refused(1004, f"`content` {text!r} is not an IPv{version} address.") from error
        if address.version != version:
            raise Refused(1004, f"`content` {text!r} is not an IPv{version} address.")
        return str(address), None

    return read


def _host(body: Body) -> tuple[str, None]:
    return _host_of(_text(body, "content"), "content"), None


def _txt(body: Body) -> tuple[str, None]:
    text = _text(body, "content")
    if len(text) > _LONGEST_TEXT or not text.isprintable():
        raise Refused(1004, f"`content` of a TXT record is printable and at most {_LONGEST_TEXT} characters long.")
    if text.startswith('"') and not _QUOTED.fullmatch(text):
        raise Refused(1004, "`content` of a TXT record has a quotation mark that does not end.")
    return text, None


def _caa(body: Body) -> tuple[str, Mapping[str, object]]:
    data = _object(body.get("data"), "data")
    flags, tag, value = _number(data, "flags", 255), _text(data, "tag"), _text(data, "value")
    if not (tag.isascii() and tag.isalnum()) or set('"\\') & set(value) or not value.isprintable():
        raise Refused(1004, "`data` is no CAA record.")
    return f'{flags} {tag} "{value}"', {"flags": flags, "tag": tag, "value": value}


def _srv(body: Body) -> tuple[str, Mapping[str, object]]:
    data = _object(body.get("data"), "data")
    numbers = {member: _number(data, member, 65535) for member in ("priority", "weight", "port")}
    target = _host_of(_text(data, "target"), "data.target")
    return " ".join([*map(str, numbers.values()), target]), {**numbers, "target": target}


_CONTENT: Final[Mapping[str, Callable[[Body], tuple[str, Mapping[str, object] | None]]]] = {
    "A": _address(4),
    "AAAA": _address(6),
    "CAA": _caa,
    "CNAME": _host,
    "MX": _host,
    "NS": _host,
    "PTR": _host,
    "SRV": _srv,
    "TXT": _txt,
}
TYPES: Final = tuple(_CONTENT)
"""Those that the sandbox keeps; Cloudflare has some twenty."""

_EDITABLE: Final = ("type", "name", "content", "ttl", "proxied", "comment", "tags", "priority", "data", "settings")


def _text(body: Body, member: str) -> str:
    value = body.get(member)
    if not isinstance(value, str) or not value:
        raise Refused(1004, f"`{member}` is missing, or no text.")
    return value


def _number(body: Body, member: str, most: int) -> int:
    value = body.get(member)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise Refused(1004, f"`{member}` is a whole number from 0 to {most}.")
    return value


def _ttl(value: object) -> int:
    least, most = _TTL
    if isinstance(value, int) and not isinstance(value, bool) and (value == AUTOMATIC or least <= value <= most):
        return value
    raise Refused(1004, f"`ttl` is 1 for automatic, or between {least} and {most} seconds.")


def _comment(value: object) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > _LONGEST_COMMENT:
        raise Refused(1004, f"`comment` is a text of at most {_LONGEST_COMMENT} characters.")
    return value


def _tags(value: object) -> tuple[str, ...]:
    if isinstance(value, list | tuple) and all(isinstance(tag, str) and _TAG.fullmatch(tag) for tag in value):
        return tuple(value)
    raise Refused(1004, "`tags` is a list of texts of the form name:value.")


def _object(value: object, member: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise Refused(1004, f"`{member}` is missing, or no object.")
    return cast(Mapping[str, object], value)


def _host_of(text: str, member: str) -> str:
    name = text.lower().removesuffix(".")
    if not _is_host(name):
        raise Refused(1004, f"`{member}` {text!r} is not a host name.")
    return name


def _is_host(name: str) -> bool:
    return len(name) <= 253 and "." in name and all(_LABEL.fullmatch(label) for label in name.split("."))
