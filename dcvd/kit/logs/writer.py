"""Write finished log lines to a stream, directly or through a thread.

A log that nobody reads (a full pipe) blocks its writer. That must not be the event loop: the daemon would stop
answering, and not even a signal would end it.
"""

import queue
import threading
from typing import Final, Protocol, TextIO

MAX_WAITING_LINES: Final = 10_000
"""The most lines that wait for a slow reader; further ones are dropped and counted."""


class LineSink(Protocol):
    """Takes finished log lines."""

    def write_line(self, line: str) -> None:
        """Write one line, given without its newline. Never raises: nothing is left to report a broken log to."""


class DirectWriter:
    """Writes each line at once, on the caller's thread."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write_line(self, line: str) -> None:
        try:
            self._stream.write(line + "\n")  # one call for each line, so that threads cannot mix their lines
            self._stream.flush()
        except (OSError, ValueError):
            pass  # the log itself is broken (closed pipe, full disk): nothing is left to report it to, and work goes on


class ThreadedWriter:
    """Passes the lines to its own thread, so that a slow reader delays only that thread."""

    def __init__(self, stream: TextIO, *, max_waiting_lines: int = MAX_WAITING_LINES) -> None:
        self.stream = stream
        self._writer = DirectWriter(stream)
        self._max_waiting_lines = max_waiting_lines
        self._lines: queue.SimpleQueue[str | threading.Event] = queue.SimpleQueue()
        self._untold_count = 0
        self.dropped_count = 0
        """Lines dropped since the start."""
        # A daemon thread, because one that is blocked for ever must not keep the process alive.
        threading.Thread(target=self._run, name="log-writer", daemon=True).start()

    def write_line(self, line: str) -> None:
        if self._lines.qsize() >= self._max_waiting_lines:
            self.dropped_count += 1
            self._untold_count += 1
            return
        self._lines.put(line)

    def flush(self, timeout_s: float) -> bool:
        """Wait up to `timeout_s` seconds until all lines are written; return whether they are."""
        written_event = threading.Event()
        self._lines.put(written_event)
        return written_event.wait(timeout_s)

    def _run(self) -> None:
        while True:
            item = self._lines.get()
            if isinstance(item, threading.Event):
                item.set()
                continue
            untold_count, self._untold_count = self._untold_count, 0
            if untold_count:
                self._writer.write_line(f'{{"level":"warning","event":"log.lines_dropped","count":{untold_count}}}')
            self._writer.write_line(item)
