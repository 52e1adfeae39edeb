"""Examine the socket of the daemon: whether it answers, which of its parts work, and who may use it."""

import grp
import pwd
import stat
from pathlib import Path
from typing import Any, Final

import aiohttp
import msgspec
from msgspec import Struct

from dcvd.cli.call_timeouts import find_timeout_s
from dcvd.cli.setup.examinations.call_failures import describe_call_failure
from dcvd.cli.setup.findings import Finding, Status
from dcvd.config import Config, ServerConfig

_TIMEOUT: Final = "10s"


class DaemonAnswer(Struct, frozen=True):
    """What was found, and the instance that answers; None where nobody does, or its version does not say."""

    finding: Finding
    instance: str | None = None


async def examine_socket(config: Config, *, timeout_s: float | None = None) -> DaemonAnswer:
    """Ask the daemon which of its parts work, and which instance it is."""
    path = config.server.socket
    timeout = aiohttp.ClientTimeout(total=find_timeout_s(usual=_TIMEOUT) if timeout_s is None else timeout_s)
    connector = aiohttp.UnixConnector(str(path))
    try:
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
            ready_status, ready = await _get(session, "/ready")
            _, meta = await _get(session, "/api/meta")
    except PermissionError:
        advice = "run this with sudo, or as an operator"
        return DaemonAnswer(Finding("socket", "unknown", f"You may not use {path}: {advice}. {_describe_owner(path)}"))
    except TimeoutError:
        message = f"A daemon holds {path} and does not answer: see its log, then systemctl restart dcvd."
        return DaemonAnswer(Finding("socket", "failing", message))
    except (aiohttp.ClientError, OSError) as error:
        message = f"Nothing answers at {path}: {describe_call_failure(error)}. systemctl start dcvd starts it."
        return DaemonAnswer(Finding("socket", "failing", message))
    failing = [part for part, status in _read_object(ready, "parts").items() if status != "ok"]
    status: Status = "ok" if ready_status == 200 else "failing"
    parts = f"These parts do not work: {', '.join(failing)}; dcvd status says why." if failing else "All parts work."
    users = f"Operators are {_list_users(config.server)}. {_describe_owner(path)}"
    instance = _read_object(meta, "meta").get("instance")
    return DaemonAnswer(
        Finding("socket", status, f"{path} answers. {parts} {users}"), instance if isinstance(instance, str) else None
    )


async def _get(session: aiohttp.ClientSession, path: str) -> tuple[int, bytes]:
    async with session.get(f"http://localhost{path}") as answer:
        return answer.status, await answer.read()


def _read_object(raw: bytes, member: str) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(raw)
    except msgspec.DecodeError:
        return {}
    value = found.get(member) if isinstance(found, dict) else None
    return value if isinstance(value, dict) else {}


def _list_users(server: ServerConfig) -> str:
    operators = ", ".join(["root", *map(str, server.operators)])
    observers = ", ".join(map(str, server.observers))
    return f"{operators}; observers {observers}" if observers else operators


def _describe_owner(path: Path) -> str:
    try:
        status = path.stat()
    except OSError:
        return ""
    mode = stat.filemode(status.st_mode)
    return f"The file is {mode} of {_name_user(status.st_uid)}:{_name_group(status.st_gid)}."


def _name_user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _name_group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
