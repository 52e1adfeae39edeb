"""Exchange a message with a name server over TCP."""

import asyncio
import struct
from typing import Final

from dcvd.config import SocketAddress
from dcvd.dns.messages.message import UnusableReply

_MAX_MESSAGE_BYTES: Final = 16_384
"""The limit over TCP: more than any honest answer to our queries, and little enough to be read at once."""


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
