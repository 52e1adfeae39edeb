"""What is said of an organization that does not exist."""

from collections.abc import Iterable

from dcvd.core.sentences.wording import SaidSentences, word, word_all
from dcvd.core.unknown_names import ask_whether_meant


def describe_unknown_organization(id_or_name: str, known_names: Iterable[str]) -> SaidSentences:
    """Say that there is no such organization, and which one is meant, or which command shows all."""
    meant = ask_whether_meant(id_or_name, known_names)
    if meant is None:
        return word("organization_not_found_list", name=repr(id_or_name))
    return word_all((word("organization_not_found", name=repr(id_or_name)), meant))
