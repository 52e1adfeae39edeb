"""How fast the database grows."""

from dcvd.services.system.growth import DatabaseGrowth
from tests.manual_clock import ManualMonotonic

HOUR_S = 3600.0


def test_it_is_not_known_before_an_hour_was_seen() -> None:
    monotonic = ManualMonotonic()
    growth = DatabaseGrowth(monotonic)
    assert growth.get_bytes_per_day() is None
    growth.note(1000)
    monotonic.now += HOUR_S - 1
    growth.note(5000)
    assert growth.get_bytes_per_day() is None


def test_it_is_that_of_the_last_day_and_negative_where_it_shrinks() -> None:
    monotonic = ManualMonotonic()
    growth = DatabaseGrowth(monotonic)
    for hour in range(49):
        growth.note(1000 * hour)
        monotonic.now += HOUR_S
    per_day = growth.get_bytes_per_day()
    assert per_day is not None
    assert 22_000 <= per_day <= 24_000
    for _ in range(48):
        growth.note(0)
        monotonic.now += HOUR_S
    assert growth.get_bytes_per_day() == 0
    shrinking = DatabaseGrowth(monotonic)
    shrinking.note(1000)
    monotonic.now += HOUR_S
    shrinking.note(500)
    assert shrinking.get_bytes_per_day() == -12_000
