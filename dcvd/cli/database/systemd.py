"""Whether systemd would start the daemon while a command has the database to itself."""

import shutil
import subprocess
from pathlib import Path
from typing import Final

from dcvd.errors import DatabaseLocked

_UNIT: Final = "dcvd.socket"
_TIMEOUT_S: Final = 5.0


def refuse_active_socket(socket: Path) -> None:
    """Raise DatabaseLocked where the socket unit of the daemon that listens at this path is active.

    A request would start the daemon in the middle. Where there is no systemd, there is no such unit.
    """
    systemctl = shutil.which("systemctl")
    if systemctl is None:
        return
    try:
        shown = subprocess.run(  # noqa: S603  # systemctl, with arguments of our own
            [systemctl, "show", _UNIT, "--property=ActiveState,Listen"],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        ).stdout.splitlines()
    except (OSError, subprocess.TimeoutExpired):
        return  # the lock is held all the same
    if "ActiveState=active" in shown and any(line.startswith(f"Listen={socket} ") for line in shown):
        raise DatabaseLocked(
            f"{_UNIT} is active, and a request would start the daemon in the middle: run "
            f"`systemctl stop {_UNIT} dcvd.service` first."
        )
