"""Statements on attempts and deliveries: what happened, beside the English text of it that was recorded."""

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from dcvd.core.sentences.rendering import Language, render
from dcvd.core.sentences.sentence import Sentence, quote_record

_LANGUAGE_OF_RECORDS: Final = "en"


class Statement(Struct, frozen=True):
    """What happened, in a sentence.

    record: what was recorded of it, in English, which it says with that alone; empty where there is nothing. addition:
    what the record says beyond the sentence; other languages quote it.
    """

    sentence: Sentence
    record: str = ""
    addition: str = ""

    def say_in(self, language: Language) -> tuple[Sentence, ...]:
        """Return the sentences that tell it to whoever reads a language."""
        if language == _LANGUAGE_OF_RECORDS and self.record:
            return (quote_record(self.record),)
        return (self.sentence, quote_record(self.addition)) if self.addition else (self.sentence,)


def render_statements(statements: Iterable[Statement], language: Language = "en") -> str:
    """Return the text of statements that follow each other."""
    return render((sentence for each in statements for sentence in each.say_in(language)), language)
