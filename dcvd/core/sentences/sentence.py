"""A sentence before it is put into words."""

from collections.abc import Mapping

from msgspec import Struct


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
    """Return a sentence."""
    return Sentence(sentence_id, params)


def quote(text: str) -> Sentence:
    """Return a sentence that has a text as it is, in whatever language that is."""
    return Sentence("verbatim", {"text": text})
