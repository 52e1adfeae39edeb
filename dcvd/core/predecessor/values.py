"""Single values of the predecessor's rows, as its several versions wrote them."""

import math
import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from dcvd.core.instants import from_rfc3339
from dcvd.core.text import make_printable, shorten
from dcvd.core.webhooks.subscriptions import ALL_EVENTS, FAMILIES, TENANT_TYPES

_DATETIME: Final = re.compile(r"(\d{4}-\d{2}-\d{2})[ Tt](\d{2}:\d{2}(?::\d{2})?)(\.\d+)?", re.ASCII)
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_NUMBER: Final = re.compile(r"\d{9,14}", re.ASCII)
"""What a column for text makes of an instant in seconds or milliseconds."""
_LATEST: Final = 253_402_300_799_999
_SECONDS_BELOW: Final = 100_000_000_000
"""Numbers below are seconds since the epoch, those above milliseconds."""
_SHORT_COLOR: Final = re.compile(r"#([0-9a-fA-F])([0-9a-fA-F])([0-9a-fA-F])", re.ASCII)
_LONG_COLOR: Final = re.compile(r"#[0-9a-fA-F]{6}", re.ASCII)
_MAX_DEPTH: Final = 64
_MAX_ERRORS: Final = 10
_MAX_ERROR_CHARACTERS: Final = 500


def read_text(value: Any) -> str | None:
    """Return a value as text; None for NULL, and for what is empty or cannot be text."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, bool | int | float):
        value = str(value)
    return value or None if isinstance(value, str) else None


def read_instant(value: Any) -> int | None:
    """Return an instant in milliseconds; None for NULL and empty text. Raises ValueError for what is no instant.

    SQLite's `datetime('now')` is UTC and says no zone.
    """
    if value is None or value == "":
        return None
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        value = int(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _read_number(value)
    text = (read_text(value) or "").strip()
    if _DAY.fullmatch(text):
        text = f"{text} 00:00:00"
    match = _DATETIME.fullmatch(text)
    if match is not None:
        day, clock, fraction = match.groups()
        text = f"{day}T{clock if len(clock) > 5 else f'{clock}:00'}{(fraction or '')[:10]}Z"
    return _check_range(from_rfc3339(text))


def _read_number(value: float) -> int:
    if not math.isfinite(value):
        raise ValueError("the number is not finite")
    return _check_range(int(value * 1000 if abs(value) < _SECONDS_BELOW else value))


def _check_range(instant: int) -> int:
    if not 0 <= instant <= _LATEST:
        raise ValueError("the instant is before 1970 or after 9999")
    return instant


def read_color(text: str) -> str | None:
    """Return a colour as `#rrggbb`; None for what is none."""
    if (short := _SHORT_COLOR.fullmatch(text)) is not None:
        return "#" + "".join(digit * 2 for digit in short.groups()).lower()
    return text.lower() if _LONG_COLOR.fullmatch(text) else None


def read_events(value: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the events of an endpoint that there are here, and those that there are not.

    Both are empty where none are named, or the list cannot be read.
    """
    names = [name for name in _read_list(value) if isinstance(name, str)]
    known = (ALL_EVENTS, *FAMILIES, *TENANT_TYPES)
    kept = dict.fromkeys(str(name) for name in names if name in known)
    lost = dict.fromkeys(_show(name) for name in names if name not in known)
    return tuple(kept), tuple(lost)


def read_errors(value: Any) -> tuple[str, ...]:
    """Return Cloudflare's verification errors as texts, also those of a list that was cut or is none."""
    if not (text := read_text(value)):
        return ()
    parsed = _decode(text)
    entries = [text] if parsed is None else parsed if isinstance(parsed, list) else [parsed]
    return tuple(
        shorten(shown, _MAX_ERROR_CHARACTERS)
        for entry in entries[:_MAX_ERRORS]
        if (shown := make_printable(_describe_error(entry)))
    )


def read_details(value: Any) -> Any:
    """Return the details of an audit entry as JSON, or as they are where they are none; None where there are none."""
    if not (text := read_text(value)):
        return None
    parsed = _decode(text)
    return text if parsed is None else parsed


def _describe_error(entry: Any) -> str:
    if isinstance(entry, dict) and isinstance(entry.get("message"), str):
        return str(entry["message"])
    return entry if isinstance(entry, str) else msgspec.json.encode(entry).decode()


def _read_list(value: Any) -> Sequence[Any]:
    parsed = _decode(read_text(value) or "")
    return parsed if isinstance(parsed, list) else ()


def _decode(text: str) -> Any:
    """Return what a text says in JSON; None where it is none, is nested too deep, or cannot be written again."""
    try:
        parsed = msgspec.json.decode(text)
        msgspec.json.encode(parsed)
    except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError):
        return None
    return parsed if _is_shallow(parsed, _MAX_DEPTH) else None


def _is_shallow(value: Any, levels: int) -> bool:
    """Whether a value of JSON has at most so many levels, which leaves room for what it is wrapped in."""
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels > 0 and all(_is_shallow(child, levels - 1) for child in children)


def _show(text: str) -> str:
    return shorten(make_printable(text), 100)
