"""Instants that people type into forms."""

import re
from typing import Final

from dcvd.core.instants import MINUTE, to_rfc3339
from dcvd.http.answers.instants import parse_instant

_TYPED: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?", re.ASCII)
"""What a browser sends of a field for date and time, which names no zone: forms say that it is UTC."""


def parse_typed_instant(field: str, text: str | None) -> int | None:
    """Return an instant as milliseconds, from a form's field or from RFC 3339; None for an empty one.

    Raises InvalidInput.
    """
    stripped = (text or "").strip()
    if not stripped:
        return None
    match = _TYPED.fullmatch(stripped)
    if match is None:
        return parse_instant(field, stripped)
    return parse_instant(field, f"{stripped}{'' if match[1] else ':00'}Z")


def show_typed_instant(instant: int) -> str:
    """Return an instant as the value of a form's field for date and time, to the minute."""
    return to_rfc3339(instant - instant % MINUTE)[:16]
