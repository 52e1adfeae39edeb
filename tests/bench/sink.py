"""A receiver as cheap as can be, in a process of its own: it answers every POST with 200 and notes when what arrived.

It takes what its one kind of sender does for granted: one request at a time on a connection, with a Content-Length.
"""

import asyncio
import sys
import time
from typing import Any, Final

import msgspec
import uvloop

_OK: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
_ARRIVALS: Final = b"GET /arrivals "


class Sink(asyncio.Protocol):
    """One connection; `GET /arrivals` gives the instants, in seconds since the epoch, by `webhook-id`."""

    arrivals: Final[dict[str, float]] = {}

    def __init__(self) -> None:
        self._transport: Any = None
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        received = self._received + data
        end = received.find(b"\r\n\r\n")
        if end < 0 or len(received) < end + 4 + _length(received):
            self._received = received
            return
        self._received = b""
        if received.startswith(_ARRIVALS):
            body = msgspec.json.encode(self.arrivals)
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            return
        start = received.find(b"webhook-id: ") + 12
        self.arrivals[received[start : received.find(b"\r", start)].decode()] = time.time()
        self._transport.write(_OK)


def _length(request: bytes) -> int:
    start = request.find(b"Content-Length: ")
    return int(request[start + 16 : request.find(b"\r", start)]) if start >= 0 else 0


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    # Ends with its parent, which holds the other end.
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    uvloop.run(_serve())
