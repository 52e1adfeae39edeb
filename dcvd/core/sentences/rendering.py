"""Put sentences into words."""

import functools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from string import Formatter
from typing import Final, Literal, TypeVar, assert_never, get_args

from dcvd.core.sentences import german
from dcvd.core.sentences.english import ENGLISH
from dcvd.core.sentences.sentence import Param, Sentence, TypedRecord
from dcvd.core.text import join_names

Language = Literal["en", "de"]
"""A language that the catalogue has (RFC 5646)."""
_LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)


class _Catalogue(Mapping[Language, Mapping[str, str]]):
    def __getitem__(self, language: Language) -> Mapping[str, str]:
        match language:
            case "en":
                return ENGLISH
            case "de":
                return german.GERMAN
            case _:
                raise KeyError(language)

    def __iter__(self) -> Iterator[Language]:
        return iter(_LANGUAGES)

    def __len__(self) -> int:
        return len(_LANGUAGES)


CATALOGUE: Final = _Catalogue()
"""The templates of each language by the ids of the sentences."""
# Neither can stand in a template or in what is printable.
_MARK: Final = re.compile("\ue000([0-9]+)\ue001")
_Part = TypeVar("_Part")


def render(sentences: Iterable[Sentence], language: Language = "en") -> str:
    """Return the text of sentences that follow each other."""
    return " ".join(_render_one(sentence, language) for sentence in sentences)


def render_in_parts(
    sentences: Iterable[Sentence], language: Language, take_out: Callable[[Sentence], _Part | None]
) -> tuple[str | _Part, ...]:
    """Return the text of sentences in pieces, so that something else than text can stand in them.

    take_out: returns what stands for a sentence, or for one within another; None where that is its text.
    """
    taken: list[_Part] = []

    def mark(sentence: Sentence) -> Sentence:
        part = take_out(sentence)
        if part is None:
            marked = {
                name: mark(each) if isinstance(each, Sentence) else each for name, each in sentence.params.items()
            }
            return Sentence(sentence.id, marked)
        taken.append(part)
        return Sentence("verbatim", {"text": f"\ue000{len(taken) - 1}\ue001"})

    # Of a text that is split so, every second piece is the number of a part.
    pieces = enumerate(_MARK.split(render([mark(each) for each in sentences], language)))
    return tuple(taken[int(piece)] if position % 2 else piece for position, piece in pieces if piece)


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
