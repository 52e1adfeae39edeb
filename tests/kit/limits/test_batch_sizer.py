"""How much a step takes on, by how long the last one took."""

from collections.abc import Callable

import pytest

from dcvd.kit.limits.batch_sizer import BatchSizer


class _Clock:
    """Moves when told to."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def _takes(clock: _Clock, seconds: float) -> Callable[[int], int]:
    def work(size: int) -> int:
        clock.seconds += seconds
        return size

    return work


def test_short_steps_double_up_to_the_most() -> None:
    clock = _Clock()
    pace = BatchSizer(min_size=20, max_size=100, monotonic=clock)
    assert [pace.run_step(_takes(clock, 0.001)) for _ in range(5)] == [20, 40, 80, 100, 100]


def test_long_steps_halve_down_to_the_least() -> None:
    clock = _Clock()
    pace = BatchSizer(min_size=20, max_size=100, monotonic=clock)
    pace.size = 100
    assert [pace.run_step(_takes(clock, 0.030)) for _ in range(5)] == [100, 50, 25, 20, 20]


@pytest.mark.parametrize("seconds", [0.006, 0.012, 0.019])
def test_steps_of_the_right_length_stay_as_they_are(seconds: float) -> None:
    clock = _Clock()
    pace = BatchSizer(min_size=20, max_size=100, monotonic=clock)
    assert [pace.run_step(_takes(clock, seconds)) for _ in range(3)] == [20, 20, 20]


def test_a_step_that_fails_is_learned_from_too() -> None:
    clock = _Clock()
    pace = BatchSizer(min_size=20, max_size=100, monotonic=clock)
    pace.size = 80

    def fails(size: int) -> None:
        clock.seconds += 1
        raise ValueError(size)

    with pytest.raises(ValueError, match="80"):
        pace.run_step(fails)
    assert pace.size == 40
