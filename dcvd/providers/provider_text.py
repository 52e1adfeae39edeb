"""Clean the text of a provider's answer: anybody may have written it, and it may quote the request."""

from collections.abc import Iterable
from typing import Final

from dcvd.core.secret import REDACTED, Secret
from dcvd.core.text import make_printable, shorten

_MAX_LENGTH: Final = 200
_MARKUP: Final = str.maketrans(dict.fromkeys("<>&\"'`", " "))


def sanitize(text: object, secrets: Iterable[Secret] = ()) -> str:
    """Return at most 200 printable characters, without markup and without these secrets; "" for no text."""
    if not isinstance(text, str):
        return ""
    for secret in secrets:
        if secret:
            text = text.replace(secret.reveal(), REDACTED)
    printable = make_printable(text[: 4 * _MAX_LENGTH].translate(_MARKUP))
    return shorten(printable, _MAX_LENGTH)
