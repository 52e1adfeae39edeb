"""The pause after a read of the database that failed."""

import time

import structlog.testing

from dcvd.errors import StoreError
from dcvd.kit.failed_reads import pause_after_failed_read


async def test_a_failed_read_is_logged_by_the_loop_that_made_it_and_the_loop_waits() -> None:
    started = time.monotonic()
    with structlog.testing.capture_logs() as lines:
        await pause_after_failed_read(structlog.get_logger("loop"), "loop.not_read", StoreError("No disk."), 0.02)
    assert time.monotonic() - started >= 0.02
    assert lines == [{"event": "loop.not_read", "log_level": "warning", "error": "No disk.", "retry_in_s": 0.02}]
