"""Send bytes to a name server and receive its answer, by one datagram each way or over TCP."""

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Final

from dcvd.config import SocketAddress
from dcvd.dns.messages.message import UnusableReply

_MAX_DATAGRAM_BYTES: Final = 4096
_MAX_MESSAGE_BYTES: Final = 16_384
"""The limit over TCP: more than any honest answer to our queries, and little enough to be read at once."""
_MAX_STRAYS: Final = 16


async def exchange_datagram(
    wire: bytes, server: SocketAddress, is_answer: Callable[[bytes], bool], timeout_s: float
) -> bytes | None:
    """Send a datagram, and return the first one from that server that `is_answer` accepts.

    Returns None when too many others came before it, which looks like somebody guessing ids. Each call has its own
    socket, and so its own random port. Raises OSError, and TimeoutError after `timeout_s` seconds.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[bytes | None] = loop.create_future()
    stray_count = 0
    family = socket.AF_INET6 if ":" in server.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as udp_socket:
        # On a connected socket the kernel drops what others send, and reports a closed port.
        udp_socket.connect((server.host, server.port))
        udp_socket.send(wire)

        def read() -> None:
            nonlocal stray_count
            if answer.done():
                return
            try:
                received = udp_socket.recv(_MAX_DATAGRAM_BYTES)
            except BlockingIOError:
                return
            except OSError as error:
                answer.set_exception(error)
                return
            if is_answer(received):
                answer.set_result(received)
                return
            stray_count += 1
            if stray_count >= _MAX_STRAYS:
                answer.set_result(None)

        def give_up() -> None:
            if not answer.done():
                answer.set_exception(TimeoutError())

        loop.add_reader(udp_socket.fileno(), read)
        # A timer of its own: `asyncio.timeout` costs several times as much, and most queries are answered.
        timer = loop.call_later(timeout_s, give_up)
        try:
            return await answer
        finally:
            timer.cancel()
            loop.remove_reader(udp_socket.fileno())


async def exchange_over_tcp(wire: bytes, server: SocketAddress) -> bytes:
    """Exchange one message over TCP (RFC 7766).

    Raises OSError, EOFError and UnusableReply; has no deadline of its own.
    """
    reader, writer = await asyncio.open_connection(server.host, server.port, limit=_MAX_MESSAGE_BYTES)
    try:
        writer.write(struct.pack("!H", len(wire)) + wire)
        (length,) = struct.unpack("!H", await reader.readexactly(2))
        if length > _MAX_MESSAGE_BYTES:
            raise UnusableReply(f"an answer of {length} bytes")
        return await reader.readexactly(length)
    finally:
        writer.transport.abort()
