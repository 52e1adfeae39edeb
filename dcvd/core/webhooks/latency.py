"""Latencies counted in classes: a week of attempts fits in a few rows, and a percentile is right within a tenth.

Class n holds the milliseconds from 2**(n/7) up to the next class's; class 0 also what took less than one. Seven are the
fewest to an octave of which the whole milliseconds that stand for a class are that near to all that it holds.
"""

from collections.abc import Mapping
from math import log2
from typing import Final

_BUCKETS_PER_OCTAVE: Final = 7
HIGHEST_BUCKET: Final = 25 * _BUCKETS_PER_OCTAVE  # nine hours


def latency_bucket(latency_ms: int) -> int:
    """The class of a latency."""
    return 0 if latency_ms <= 1 else min(int(log2(latency_ms) * _BUCKETS_PER_OCTAVE), HIGHEST_BUCKET)


def bucket_middle_ms(bucket: int) -> int:
    """The milliseconds that stand for a class: its geometric middle."""
    return round(2 ** ((bucket + 0.5) / _BUCKETS_PER_OCTAVE))


def percentile_ms(bucket_counts: Mapping[int, int], share: float) -> int | None:
    """The latency that `share` (0 to 1) of the attempts did not exceed, in milliseconds; None of nothing."""
    total = sum(bucket_counts.values())
    if not total:
        return None
    seen = 0
    last = 0
    for latency in sorted(bucket_counts):
        last = latency
        seen += bucket_counts[latency]
        if seen >= share * total:
            break
    return bucket_middle_ms(last)
