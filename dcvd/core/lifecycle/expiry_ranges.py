"""Certificates by the time that is left to them, in a closed set of ranges."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from dcvd.core.instants import DAY, HOUR


class ExpiryRange(StrEnum):
    """How many days a certificate has left."""

    EXPIRED = "expired"
    UNDER_1 = "under_1"
    FROM_1 = "1_to_3"
    FROM_3 = "3_to_7"
    FROM_7 = "7_to_14"
    FROM_14 = "14_to_30"
    FROM_30 = "30_to_60"
    FROM_60 = "over_60"


_BOUNDS: Final = (
    (0, ExpiryRange.EXPIRED),
    (1, ExpiryRange.UNDER_1),
    (3, ExpiryRange.FROM_1),
    (7, ExpiryRange.FROM_3),
    (14, ExpiryRange.FROM_7),
    (30, ExpiryRange.FROM_14),
    (60, ExpiryRange.FROM_30),
)
"""Each range with the days below which it lies."""


def count_by_range(counts_by_hour: Iterable[tuple[int, int]], now: int) -> dict[ExpiryRange, int]:
    """Count certificates by range; every range is there.

    counts_by_hour: the hour of an expiry, since the epoch, and how many certificates have it. One is `expired` when the
    hour of its expiry is over.
    """
    counts = dict.fromkeys(ExpiryRange, 0)
    this_hour = now // HOUR
    for hour, count in counts_by_hour:
        hours_left = hour - this_hour
        found = next((each for days, each in _BOUNDS if hours_left < days * (DAY // HOUR)), ExpiryRange.FROM_60)
        counts[found] += count
    return counts
