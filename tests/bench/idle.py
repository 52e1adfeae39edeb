"""A daemon that starts, and one that has nothing to do: the time until it is ready, its memory, its share of a core.

It runs in a process of its own, as installed: with compiled modules, and without the packages of the tests, some of
which libraries take where they are there.
"""

import os
import re
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import Final

from msgspec import Struct

from dcvd.core.instants import DAY, HOUR
from tests.bench.scrape import fill
from tests.bench.sync import Sandbox, start_sandbox
from tests.free_ports import find_free_port

Figures = dict[str, float | int | str]

START_SIZE: Final = 1_000_000
IDLE_SIZE: Final = 100_000
_STARTS: Final = 5
_SETTLING_S: Final = 20.0
_IDLE_S: Final = 20.0
_READY_TIMEOUT_S: Final = 120.0
_STOP_TIMEOUT_S: Final = 60.0
_CONFIG: Final = """
[server]
listen = ["127.0.0.1:{port}"]
socket = "{directory}/dcvd.sock"
[database]
path = "{directory}/dcvd.db"
[cloudflare]
base_url = "{api}"
api_token_file = "token"
zone_id = "5a4d0b0c5a4d0b0c5a4d0b0c5a4d0b0c"
cname_target = "edge.sandbox.test"
[dns]
resolvers = ["{dns}"]
authoritative = false
[domains]
allow_reserved_tlds = ["test"]
"""
_SETTLE: Final = (
    "UPDATE domains SET next_sync_at = :later, renewal_overdue_at = :later, expires_at = expires_at + :life",
    "UPDATE deliveries SET state = 'delivered', next_attempt_at = NULL WHERE state = 'pending'",
    "DELETE FROM jobs",
)
"""Whatever `fill` made due is due no more while the bench runs."""
_PROGRAM: Final = """
import sys
sys.modules.update(dict.fromkeys({absent!r}))
from dcvd.__main__ import main
main()
"""


def run(start_size: int = START_SIZE, idle_size: int = IDLE_SIZE) -> Figures:
    """Each figure's target stands in its name."""
    figures: Figures = {"load of the machine before": os.getloadavg()[0]}
    with tempfile.TemporaryDirectory() as directory, start_sandbox(1) as sandbox:
        place = _Place(Path(directory), _list_absent(), sandbox)
        place.fill(idle_size)
        with place.start():
            pass  # compiles the modules
        with place.start() as daemon:
            time.sleep(_SETTLING_S)
            before = daemon.measure_cpu_s()
            time.sleep(_IDLE_S)
            share = (daemon.measure_cpu_s() - before) / _IDLE_S
            memory = daemon.read_memory()
        name = f"{idle_size:,} domains, idle:"
        figures |= {
            f"{name} RSS MiB (target: 90)": memory["VmRSS"],
            f"{name} of it files of libraries, MiB": memory["RssFile"],
            f"{name} share of a core, percent (target: 1)": share * 100,
        }
        place.fill(start_size)
        starts = []
        for _ in range(_STARTS):
            with place.start() as daemon:
                starts.append(daemon)
    name = f"{start_size:,} domains, start to READY:"
    return figures | {
        f"{name} median seconds (target: 1.5)": median(each.ready_s for each in starts),
        f"{name} shortest seconds": min(each.ready_s for each in starts),
        f"{name} seconds of processor time": median(each.ready_cpu_s for each in starts),
    }


class _Daemon(Struct, frozen=True):
    """A daemon that is ready. ready_s: how long that took; ready_cpu_s: how much processor time."""

    pid: int
    ready_s: float
    ready_cpu_s: float

    def measure_cpu_s(self) -> float:
        """Return the processor time that it has used since its start."""
        return _measure_cpu_s(self.pid)

    def read_memory(self) -> Mapping[str, float]:
        """Read what it holds, in MiB, by the kernel's names."""
        lines = (line.split() for line in Path(f"/proc/{self.pid}/status").read_text().splitlines())
        return {words[0].rstrip(":"): int(words[1]) / 1024 for words in lines if words[2:] == ["kB"]}


class _Place:
    """Where a daemon has its files."""

    def __init__(self, directory: Path, absent: list[str], sandbox: Sandbox) -> None:
        self._directory = directory
        self._program = _PROGRAM.format(absent=absent)
        self._environ = {
            **os.environ,
            "NOTIFY_SOCKET": str(directory / "notify"),
            "PYTHONPYCACHEPREFIX": str(directory / "compiled"),
        }
        self._environ.pop("PYTHONDONTWRITEBYTECODE", None)
        config = _CONFIG.format(directory=directory, port=find_free_port(), api=sandbox.api, dns=sandbox.dns)
        (directory / "dcvd.toml").write_text(config)
        token = directory / "token"
        token.touch(mode=0o600)
        token.write_text("sandbox-token")

    def fill(self, size: int) -> None:
        """Make a new database of domains, none of which is due."""
        for file in self._directory.glob("dcvd.db*"):
            file.unlink()
        path = self._directory / "dcvd.db"
        fill(path, size)
        connection = sqlite3.connect(path)
        now = time.time_ns() // 1_000_000
        for statement in _SETTLE:
            connection.execute(statement, {"later": now + 20 * HOUR, "life": 40 * DAY} if ":" in statement else {})
        connection.commit()
        connection.close()

    @contextmanager
    def start(self) -> Iterator[_Daemon]:
        """Run a daemon."""
        notify = self._directory / "notify"
        notify.unlink(missing_ok=True)
        arguments = ["serve", "--config", str(self._directory / "dcvd.toml")]
        with (
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager,
            (self._directory / "dcvd.log").open("ab") as log,
        ):
            manager.bind(str(notify))
            manager.settimeout(_READY_TIMEOUT_S)
            began = time.perf_counter()
            process = subprocess.Popen(
                [sys.executable, "-c", self._program, *arguments], env=self._environ, stdout=log, stderr=log
            )
            try:
                while b"READY=1" not in manager.recv(4096).split(b"\n"):
                    pass
                yield _Daemon(process.pid, time.perf_counter() - began, _measure_cpu_s(process.pid))
            finally:
                process.terminate()
                process.wait(_STOP_TIMEOUT_S)


def _measure_cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _list_absent() -> list[str]:
    """List the modules of packages that are installed here, and that dcvd without extras does not need."""
    needed, to_see = set[str](), ["dcvd"]
    while to_see:
        package = _normalize(to_see.pop())
        if package in needed:
            continue
        needed.add(package)
        try:
            requirements = metadata.requires(package) or []
        except metadata.PackageNotFoundError:
            continue
        to_see += [re.split(r"[^\w.-]", each, maxsplit=1)[0] for each in requirements if "extra ==" not in each]
    modules = metadata.packages_distributions()
    return sorted(name for name, packages in modules.items() if needed.isdisjoint(map(_normalize, packages)))


def _normalize(package: str) -> str:
    return re.sub(r"[-_.]+", "-", package).lower()
