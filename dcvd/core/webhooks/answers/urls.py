"""URLs of endpoints, and their hosts as sentences name them."""

from typing import Final
from urllib.parse import SplitResult, urlsplit

from dcvd.core.sentences.sentence import Param, say
from dcvd.core.text import make_printable

MAX_URL_CHARS: Final = 8192
"""A URL that is cut would lead elsewhere, so that in sentences it is as long as a header may make it."""


def split_url(url: str) -> SplitResult | None:
    """Split a URL; None where it is none."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


def name_host(url: str) -> Param:
    """Return the host of a URL for a sentence, or words for the receiver where it has none."""
    parts = split_url(url)
    host = make_printable(parts.hostname or "") if parts is not None else ""
    return host or say("receiver_without_name")
