"""A histogram of latencies: a week of attempts fits in a few rows, and a percentile is exact to a tenth.

Bucket n holds the latencies from 2**(n/7) milliseconds up to the next bucket; bucket 0 also holds those below one.
Seven buckets an octave are the fewest whose middle, in whole milliseconds, is within a tenth of every latency in them.
"""

from collections.abc import Mapping
from math import log2
from typing import Final

_BUCKETS_PER_OCTAVE: Final = 7
HIGHEST_BUCKET: Final = 25 * _BUCKETS_PER_OCTAVE  # nine hours


def latency_bucket(latency_ms: int) -> int:
    """Return the bucket of a latency."""
    return 0 if latency_ms <= 1 else min(int(log2(latency_ms) * _BUCKETS_PER_OCTAVE), HIGHEST_BUCKET)


def bucket_middle_ms(bucket: int) -> int:
    """Return the latency that stands for a bucket: its geometric middle."""
    return round(2 ** ((bucket + 0.5) / _BUCKETS_PER_OCTAVE))


def percentile_ms(bucket_counts: Mapping[int, int], share: float) -> int | None:
    """Return the latency that `share` (0 to 1) of the attempts did not exceed; None without attempts."""
    total, counted = sum(bucket_counts.values()), 0
    for bucket, count in sorted(bucket_counts.items()):
        counted += count
        if counted and counted >= share * total:
            return bucket_middle_ms(bucket)
    return None
