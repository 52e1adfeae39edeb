"""Names that are near one that is not known, for whoever misspelt it."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

MANY: Final = 20
"""More names than these are not listed in a sentence; the near ones are."""


def find_near(name: str, known: Iterable[str], *, at_most: int = 3) -> list[str]:
    """Find the known names that are nearest to one, whatever their case."""
    by_folded = {each.casefold(): each for each in known}
    return [by_folded[each] for each in get_close_matches(name.casefold(), by_folded, n=at_most)]


def suggest(name: str, known: Iterable[str], *, at_most: int = 3) -> str:
    """Ask whether a near name was meant: a question with a blank before it, or nothing where none is near."""
    near = " or ".join(f"'{each}'" for each in find_near(name, known, at_most=at_most))
    return f" Did you mean {near}?" if near else ""
