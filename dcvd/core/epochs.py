"""Epochs of the numbers of events: a restored backup begins one, so that no number is used for two events.

A number is `epoch * 1_000_000_000 + n`. Within an epoch no number is left out; between two of them many are. Before the
first restore the epoch is 0.
"""

from collections.abc import Iterable
from typing import Final

from dcvd.core.instants import HOUR

EPOCH_SIZE: Final = 1_000_000_000
_MAX_EPOCH: Final = 2**53 // EPOCH_SIZE - 1
"""JavaScript keeps no greater integers exactly; at an epoch an hour it is reached in a thousand years."""
_ORIGIN_AT: Final = 1_767_225_600_000  # 2026-01-01T00:00:00Z


def epoch_of(sequence: int) -> int:
    """Return the epoch of an event's number."""
    return sequence // EPOCH_SIZE


def sequence_before(epoch: int) -> int:
    """Return the number that stands before the first of an epoch, and is no event's."""
    return epoch * EPOCH_SIZE


def choose_next_epoch(known_epochs: Iterable[int], now: int) -> int:
    """Choose the epoch that a restore begins: after every known one, and not before the hours since 2026.

    A backup does not know of the epochs that began after it was made, and the database that knew may be lost with its
    machine. So the clock has a say: the same backup that is restored twice begins two epochs, unless that happens
    within an hour. A clock that is behind makes no epoch go back behind a known one.
    """
    hours = (now - _ORIGIN_AT) // HOUR
    return min(max(hours, max(known_epochs, default=0) + 1), _MAX_EPOCH)


def may_follow(sequence: int, earlier_sequence: int) -> bool:
    """Whether an event's number may be the next after an earlier one: it is one more, or an epoch's first."""
    epoch = epoch_of(sequence)
    is_first = epoch > epoch_of(earlier_sequence) and sequence == sequence_before(epoch) + 1
    return sequence == earlier_sequence + 1 or is_first
