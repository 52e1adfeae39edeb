"""The process at the other end of a unix socket, as the kernel reports it."""

import asyncio
import socket
import struct
from typing import Final, TypedDict

PEER_EXTENSION: Final = "dcvd.peer"
"""The extension of the scope that holds the `Peer` of a unix socket; over TCP there is none."""
_UCRED: Final = struct.Struct("=iII")


class Peer(TypedDict):
    """A process's credentials."""

    pid: int
    uid: int
    gid: int


def read_peer(transport: asyncio.BaseTransport) -> Peer | None:
    """Return the credentials of the process that connected; None on other sockets than unix ones."""
    connection = transport.get_extra_info("socket")
    if connection is None or connection.family != socket.AF_UNIX:
        return None
    pid, uid, gid = _UCRED.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))
    return Peer(pid=pid, uid=uid, gid=gid)
