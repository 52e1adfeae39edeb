"""Read the bodies that create or edit DNS records, and check them as Cloudflare does.

Refusals have Cloudflare's numbers; the texts behind number 1004 are the sandbox's own.
"""

import re
from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv6Address
from typing import Final, cast

from dcvd.core.addresses import MAX_NAME_CHARS
from dcvd.core.dns.hostnames import is_within
from dcvd.sandbox.customers.model import AUTOMATIC_TTL, PROXIABLE_TYPES, DnsRecord
from dcvd.sandbox.hostnames.bodies import Body
from dcvd.sandbox.http.envelope import CloudflareErrorResponse

_LABEL: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_QUOTED: Final = re.compile(r'("([^"\\]|\\[^0-9]|\\[0-2][0-9]{2}){0,255}"( +|$))+')
_TAG: Final = re.compile(r"[A-Za-z0-9_-]{1,32}(:.{0,100})?")
_TTL_RANGE: Final = (60, 86400)
_MAX_COMMENT_CHARS: Final = 100
_MAX_TEXT_CHARS: Final = 2048
_PRIORITY_TYPES: Final = frozenset({"MX"})


def read_record(body: Body, zone: str, *, record_id: str, created_at: int, now: int) -> DnsRecord:
    """Read a whole record from a POST or a PUT. Raises CloudflareErrorResponse 1004."""
    kind = _read_text(body, "type").upper()
    reader = _CONTENT_READERS.get(kind)
    if reader is None:
        raise CloudflareErrorResponse(
            1004, f"`type` {kind!r} is none that the sandbox keeps: {', '.join(_CONTENT_READERS)}."
        )
    name = parse_record_name(_read_text(body, "name"), zone)
    content, data = reader(body)
    if kind == "CNAME" and content == name:
        raise CloudflareErrorResponse(1004, "A CNAME record cannot reference itself.")
    proxied = body.get("proxied", False)
    if not isinstance(proxied, bool):
        raise CloudflareErrorResponse(1004, "`proxied` is true or false.")
    if proxied and kind not in PROXIABLE_TYPES:
        raise CloudflareErrorResponse(1004, f"A {kind} record cannot be proxied.")
    return DnsRecord(
        id=record_id,
        type=kind,
        name=name,
        content=content,
        ttl=AUTOMATIC_TTL if proxied else _read_ttl(body.get("ttl", AUTOMATIC_TTL)),
        proxied=proxied,
        comment=_read_comment(body.get("comment")),
        tags=_read_tags(body.get("tags", [])),
        priority=_read_number(body, "priority", 65535) if kind in _PRIORITY_TYPES else None,
        data=data,
        settings=_read_object(body.get("settings", {}), "settings"),
        created_at=created_at,
        modified_at=now,
    )


def read_patch(body: Body, current: DnsRecord, zone: str, now: int) -> DnsRecord:
    """Apply the members of a PATCH to a record. Raises CloudflareErrorResponse 1004."""
    current_json = current.to_json()
    members = {member: current_json[member] for member in _EDITABLE_MEMBERS if current_json.get(member) is not None}
    if members.get("proxied") and body.get("proxied") is False:
        members["ttl"] = AUTOMATIC_TTL
    return read_record({**members, **body}, zone, record_id=current.id, created_at=current.created_at, now=now)


def parse_record_name(text: str, zone: str) -> str:
    """Return the absolute name; `@` is the zone, and a name outside the zone is relative to it.

    Raises CloudflareErrorResponse 1004.
    """
    name = text.lower().removesuffix(".")
    if name == "@":
        name = zone
    elif not is_within(name, zone):
        name = f"{name}.{zone}"
    if not _is_host(name.removeprefix("*.")):
        raise CloudflareErrorResponse(1004, f"`name` {text!r} is not a DNS name in Punycode.")
    return name


def _address_reader(parse: type[IPv4Address | IPv6Address]) -> Callable[[Body], tuple[str, None]]:
    def read(body: Body) -> tuple[str, None]:
        text = _read_text(body, "content")
        try:
            return str(parse(text)), None
        except ValueError as error:
            kind = parse.__name__.removesuffix("Address")
            raise CloudflareErrorResponse(1004, f"`content` {text!r} is not an {kind} address.") from error

    return read


