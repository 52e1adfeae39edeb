"""What a provider's answer may tell: its text is anybody's, and may quote what it was sent."""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from dcvd.core.secret import REDACTED, Secret
from dcvd.core.text import make_printable

_MAX_LENGTH: Final = 200
_MARKUP: Final = str.maketrans(dict.fromkeys("<>&\"'`", " "))


def sanitize(text: object, secrets: Iterable[Secret] = ()) -> str:
    """At most 200 printable characters that no browser reads as markup, without these secrets; "" for no text."""
    if not isinstance(text, str):
        return ""
    for secret in secrets:
        if secret:
            text = text.replace(secret.reveal(), REDACTED)
    told = make_printable(text[: 4 * _MAX_LENGTH].translate(_MARKUP))
    return told if len(told) <= _MAX_LENGTH else told[: _MAX_LENGTH - 1] + "…"


def read_json(body: bytes) -> Any:
    """The document, or None for what is no JSON."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
