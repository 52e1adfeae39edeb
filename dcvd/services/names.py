"""The rule for names that people give to things."""

from typing import Final

from dcvd.errors import InvalidInput

LONGEST: Final = 100


def checked_name(name: str, *, what: str) -> str:
    """The name without surrounding blanks. Raises InvalidInput for an empty, long or unprintable one."""
    checked = name.strip()
    if not checked:
        raise InvalidInput("name", f"The name of the {what} is empty; give 1 to {LONGEST} characters.")
    if len(checked) > LONGEST:
        raise InvalidInput("name", f"The name of the {what} has {len(checked)} characters; {LONGEST} are allowed.")
    if not checked.isprintable():
        raise InvalidInput("name", f"The name of the {what} has characters that cannot be printed; remove them.")
    return checked
