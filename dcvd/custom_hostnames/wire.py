"""Read Cloudflare's JSON as our observations, leniently: unknown, null and absent members never break a check.

Text and lists are limited in length. An id has to be safe in a path, because our own calls contain it.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final, TypeGuard, cast

from msgspec import Struct

from dcvd.core.domains.domain import Record
from dcvd.core.domains.observations import CloudflareCertificate, CloudflareHostname
from dcvd.core.instants import from_rfc3339
from dcvd.core.text import shorten
from dcvd.custom_hostnames.kept_settings import has_own_certificate, read_kept_settings
from dcvd.kit.http.json_body import read_json_object

Json = dict[str, Any]

_ID: Final = re.compile(r"[0-9A-Za-z-]{1,64}")
_MAX_TEXT_LENGTH: Final = 500
_MAX_STATUS_LENGTH: Final = 64
_MAX_ENTRIES: Final = 20


class CloudflareErrorInfo(Struct, frozen=True):
    """One entry of the envelope's `errors`."""

    code: int | None
    message: str


class CloudflareEnvelope(Struct, frozen=True):
    """The envelope of every answer: `{success, errors, messages, result, result_info}`.

    DELETE of a custom hostname may answer with a bare `{"id": …}` instead, which is then the result.
    """

    success: bool
    errors: tuple[CloudflareErrorInfo, ...]
    result: Any
    total_pages: int | None
    total_count: int | None = None


class CustomHostnamePage(Struct, frozen=True):
    """A page of custom hostnames; `unreadable`: how many of its entries could not be read.

    How many pages and hostnames there are in all is None where Cloudflare does not say it.
    """

    hostnames: list[CloudflareHostname]
    total_pages: int | None
    total_count: int | None = None
    unreadable: int = 0


def read_envelope(body: bytes) -> CloudflareEnvelope | None:
    """Read the envelope of an answer; None for what is not Cloudflare's JSON (a proxy's page or its own JSON)."""
    document = read_json_object(body)
    if document is None:
        return None
    success = document.get("success")
    if success is None and is_id(document.get("id")):
        return CloudflareEnvelope(True, (), document, None)
    errors = tuple(_read_error(entry) for entry in as_list(document.get("errors")))
    if not isinstance(success, bool) and not errors:
        return None
    info = as_object(document.get("result_info"))
    count = info.get("total_count")
    return CloudflareEnvelope(
        success is True,
        errors,
        document.get("result"),
        _read_total_pages(info),
        count if isinstance(count, int) else None,
    )


def read_hostname(result: object) -> CloudflareHostname | None:
    """Read a custom hostname from an answer's result; None when it holds none."""
    result_object = as_object(result)
    identifier, hostname = _read_text(result_object.get("id")), _read_text(result_object.get("hostname"))
    if not is_id(identifier) or hostname is None:
        return None
    ssl = as_object(result_object.get("ssl"))
    kept = read_kept_settings(result_object, ssl)
    return CloudflareHostname(
        id=identifier,
        hostname=hostname.lower(),
        status=_read_text(result_object.get("status"), _MAX_STATUS_LENGTH),
        ssl_status=_read_text(ssl.get("status"), _MAX_STATUS_LENGTH),
        verification_errors=tuple(_read_messages(result_object.get("verification_errors"))),
        validation_errors=tuple(_read_messages(ssl.get("validation_errors"))),
        method=_read_text(ssl.get("method"), _MAX_STATUS_LENGTH),
        wildcard=_read_flag(ssl.get("wildcard")),
        certificate_type=_read_text(ssl.get("type"), _MAX_STATUS_LENGTH),
        certificate_authority=_read_text(ssl.get("certificate_authority"), _MAX_STATUS_LENGTH),
        delegation_record=_read_delegation(ssl),
        waits_for_txt=any(
            _read_text(as_object(entry).get("txt_name")) for entry in as_list(ssl.get("validation_records"))
        ),
        certificates=tuple(islice(_read_certificates(ssl), _MAX_ENTRIES)),
        kept_settings=kept.content,
        has_too_many_settings=kept.is_too_large,
        has_own_certificate=has_own_certificate(ssl),
        has_own_csr=bool(ssl.get("custom_csr_id")),
    )


def read_hostnames(result: object) -> list[CloudflareHostname]:
    """Read the hostnames of a page; an entry that cannot be read is left out."""
    return [hostname for entry in as_list(result) if (hostname := read_hostname(entry)) is not None]


def read_page(envelope: CloudflareEnvelope) -> CustomHostnamePage:
    """Read a page of the list."""
    hostnames = read_hostnames(envelope.result)
    unreadable = len(as_list(envelope.result)) - len(hostnames)
    return CustomHostnamePage(hostnames, envelope.total_pages, envelope.total_count, unreadable)


def _read_certificates(ssl: Json) -> Iterator[CloudflareCertificate]:
    """Read `ssl.certificates[]` (undocumented, managed certificates), else `ssl.expires_on` (uploaded ones)."""
    listed = [as_object(entry) for entry in as_list(ssl.get("certificates"))]
    if not any(_read_instant(entry.get("expires_on")) for entry in listed):
        listed = [ssl] if ssl.get("expires_on") else []
    for entry in listed:
        yield CloudflareCertificate(
            serial=_read_text(entry.get("serial_number")),
            issuer=_read_text(entry.get("issuer")),
            signature=_read_text(entry.get("signature")),
            issued_at=_read_instant(entry.get("issued_on")) or _read_instant(entry.get("uploaded_on")),
            expires_at=_read_instant(entry.get("expires_on")),
        )


def _read_delegation(ssl: Json) -> Record | None:
    """Read the first usable entry of `ssl.dcv_delegation_records[]`; a hostname has one."""
    for entry in as_list(ssl.get("dcv_delegation_records"))[:_MAX_ENTRIES]:
        name, target = _read_text(as_object(entry).get("cname")), _read_text(as_object(entry).get("cname_target"))
        if name is not None and target is not None:
            return Record("CNAME", name.lower().removesuffix("."), target.lower().removesuffix("."))
    return None


def _read_error(entry: object) -> CloudflareErrorInfo:
    error_object = as_object(entry)
    code = error_object.get("code")
    text = _read_text(error_object.get("message")) or _read_text(entry) or "no message"
    return CloudflareErrorInfo(code if isinstance(code, int) else None, text)


def _read_total_pages(info: Json) -> int | None:
    pages, count, size = info.get("total_pages"), info.get("total_count"), info.get("per_page")
    if isinstance(pages, int):
        return pages
    if isinstance(count, int) and isinstance(size, int) and size > 0:
        return -(-count // size)
    return None


def _read_messages(value: object) -> Iterator[str]:
    for entry in as_list(value)[:_MAX_ENTRIES]:
        text = _read_text(entry) or _read_text(as_object(entry).get("message"))
        if text:
            yield text


def _read_flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _read_instant(value: object) -> int | None:
    if not isinstance(value, str):
        return None
    try:
        return from_rfc3339(value)
    except ValueError:
        return None


def is_id(value: object) -> TypeGuard[str]:
    """Whether a value is an id of Cloudflare's that can stand in a path."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def as_object(value: object) -> Json:
    """Return a JSON object; empty for anything else."""
    return cast("Json", value) if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """Return a JSON list; empty for anything else."""
    return value if isinstance(value, list) else []


def _read_text(value: object, max_length: int = _MAX_TEXT_LENGTH) -> str | None:
    if not isinstance(value, str) or not value:
        return None
    return shorten(value, max_length)
