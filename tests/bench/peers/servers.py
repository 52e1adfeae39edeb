"""Redis and PostgreSQL as the peers need them, each in a directory of its own for as long as a block lasts."""

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal

from tests.free_ports import find_free_port

_START_S: Final = 20.0
_POSTGRESQL: Final = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


@contextmanager
def redis(directory: Path, fsync: Literal["always", "everysec"]) -> Iterator[int]:
    """The port of a Redis that keeps an append-only file, synced after each write or once a second."""
    port = find_free_port()
    options = ["--save", "", "--appendonly", "yes", "--appendfsync", fsync, "--dir", str(directory)]
    with _running(["redis-server", "--port", str(port), "--bind", "127.0.0.1", *options], port):
        yield port


@contextmanager
def postgresql(directory: Path) -> Iterator[int]:
    """The port of a PostgreSQL with Debian's settings, which syncs each commit."""
    port, data = find_free_port(), directory / "data"
    # It refuses to run as root.
    user = [] if os.getuid() else ["runuser", "-u", "postgres", "--"]
    if user:
        os.chown(directory, pwd.getpwnam("postgres").pw_uid, -1)
        directory.chmod(0o700)
        directory.parent.chmod(0o755)
    programs = _POSTGRESQL[-1]
    initialise: list[str | Path] = [*user, programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust"]
    subprocess.run(initialise, check=True, stdout=subprocess.DEVNULL, cwd="/")
    settings = ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]
    with _running([*user, programs / "postgres", "-D", data, "-p", str(port), *settings], port):
        yield port


@contextmanager
def _running(command: Sequence[str | Path], port: int) -> Iterator[None]:
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/") as process:
        try:
            end_time = time.monotonic() + _START_S
            while not _answers(port):
                assert time.monotonic() < end_time, f"{command[0]} does not listen"
                assert process.poll() is None, f"{command[0]} has ended"
                time.sleep(0.05)
            yield
        finally:
            process.terminate()


def _answers(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def find_missing() -> list[str]:
    """List what has to be installed before the peers can run."""
    missing = [program for program in ("node", "redis-server") if shutil.which(program) is None]
    missing += [] if _POSTGRESQL else ["postgresql"]
    modules = Path(os.environ.get("DCVD_PEERS", "/nowhere"))
    return missing + [f"{name} in DCVD_PEERS" for name in ("bullmq", "pg-boss") if not (modules / name).is_dir()]
