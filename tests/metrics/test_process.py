"""Metrics of the process are what Linux says of it, also when it has no descriptor left."""

import asyncio
import itertools
import os
import resource
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dcvd.metrics.event_loop import measure_lag
from dcvd.metrics.process import count_open_descriptors, read_process


def values(proc: Path = Path("/proc")) -> dict[str, float]:
    return {sample.name: sample.value for metric in read_process(proc) for sample in metric.samples}


def test_they_are_those_of_this_process() -> None:
    found = values()
    assert found["process_open_fds"] == len(os.listdir("/proc/self/fd")) - 1
    assert found["process_max_fds"] == resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    assert 0 < found["process_resident_memory_bytes"] < found["process_virtual_memory_bytes"]
    assert time.time() - 24 * 3600 < found["process_start_time_seconds"] <= time.time() + 1
    assert found["process_cpu_seconds_total"] > 0


def test_where_there_is_no_proc_they_are_absent(tmp_path: Path) -> None:
    found = values(tmp_path)
    assert "process_open_fds" not in found
    assert "process_resident_memory_bytes" not in found
    assert found["process_cpu_seconds_total"] > 0


@pytest.fixture
def few_descriptors() -> Iterator[int]:
    """Few descriptors, all of which are open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = len(os.listdir("/proc/self/fd")) + 8
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    opened: list[int] = []
    try:
        with pytest.raises(OSError, match="Too many open files"):
            opened.extend(map(os.dup, itertools.repeat(0)))
        yield limit
    finally:
        for descriptor in opened:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_when_none_is_left_all_of_them_are_open(few_descriptors: int) -> None:
    assert count_open_descriptors(few_descriptors) == few_descriptors


async def test_a_loop_that_is_held_up_shows_by_how_much() -> None:
    lags: list[float] = []
    task = asyncio.create_task(measure_lag(lags.append, interval_s=0.01))
    await asyncio.sleep(0)
    time.sleep(0.1)  # noqa: ASYNC251  # which holds up the loop
    while not lags:  # time is what is measured
        await asyncio.sleep(0.001)
    task.cancel()
    await asyncio.wait([task])
    assert 0.08 <= lags[0] < 30
