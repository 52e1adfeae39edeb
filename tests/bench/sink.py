"""A receiver as cheap as can be, in a process of its own: it reads POSTs, answers 200 and notes when what arrived."""

import asyncio
import sys
import time
from typing import Any, Final

import msgspec
import uvloop
from httptools import HttpRequestParser

_OK: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
_ARRIVALS: Final = b"/arrivals"


class Sink(asyncio.Protocol):
    """One connection; `GET /arrivals` gives the instants, in seconds since the epoch, by `webhook-id`."""

    arrivals: Final[dict[str, float]] = {}

    def __init__(self) -> None:
        self._parser = HttpRequestParser(self)
        self._transport: Any = None
        self._url = b""
        self._id = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self._url = url

    def on_header(self, name: bytes, value: bytes) -> None:
        if name == b"webhook-id":
            self._id = value

    def on_message_complete(self) -> None:
        if self._url == _ARRIVALS:
            body = msgspec.json.encode(self.arrivals)
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            return
        self.arrivals[self._id.decode()] = time.time()
        self._transport.write(_OK)


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    # Ends with its parent, which holds the other end.
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    uvloop.run(_serve())
