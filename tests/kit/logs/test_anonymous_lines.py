"""Lines of callers whom nobody knows: some are written, and the number of the others is told."""

import structlog

from dcvd.kit.logs.anonymous_lines import AnonymousLines
from tests.waiting import until


async def test_how_many_lines_are_missing_is_told_in_one_line() -> None:
    instant = 0.0
    lines = AnonymousLines(max_lines=2, window_s=0.01, monotonic=lambda: instant)
    with structlog.testing.capture_logs() as told:

        async def is_told() -> bool:
            return bool(told)

        assert [lines.admit() for _ in range(7)] == [True, True, False, False, False, False, False]
        await until(is_told)
    assert [(line["event"], line["count"]) for line in told] == [("logs.anonymous_lines_suppressed", 5)]
    instant = 1.0
    assert lines.admit()
    assert lines.suppressed_count == 5
