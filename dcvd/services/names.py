"""The rule for names that people give to things."""

from typing import Final

from dcvd.errors import InvalidInput

MAX_NAME_CHARACTERS: Final = 100


def validate_name(name: str, *, subject: str) -> str:
    """Return the name without surrounding blanks. Raises InvalidInput for an empty, long or unprintable one."""
    stripped = name.strip()
    if not stripped:
        raise InvalidInput("name", f"The name of the {subject} is empty; give 1 to {MAX_NAME_CHARACTERS} characters.")
    if len(stripped) > MAX_NAME_CHARACTERS:
        raise InvalidInput(
            "name", f"The name of the {subject} has {len(stripped)} characters; {MAX_NAME_CHARACTERS} are allowed."
        )
    if not stripped.isprintable():
        raise InvalidInput("name", f"The name of the {subject} has characters that cannot be printed; remove them.")
    return stripped
