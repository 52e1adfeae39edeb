"""Single calls at the daemon's socket, for commands that answer before a whole client is imported."""

import http.client
import socket
from pathlib import Path
from typing import Final, NamedTuple

from dcvd.cli.call_timeouts import find_timeout_s
from dcvd.errors import DcvdError, Forbidden

_TIMEOUT: Final = "5s"


class SocketAnswer(NamedTuple):
    """The status and the text of an answer."""

    status: int
    body: str


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def describe_refused_socket(socket_path: Path) -> str:
    """Say what to do where the socket's mode keeps this user out."""
    return f"You may not connect to the daemon's socket {socket_path}: run this with sudo, or as a member of its group."


def get(socket_path: Path, path: str, *, timeout_s: float | None = None) -> SocketAnswer:
    """GET a path. `timeout_s` is for each piece of the answer.

    Raises Forbidden where this user may not connect, and DcvdError where no daemon answers.
    """
    connection = _UnixConnection(socket_path, find_timeout_s(usual=_TIMEOUT) if timeout_s is None else timeout_s)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return SocketAnswer(answer.status, answer.read().decode(errors="replace"))
    except TimeoutError as error:
        raise DcvdError(
            f"The daemon at {socket_path} does not answer: see its log, then systemctl restart dcvd.",
            code="daemon_unreachable",
        ) from error
    except PermissionError as error:
        raise Forbidden(describe_refused_socket(socket_path)) from error
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise DcvdError(
            f"No daemon answers at {socket_path} ({reason}): start dcvd, and try again.", code="daemon_needed"
        ) from error
    finally:
        connection.close()
