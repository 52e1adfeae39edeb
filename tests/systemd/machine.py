"""A Debian that boots in a container, driven from outside."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

_BOOT_S: Final = 60.0
_NEEDED: Final = ("systemd-nspawn", "nsenter", "unshare")
_SETTLED: Final = {"running", "degraded"}


def why_none_boots() -> str | None:
    """What this machine lacks to boot one; None where it lacks nothing."""
    if "DCVD_DEBIAN" not in os.environ:
        return "DCVD_DEBIAN names no Debian with dcvd in /opt/dcvd: .ci/check units makes one"
    missing = [name for name in _NEEDED if shutil.which(name) is None]
    if missing:
        return f"{', '.join(missing)} is not installed"
    return None if os.geteuid() == 0 else "only root boots a container"


class Machine:
    """A running system, in networks of its own. What it writes is gone with it, and its tree stays as it was."""

    def __init__(self, tree: Path, log: Path) -> None:
        self._log = log
        with log.open("wb") as output:
            self._nspawn = subprocess.Popen(
                [
                    "unshare", "--mount", "--fork", "--kill-child",
                    "systemd-nspawn", "--quiet", "--boot", "--register=no", "--keep-unit", "--private-network",
                    "--volatile=overlay", "--console=pipe", f"--machine=dcvd-{os.getpid()}", f"--directory={tree}",
                ],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            )  # fmt: skip
        try:
            self.until(lambda: self._find_init() is not None, _BOOT_S)
            self.until(lambda: self.run("systemctl", "is-system-running", check=False).strip() in _SETTLED, _BOOT_S)
        except BaseException:
            self.end()
            raise

    def end(self) -> None:
        """Cut its power: without its first process nothing of it goes on, which cannot be said of nspawn."""
        if (init := self._find_init()) is not None:
            os.kill(init, signal.SIGKILL)
        self._nspawn.kill()
        self._nspawn.wait()

    def enter(self, *command: str) -> list[str]:
        """The command that runs this command in it as root."""
        init = self._find_init()
        assert init is not None, self._log.read_text()
        return ["nsenter", f"--target={init}", "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", *command]

    def run(self, *command: str, given: str = "", check: bool = True) -> str:
        """What a command prints in it."""
        done = self.call(*command, given=given)
        assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def call(self, *command: str, given: str = "") -> "subprocess.CompletedProcess[str]":
        """Run a command in it to its end."""
        return subprocess.run(
            self.enter(*command), input=given, capture_output=True, text=True, check=False, timeout=300
        )

    def write(self, path: str, text: str) -> None:
        """Write a file in it."""
        self.run("sh", "-c", f'mkdir -p "$(dirname {path})" && cat >{path}', given=text)

    def show(self, unit: str, name: str) -> str:
        """A property of a unit."""
        return self.run("systemctl", "show", unit, f"--property={name}", "--value").strip()

    def journal(self, *arguments: str) -> str:
        """What dcvd's units have logged since the boot."""
        return self.run("journalctl", "--no-pager", "-o", "cat", "-u", "dcvd.service", "-u", "dcvd.socket", *arguments)

    def until(self, condition: Callable[[], bool], seconds: float = 60.0) -> None:
        """Ask again and again until it is so. Raises TimeoutError."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert self._nspawn.poll() is None, self._log.read_text()
            if time.monotonic() > deadline:
                raise TimeoutError(self._log.read_text()[-3000:])
            time.sleep(0.05)

    def _find_init(self) -> int | None:
        """Its first process, as this machine numbers it: it is the only one of nspawn's that is called systemd."""
        waiting = [self._nspawn.pid]
        while waiting:
            pid = waiting.pop()
            try:
                if Path(f"/proc/{pid}/comm").read_text().strip() == "systemd":
                    return pid
                waiting += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
            except OSError:
                continue
        return None
