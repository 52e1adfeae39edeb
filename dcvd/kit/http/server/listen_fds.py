"""Socket activation: take over listening sockets from the service manager. Source: sd_listen_fds(3)."""

import os
import socket
from collections.abc import Mapping
from typing import Final, NamedTuple

from dcvd.errors import DcvdError

_FIRST_DESCRIPTOR: Final = 3  # SD_LISTEN_FDS_START


class InheritedSocket(NamedTuple):
    """A socket that already listens; `name` is the unit's FileDescriptorName, or "unknown"."""

    name: str
    socket: socket.socket


def take_inherited_sockets(environ: Mapping[str, str]) -> list[InheritedSocket]:
    """Return the sockets that LISTEN_FDS passes to this process (LISTEN_PID), in order; none without activation.

    The sockets become non-blocking, and child processes do not inherit them. Raises DcvdError for a descriptor that is
    no listening stream socket.
    """
    if environ.get("LISTEN_PID") != str(os.getpid()):
        return []
    count = environ.get("LISTEN_FDS", "")
    if not (count.isascii() and count.isdigit()):
        return []
    names = environ.get("LISTEN_FDNAMES", "").split(":")
    return [
        InheritedSocket(
            names[index] if index < len(names) and names[index] else "unknown", _adopt(_FIRST_DESCRIPTOR + index)
        )
        for index in range(int(count))
    ]


def _adopt(descriptor: int) -> socket.socket:
    try:
        inherited = socket.socket(fileno=descriptor)
    except OSError as error:
        raise DcvdError(
            f"The service manager's file descriptor {descriptor} is no socket ({error.strerror}): the socket unit may "
            "hold only ListenStream= lines.",
            code="listen_failed",
        ) from error
    if inherited.type != socket.SOCK_STREAM or not inherited.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        inherited.close()
        raise DcvdError(
            f"The service manager's file descriptor {descriptor} does not listen for streams: the socket unit may hold "
            "only ListenStream= lines, and Accept=no.",
            code="listen_failed",
        )
    inherited.set_inheritable(False)
    inherited.setblocking(False)
    return inherited
