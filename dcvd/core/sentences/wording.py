"""What errors say: in English for programs and the log, and in their own language for people at pages."""

from collections.abc import Iterable

from msgspec import Struct

from dcvd.core.sentences.rendering import Language, render
from dcvd.core.sentences.sentence import Param, Sentence
from dcvd.errors import DcvdError


class SaidSentences(Struct, frozen=True):
    """The wording of an error: sentences of the catalogue that follow each other."""

    sentences: tuple[Sentence, ...]

    @property
    def english(self) -> str:
        """The sentences in English."""
        return render(self.sentences)

    def render(self, language: Language) -> str:
        """Return the sentences in a language."""
        return render(self.sentences, language)


class SaidText(Struct, frozen=True):
    """What a page shows of an error, and in which language that is."""

    text: str
    language: Language


def word(sentence_id: str, /, **params: Param) -> SaidSentences:
    """Return the wording of an error. What stands for the placeholders is not cut: it is quoted as it was given."""
    return SaidSentences((Sentence(sentence_id, params),))


def word_all(wordings: Iterable[SaidSentences]) -> SaidSentences:
    """Return the wording that says one after the other."""
    return SaidSentences(tuple(sentence for each in wordings for sentence in each.sentences))


def put_into_words(error: DcvdError, language: Language) -> SaidText:
    """Return what an error says in a language; in English, as a quotation, what the catalogue does not have."""
    if isinstance(error.wording, SaidSentences):
        return SaidText(error.wording.render(language), language)
    return SaidText(error.message, "en")
