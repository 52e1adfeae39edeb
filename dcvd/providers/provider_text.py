"""What a provider's answer may tell: its text is anybody's, and may quote what it was sent."""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from dcvd.core.secret import REDACTED, Secret
from dcvd.core.text import printable

_LONGEST: Final = 200
_MARKUP: Final = str.maketrans(dict.fromkeys("<>&\"'`", " "))


def said(text: object, secrets: Iterable[Secret] = ()) -> str:
    """At most 200 printable characters that no browser reads as markup, without these secrets; "" for no text."""
    if not isinstance(text, str):
        return ""
    for secret in secrets:
        if secret:
            text = text.replace(secret.reveal(), REDACTED)
    told = printable(text[: 4 * _LONGEST].translate(_MARKUP))
    return told if len(told) <= _LONGEST else told[: _LONGEST - 1] + "…"


def read_json(body: bytes) -> Any:
    """The document, or None for what is no JSON."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
