"""Processes that run `dcvd` without waiting for its imports; see `launcher.py`."""

import asyncio
import atexit
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO, Final

_DEADLINE: Final = 60.0


class WarmProcess:
    """As `subprocess.Popen`, of a `dcvd` that was forked. Whoever starts one waits for its end."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._answers = b""
        self.returncode: int | None = None
        self.pid = int(self._line())

    def send_signal(self, number: int) -> None:
        """Nothing happens to a process that has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """kill -9."""
        self.send_signal(signal.SIGKILL)

    def poll(self) -> int | None:
        """The return code, if it has ended."""
        if self.returncode is None:
            self._connection.settimeout(0)
            try:
                self._end()
            except BlockingIOError:
                return None
        return self.returncode

    def wait(self, timeout: float) -> int:
        """The return code, once it has ended. Raises TimeoutError."""
        if self.returncode is None:
            self._connection.settimeout(timeout)
            self._end()
        assert self.returncode is not None
        return self.returncode

    async def ended(self) -> int:
        """The return code, once it has ended."""
        while self.poll() is None:
            loop = asyncio.get_running_loop()
            readable = asyncio.Event()
            loop.add_reader(self._connection, readable.set)
            try:
                await readable.wait()
            finally:
                loop.remove_reader(self._connection)
        assert self.returncode is not None
        return self.returncode

    def _end(self) -> None:
        self.returncode = int(self._line())
        self._connection.close()

    def _line(self) -> bytes:
        while b"\n" not in self._answers:
            received = self._connection.recv(100)
            if not received:
                raise ConnectionError("the launcher has ended")
            self._answers += received
        line, self._answers = self._answers.split(b"\n", 1)
        return line


def start(
    arguments: Sequence[str],
    *,
    environ: Mapping[str, str],
    stdout: IO[bytes] | int,
    stderr: IO[bytes] | int,
    stdin: IO[bytes] | None = None,
    descriptors: int | None = None,
    may_override: bool = True,
) -> WarmProcess:
    """`dcvd` with these arguments, from this process's directory; nothing on its standard input unless given.

    `descriptors`: how many it may have open. `may_override`: as root, whether it may do what
    permissions forbid.
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(_DEADLINE)
    connection.connect(_launcher())
    request = {
        "arguments": list(arguments),
        "environ": dict(environ),
        "directory": os.getcwd(),
        "descriptors": descriptors,
        "may_override": may_override,
    }
    with open(os.devnull, "rb") as nothing:
        given = nothing if stdin is None else stdin
        streams = [given.fileno(), *(each if isinstance(each, int) else each.fileno() for each in (stdout, stderr))]
        raw = json.dumps(request).encode() + b"\n"
        sent = socket.send_fds(connection, [raw], streams)
        if sent < len(raw):  # else a short command may have ended by now, and nobody listens any more
            connection.sendall(raw[sent:])
    return WarmProcess(connection)


def run(
    arguments: Sequence[str], *, environ: Mapping[str, str], stdin: str = "", timeout: float = _DEADLINE
) -> subprocess.CompletedProcess[str]:
    """One command, to its end. Raises TimeoutError."""
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        given.write(stdin.encode())
        given.seek(0)
        code = start(arguments, environ=environ, stdin=given, stdout=out, stderr=err).wait(timeout)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode())
    return subprocess.CompletedProcess(["dcvd", *arguments], code, *texts)


@cache
def _launcher() -> str:
    """The address of this process's launcher, which is started at the first need and ends with this process."""
    directory = tempfile.mkdtemp(prefix="dcvd-warm-")
    address = str(Path(directory) / "s")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(address)
        listener.listen(64)
        # Its standard input is a pipe of ours, which ends when we do, however that is.
        launcher = subprocess.Popen(
            [sys.executable, "-m", "tests.warm.launcher", str(listener.fileno())],
            stdin=subprocess.PIPE,
            pass_fds=[listener.fileno()],
            cwd=Path(__file__).parents[2],
        )
    atexit.register(_end, launcher, Path(directory))
    return address


def _end(launcher: "subprocess.Popen[bytes]", directory: Path) -> None:
    launcher.communicate(timeout=10)
    shutil.rmtree(directory)
