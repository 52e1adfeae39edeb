"""The sites that may show the pages of customers in a frame, as origins."""

import re
from collections.abc import Sequence
from typing import Final

from dcvd.core.sentences.wording import word
from dcvd.errors import InvalidInput

MAX_EMBED_ORIGINS: Final = 20
MAX_ORIGIN_CHARACTERS: Final = 253 + len("https://:65535")
_FIELD: Final = "embedOrigins"
_LABEL: Final = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_PORT: Final = r"([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
ORIGIN_PATTERN: Final = rf"^(https://{_LABEL}(\.{_LABEL})*|http://(localhost|127\.0\.0\.1))(:{_PORT})?$"
_ORIGIN: Final = re.compile(ORIGIN_PATTERN, re.ASCII)
_WITH_DEFAULT_PORT: Final = re.compile(r"(https://[^:]+):443|(http://[^:]+):80", re.ASCII)


def validate_embed_origins(values: Sequence[str]) -> tuple[str, ...]:
    """Return origins as browsers write them, each once. They end up in a header and in a page.

    http is for whoever develops on their own machine. Raises InvalidInput.
    """
    if len(values) > MAX_EMBED_ORIGINS:
        raise InvalidInput(_FIELD, word("origins_too_many", field=_FIELD, count=len(values), most=MAX_EMBED_ORIGINS))
    for value in values:
        origin = normalise_origin(value)
        if len(origin) > MAX_ORIGIN_CHARACTERS or _ORIGIN.fullmatch(origin) is None:
            raise InvalidInput(
                _FIELD,
                word("origin_unusable", field=_FIELD, origin=repr(value[:100])),
            )
    return tuple(dict.fromkeys(map(normalise_origin, values)))


def normalise_origin(value: str) -> str:
    """Return an origin in lower case, and without what goes without saying: the default port, a slash at the end."""
    origin = value.lower().removesuffix("/")
    default = _WITH_DEFAULT_PORT.fullmatch(origin)
    return origin if default is None else default[1] or default[2]
