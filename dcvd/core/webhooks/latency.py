"""Latencies counted in classes: a week of attempts fits in a few rows, and a percentile is right within a tenth.

Class n holds the milliseconds from 2**(n/7) up to the next class's; class 0 also what took less than one. Seven are the
fewest to an octave of which the whole milliseconds that stand for a class are that near to all that it holds.
"""

from collections.abc import Mapping
from math import log2
from typing import Final

_PER_OCTAVE: Final = 7
LONGEST_CLASS: Final = 25 * _PER_OCTAVE  # nine hours


def latency_class(milliseconds: int) -> int:
    """The class of a latency."""
    return 0 if milliseconds <= 1 else min(int(log2(milliseconds) * _PER_OCTAVE), LONGEST_CLASS)


def class_middle(latency: int) -> int:
    """The milliseconds that stand for a class: its geometric middle."""
    return round(2 ** ((latency + 0.5) / _PER_OCTAVE))


def percentile(counts: Mapping[int, int], share: float) -> int | None:
    """The latency that `share` (0 to 1) of the attempts did not exceed, in milliseconds; None of nothing."""
    total = sum(counts.values())
    if not total:
        return None
    seen = 0
    last = 0
    for latency in sorted(counts):
        last = latency
        seen += counts[latency]
        if seen >= share * total:
            break
    return class_middle(last)
