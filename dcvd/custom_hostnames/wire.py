"""Cloudflare's JSON → our observations, leniently: unknown values, nulls and absent members never break a look.

What is kept of it is bounded, and an id is only one that can stand in a path: it comes back in our own calls.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final, cast

import msgspec
from msgspec import Struct

from dcvd.core.domains.domain import Record
from dcvd.core.domains.observations import HostnameSeen, ObservedCertificate
from dcvd.core.instants import from_rfc3339

Json = dict[str, Any]

_ID: Final = re.compile(r"[0-9A-Za-z-]{1,64}")
_LONGEST_TEXT: Final = 500
_LONGEST_STATUS: Final = 64
_MOST: Final = 20


class RemoteFault(Struct, frozen=True):
    """One entry of the envelope's `errors`."""

    code: int | None
    message: str


class Envelope(Struct, frozen=True):
    """What every answer is wrapped in: `{success, errors, messages, result, result_info}`.

    DELETE of a custom hostname may answer without it, with a bare `{"id": …}`: then that is the result.
    """

    success: bool
    errors: tuple[RemoteFault, ...]
    result: Any
    total_pages: int | None


def read_envelope(body: bytes) -> Envelope | None:
    """The envelope of an answer, or None for what is not Cloudflare's JSON (a proxy's page, an empty body)."""
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    if "success" not in document and "errors" not in document:
        return Envelope(True, (), document, None)
    errors = tuple(_fault(entry) for entry in _items(document.get("errors")))
    info = _object(document.get("result_info"))
    return Envelope(document.get("success") is True, errors, document.get("result"), _total_pages(info))


def read_hostname(result: object) -> HostnameSeen | None:
    """A custom hostname as it was observed, or None when the answer holds none."""
    found = _object(result)
    identifier, hostname = _text(found.get("id")), _text(found.get("hostname"))
    if identifier is None or hostname is None or _ID.fullmatch(identifier) is None:
        return None
    ssl = _object(found.get("ssl"))
    return HostnameSeen(
        id=identifier,
        hostname=hostname.lower(),
        status=_text(found.get("status"), _LONGEST_STATUS),
        ssl_status=_text(ssl.get("status"), _LONGEST_STATUS),
        errors=tuple(_messages(found.get("verification_errors"))),
        ssl_errors=tuple(_messages(ssl.get("validation_errors"))),
        method=_text(ssl.get("method"), _LONGEST_STATUS),
        wildcard=ssl.get("wildcard") is True,
        certificate_authority=_text(ssl.get("certificate_authority"), _LONGEST_STATUS),
        delegation=_delegation(ssl),
        wants_txt=any(_text(_object(entry).get("txt_name")) for entry in _items(ssl.get("validation_records"))),
        certificates=tuple(islice(_certificates(ssl), _MOST)),
    )


def read_hostnames(result: object) -> list[HostnameSeen]:
    """A page of the list; an entry that cannot be read is left out."""
    return [seen for entry in _items(result) if (seen := read_hostname(entry)) is not None]


def _certificates(ssl: Json) -> Iterator[ObservedCertificate]:
    """`ssl.certificates[]` (undocumented, managed certificates), else `ssl.expires_on` (uploaded ones)."""
    listed = [_object(entry) for entry in _items(ssl.get("certificates"))]
    if not any(_instant(entry.get("expires_on")) for entry in listed):
        listed = [ssl] if ssl.get("expires_on") else []
    for entry in listed:
        yield ObservedCertificate(
            serial=_text(entry.get("serial_number")),
            issuer=_text(entry.get("issuer")),
            signature=_text(entry.get("signature")),
            issued_at=_instant(entry.get("issued_on")) or _instant(entry.get("uploaded_on")),
            expires_at=_instant(entry.get("expires_on")),
        )


def _delegation(ssl: Json) -> Record | None:
    """`ssl.dcv_delegation_records[]`, of which a hostname has one."""
    for entry in _items(ssl.get("dcv_delegation_records"))[:_MOST]:
        name, target = _text(_object(entry).get("cname")), _text(_object(entry).get("cname_target"))
        if name is not None and target is not None:
            return Record("CNAME", name.lower().removesuffix("."), target.lower().removesuffix("."))
    return None


def _fault(entry: object) -> RemoteFault:
    found = _object(entry)
    code = found.get("code")
    text = _text(found.get("message")) or _text(entry) or "no message"
    return RemoteFault(code if isinstance(code, int) else None, text)


def _total_pages(info: Json) -> int | None:
    pages, count, size = info.get("total_pages"), info.get("total_count"), info.get("per_page")
    if isinstance(pages, int):
        return pages
    if isinstance(count, int) and isinstance(size, int) and size > 0:
        return -(-count // size)
    return None


def _messages(value: object) -> Iterator[str]:
    for entry in _items(value)[:_MOST]:
        text = _text(entry) or _text(_object(entry).get("message"))
        if text:
            yield text


def _instant(value: object) -> int | None:
    if not isinstance(value, str):
        return None
    try:
        return from_rfc3339(value)
    except ValueError:
        return None


def _object(value: object) -> Json:
    return cast("Json", value) if isinstance(value, dict) else {}


def _items(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: object, longest: int = _LONGEST_TEXT) -> str | None:
    if not isinstance(value, str) or not value:
        return None
    return value if len(value) <= longest else f"{value[:longest]}…"
