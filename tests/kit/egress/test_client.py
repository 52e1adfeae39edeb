"""Outgoing requests against real receivers that answer, stall, lie and overflow."""

import asyncio
import gzip
import os
import socket
import time
from contextlib import suppress
from typing import Any

import pytest
from aiohttp import web

from dcvd import __version__
from dcvd.kit.egress.client import EgressClient
from tests.kit.receivers import PUBLIC, Handler, egress, failure, ok, raw_receiver, receiver
from tests.system_names import Resolver


async def test_the_receiver_gets_exactly_these_bytes_and_headers_and_we_its_answer() -> None:
    seen: dict[str, Any] = {}

    async def handler(request: web.Request) -> web.Response:
        seen.update(
            body=await request.read(), headers=request.headers.copy(), method=request.method, path=request.raw_path
        )
        return web.Response(
            status=202, text="queued", headers={"Retry-After": "7", "X-Other": "no", "Set-Cookie": "a=b"}
        )

    async with receiver(handler) as port, egress() as client:
        url = f"http://127.0.0.1:{port}/in/%7e?sig=a%2fb%2B%3D"
        await client.post(url, b"{}", {}, timeout_s=60, owner="org_a")
        answer = await client.post(url, b'{"event":"x"}', {"webhook-id": "evt_1"}, timeout_s=60, owner="org_a")
    assert answer.status == 202
    assert answer.body == b"queued"
    assert "aiohttp" in answer.headers.pop("server")
    assert answer.headers.pop("date").endswith(" GMT")
    assert answer.headers == {"retry-after": "7", "content-type": "text/plain; charset=utf-8"}
    assert answer.remote_ip == "127.0.0.1"
    assert 0 <= answer.timings.total_ms < 10_000
    assert seen["method"] == "POST"
    assert seen["path"] == "/in/%7e?sig=a%2fb%2B%3D"
    assert seen["body"] == b'{"event":"x"}'
    assert seen["headers"]["webhook-id"] == "evt_1"
    assert seen["headers"]["User-Agent"] == f"dcvd/{__version__}"
    assert seen["headers"]["Accept-Encoding"] == "identity"
    assert "Cookie" not in seen["headers"]


async def test_an_answer_without_a_body_still_names_who_gave_it() -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(status=204)

    async with receiver(handler) as port, egress() as client:
        answer = await client.post(f"http://127.0.0.1:{port}/", b"{}", {}, timeout_s=60, owner="org_a")
    assert (answer.status, answer.body, answer.remote_ip) == (204, b"", "127.0.0.1")


async def test_a_connection_is_used_again_after_a_complete_answer() -> None:
    ports: set[int] = set()

    async def handler(request: web.Request) -> web.Response:
        assert request.transport is not None
        ports.add(request.transport.get_extra_info("peername")[1])
        return web.Response(body=b"x" * 1024)

    async with receiver(handler) as port, egress() as client:
        for _ in range(3):
            answer = await client.post(f"http://127.0.0.1:{port}/", b"{}", {}, timeout_s=60, owner="org_a")
            assert len(answer.body) == 1024
    assert len(ports) == 1


async def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    visited: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        visited.append(request.path)
        return web.Response(status=302, headers={"Location": "/elsewhere"})

    async with receiver(handler) as port, egress() as client:
        answer = await client.post(f"http://127.0.0.1:{port}/in", b"{}", {}, timeout_s=60, owner="org_a")
    assert answer.status == 302
    assert answer.headers["location"] == "/elsewhere"
    assert visited == ["/in"]


async def test_an_endless_body_is_cut_after_its_first_kibibyte() -> None:
    dropped = asyncio.Event()

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
        try:
            while True:
                writer.write(b"x" * 65_536)
                await writer.drain()
        finally:
            dropped.set()

    async with raw_receiver(handler) as port, egress() as client:
        answer = await client.post(f"http://127.0.0.1:{port}/", b"{}", {}, timeout_s=60, owner="org_a")
        assert answer.body == b"x" * 1024
        async with asyncio.timeout(10):
            await dropped.wait()


async def test_a_gzip_bomb_stays_packed() -> None:
    bomb = gzip.compress(b"\0" * 20_000_000)

    async def handler(request: web.Request) -> web.Response:
        return web.Response(body=bomb, headers={"Content-Encoding": "gzip"})

    async with receiver(handler) as port, egress() as client:
        answer = await client.post(f"http://127.0.0.1:{port}/", b"{}", {}, timeout_s=60, owner="org_a")
    assert answer.body == bomb[:1024]


@pytest.mark.parametrize("opening", [b"", b"HTTP/1.1 200 OK\r\nX-Slow: "], ids=["nothing", "headers"])
async def test_one_deadline_ends_an_answer_that_drips(opening: bytes) -> None:
    async with raw_receiver(_drip(opening)) as port, egress() as client:
        began = time.monotonic()
        error = await failure(client, f"http://127.0.0.1:{port}/", within=0.3)
        assert 0.25 < time.monotonic() - began < 10
    assert error.kind == "timeout"
    assert error.message == ("127.0.0.1 did not answer completely within 0.3 s; we were still waiting for the answer.")
    assert error.remote_ip == "127.0.0.1"
    assert 250 <= error.timings.total_ms < 10_000


