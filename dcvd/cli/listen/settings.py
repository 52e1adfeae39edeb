"""What a developer says on the command line and in the environment."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct

from dcvd.core.secret import Secret

_MAX_URL_LENGTH: Final = 2048


class Start(Struct, frozen=True, kw_only=True):
    """Where to begin in the feed: behind the event with the number `after`, else with so many of the `last`."""

    after: int | None = None
    last: int = 0


class ListenSettings(Struct, frozen=True, kw_only=True):
    """What to read, and where to forward it.

    event_types: only these; none: all. retries: how often a delivery that failed is sent again.
    skip_verify: take any certificate of the receiver.
    """

    url: str
    token: Secret
    forward_to: str
    signing_secret: Secret
    event_types: Sequence[str] = ()
    start: Start = Start()
    retries: int = 0
    timeout_s: float = 5.0
    skip_verify: bool = False


def check_http_url(text: str) -> str:
    """Return a URL of http or https as it was given. Raises ValueError with a sentence."""
    try:
        parts = urlsplit(text)
        is_complete = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError as error:
        raise ValueError(_describe_wrong(text)) from error
    if not is_complete or len(text) > _MAX_URL_LENGTH or not (text.isascii() and text.isprintable()) or " " in text:
        raise ValueError(_describe_wrong(text))
    if parts.username is not None or parts.fragment:
        raise ValueError("A URL with a user, a password or a fragment is not taken: leave them out.")
    return text


def _describe_wrong(text: str) -> str:
    return f"{text!r} is no URL of http or https; one is http://localhost:3000/hook."
