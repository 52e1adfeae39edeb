"""What systemd knows of dcvd's unit, and what a running process of it sees."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from dcvd.errors import DcvdError
from dcvd.services.host_check import UnitAccess

SERVICE: Final = "dcvd.service"
SOCKET: Final = "dcvd.socket"
BACKUP_TIMER: Final = "dcvd-backup.timer"
_TIMEOUT_S: Final = 60.0
_CREDENTIALS: Final = "CREDENTIALS_DIRECTORY"


def is_systemd_running() -> bool:
    """Whether systemd is the first process of this machine. Source: sd_booted(3)."""
    return Path("/run/systemd/system").is_dir()


def run_systemctl(*arguments: str) -> str | None:
    """Run systemctl and return what it prints; None where there is none, or no systemd answers."""
    program = shutil.which("systemctl")
    if program is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603  # its arguments are our own
            [program, "--no-ask-password", *arguments], capture_output=True, text=True, check=False, timeout=_TIMEOUT_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def read_properties(unit: str, *names: str) -> dict[str, str]:
    """Return properties of a unit; none where no systemd answers."""
    shown = run_systemctl("show", unit, f"--property={','.join(names)}") or ""
    return dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)


def read_unit_access(config: Path) -> UnitAccess | None:
    """Return what dcvd.service may write; None where it is not there, or runs with another configuration."""
    shown = read_properties(
        SERVICE, "LoadState", "ExecStart", "ProtectSystem", "StateDirectory", "RuntimeDirectory", "ReadWritePaths"
    )
    if shown.get("LoadState") != "loaded" or str(config.absolute()) not in shown.get("ExecStart", "").split():
        return None
    own = [Path("/var/lib") / name for name in shown.get("StateDirectory", "").split()]
    own += [Path("/run") / name for name in shown.get("RuntimeDirectory", "").split()]
    opened = [Path(path.lstrip("-+")) for path in shown.get("ReadWritePaths", "").split()]
    if shown.get("ProtectSystem") != "strict":
        opened.append(Path("/"))
    return UnitAccess(SERVICE, tuple(own), tuple(opened))


def read_process_environment(pid: int) -> dict[str, str]:
    """Return the environment of a process, whose credentials are read where only it sees them. Raises DcvdError.

    systemd shows a unit's credentials to its main process, and not to the commands of ExecReload=.
    """
    try:
        raw = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError as error:
        raise DcvdError(f"The environment of process {pid} cannot be read: {error.strerror}.") from error
    variables = (entry.partition("=") for entry in os.fsdecode(raw).split("\0") if "=" in entry)
    environ = {name: value for name, _, value in variables}
    if directory := environ.get(_CREDENTIALS):
        environ[_CREDENTIALS] = f"/proc/{pid}/root{directory}"
    return environ
