"""The receiver's clock beside ours: receivers refuse a signature whose timestamp is minutes off (Standard Webhooks)."""

from collections.abc import Mapping
from typing import Final

from dcvd.core.http.dates import parse_http_date
from dcvd.core.instants import DAY, HOUR, MINUTE
from dcvd.core.sentences.rendering import render
from dcvd.core.sentences.sentence import Sentence, say

DATE_HEADER: Final = "date"
_MIN_DIFFERENCE_MS: Final = 2 * MINUTE
"""Below, it is no reason to refuse a timestamp: the tolerance that the specification names is 5 minutes."""


def measure_difference(headers: Mapping[str, str], answered_at: int) -> int | None:
    """Return by how many milliseconds the receiver's clock is ahead of ours (negative: behind), by its `Date`.

    None where the answer has no date, or the difference is too small to matter. `headers` have lower-case names.
    """
    date = parse_http_date(headers.get(DATE_HEADER, ""))
    if date is None or abs(date - answered_at) < _MIN_DIFFERENCE_MS:
        return None
    return date - answered_at


def say_difference(difference_ms: int) -> Sentence:
    """Say how far the clocks are apart, as in "10 min"; the largest unit in which it is at least two."""
    for unit_ms, sentence_id in ((DAY, "clock_days"), (HOUR, "clock_hours")):
        if abs(difference_ms) >= 2 * unit_ms:
            return say(sentence_id, count=round(abs(difference_ms) / unit_ms))
    return say("clock_minutes", count=round(abs(difference_ms) / MINUTE))


def describe_difference(difference_ms: int) -> str:
    """Return in English how far the clocks are apart."""
    return render((say_difference(difference_ms),))
