"""The refusal of a name."""

from dcvd.core.sentences.sentence import Sentence
from dcvd.core.sentences.wording import SaidSentences
from dcvd.errors import InvalidInput


class RefusedName(InvalidInput):
    """A name cannot be that of a domain; `sentences` say why, and what to give instead."""

    code = "hostname_invalid"

    def __init__(self, field: str, *sentences: Sentence, code: str | None = None) -> None:
        super().__init__(field, SaidSentences(sentences), code=code)
        self.sentences = sentences
