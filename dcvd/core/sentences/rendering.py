"""Put sentences into words."""

import functools
from collections.abc import Iterable, Mapping
from string import Formatter
from types import MappingProxyType
from typing import Final, Literal, assert_never

from dcvd.core.sentences.english import ENGLISH
from dcvd.core.sentences.german import GERMAN
from dcvd.core.sentences.sentence import Param, Sentence, TypedRecord
from dcvd.core.text import join_names

Language = Literal["en", "de"]
"""A language that the catalogue has (RFC 5646)."""

CATALOGUE: Final[Mapping[Language, Mapping[str, str]]] = MappingProxyType({"en": ENGLISH, "de": GERMAN})
"""The templates of each language by the ids of the sentences."""


def render(sentences: Iterable[Sentence], language: Language = "en") -> str:
    """Return the text of sentences that follow each other."""
    return " ".join(_render_one(sentence, language) for sentence in sentences)


@functools.cache
def list_placeholders(sentence_id: str) -> frozenset[str]:
    """Return the names of the parameters that a sentence has."""
    return frozenset(name for _, name, _, _ in Formatter().parse(ENGLISH[sentence_id]) if name)


def is_known(sentence: Sentence) -> bool:
    """Whether the catalogue has a sentence with these parameters, also in all that it is made of."""
    if sentence.id not in ENGLISH or not list_placeholders(sentence.id) <= sentence.params.keys():
        return False
    parts = (value.value if isinstance(value, TypedRecord) else value for value in sentence.params.values())
    return all(is_known(part) for part in parts if isinstance(part, Sentence))


def _render_one(sentence: Sentence, language: Language) -> str:
    words = {name: _render_param(value, language) for name, value in sentence.params.items()}
    return CATALOGUE[language][sentence.id].format_map(words)


def _render_param(value: Param, language: Language) -> str:
    match value:
        case str() | int():
            return str(value)
        case TypedRecord(type=record_type, host=host, value=record_value):
            words = {"type": record_type, "host": host, "value": _render_param(record_value, language)}
            template = "record" if isinstance(record_value, str) else "record_in_words"
            return CATALOGUE[language][template].format_map(words)
        case Sentence():
            return _render_one(value, language)
        case tuple():
            catalogue = CATALOGUE[language]
            return join_names(value, conjunction=catalogue["and"], more=catalogue["more"])
        case _:
            assert_never(value)
