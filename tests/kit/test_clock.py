import time

from dcvd.kit.clock import Clock, SystemClock
from tests.manual_clock import ManualClock


def test_the_system_clock_counts_milliseconds_since_the_epoch() -> None:
    clock: Clock = SystemClock()
    before = time.time()
    assert before * 1000 - 1 <= clock.now() <= time.time() * 1000


def test_a_manual_clock_moves_only_when_told_and_in_both_directions() -> None:
    clock = ManualClock(1_000)
    assert clock.now() == clock.now() == 1_000
    clock.advance(250)
    assert clock.now() == 1_250
    clock.advance(-1_000)
    assert clock.now() == 250
    clock.set(7)
    assert clock.now() == 7
