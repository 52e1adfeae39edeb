"""What a start would find wrong with the machine, although the configuration is right."""

import os
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from dcvd.config import Config
from dcvd.errors import ConfigError, DcvdError
from dcvd.kit.http.server.sockets import bind_tcp
from dcvd.services.operator_rights import find_operator_rights

_PROBE_TIMEOUT_S: Final = 1.0


class UnitAccess(Struct, frozen=True):
    """What the user of a systemd unit may write: what systemd makes for it at each start, and what is opened to it."""

    unit: str
    own_directories: tuple[Path, ...]
    opened_directories: tuple[Path, ...] = ()


def find_host_problems(config: Config, unit: UnitAccess | None = None) -> list[str]:
    """Find what a start would refuse: unknown users and groups, directories, and addresses that cannot be bound.

    unit: the unit that runs the daemon, if there is one; otherwise it is judged as if this process's user ran it.
    """
    problems: list[str] = []
    try:
        find_operator_rights(config.server)
    except ConfigError as error:
        problems += error.problems
    problems += _judge_directory("database.path", config.database.path, unit)
    if _is_socket_held(config.server.socket):
        # A daemon runs, or systemd has its sockets open: the addresses are taken by whom they are meant for.
        return problems
    if unit is None:
        problems += _judge_directory("server.socket", config.server.socket, unit)
    addresses = [("server.listen", address) for address in config.server.listen]
    if config.server.metrics_listen is not None:
        addresses.append(("server.metrics_listen", config.server.metrics_listen))
    for key, address in addresses:
        try:
            bind_tcp(str(address)).close()
        except DcvdError as error:
            problems.append(f"{key}: {error.message}")
    return problems


def _judge_directory(key: str, path: Path, unit: UnitAccess | None) -> Sequence[str]:
    """Judge whether files can be made beside a path; systemd makes a unit's own directories by itself."""
    directory = path.parent
    if unit is not None:
        if any(directory.is_relative_to(own) for own in unit.own_directories):
            return []
        if not any(directory.is_relative_to(opened) for opened in unit.opened_directories):
            own = ", ".join(map(str, unit.own_directories))
            return [
                f"{key} is {path}, and {unit.unit} may write only {own}: put it there, or add "
                f"ReadWritePaths={directory} by a drop-in."
            ]
    try:
        exists = directory.exists()
    except PermissionError:
        return [f"{key} is {path}, but this user may not look for {directory}."]
    if not exists:
        return [f"{key} is {path}, but there is no directory {directory}: make it, or mount it."]
    if not directory.is_dir():
        return [f"{key} is {path}, but {directory} is no directory."]
    if unit is None and not os.access(directory, os.W_OK | os.X_OK):
        return [f"{key} is {path}, but this user may not write {directory}."]
    return []


def _may_be_socket(path: Path) -> bool:
    try:
        return path.is_socket()
    except PermissionError:
        return True  # its directory is not for us to see


def _is_socket_held(path: Path) -> bool:
    """Whether a process listens at a socket file; one that we may not use counts."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(_PROBE_TIMEOUT_S)
        try:
            probe.connect(str(path))
        except PermissionError:
            return _may_be_socket(path)
        except OSError:
            return False
    return True
