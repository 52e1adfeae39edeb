"""An interactive shell in a terminal, into which a test types."""

import os
import pty
import re
import select
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

_DEADLINE: Final = 30.0
_CONTROL: Final = re.compile(rb"\x1b\[[0-9;?>=]*[A-Za-z]|\x1b[=>]|\x1b\][^\x07]*\x07|\r|\x07|[^\n]\x08")


class ShellTerminal:
    """What the shell shows, and its keyboard."""

    def __init__(self, terminal: int) -> None:
        self._terminal = terminal
        self._shown = b""

    def type(self, text: str) -> None:
        """Type, from which on `wait_for` looks at what is shown."""
        self._shown = b""
        os.write(self._terminal, text.encode())

    def wait_for(self, text: str) -> str:
        """Return what is shown since the last typing once the text is there."""
        end = time.monotonic() + _DEADLINE
        while text not in (shown := _CONTROL.sub(b"", self._shown).decode(errors="replace")):
            ready, _, _ = select.select([self._terminal], [], [], max(end - time.monotonic(), 0))
            assert ready, f"{text!r} was not shown: {shown!r}"
            self._shown += os.read(self._terminal, 1 << 16)
        return shown


@contextmanager
def in_shell(command: Sequence[str], environ: Mapping[str, str]) -> Iterator[ShellTerminal]:
    """Run a shell, and kill it at the end."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={"TERM": "dumb", "LANG": "C.UTF-8", **environ},
        start_new_session=True,
    )
    os.close(theirs)
    try:
        yield ShellTerminal(ours)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
