"""Forks processes that run `dcvd`, from one that has imported it already.

A process of its own for each command is what the tests want; the second that each would spend on imports is not. Run as
`python -m tests.warm.launcher FD`, where FD is a listening unix socket. A request is a line of JSON (arguments,
environment, directory, limit of descriptors, whether root may override permissions) with three descriptors for the
standard streams; the answers are the process's id and, once it has ended, its return code as `subprocess` counts it, a
line each. A caller that hangs up has its process killed. The launcher ends, with all that it started, when its standard
input does.
"""

import contextlib
import ctypes
import gc
import importlib
import json
import os
import random
import resource
import selectors
import signal
import socket
import struct
import sys
import threading
from collections.abc import Callable
from typing import Final, NoReturn

from litestar import Litestar

from dcvd.__main__ import main as dcvd
from dcvd.cli.main import DEFERRED_COMMANDS

_LARGEST: Final = 1 << 20
_CAPABILITY_VERSION: Final = 0x20080522
_OVERRIDES: Final = 0b110  # CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH


class Request:
    """What one process is to run."""

    def __init__(self, raw: bytes, streams: list[int]) -> None:
        asked = json.loads(raw)
        self.arguments: list[str] = asked["arguments"]
        self.environ: dict[str, str] = asked["environ"]
        self.directory: str = asked["directory"]
        self.descriptors: int | None = asked["descriptors"]
        self.may_override: bool = asked["may_override"]
        self.streams = streams


class Launcher:
    """The loop of the process that forks."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._selector = selectors.DefaultSelector()
        self._selector.register(listener, selectors.EVENT_READ)
        self._selector.register(sys.stdin.fileno(), selectors.EVENT_READ)
        self._callers: dict[int, tuple[int, socket.socket]] = {}

    def run(self) -> Request | None:
        """The request in each process that was forked; None in the launcher itself, at its end."""
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._listener:
                    request = self._fork()
                    if request is not None:
                        return request
                elif key.fileobj == sys.stdin.fileno():
                    self._end()
                    return None
                elif isinstance(key.fileobj, socket.socket):
                    self._hung_up(key.fileobj)
                elif key.fd in self._callers:
                    self._reap(key.fd)

    def _fork(self) -> Request | None:
        caller, _ = self._listener.accept()
        raw, streams, _, _ = socket.recv_fds(caller, _LARGEST, 3)
        while raw and not raw.endswith(b"\n"):
            more = caller.recv(_LARGEST)
            raw = raw + more if more else b""
        if not raw:  # the caller was killed while it asked
            for descriptor in streams:
                os.close(descriptor)
            caller.close()
            return None
        pid = os.fork()
        if pid == 0:
            self._forget(caller)
            return Request(raw, streams)
        for descriptor in streams:
            os.close(descriptor)
        ended = os.pidfd_open(pid)
        self._callers[ended] = (pid, caller)
        self._selector.register(ended, selectors.EVENT_READ)
        self._selector.register(caller, selectors.EVENT_READ)
        with contextlib.suppress(OSError):  # a caller that hung up is noticed by the selector, and its process killed
            caller.sendall(b"%d\n" % pid)
        return None

    def _forget(self, caller: socket.socket) -> None:
        """In the new process: nothing of the launcher's stays open."""
        caller.close()
        self._listener.close()
        self._selector.close()
        for ended, (_, other) in self._callers.items():
            os.close(ended)
            other.close()

    def _reap(self, ended: int) -> None:
        pid, caller = self._callers.pop(ended)
        self._selector.unregister(ended)
        self._selector.unregister(caller)
        os.close(ended)
        _, status = os.waitpid(pid, 0)
        with contextlib.suppress(OSError):  # a caller that hung up does not want to know
            caller.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
        caller.close()

    def _hung_up(self, caller: socket.socket) -> None:
        for ended, (pid, other) in list(self._callers.items()):
            if other is caller:
                os.kill(pid, signal.SIGKILL)
                self._reap(ended)

    def _end(self) -> None:
        for ended, (pid, _) in list(self._callers.items()):
            os.kill(pid, signal.SIGKILL)
            self._reap(ended)


def _become(request: Request) -> None:
    for number, descriptor in enumerate(request.streams):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(request.environ)
    os.chdir(request.directory)
    sys.argv = ["dcvd", *request.arguments]
    sys.stdin = open(0, closefd=False)  # noqa: SIM115  # the standard streams are never closed
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", closefd=False, errors="backslashreplace", buffering=1)  # noqa: SIM115
    if request.descriptors is not None:
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (request.descriptors, hard))
    random.seed()
    if not request.may_override and os.geteuid() == 0:
        _obey_permissions()


def _obey_permissions() -> None:
    """Take from root that it may do what the permissions of files forbid, by capset(2)."""
    header = struct.pack("=Ii", _CAPABILITY_VERSION, 0)
    present = ctypes.create_string_buffer(24)
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.capget(header, present) == 0
    low = [*struct.unpack("=6I", present.raw)]
    low[:3] = [each & ~_OVERRIDES for each in low[:3]]
    assert libc.capset(header, struct.pack("=6I", *low)) == 0


def _end_at_once(command: Callable[[], NoReturn]) -> NoReturn:
    """Run a command of short life and end without freeing every module, which would take twice as long as itself."""
    try:
        command()
    except SystemExit as ended:
        for thread in threading.enumerate():
            if thread is not threading.current_thread() and not thread.daemon:
                thread.join()
        sys.stdout.flush()
        sys.stderr.flush()
        code = ended.code
    os._exit(code if isinstance(code, int) else 0 if code is None else 1)


def main() -> None:
    """Fork until the standard input ends; in each fork, be `dcvd`."""
    for command in DEFERRED_COMMANDS.values():
        importlib.import_module(command.module)
    Litestar([])  # which imports what it finds of its plugins
    gc.collect()
    gc.freeze()
    listener = socket.socket(fileno=int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    request = Launcher(listener).run()
    if request is not None:
        _become(request)
        if request.arguments[:1] == ["serve"]:
            dcvd()
        _end_at_once(dcvd)


if __name__ == "__main__":
    main()
