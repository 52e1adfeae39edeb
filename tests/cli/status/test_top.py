"""`dcvd top` in a real terminal."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from dcvd.cli.status.keys import Request, read_requests
from dcvd.cli.status.live_view import LiveView
from dcvd.cli.terminal.text import measure_width
from tests.cli.conftest import ServedHouse
from tests.cli.processes import House, dcvd, environment
from tests.cli.status.overviews import quiet, troubled
from tests.warm.process import WarmProcess, start

_DEADLINE: Final = 60.0
_CONTROL: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_HOME: Final = "\x1b[H"


class Terminal:
    """What a process shows in a terminal, and what a person does there."""

    def __init__(self, ours: int, process: WarmProcess) -> None:
        self._ours = ours
        self.process = process
        self.raw = ""

    def wait_for(self, condition: Callable[[list[str]], bool]) -> list[str]:
        """Wait until the present frame is as a condition asks; return its lines."""
        ends_at = time.monotonic() + _DEADLINE
        while True:
            frame = self.frame
            if condition(frame):
                return frame
            left = ends_at - time.monotonic()
            assert left > 0, self.raw[-3000:]
            ready, _, _ = select.select([self._ours], [], [], left)
            if ready:
                self._read()

    def _read(self) -> None:
        try:
            self.raw += os.read(self._ours, 1 << 16).decode(errors="replace")
        except OSError:  # Linux says EIO once nobody has the other side open
            raise AssertionError(f"the process is gone: {self.raw[-3000:]}") from None

    @property
    def frame(self) -> list[str]:
        """The lines of the last frame that was drawn as a whole."""
        frames = self.raw.split(_HOME)
        return [_CONTROL.sub("", line) for line in frames[-1].replace("\r", "").split("\n")]

    def press(self, keys: bytes) -> None:
        os.write(self._ours, keys)

    def resize(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.process.send_signal(signal.SIGWINCH)

    def end(self) -> int:
        """Read what is still shown, and return the exit code."""
        while True:
            try:
                piece = os.read(self._ours, 1 << 16)
            except OSError:
                break
            if not piece:
                break
            self.raw += piece.decode(errors="replace")
        return self.process.wait(_DEADLINE)


@contextmanager
def top_of(house: House, *, columns: int = 60, lines: int = 24) -> Iterator[Terminal]:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    with open(theirs, "r+b", buffering=0) as terminal:
        process = start(
            ["top", "--config", str(house.config)],
            environ=environment({"TERM": "xterm", "DCVD_TIMEOUT": "5s"}),
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
        )
    try:
        yield Terminal(ours, process)
    finally:
        process.kill()
        os.close(ours)


def shows_status(frame: list[str]) -> bool:
    return any(line.startswith("Serving for ") for line in frame) and len(frame) > 1 and "quits" in frame[-1]


def test_it_shows_the_overview_scrolls_fits_after_a_resize_and_ends_with_q(served: ServedHouse) -> None:
    with top_of(served) as terminal:
        frame = terminal.wait_for(lambda frame: shows_status(frame) and len(frame) == 24)
        assert max(map(measure_width, frame)) <= 60
        assert "more below" in frame[-1]
        terminal.press(b"\x1b[F")
        terminal.wait_for(lambda frame: frame[-2].startswith("Stored ") and len(frame) == 24)
        terminal.press(b"\x1b[H")
        terminal.wait_for(lambda frame: frame[0].startswith("dcvd "))
        terminal.resize(80, 50)
        frame = terminal.wait_for(lambda frame: len(frame) == 50)
        assert max(map(measure_width, frame)) <= 80
        assert any(line.startswith("Stored ") for line in frame)
        terminal.resize(40, 10)
        frame = terminal.wait_for(lambda frame: len(frame) == 10)
        assert max(map(measure_width, frame)) <= 40
        terminal.press(b"q")
        assert terminal.end() == 0
        assert terminal.raw.rindex("\x1b[?1049l") > terminal.raw.rindex("\x1b[?1049h")
        assert terminal.raw.rindex("\x1b[?25h") > terminal.raw.rindex("\x1b[?25l"), "the cursor is there again"


def test_without_a_daemon_it_waits_and_ends_cleanly_by_a_signal(house: House) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        with top_of(house) as terminal:
            terminal.wait_for(lambda frame: frame[0].startswith("Waiting for the daemon at"))
            terminal.process.send_signal(number)
            assert terminal.end() == 0
            assert terminal.raw.rindex("\x1b[?1049l") > terminal.raw.rindex("\x1b[?1049h")
            assert "Traceback" not in terminal.raw


def test_a_daemon_that_comes_is_shown_and_one_that_is_lost_leaves_what_was_known(house: House) -> None:
    with top_of(house) as terminal, open(os.devnull, "wb") as nowhere:
        terminal.wait_for(lambda frame: frame[0].startswith("Waiting for the daemon at"))
        daemon = start(
            ["serve", "--config", str(house.config)],
            environ=environment({"CLOUDFLARE_API_TOKEN": "sandbox-token"}),
            stdout=nowhere,
            stderr=nowhere,
        )
        try:
            terminal.wait_for(shows_status)
        finally:
            daemon.kill()
            daemon.wait(_DEADLINE)
        terminal.wait_for(
            lambda frame: (
                frame[0].startswith("Waiting for the daemon at")
                and any(line.startswith("As it was at ") for line in frame)
            )
        )
        terminal.press(b"q")
        assert terminal.end() == 0


def test_what_is_no_terminal_is_refused_with_what_to_do_instead(served: ServedHouse) -> None:
    done = dcvd("top", "--config", str(served.config))
    assert done.returncode == 1
    assert done.stderr == "dcvd top needs a terminal that it can draw on; dcvd status prints the same once.\n"


def test_a_daemon_that_is_lost_leaves_what_was_known_dimmed_and_dated() -> None:
    view = LiveView()
    view.overview = quiet()
    view.fault = "Waiting for the daemon at /run/dcvd.sock: Connection refused, as nobody listens"
    lines = view.format(60, 40)
    assert [line.text for line in lines[:3]] == [
        "Waiting for the daemon at /run/dcvd.sock: Connection",
        "refused, as nobody listens",
        "As it was at 2027-01-15T08:00:00Z:",
    ]
    assert {line.tone for line in lines[3:] if line.text} == {"dim"}
    view.fault = None
    assert view.format(60, 40)[0].text == "dcvd 1.2.3 is well"


def test_it_never_shows_more_lines_than_there_are_nor_scrolls_beyond_the_end() -> None:
    view = LiveView()
    view.overview = troubled()
    for _ in range(3):
        view.scroll(Request.PAGE_DOWN, 60, 24)
        assert len(view.format(60, 24)) == 24
    assert view.format(60, 24)[-2].text.startswith("Stored ")
    view.scroll(Request.UP, 60, 24)
    assert view.format(60, 24)[-1].text.endswith("1 more below")
    assert len(view.format(60, 1)) == 1
    view.overview = quiet()
    assert view.format(60, 40)[0].text == "dcvd 1.2.3 is well", "the end of a shorter one is nearer"


def test_keys_are_told_apart_also_where_several_come_at_once() -> None:
    assert read_requests(b"\x1b[A\x1bOBjk q") == [
        Request.UP, Request.DOWN, Request.DOWN, Request.UP, Request.PAGE_DOWN, Request.QUIT
    ]  # fmt: skip
    assert read_requests(b"\x1b[1;5Dx\xff") == []
