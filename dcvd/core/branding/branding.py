"""Branding: how an organization looks on the pages that its customers see."""

import re
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import astuple

from dcvd.core.http.entity_tags import build_entity_tag
from dcvd.core.sentences.wording import word
from dcvd.errors import InvalidInput

MAX_RETURN_URL_CHARACTERS: Final = 2048
_COLOR: Final = re.compile(r"#[0-9a-fA-F]{6}", re.ASCII)
_URL_CHARACTERS: Final = re.compile(r"""[^\x00-\x20\x7f-\U0010ffff"<>\\^`{|}]+""")
"""Those of RFC 3986."""
_LANGUAGE: Final = re.compile(
    r"(?:[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4}|[a-z]{5,8})(?:-[a-z]{4})?(?:-(?:[a-z]{2}|[0-9]{3}))?"
    r"(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*(?:-[0-9a-wyz](?:-[a-z0-9]{2,8})+)*(?:-x(?:-[a-z0-9]{1,8})+)?",
    re.ASCII | re.IGNORECASE,
)
"""A well-formed tag of RFC 5646 (BCP 47), without the grandfathered ones."""
MAX_LANGUAGE_CHARACTERS: Final = 35


class Branding(Struct, frozen=True, kw_only=True):
    """How an organization looks; None for what is not set, so that the pages choose.

    name: as its customers know it. The colours are `#rrggbb`; the pages see to the contrast. language: BCP 47.
    return_url: where the pages lead back to. logo_id: the unguessable name under which its logo is served.
    embed_origins: the sites that may show the pages in a frame.
    """

    name: str | None = None
    primary_color: str | None = None
    background_color: str | None = None
    language: str | None = None
    return_url: str | None = None
    logo_id: str | None = None
    embed_origins: tuple[str, ...] = ()

    @property
    def entity_tag(self) -> str:
        """The tag of the branding as it is now."""
        return build_entity_tag(*astuple(self))


def validate_color(field: str, value: str) -> str:
    """Return a colour in lower case. Raises InvalidInput."""
    if _COLOR.fullmatch(value) is None:
        raise InvalidInput(field, word("color_unusable", field=field))
    return value.lower()


def validate_language(value: str) -> str:
    """Return a language tag as it was written. Raises InvalidInput."""
    if len(value) > MAX_LANGUAGE_CHARACTERS or _LANGUAGE.fullmatch(value) is None:
        raise InvalidInput("language", word("language_unusable"))
    return value


def validate_return_url(value: str) -> str:
    """Return an https URL to which a browser may be sent. Raises InvalidInput."""
    fault = InvalidInput(
        "returnUrl",
        word("return_url_unusable", most=MAX_RETURN_URL_CHARACTERS),
    )
    if len(value) > MAX_RETURN_URL_CHARACTERS or _URL_CHARACTERS.fullmatch(value) is None:
        raise fault
    try:
        parts = urlsplit(value)
        is_valid = parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc and parts.port != 0
    except ValueError:
        raise fault from None
    if not is_valid:
        raise fault
    return value
