"""A server under test, an application that tells what it saw, and a client that decides over each byte."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from dcvd.kit.http.client_addresses import ClientAddresses
from dcvd.kit.http.server.connections import ConnectionLimits
from dcvd.kit.http.server.http_limits import HttpLimits
from dcvd.kit.http.server.protocol import LONG_BODY_EXTENSION
from dcvd.kit.http.server.server import HttpServer
from dcvd.kit.http.server.sockets import bind_tcp

GET: Final = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
Address = tuple[str, int] | str
Application = Callable[..., Awaitable[None]]

TALK = 16 << 20
QUICK = HttpLimits(head_timeout_s=0.2, body_timeout_s=0.2, write_timeout_s=0.2, keep_alive_s=0.3, head_bytes=4096)


async def answer(send: Any, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def talk(send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(0, TALK, 65_536):
        await send({"type": "http.response.body", "body": b"x" * 65_536, "more_body": True})


async def drain(receive: Any) -> None:
    while (await receive()).get("more_body"):
        pass


class Echo:
    """Answers with what it saw; `/slow` waits until it is released, `/big` answers with ever more bytes.

    `/long` asks for a long time for its body, `/talk` answers with TALK bytes beside reading it.
    """

    def __init__(self) -> None:
        self.release = asyncio.Event()
        self.entered = asyncio.Event()
        self.disconnects = 0

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        self.entered.set()
        if scope["path"] == "/slow":
            await self.release.wait()
        if scope["path"] == "/big":
            await receive()
            gone = asyncio.create_task(receive())
            await send({"type": "http.response.start", "status": 200, "headers": []})
            while not gone.done():
                await send({"type": "http.response.body", "body": b"x" * 65_536, "more_body": True})
                await asyncio.sleep(0)
            assert (await gone)["type"] == "http.disconnect"
            self.disconnects += 1
            return
        if scope["path"] == "/talk":
            await asyncio.gather(talk(send), drain(receive))
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        if scope["path"] == "/long":
            scope["extensions"][LONG_BODY_EXTENSION]()
        body = b""
        while scope["path"] != "/early":
            message = await receive()
            if message["type"] == "http.disconnect":
                self.disconnects += 1
                return
            body += message["body"]
            if not message["more_body"]:
                break
        seen = {
            "path": scope["path"],
            "body": len(body),
            "extensions": {name: value for name, value in scope.get("extensions", {}).items() if not callable(value)},
            "client": scope["client"],
            "scheme": scope["scheme"],
        }
        await answer(send, 200, json.dumps(seen).encode())


@asynccontextmanager
async def serving(
    app: Application,
    *sockets: socket.socket,
    limits: HttpLimits = QUICK,
    connections: ConnectionLimits | None = None,
    clients: ClientAddresses | None = None,
    cancel_grace_s: float = 2.0,
) -> AsyncIterator[tuple[HttpServer, list[Address]]]:
    listeners = list(sockets) or [bind_tcp("127.0.0.1:0")]
    addresses = [item.getsockname() for item in listeners]
    server = HttpServer(
        app,
        sockets=listeners,
        limits=limits,
        connection_limits=connections,
        clients=clients,
        cancel_grace_s=cancel_grace_s,
    )
    running = asyncio.create_task(server.serve(), name="http")
    try:
        async with asyncio.timeout(10):
            await server.listening_event.wait()
        yield server, addresses
    finally:
        async with asyncio.timeout(10):
            await server.stop(timeout_s=0.2)
            await running


class Client:
    """A raw connection, so that a test decides over each byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def head(self) -> str:
        async with asyncio.timeout(10):
            return (await self.reader.readuntil(b"\r\n\r\n")).decode()

    async def response(self) -> tuple[str, dict[str, Any]]:
        head = await self.head()
        length = next(line for line in head.splitlines() if line.startswith("content-length")).split(": ")[1]
        async with asyncio.timeout(10):
            return head, json.loads(await self.reader.readexactly(int(length)))

    async def rest(self) -> bytes:
        """Everything until the server closes; a reset counts as closing."""
        received = bytearray()
        async with asyncio.timeout(60):
            try:
                while piece := await self.reader.read(65_536):
                    received += piece
            except ConnectionResetError:
                pass
        return bytes(received)


@asynccontextmanager
async def connected(address: Address, *, source: str | None = None) -> AsyncIterator[Client]:
    if isinstance(address, str):
        reader, writer = await asyncio.open_unix_connection(address)
    else:
        reader, writer = await asyncio.open_connection(*address, local_addr=None if source is None else (source, 0))
    try:
        yield Client(reader, writer)
    finally:
        writer.transport.abort()
