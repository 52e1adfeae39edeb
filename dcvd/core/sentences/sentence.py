"""A sentence before it is put into words."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from dcvd.core.text import make_printable, shorten

_MAX_TEXT_CHARS: Final = 255
_MAX_QUOTED_CHARS: Final = 1000
_MAX_MEMBERS: Final = 20
RECORD_ID: Final = "recorded"
"""The sentence that has what was recorded in English."""


class TypedRecord(Struct, frozen=True, tag_field="kind", tag="record"):
    """A DNS record as it is typed: its name within its zone, and its value."""

    type: str
    host: str
    value: "str | Sentence"


class Sentence(Struct, frozen=True, tag_field="kind", tag="sentence"):
    """A sentence, or a part of one. id: the template in the catalogue. params: what stands for its placeholders.

    A tuple is an enumeration. Texts of strangers are printable and shortened, wherever they come from.
    """

    id: str
    params: "Mapping[str, Param]" = {}


Param = str | int | tuple[str, ...] | TypedRecord | Sentence


def say(sentence_id: str, /, **params: Param) -> Sentence:
    """Return a sentence, with what strangers wrote made printable and cut."""
    return Sentence(sentence_id, {name: _tame(value) for name, value in params.items()})


def quote(text: str, *, most: int = _MAX_QUOTED_CHARS) -> Sentence:
    """Return a sentence that has a text as it is, in whatever language that is, cut to so many characters."""
    return Sentence("verbatim", {"text": shorten(make_printable(text), most)})


def quote_record(text: str) -> Sentence:
    """Return a sentence that has a text as we recorded it, which is in English, whatever the language around it is."""
    return Sentence(RECORD_ID, {"text": make_printable(text)})


def _tame(value: Param) -> Param:
    match value:
        case str():
            return shorten(make_printable(value), _MAX_TEXT_CHARS)
        case tuple():
            return tuple(shorten(make_printable(each), _MAX_TEXT_CHARS) for each in value[:_MAX_MEMBERS])
        case _:
            return value
