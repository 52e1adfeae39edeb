"""Doubt: a good state is only left after two checks in a row that say otherwise; a single one may be wrong."""

from typing import Final

_CHECKS_TO_BELIEVE: Final = 2


def is_in_doubt(checks_against: int) -> bool:
    """Whether so many checks in a row against a good state are too few to leave it."""
    return checks_against < _CHECKS_TO_BELIEVE


def awaits_second_check(checks_against: int) -> bool:
    """Whether there was a check against a good state that another has to confirm."""
    return checks_against > 0 and is_in_doubt(checks_against)
