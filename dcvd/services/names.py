"""The rule for names that people give to things."""

from typing import Final, Literal

from dcvd.core.sentences.sentence import say
from dcvd.core.sentences.wording import word
from dcvd.errors import InvalidInput

MAX_NAME_CHARACTERS: Final = 100
NamedThing = Literal["organization", "webhook", "token"]

_OWNERS: Final[dict[NamedThing, str]] = {
    "organization": "name_of_organization",
    "webhook": "name_of_webhook",
    "token": "name_of_token",
}
"""The ids of the words for whose name it is."""


def validate_name(name: str, *, subject: NamedThing) -> str:
    """Return the name without surrounding blanks. Raises InvalidInput for an empty, long or unprintable one."""
    stripped = name.strip()
    if not stripped:
        raise InvalidInput("name", word("name_empty", subject=say(_OWNERS[subject]), most=MAX_NAME_CHARACTERS))
    if len(stripped) > MAX_NAME_CHARACTERS:
        raise InvalidInput(
            "name", word("name_too_long", subject=say(_OWNERS[subject]), count=len(stripped), most=MAX_NAME_CHARACTERS)
        )
    if not stripped.isprintable():
        raise InvalidInput("name", word("name_unprintable", subject=say(_OWNERS[subject])))
    return stripped
