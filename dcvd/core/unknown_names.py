"""What is said of a name that is none of those that there are."""

from collections.abc import Iterable
from typing import Final

from dcvd.core.near_names import MANY, find_near
from dcvd.core.sentences.wording import SaidSentences, word, word_all

_QUESTIONS: Final = {1: "did_you_mean", 2: "did_you_mean_two", 3: "did_you_mean_three"}
"""The ids of the questions by how many names are near."""
_PLACES: Final = ("first", "second", "third")


def ask_whether_meant(name: str, known: Iterable[str]) -> SaidSentences | None:
    """Ask whether a near name was meant; None where none is near."""
    near = find_near(name, known)
    if not near:
        return None
    return word(_QUESTIONS[len(near)], **dict(zip(_PLACES, near, strict=False)))


def refuse_unknown(field: str, name: str, known: Iterable[str]) -> SaidSentences:
    """Say of a value that it is none of the known ones: all of them where they are few."""
    names = list(known)
    if len(names) <= MANY:
        return word("value_unknown", field=field, value=repr(name), known=", ".join(names))
    refusal = word("value_unknown_of_many", field=field, value=repr(name), count=len(names))
    meant = ask_whether_meant(name, names)
    return refusal if meant is None else word_all((refusal, meant))
