"""Receivers that answer as a test wants, and an egress to try on them."""

import asyncio
import ipaddress
import os
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from aiohttp import web

from dcvd.kit.egress.client import EgressClient
from dcvd.kit.egress.failures import EgressError
from dcvd.kit.egress.guard import EgressPolicy

LOOPBACK = EgressPolicy(
    allow_http=True, allow_private=(ipaddress.IPv4Network("127.0.0.0/8"), ipaddress.IPv6Network("::1/128"))
)
PUBLIC = EgressPolicy(allow_http=True)

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def egress(policy: EgressPolicy = LOOPBACK, **options: Any) -> AsyncIterator[EgressClient]:
    client = EgressClient(policy, **options)
    await client.start()
    try:
        yield client
    finally:
        await client.close()


@asynccontextmanager
async def receiver(
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]], tls: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """A real HTTP server on loopback; gives its port."""
    server = web.Server(handler, access_log=None)  # type: ignore[arg-type]  # aiohttp's own annotation is narrower
    runner = web.ServerRunner(server, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@asynccontextmanager
async def raw_receiver(handler: Handler) -> AsyncIterator[int]:
    """A TCP server that answers whatever the test wants; gives its port."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            with suppress(ConnectionError, asyncio.CancelledError):
                await reader.readuntil(b"\r\n\r\n")
                await handler(reader, writer)
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


async def ok(request: web.Request) -> web.Response:
    await request.read()
    return web.Response(text="fine")


async def failure(
    client: EgressClient, url: str, *, within: float = 10.0, headers: dict[str, str] | None = None
) -> EgressError:
    with pytest.raises(EgressError) as caught:
        await client.post(url, b"{}", headers or {}, timeout_s=within, owner="org_a")
    assert caught.value.message.endswith(".")
    assert caught.value.code == f"egress_{caught.value.kind}"
    return caught.value


@asynccontextmanager
async def silent_backlog(address: str, port: int = 0) -> AsyncIterator[int]:
    """A port on which connects wait for ever, because the kernel's queue is full."""
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind((address, port))
        full.listen(0)
        for filler in (first, second):
            filler.setblocking(False)
            with suppress(BlockingIOError):
                filler.connect(full.getsockname())
        yield full.getsockname()[1]


def open_sockets() -> set[str]:
    """Every socket of this process, by the kernel's number for it."""
    found = set[str]()
    for entry in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            link = os.readlink(f"/proc/self/fd/{entry}")
            if link.startswith("socket:"):
                found.add(link)
    return found