def _read_host(body: Body) -> tuple[str, None]:
    return _parse_host(_read_text(body, "content"), "content"), None


def _read_txt(body: Body) -> tuple[str, None]:
    text = _read_text(body, "content")
    if len(text) > _MAX_TEXT_CHARS or not text.isprintable():
        raise CloudflareErrorResponse(
            1004, f"`content` of a TXT record is printable and at most {_MAX_TEXT_CHARS} characters long."
        )
    if text.startswith('"') and not _QUOTED.fullmatch(text):
        raise CloudflareErrorResponse(1004, "`content` of a TXT record has a quotation mark that does not end.")
    return text, None


def _read_caa(body: Body) -> tuple[str, Mapping[str, object]]:
    data = _read_object(body.get("data"), "data")
    flags, tag, value = _read_number(data, "flags", 255), _read_text(data, "tag"), _read_text(data, "value")
    if not (tag.isascii() and tag.isalnum()) or set('"\\') & set(value) or not value.isprintable():
        raise CloudflareErrorResponse(1004, "`data` is no CAA record.")
    return f'{flags} {tag} "{value}"', {"flags": flags, "tag": tag, "value": value}


def _read_srv(body: Body) -> tuple[str, Mapping[str, object]]:
    data = _read_object(body.get("data"), "data")
    numbers = {member: _read_number(data, member, 65535) for member in ("priority", "weight", "port")}
    target = _parse_host(_read_text(data, "target"), "data.target")
    return " ".join([*map(str, numbers.values()), target]), {**numbers, "target": target}


_CONTENT_READERS: Final[Mapping[str, Callable[[Body], tuple[str, Mapping[str, object] | None]]]] = {
    "A": _address_reader(IPv4Address),
    "AAAA": _address_reader(IPv6Address),
    "CAA": _read_caa,
    "CNAME": _read_host,
    "MX": _read_host,
    "NS": _read_host,
    "PTR": _read_host,
    "SRV": _read_srv,
    "TXT": _read_txt,
}
TYPES: Final = tuple(_CONTENT_READERS)
"""The types that the sandbox keeps; Cloudflare has about twenty."""

_EDITABLE_MEMBERS: Final = (
    "type", "name", "content", "ttl", "proxied", "comment", "tags", "priority", "data", "settings",
)  # fmt: skip


def _read_text(body: Body, member: str) -> str:
    value = body.get(member)
    if not isinstance(value, str) or not value:
        raise CloudflareErrorResponse(1004, f"`{member}` is missing, or no text.")
    return value


def _read_number(body: Body, member: str, maximum: int) -> int:
    value = body.get(member)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= maximum:
        raise CloudflareErrorResponse(1004, f"`{member}` is a whole number from 0 to {maximum}.")
    return value


def _read_ttl(value: object) -> int:
    least, most = _TTL_RANGE
    if isinstance(value, int) and not isinstance(value, bool) and (value == AUTOMATIC_TTL or least <= value <= most):
        return value
    raise CloudflareErrorResponse(1004, f"`ttl` is 1 for automatic, or between {least} and {most} seconds.")


def _read_comment(value: object) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > _MAX_COMMENT_CHARS:
        raise CloudflareErrorResponse(1004, f"`comment` is a text of at most {_MAX_COMMENT_CHARS} characters.")
    return value


def _read_tags(value: object) -> tuple[str, ...]:
    if isinstance(value, list | tuple) and all(isinstance(tag, str) and _TAG.fullmatch(tag) for tag in value):
        return tuple(value)
    raise CloudflareErrorResponse(1004, "`tags` is a list of texts of the form name:value.")


def _read_object(value: object, member: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise CloudflareErrorResponse(1004, f"`{member}` is missing, or no object.")
    return cast(Mapping[str, object], value)


def _parse_host(text: str, member: str) -> str:
    name = text.lower().removesuffix(".")
    if not _is_host(name):
        raise CloudflareErrorResponse(1004, f"`{member}` {text!r} is not a host name.")
    return name


def _is_host(name: str) -> bool:
    return len(name) <= MAX_NAME_CHARS and "." in name and all(_LABEL.fullmatch(label) for label in name.split("."))
