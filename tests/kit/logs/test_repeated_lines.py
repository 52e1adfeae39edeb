"""Lines that repeat others: the first are written, the number of the rest is told, and what is unique is never lost."""

import asyncio
import io
import json
import logging
import threading
import time
from collections import Counter
from typing import Any

import pytest
import structlog

from dcvd.kit.logs.configuration import configure_logging, flush_logs
from dcvd.kit.logs.repeated_lines import RepeatedLines
from tests.waiting import until

JOURNALD_LINES, JOURNALD_S = 10_000, 30
WARNING, ERROR, INFO, DEBUG = logging.WARNING, logging.ERROR, logging.INFO, logging.DEBUG
log = structlog.get_logger("dcvd.test")


class Instant:
    """Monotonic seconds that pass as a test says."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def admitted(
    lines: RepeatedLines, count: int, event: str = "delivery.failed", level: int = WARNING, **facts: Any
) -> int:
    """Of so many lines, how many are written; `{n}` in a fact stands for their number."""
    return sum(
        lines.admit(
            event,
            level,
            {name: value.format(n=n) if isinstance(value, str) else value for name, value in facts.items()},
        )
        for n in range(count)
    )


def test_the_first_lines_of_each_event_reason_and_class_are_written() -> None:
    lines = RepeatedLines(max_lines=5, monotonic=Instant())
    assert admitted(lines, 100, status=500, endpoint_id="wh_{n}") == 5
    assert admitted(lines, 100, status=503) == 5
    assert admitted(lines, 100, status=500, event_type="domain.added") == 5
    assert admitted(lines, 100, "job.failed", status=500) == 5
    assert lines.suppressed_count == 4 * 95


def test_after_the_window_the_rest_is_told_and_counting_begins_anew() -> None:
    instant = Instant()
    lines = RepeatedLines(max_lines=2, window_s=60, monotonic=instant)
    assert admitted(lines, 3023, outcome="http", status=500, endpoint_id="wh_{n}") == 2
    assert admitted(lines, 1, "disk.full") == 1
    instant.seconds = 60
    with structlog.testing.capture_logs() as told:
        assert lines.admit("delivery.failed", WARNING, {"outcome": "http", "status": 500})
    (line,) = told
    assert line["message"] == "3,021 more lines delivery.failed in 60 s"
    assert (line["event"], line["log_level"], line["lines"]) == ("logs.repeated_lines", "warning", 3021)
    assert (line["of"], line["outcome"], line["status"]) == ("delivery.failed", "http", 500)
    assert line["examples"] == [{"endpoint_id": f"wh_{number}"} for number in (2, 3, 4)]


async def test_the_rest_is_told_though_no_other_line_comes_and_belongs_to_no_request() -> None:
    lines = RepeatedLines(max_lines=1, window_s=0.02)
    told: list[dict[str, Any]] = []

    def keep(_logger: object, method: str, event: Any) -> Any:
        told.append({**event, "level": method})
        raise structlog.DropEvent

    processors = structlog.get_config()["processors"]
    structlog.configure(processors=[structlog.contextvars.merge_contextvars, keep])
    try:
        with structlog.contextvars.bound_contextvars(request_id="r1"):
            assert admitted(lines, 4) == 1

            async def is_told() -> bool:
                return bool(told)

            await until(is_told)
    finally:
        structlog.configure(processors=processors)
    (line,) = told
    assert (line["level"], line["lines"]) == ("warning", 3)
    assert "request_id" not in line


def test_errors_are_repetitions_only_where_they_say_the_same_but_for_ids_and_numbers() -> None:
    lines = RepeatedLines(max_lines=3, monotonic=Instant())
    assert admitted(lines, 50, "task.failed", ERROR, error="The disk of dlv_{n} is full.") == 3
    texts = ("no route", "no descriptor", "broken pipe", "bad certificate", "permission denied")
    assert [admitted(lines, 1, "task.failed", ERROR, error=text) for text in texts] == [1] * 5


def test_errors_are_told_apart_by_their_exceptions() -> None:
    lines = RepeatedLines(max_lines=1, monotonic=Instant())

    def fail(error: Exception) -> bool:
        try:
            raise error
        except Exception:  # noqa: BLE001
            return lines.admit("task.failed", ERROR, {"exc_info": True})

    assert [fail(ValueError("the wheel 1")), fail(ValueError("the wheel 2"))] == [True, False]
    assert fail(KeyError("the wheel 1"))
    assert lines.admit("task.failed", ERROR, {"exc_info": OSError("gone")})


def test_debug_lines_are_all_written_and_info_lines_have_more_room() -> None:
    lines = RepeatedLines(max_lines=1, max_info_lines=7, monotonic=Instant())
    assert admitted(lines, 500, "api.request", DEBUG) == 500
    assert admitted(lines, 500, "domain.status_changed", INFO) == 7


def test_whatever_comes_it_stays_far_below_what_journald_takes_and_each_first_line_is_written() -> None:
    instant = Instant()
    lines = RepeatedLines(monotonic=instant)
    with structlog.testing.capture_logs() as told:
        written = sum(
            admitted(lines, 50, f"event.{number}", WARNING, code=f"code_{reason}")
            for number in range(60)
            for reason in range(20)
        )
        firsts = sum(admitted(lines, 1, f"new.{number}") for number in range(200))
        lines.tell()
    assert firsts == 200
    assert written + firsts + len(told) < JOURNALD_LINES
    assert sum(line["lines"] for line in told) == lines.suppressed_count
    assert JOURNALD_S < 60


def test_keys_without_end_take_no_memory_without_end() -> None:
    lines = RepeatedLines(max_keys=10, max_lines=2, monotonic=Instant())
    for number in range(1000):
        admitted(lines, 1, "delivery.failed", code=f"code_{number}")
        admitted(lines, 1, f"event.{number}")
    assert lines.key_count <= 21


def test_a_reason_that_is_no_single_value_breaks_nothing() -> None:
    lines = RepeatedLines(max_lines=2, monotonic=Instant())
    assert admitted(lines, 5, code=["a", "b"]) == 2


def test_lines_of_many_threads_are_all_counted() -> None:
    lines = RepeatedLines(max_lines=10, monotonic=Instant())
    written: Counter[int] = Counter()

    def work(number: int) -> None:
        written[number] = admitted(lines, 2000)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert written.total() == 10
    assert lines.suppressed_count == 7990


def test_a_line_costs_next_to_nothing() -> None:
    """Some 1.5 µs where the machine is idle; the bound is that of one that is busy."""
    lines = RepeatedLines()
    facts = {
        "delivery_id": "dlv_1",
        "endpoint_id": "wh_1",
        "event_type": "domain.added",
        "outcome": "http",
        "status": 500,
    }

    def measure() -> float:
        began = time.process_time()
        for _ in range(2000):
            lines.admit("delivery.failed", WARNING, facts)
        return (time.process_time() - began) / 2000

    assert min(measure() for _ in range(20)) < 10e-6


@pytest.fixture
def counted() -> RepeatedLines:
    return RepeatedLines(max_lines=3)


@pytest.fixture
def stream(counted: RepeatedLines) -> io.StringIO:
    """Where the log of a daemon goes."""
    found = io.StringIO()
    configure_logging(json=True, stream=found, repeated_lines=counted)
    return found


def test_a_daemons_log_gathers_its_own_lines_and_those_of_libraries(
    stream: io.StringIO, counted: RepeatedLines
) -> None:
    for number in range(50):
        log.warning("delivery.failed", delivery_id=f"dlv_{number}", status=500)
        logging.getLogger("library").warning("request %s is odd", number)
        logging.getLogger("library").warning(f"reply {number} is odd")  # as some libraries do
        log.error("task.failed", error=f"no room for {'x' * number}")
    log.error("delivery.recorder_broke")
    flush_logs(1)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    counts = Counter(line["event"] for line in lines)
    assert counts["delivery.failed"] == 3
    assert sum(count for event, count in counts.items() if event.endswith("is odd")) == 6
    assert counts["task.failed"] == 50
    assert counts["delivery.recorder_broke"] == 1
    told = {line["of"]: line["lines"] for line in lines if line["event"] == "logs.repeated_lines"}
    assert told == {"delivery.failed": 47, "library: request %s is odd": 47, "library: reply # is odd": 47}
    assert counted.suppressed_count == 141


def test_a_program_that_does_not_ask_for_it_writes_every_line(stream: io.StringIO) -> None:
    other = io.StringIO()
    configure_logging(json=True, stream=other)
    for _ in range(50):
        log.warning("delivery.failed")
    assert len(other.getvalue().splitlines()) == 50
    assert not stream.getvalue()


def test_a_level_that_changes_begins_no_new_count(stream: io.StringIO, counted: RepeatedLines) -> None:
    for _ in range(5):
        log.warning("delivery.failed")
    configure_logging(level="debug", json=True, stream=stream, repeated_lines=counted)
    for _ in range(5):
        log.warning("delivery.failed")
        log.debug("delivery.delivered")
    counts = Counter(json.loads(line)["event"] for line in stream.getvalue().splitlines())
    assert counts == {"delivery.failed": 3, "delivery.delivered": 5}


async def test_a_later_loop_tells_what_an_ended_one_could_not(stream: io.StringIO) -> None:
    lines = RepeatedLines(max_lines=1, window_s=0.05)
    await asyncio.to_thread(lambda: asyncio.run(_log_twice(lines)))
    assert "more lines" not in stream.getvalue()

    async def is_told() -> bool:
        lines.admit("x.y", WARNING, {})
        return "1 more lines once.more" in stream.getvalue()

    await until(is_told)


async def _log_twice(lines: RepeatedLines) -> None:
    assert admitted(lines, 2, "once.more") == 1
