"""What a provider's answer may tell: its text is anybody's, and may quote what it was sent."""

from collections.abc import Iterable
from typing import Final

from dcvd.core.secret import REDACTED, Secret
from dcvd.core.text import make_printable, shorten

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
    return shorten(told, _MAX_LENGTH)
