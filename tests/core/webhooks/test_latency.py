"""Latencies in classes: what a percentile of them is worth."""

from collections import Counter
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcvd.core.instants import DAY
from dcvd.core.webhooks.latency import HIGHEST_BUCKET, bucket_middle_ms, latency_bucket, percentile_ms

SIX_HOURS = DAY // 4
LATENCIES = st.integers(1, 50) | st.integers(1, 10_000) | st.integers(1, SIX_HOURS)


def exact(latencies: list[int], share: float) -> int:
    """The nearest rank."""
    return sorted(latencies)[max(ceil(share * len(latencies)), 1) - 1]


def test_of_nothing_there_is_no_percentile() -> None:
    assert percentile_ms({}, 0.5) is None
    assert percentile_ms({3: 0}, 0.5) is None


def test_each_latency_that_can_be_told_apart_is_within_a_tenth_of_its_class() -> None:
    far = [found for found in range(1, 60_000) if abs(bucket_middle_ms(latency_bucket(found)) - found) > 0.1 * found]
    assert far == []


@given(st.lists(LATENCIES, min_size=1, max_size=200), st.sampled_from([0.0, 0.5, 0.95, 0.99, 1.0]))
def test_a_percentile_is_within_a_tenth_of_the_exact_one(latencies: list[int], share: float) -> None:
    counted = Counter(latency_bucket(latency) for latency in latencies)
    assert percentile_ms(counted, share) == pytest.approx(exact(latencies, share), rel=0.1)


@given(st.integers(0, 10 * DAY), st.integers(0, 10 * DAY))
def test_a_longer_latency_is_never_in_a_lower_class(one: int, other: int) -> None:
    shorter, longer = sorted([one, other])
    assert 0 <= latency_bucket(shorter) <= latency_bucket(longer) <= HIGHEST_BUCKET


def test_less_than_a_millisecond_counts_as_one() -> None:
    assert percentile_ms({latency_bucket(0): 1}, 0.5) == 1


def test_the_median_of_an_even_count_is_the_lower_of_the_middle_two() -> None:
    assert percentile_ms({latency_bucket(10): 10, latency_bucket(1000): 10}, 0.5) == bucket_middle_ms(
        latency_bucket(10)
    )
    assert percentile_ms({latency_bucket(10): 19, latency_bucket(1000): 1}, 0.95) == bucket_middle_ms(
        latency_bucket(10)
    )
    assert percentile_ms({latency_bucket(10): 18, latency_bucket(1000): 2}, 0.95) == bucket_middle_ms(
        latency_bucket(1000)
    )
