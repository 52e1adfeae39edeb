"""Runs `dcvd` in a terminal of some size, as a person does."""

import fcntl
import os
import pty
import signal
import struct
import termios
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from tests.cli.processes import environment
from tests.warm.process import start

_DEADLINE: Final = 60.0
_HIGH: Final = 500


class TerminalRun(Struct, frozen=True):
    """What a command said; `text` is what stood on the terminal."""

    code: int
    text: str
    stderr: str

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()


def run_in_terminal(
    *arguments: str,
    columns: int,
    lines: int = _HIGH,
    environ: Mapping[str, str] | None = None,
    may_override: bool = True,
    is_endless: bool = False,
) -> TerminalRun:
    """Run a command whose standard input and output are a terminal; its errors are read apart.

    One that `is_endless` is stopped once it has said something.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    errors_reader, errors_writer = os.pipe()
    with open(theirs, "r+b", buffering=0) as terminal, open(errors_writer, "wb") as errors:
        process = start(
            arguments,
            environ=environment({"TERM": "xterm", "PAGER": "", **(environ or {})}),
            stdin=terminal,
            stdout=terminal,
            stderr=errors,
            may_override=may_override,
        )
    shown = b""
    with open(ours, "rb", buffering=0) as screen, open(errors_reader) as said:
        while piece := _read(screen.fileno()):
            if is_endless and not shown:
                process.send_signal(signal.SIGINT)
            shown += piece
        stderr = said.read()
    return TerminalRun(process.wait(_DEADLINE), shown.decode().replace("\r\n", "\n"), stderr)


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 1 << 16)
    except OSError:  # Linux says EIO once nobody has the other side open
        return b""
