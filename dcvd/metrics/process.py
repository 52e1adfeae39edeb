"""Metrics of the process, as Linux has them."""

import errno
import os
import resource
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from prometheus_client.core import Metric

from dcvd.metrics.catalogue import daemon

DEFINITIONS: Final = (
    daemon.PROCESS_CPU,
    daemon.PROCESS_RESIDENT,
    daemon.PROCESS_VIRTUAL,
    daemon.PROCESS_START,
    daemon.PROCESS_OPEN_FDS,
    daemon.PROCESS_MAX_FDS,
    daemon.PROCESS_THREADS,
)
_START_TIME_FIELD: Final = 19
"""Of /proc/PID/stat, counted from the field behind the name."""


def read_process(proc: Path = Path("/proc")) -> Iterator[Metric]:
    """Read the metrics of this process; what cannot be read is absent."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    max_fds = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    resident, virtual = _read_memory(proc)
    yield daemon.PROCESS_CPU.build_single(usage.ru_utime + usage.ru_stime)
    yield daemon.PROCESS_RESIDENT.build_single(resident)
    yield daemon.PROCESS_VIRTUAL.build_single(virtual)
    yield daemon.PROCESS_START.build_single(_START_TIME_S)
    yield daemon.PROCESS_OPEN_FDS.build_single(count_open_descriptors(max_fds, proc))
    yield daemon.PROCESS_MAX_FDS.build_single(None if max_fds == resource.RLIM_INFINITY else max_fds)
    yield daemon.PROCESS_THREADS.build_single(threading.active_count())


def count_open_descriptors(max_fds: int, proc: Path = Path("/proc")) -> int | None:
    """Count the open descriptors; None where that cannot be known.

    To count them takes one: where there is none left, all of `max_fds` are open.
    """
    try:
        return len(os.listdir(proc / "self" / "fd")) - 1
    except OSError as error:
        return max_fds if error.errno == errno.EMFILE else None


def _read_memory(proc: Path) -> tuple[int | None, int | None]:
    try:
        pages = (proc / "self" / "statm").read_text(encoding="ascii").split()
        return int(pages[1]) * _PAGE_BYTES, int(pages[0]) * _PAGE_BYTES
    except (OSError, ValueError, IndexError):
        return None, None


def _read_start_time_s(proc: Path) -> float | None:
    """Return when the process was started, in seconds since the epoch."""
    try:
        stat = (proc / "self" / "stat").read_text(encoding="utf-8")
        boot = next(
            line for line in (proc / "stat").read_text(encoding="ascii").splitlines() if line.startswith("btime")
        )
        return int(boot.split()[1]) + int(stat.rpartition(")")[2].split()[_START_TIME_FIELD]) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, StopIteration):
        return None


_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
_START_TIME_S: Final = _read_start_time_s(Path("/proc"))
