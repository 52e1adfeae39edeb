"""A token bucket: so many at once after a pause, and then as many as come back."""

from hypothesis import given
from hypothesis import strategies as st

from dcvd.kit.limits.token_bucket import TokenBucket
from tests.manual_clock import ManualMonotonic


@given(
    capacity=st.integers(1, 50),
    fill_s=st.sampled_from([0.5, 1.0, 7.0, 60.0, 3600.0]),
    pauses_s=st.lists(st.sampled_from([0.0, 0.01, 0.3, 1.0, 9.0, 70.0, 4000.0]), max_size=80),
)
def test_it_gives_what_it_held_and_what_came_back_since_and_never_more(
    capacity: int, fill_s: float, pauses_s: list[float]
) -> None:
    time = ManualMonotonic()
    bucket = TokenBucket(capacity, fill_s, time)
    level = float(capacity)
    for pause_s in pauses_s:
        time.now += pause_s
        level = min(level + pause_s * capacity / fill_s, capacity)
        free, next_wait_s = bucket.describe()
        assert abs(free - level) < 1.001
        assert 0 <= next_wait_s <= fill_s / capacity * 1.001
        wait_s = bucket.get_wait_s()
        if wait_s:
            assert level < 1
            assert abs(wait_s - (1 - level) * fill_s / capacity) < 1e-3
        else:
            assert level > 1 - 1e-3
            bucket.take()
            level -= 1
        assert bucket.is_full == (bucket.get_fill_wait_s() == 0)


def test_whoever_waits_as_long_as_it_says_is_let_in() -> None:
    time = ManualMonotonic()
    bucket = TokenBucket(7, 60.0, time)
    for _ in range(7):
        assert bucket.get_wait_s() == 0
        bucket.take()
    for _ in range(100):
        wait_s = bucket.get_wait_s()
        assert wait_s > 0
        assert abs(bucket.describe()[1] - wait_s) < 1e-6
        time.now += wait_s
        assert bucket.get_wait_s() == 0
        bucket.take()


def test_another_limit_keeps_what_was_taken() -> None:
    time = ManualMonotonic()
    bucket = TokenBucket(10, 60.0, time)
    for _ in range(4):
        bucket.take()
    bucket.resize(20, 60.0)
    assert bucket.describe()[0] == 16
    bucket.resize(3, 60.0)
    assert bucket.describe()[0] == 0
    assert round(bucket.get_wait_s(), 6) == 40.0
    time.now += 80.001
    assert bucket.is_full
    assert bucket.describe()[0] == 3
