import pytest

from dcvd.cli.terminal.ages import format_age
from dcvd.core.instants import DAY, HOUR, MINUTE, SECOND, to_rfc3339

NOW = 1_800_000_000_000


@pytest.mark.parametrize(
    ("distance", "words"),
    [
        (-500, "now"),
        (-SECOND, "1 s ago"),
        (-59 * SECOND, "59 s ago"),
        (-90 * SECOND, "1 min ago"),
        (-3 * HOUR - MINUTE, "3 h ago"),
        (-47 * HOUR, "47 h ago"),
        (-2 * DAY, "2 d ago"),
        (14 * DAY, "in 14 d"),
        (5 * MINUTE, "in 5 min"),
        (-400 * DAY, "400 d ago"),
    ],
)
def test_an_age_is_in_its_largest_unit(distance: int, words: str) -> None:
    assert format_age(to_rfc3339(NOW + distance), NOW) == words
