"""The soak of `python -m tests.bench soak` in short: kills, stops, reloads, and everything around failing at random."""

import pytest

from tests.bench.soak import running

pytestmark = [pytest.mark.sweep, pytest.mark.timeout(400)]

_MINUTES = 1.0
_MOST_MIB = 300
_MOST_LOG_MIB = 72
_MOST_DESCRIPTORS = 600


async def test_after_a_minute_of_everything_at_once_nothing_acknowledged_is_lost_and_every_event_arrived() -> None:
    outcome = await running.soak(_MINUTES)
    print(f"seed {outcome.seed}")
    assert list(outcome.complaints) == []
    figures = outcome.figures
    assert figures["kills"] >= 2
    assert figures["orderly stops"] >= 1
    assert figures["reloads"] >= 1
    assert figures["domains removed"] >= 1
    assert figures["tokens revoked"] >= 1
    assert figures["events"] >= 100
    assert figures["deliveries taken"] >= figures["events"]
    assert max(sample.rss for sample in outcome.samples) < _MOST_MIB
    assert max(sample.wal for sample in outcome.samples) < _MOST_LOG_MIB
    assert max(sample.descriptors for sample in outcome.samples) < _MOST_DESCRIPTORS
