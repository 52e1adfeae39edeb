"""Where finished log lines go: straight to a stream, or to it by way of a thread.

A log that nobody reads (a full pipe) blocks whoever writes to it. That must not be the event loop: a daemon would stop
answering, and not even a signal would end it.
"""

import queue
import threading
from typing import Final, Protocol, TextIO

MAX_WAITING_LINES: Final = 10_000
"""Lines that wait for a slow reader; further ones are dropped and counted."""


class LineSink(Protocol):
    """Takes one finished line, without its newline."""

    def write_line(self, line: str) -> None:
        """Never raises: there is nowhere left to say that the log itself is gone."""


class DirectWriter:
    """Writes at once, on the caller's thread."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write_line(self, line: str) -> None:
        try:
            self._stream.write(line + "\n")  # one call for one line: threads cannot mix theirs
            self._stream.flush()
        except (OSError, ValueError):
            pass  # the log itself is gone (closed pipe, full disk): there is nowhere left to say so, and work goes on


class ThreadedWriter:
    """Hands the lines to a thread of its own, which alone is held up by a reader that does not read."""

    def __init__(self, stream: TextIO, *, max_waiting_lines: int = MAX_WAITING_LINES) -> None:
        self.stream = stream
        self._writer = DirectWriter(stream)
        self._max_waiting_lines = max_waiting_lines
        self._lines: queue.SimpleQueue[str | threading.Event] = queue.SimpleQueue()
        self._dropped_count = 0
        # A daemon thread: one that is blocked for ever must not keep the process alive.
        threading.Thread(target=self._run, name="log-writer", daemon=True).start()

    def write_line(self, line: str) -> None:
        if self._lines.qsize() >= self._max_waiting_lines:
            self._dropped_count += 1
            return
        self._lines.put(line)

    def flush(self, timeout_s: float) -> bool:
        """Wait up to `timeout_s` seconds until everything is written; whether it is."""
        written = threading.Event()
        self._lines.put(written)
        return written.wait(timeout_s)

    def _run(self) -> None:
        while True:
            item = self._lines.get()
            if isinstance(item, threading.Event):
                item.set()
                continue
            dropped, self._dropped_count = self._dropped_count, 0
            if dropped:
                self._writer.write_line(f'{{"level":"warning","event":"log.lines_dropped","count":{dropped}}}')
            self._writer.write_line(item)
