"""Epochs: numbers of events that no restore uses again."""

from hypothesis import given
from hypothesis import strategies as st

from dcvd.core.epochs import EPOCH_SIZE, choose_next_epoch, epoch_of, may_follow, sequence_before
from dcvd.core.instants import HOUR

YEAR_2026 = 1_767_225_600_000
_EPOCHS = st.integers(0, 9_007_198)


@given(known=st.lists(st.integers(0, 9_007_197)), now=st.integers(-(2**60), 2**60))
def test_the_next_epoch_is_after_every_known_one_and_its_numbers_are_exact_in_javascript(
    known: list[int], now: int
) -> None:
    epoch = choose_next_epoch(known, now)
    assert epoch >= 1
    assert all(epoch > each for each in known)
    assert sequence_before(epoch) + EPOCH_SIZE < 2**53


def test_a_backup_that_is_restored_twice_begins_two_epochs_also_where_the_first_is_forgotten() -> None:
    now = YEAR_2026 + 5_000 * HOUR
    assert choose_next_epoch([0], now) == 5_000
    assert choose_next_epoch([0], now + HOUR) == 5_001


def test_a_clock_that_is_behind_begins_the_epoch_after_the_known_ones() -> None:
    assert choose_next_epoch([5_000, 3], 0) == 5_001


@given(epoch=_EPOCHS, n=st.integers(1, EPOCH_SIZE - 1))
def test_a_number_follows_on_the_one_before_it_and_an_epochs_first_on_any_of_earlier_epochs(epoch: int, n: int) -> None:
    sequence = sequence_before(epoch) + n
    assert epoch_of(sequence) == epoch
    assert may_follow(sequence + 1, sequence)
    assert not may_follow(sequence, sequence)
    assert not may_follow(sequence + 2, sequence) or (sequence + 2) % EPOCH_SIZE == 1
    assert may_follow(sequence_before(epoch + 1) + 1, sequence)
    assert not may_follow(sequence_before(epoch + 1) + 2, sequence)
