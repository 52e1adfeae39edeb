"""A cancellation in any phase leaves nothing behind."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from aiohttp import web

from tests.kit.receivers import egress, ok, open_sockets, raw_receiver, receiver, silent_backlog
from tests.system_names import Resolver
from tests.waiting import until


async def _is(value: bool) -> bool:
    return value


async def _cancelled_in(phase: str, stack: AsyncExitStack, resolver: Resolver) -> str:
    """The URL of a receiver at which a POST stays in this phase."""
    opening = {"answer": b"", "head": b"HTTP/1.1 200", "body": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"}

    async def stalling(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(opening[phase])
        await reader.read()

    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        await reader.read()
        writer.transport.abort()

    match phase:
        case "name":
            resolver.silent_names = {"silent.example"}
            return "http://silent.example/"
        case "connect":
            return f"http://127.0.0.1:{await stack.enter_async_context(silent_backlog('127.0.0.1'))}/"
        case "race":
            port = await stack.enter_async_context(silent_backlog("127.0.0.1"))
            await stack.enter_async_context(silent_backlog("127.0.0.2", port))
            resolver.answers["two.example"] = [["127.0.0.1", "127.0.0.2"]]
            return f"http://two.example:{port}/"
        case "tls":
            server = await stack.enter_async_context(await asyncio.start_server(mute, "127.0.0.1", 0))
            return f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        case _:
            return f"http://127.0.0.1:{await stack.enter_async_context(raw_receiver(stalling))}/"


@pytest.mark.parametrize("turns", [0, 1, 2, 3, 4, 5, 6, 7, None])
@pytest.mark.parametrize("phase", ["name", "connect", "race", "tls", "answer", "head", "body"])
async def test_a_cancellation_in_any_phase_leaves_no_socket_and_no_task(
    phase: str, turns: int | None, resolver: Resolver
) -> None:
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(egress(max_connections=1))
        url = await _cancelled_in(phase, stack, resolver)
        good = await stack.enter_async_context(receiver(ok))
        sockets, tasks = open_sockets(), asyncio.all_tasks()
        posting = asyncio.create_task(client.post(url, b"{}", {}, timeout_s=60, owner="org_a"))
        if turns is None:
            await asyncio.sleep(0.05)
        for _ in range(turns or 0):
            await asyncio.sleep(0)
        posting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await posting
        await until(lambda: _is(open_sockets() == sockets and asyncio.all_tasks() == tasks))
        assert (await client.post(f"http://127.0.0.1:{good}/", b"{}", {}, timeout_s=60, owner="org_a")).status == 200


async def test_a_cancellation_while_waiting_for_a_free_connection_gives_up_the_place() -> None:
    hold = asyncio.Event()

    async def holding(request: web.Request) -> web.Response:
        await hold.wait()
        return web.Response()

    async with receiver(holding) as port, egress(max_connections=1) as client:
        url = f"http://127.0.0.1:{port}/"
        first = asyncio.create_task(client.post(url, b"{}", {}, timeout_s=60, owner="org_a"))
        waiting = [asyncio.create_task(client.post(url, b"{}", {}, timeout_s=60, owner="org_a")) for _ in range(2)]
        await asyncio.sleep(0.02)
        waiting[0].cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting[0]
        hold.set()
        assert (await first).status == 200
        assert (await waiting[1]).status == 200
