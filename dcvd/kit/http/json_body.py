"""JSON that strangers sent: read without trust, and never an exception of the parser's."""

from typing import Any

import msgspec


def read_json(body: bytes) -> Any:
    """The document, or None for what is no JSON."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def read_json_object(body: bytes) -> dict[str, Any] | None:
    """The object, or None for what is no JSON or another kind of document."""
    document = read_json(body)
    return document if isinstance(document, dict) else None