async def test_a_body_that_drips_ends_at_the_deadline_and_its_status_counts() -> None:
    opening = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
    async with raw_receiver(_drip(opening)) as port, egress() as client:
        began = time.monotonic()
        answer = await client.post(f"http://127.0.0.1:{port}/", b"{}", {}, timeout_s=0.3, owner="org_a")
        assert 0.25 < time.monotonic() - began < 10
    assert answer.status == 200
    assert answer.body.startswith(b"y")
    assert answer.body_fault == "the end of its body did not come in time"


def _drip(opening: bytes) -> Handler:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(opening)
        while True:
            await asyncio.sleep(0.02)
            if opening:
                writer.write(b"y")
            await writer.drain()

    return handler


async def test_the_deadline_covers_the_connect() -> None:
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for filler in (first, second):  # after these the kernel drops further connects without a word
            filler.setblocking(False)
            with suppress(BlockingIOError):
                filler.connect(full.getsockname())
        async with egress() as client:
            error = await failure(client, f"http://127.0.0.1:{full.getsockname()[1]}/", within=0.2)
    assert error.kind == "timeout"
    assert "still connecting" in error.message


async def test_the_deadline_covers_a_silent_name_server_which_holds_nobody_else_up(resolver: Resolver) -> None:
    resolver.silent_names = {f"dead{number}.example" for number in range(40)}
    resolver.answers["alive.example"] = [["127.0.0.1"]]
    async with receiver(ok) as port, egress(max_connections=64) as client:
        dead = [
            asyncio.create_task(failure(client, f"http://{name}:{port}/", within=0.3)) for name in resolver.silent_names
        ]
        while len(resolver.asked) < 40:
            await asyncio.sleep(0.005)
        answer = await client.post(f"http://alive.example:{port}/", b"{}", {}, timeout_s=60, owner="org_a")
        assert answer.status == 200
        errors = await asyncio.gather(*dead)
        resolver.silent.set()
    assert {error.kind for error in errors} == {"timeout"}
    assert "looking up the name" in errors[0].message


async def test_waiting_for_a_free_connection_counts_too() -> None:
    hold = asyncio.Event()

    async def handler(request: web.Request) -> web.Response:
        await hold.wait()
        return web.Response()

    async with receiver(handler) as port, egress(max_connections=1) as client:
        url = f"http://127.0.0.1:{port}/"
        first = asyncio.create_task(client.post(url, b"{}", {}, timeout_s=60, owner="org_a"))
        await asyncio.sleep(0.05)
        error = await failure(client, url, within=0.1)
        hold.set()
        assert (await first).status == 200
    assert "waiting for a free connection" in error.message


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (b"", "closed the connection without an answer"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "no valid HTTP answer"),
        (b"HTTP/1.1 200 OK\r\nX-Big: " + b"y" * 100_000 + b"\r\n\r\n", "no valid HTTP answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n", "broke off"),
    ],
    ids=["nothing", "another protocol", "huge header", "half a head"],
)
async def test_what_is_no_http_answer_is_a_protocol_failure(answer: bytes, sentence: str) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async with raw_receiver(handler) as port, egress() as client:
        error = await failure(client, f"http://127.0.0.1:{port}/")
    assert error.kind == "protocol"
    assert sentence in error.message
    assert error.remote_ip == "127.0.0.1"


async def test_a_closed_port_is_a_failure_to_connect() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        async with egress() as client:
            error = await failure(client, f"http://127.0.0.1:{port}/")
    assert error.kind == "connect"
    assert f"127.0.0.1 port {port} cannot be reached" in error.message
    assert error.__cause__ is not None


async def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setitem(os.environ, name, "http://127.0.0.1:1")
    async with receiver(ok) as port, egress() as client:
        assert (await client.post(f"http://127.0.0.1:{port}/", b"{}", {}, timeout_s=60, owner="org_a")).status == 200


async def test_cancellation_passes_through_and_frees_the_connection() -> None:
    arrived = asyncio.Event()

    async def handler(request: web.Request) -> web.Response:
        if not arrived.is_set():
            arrived.set()
            await asyncio.Event().wait()
        return web.Response()

    async with receiver(handler) as port, egress(max_connections=1) as client:
        url = f"http://127.0.0.1:{port}/"
        posting = asyncio.create_task(client.post(url, b"{}", {}, timeout_s=60, owner="org_a"))
        await arrived.wait()
        posting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await posting
        assert (await client.post(url, b"{}", {}, timeout_s=60, owner="org_a")).status == 200


async def test_a_post_before_the_start_is_a_programming_error() -> None:
    with pytest.raises(RuntimeError):
        await EgressClient(PUBLIC).post("https://hooks.example/", b"{}", {}, timeout_s=60, owner="org_a")
