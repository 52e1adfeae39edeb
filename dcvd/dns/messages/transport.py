"""Bytes to a name server and back: a datagram each way, or one exchange over TCP."""

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Final

from dcvd.config import SocketAddress

_MAX_DATAGRAM_BYTES: Final = 4096
_MAX_MESSAGE_BYTES: Final = 16_384
"""Of TCP: more than any honest answer to what we ask, and little enough to read without being held up."""
_MAX_STRAYS: Final = 16


class UnusableReply(Exception):  # a fact about a server, not a failure of dcvd; it never leaves this package
    """What came is no DNS message that could be an answer."""


async def exchange_datagram(wire: bytes, server: SocketAddress, is_answer: Callable[[bytes], bool]) -> bytes | None:
    """The first datagram from that server that `is_answer` accepts; None where too many others came before it, which
    looks like somebody guessing ids.

    Each call has a socket, and so a random port, of its own. Raises OSError; has no deadline of its own.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[bytes | None] = loop.create_future()
    strays = 0
    with socket.socket(_get_address_family(server), socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as bound:
        # Connected: the kernel drops what others send, and tells of a port that is closed.
        bound.connect((server.host, server.port))
        bound.send(wire)

        def read() -> None:
            nonlocal strays
            if answer.done():
                return
            try:
                received = bound.recv(_MAX_DATAGRAM_BYTES)
            except BlockingIOError:
                return
            except OSError as error:
                answer.set_exception(error)
                return
            if is_answer(received):
                answer.set_result(received)
                return
            strays += 1
            if strays >= _MAX_STRAYS:
                answer.set_result(None)

        loop.add_reader(bound.fileno(), read)
        try:
            return await answer
        finally:
            loop.remove_reader(bound.fileno())


async def exchange_over_tcp(wire: bytes, server: SocketAddress) -> bytes:
    """The answer over TCP (RFC 7766). Raises OSError, EOFError and Unusable; has no deadline of its own."""
    reader, writer = await asyncio.open_connection(server.host, server.port, limit=_MAX_MESSAGE_BYTES)
    try:
        writer.write(struct.pack("!H", len(wire)) + wire)
        (length,) = struct.unpack("!H", await reader.readexactly(2))
        if length > _MAX_MESSAGE_BYTES:
            raise UnusableReply(f"an answer of {length} bytes")
        return await reader.readexactly(length)
    finally:
        writer.transport.abort()


def _get_address_family(server: SocketAddress) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in server.host else socket.AF_INET
