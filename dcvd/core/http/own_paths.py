"""Paths to which a browser is sent on, where its request named them: they stay within this site."""

import re
from typing import Final
from urllib.parse import urlsplit

_MAX_CHARACTERS: Final = 2_000
_OWN_PATH: Final = re.compile(r"/(?![/\\])[!-\[\]-~]*", re.ASCII)
"""One slash, and no other one or a backslash behind it, which browsers take for the begin of another host.

Browsers leave out tabs and line ends, so that nothing but printable characters may stand anywhere.
"""


def read_own_path(text: str | None, otherwise: str) -> str:
    """Return a path of this site, with its query, as a text names it; `otherwise` where it names anything else."""
    if text is None or len(text) > _MAX_CHARACTERS or _OWN_PATH.fullmatch(text) is None:
        return otherwise
    return text


def read_path_of_url(url: str, otherwise: str) -> str:
    """Return the path of a URL with its query, as `read_own_path` does, whichever host it names."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return otherwise
    return read_own_path(f"{parts.path}?{parts.query}" if parts.query else parts.path, otherwise)
