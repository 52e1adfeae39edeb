"""Socket activation: the listening sockets that the service manager opened for us. Source: sd_listen_fds(3)."""

import os
import socket
from collections.abc import Mapping
from typing import Final, NamedTuple

from dcvd.errors import DcvdError

_FIRST_DESCRIPTOR: Final = 3  # SD_LISTEN_FDS_START


class InheritedSocket(NamedTuple):
    """A socket that listens already; `name` is the unit's FileDescriptorName, or "unknown"."""

    name: str
    socket: socket.socket


def take_inherited_sockets(environ: Mapping[str, str]) -> list[InheritedSocket]:
    """What LISTEN_FDS hands to this very process (LISTEN_PID), in order; empty without socket activation.

    The sockets become non-blocking and are not inherited by our own children. Raises DcvdError for a descriptor which
    is no listening stream socket.
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
        adopted = socket.socket(fileno=descriptor)
    except OSError as error:
        raise DcvdError(
            f"The service manager's file descriptor {descriptor} is no socket ({error.strerror}): the socket unit may "
            "hold only ListenStream= lines.",
            code="listen_failed",
        ) from error
    if adopted.type != socket.SOCK_STREAM or not adopted.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        adopted.close()
        raise DcvdError(
            f"The service manager's file descriptor {descriptor} does not listen for streams: the socket unit may hold "
            "only ListenStream= lines, and Accept=no.",
            code="listen_failed",
        )
    adopted.set_inheritable(False)
    adopted.setblocking(False)
    return adopted
