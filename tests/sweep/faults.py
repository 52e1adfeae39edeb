"""Faults of the disk, made by strace in a process, and what it takes to make them."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from tests.waiting import until

_ROOT: Final = Path(__file__).parents[2]


@cache
def _find_obstacle() -> str | None:
    """Why strace can do nothing here; None where it can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    command = ["strace", "-qq", "-e", "trace=getpid", "-e", "inject=getpid:error=EIO", "true"]
    tried = subprocess.run(command, capture_output=True, check=False)
    if tried.returncode:
        return f"strace may trace no process: {tried.stderr.decode().strip()}"
    scope = Path("/proc/sys/kernel/yama/ptrace_scope")
    if os.geteuid() and scope.exists() and scope.read_text().strip() != "0":
        return "this user may trace its own children alone"
    return None


needs_strace = pytest.mark.skipif(_find_obstacle() is not None, reason=str(_find_obstacle()))
"""The tests with this mark are skipped on a machine where strace is missing or may do nothing."""


def run_traced(
    module: str, arguments: Sequence[str], *, inject: str, path: Path | None = None, stdin: bytes = b"\n"
) -> "subprocess.CompletedProcess[str]":
    """Run a module of the tests in a process of its own, with a fault, as strace's `inject` has it.

    path: the file that the fault is about; all files otherwise. The process has a line to read.
    """
    call = inject.partition(":")[0]
    command = ["strace", "-f", "-qq", "-o", os.devnull, "--seccomp-bpf"]
    command += ["-e", f"trace={call}", "-e", f"inject={inject}"]
    if path is not None:
        command += ["-P", str(path)]
    return subprocess.run(
        [*command, sys.executable, "-m", module, *arguments],
        input=stdin.decode(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=_ROOT,
    )


@asynccontextmanager
async def failing(pid: int, *injections: str, paths: Sequence[Path] = ()) -> AsyncIterator[None]:
    """Have the calls of a process that runs fail, such as `fdatasync:error=EIO`, as long as the block lasts.

    paths: the files that this is about; all files otherwise.
    """
    calls = ",".join(injection.partition(":")[0] for injection in injections)
    command = ["strace", "-f", "-qq", "-o", os.devnull, "-p", str(pid), "-e", f"trace={calls}"]
    for injection in injections:
        command += ["-e", f"inject={injection}"]
    for path in paths:
        command += ["-P", str(path)]
    tracer = await asyncio.create_subprocess_exec(*command, stderr=subprocess.DEVNULL)

    async def is_traced() -> bool:
        assert tracer.returncode is None, "strace has ended"
        return _are_all_traced(pid)

    try:
        await until(is_traced)
        yield
    finally:
        if tracer.returncode is None:
            tracer.send_signal(signal.SIGINT)
        await tracer.wait()


def _are_all_traced(pid: int) -> bool:
    return all(_find_tracer(task) for task in Path(f"/proc/{pid}/task").iterdir())


def _find_tracer(task: Path) -> int:
    try:
        status = (task / "status").read_text()
    except FileNotFoundError:
        return 1  # it has ended meanwhile
    (line,) = [line for line in status.splitlines() if line.startswith("TracerPid:")]
    return int(line.split()[1])
