"""The HTTP server: what it serves, what it tells the application, how it starts and stops."""

import asyncio
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest
import structlog

from dcvd.kit.http.server.http_limits import HttpLimits
from dcvd.kit.http.server.server import HttpServer
from dcvd.kit.http.server.sockets import bind_tcp, bind_unix
from tests.kit.http.peer import GET, QUICK, Echo, connected, serving


async def test_requests_are_answered_on_tcp_and_on_the_unix_socket_at_once(tmp_path: Path) -> None:
    async with serving(Echo(), bind_tcp("127.0.0.1:0"), bind_unix(tmp_path / "s")) as (_, addresses):
        for address in addresses:
            async with connected(address) as client:
                for _ in range(2):
                    await client.send(GET)
                    head, seen = await client.response()
                    assert head.startswith("HTTP/1.1 200 ")
                    assert seen["path"] == "/"
                    assert "\r\ndate: " in head
                    assert "\r\nserver:" not in head.lower()


async def test_the_peer_of_a_unix_socket_is_known_by_the_kernels_word(tmp_path: Path) -> None:
    async with serving(Echo(), bind_unix(tmp_path / "s")) as (_, [address]), connected(address) as client:
        await client.send(GET)
        _, seen = await client.response()
        assert seen["extensions"]["dcvd.peer"] == {"pid": os.getpid(), "uid": os.getuid(), "gid": os.getgid()}


async def test_a_tcp_client_has_no_peer_and_no_header_gives_it_one_or_changes_its_address() -> None:
    async with serving(Echo()) as (_, [address]), connected(address) as client:
        await client.send(
            b"GET / HTTP/1.1\r\nHost: x\r\ndcvd.peer: 0\r\nX-Forwarded-For: 9.9.9.9\r\nForwarded: for=9.9.9.9\r\n"
            b"X-Forwarded-Proto: https\r\n\r\n"
        )
        _, seen = await client.response()
        assert "dcvd.peer" not in seen["extensions"]
        assert seen["client"][0] == "127.0.0.1"
        assert seen["scheme"] == "http"


async def test_pipelined_requests_are_answered_in_order() -> None:
    async with serving(Echo()) as (_, [address]), connected(address) as client:
        await client.send(b"".join(b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n" % number for number in range(5)))
        assert [(await client.response())[1]["path"] for _ in range(5)] == ["/0", "/1", "/2", "/3", "/4"]


async def test_an_offered_upgrade_is_ignored() -> None:
    async with serving(Echo()) as (_, [address]), connected(address) as client:
        await client.send(
            b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eA==\r\n\r\n"
        )
        head, _ = await client.response()
        assert head.startswith("HTTP/1.1 200 ")
        assert "connection: close" in head


async def test_stopping_lets_a_running_request_finish_and_takes_no_new_connection() -> None:
    app = Echo()
    async with serving(app) as (server, [address]), connected(address) as client, connected(address) as idle:
        await client.send(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        await app.entered.wait()
        stopping = asyncio.create_task(server.stop(timeout_s=30))
        assert await idle.rest() == b""
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(*address)
        assert not stopping.done()
        app.release.set()
        head, seen = await client.response()
        assert seen["path"] == "/slow"
        assert "connection: close" in head
        began = time.monotonic()
        async with asyncio.timeout(10):
            await stopping
        assert time.monotonic() - began < 10


async def test_a_request_that_outlives_the_deadline_is_cut() -> None:
    app = Echo()
    with structlog.testing.capture_logs() as lines:
        async with serving(app) as (server, [address]), connected(address) as client:
            await client.send(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
            await app.entered.wait()
            began = time.monotonic()
            await server.stop(timeout_s=0.1)
            assert time.monotonic() - began < 10
            assert await client.rest() == b""
    assert [(line["requests"], line["connections"]) for line in lines if line["event"] == "http.cut"] == [(1, 1)]


async def test_a_request_that_ignores_its_cancellation_is_counted_and_holds_up_no_stop() -> None:
    entered, release, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def deaf(scope: dict[str, Any], receive: Any, send: Any) -> None:
        entered.set()
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue
        ended.set()

    with structlog.testing.capture_logs() as lines:
        async with serving(deaf, cancel_grace_s=0.05) as (server, [address]), connected(address) as client:
            await client.send(GET)
            await entered.wait()
            async with asyncio.timeout(10):
                await server.stop(timeout_s=0.05)
            assert await client.rest() == b""
            release.set()
            await ended.wait()
    assert [line["requests"] for line in lines if line["event"] == "http.requests_stuck"] == [1]


async def test_cancelling_the_server_closes_everything() -> None:
    listener = bind_tcp("127.0.0.1:0")
    address = listener.getsockname()
    server = HttpServer(Echo(), sockets=[listener], limits=QUICK)
    running = asyncio.create_task(server.serve())
    await server.listening_event.wait()
    async with connected(address) as client:
        await client.send(GET)
        await client.response()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert await client.rest() == b""
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(*address)


async def test_a_socket_that_cannot_listen_fails_the_server() -> None:
    listener = bind_tcp("127.0.0.1:0")
    listener.close()
    with pytest.raises((OSError, ValueError)):
        await HttpServer(Echo(), sockets=[listener]).serve()


async def test_stopping_before_the_start_means_never_serving() -> None:
    listener = bind_tcp("127.0.0.1:0")
    server = HttpServer(Echo(), sockets=[listener])
    await server.stop(timeout_s=1)
    async with asyncio.timeout(10):
        await server.serve()
    assert not server.listening_event.is_set()


async def test_the_process_signals_stay_with_the_process() -> None:
    received: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _frame: received.append(number))
    try:
        mine = signal.getsignal(signal.SIGTERM)
        async with serving(Echo()) as (server, [address]), connected(address) as client:
            assert signal.getsignal(signal.SIGTERM) is mine
            os.kill(os.getpid(), signal.SIGTERM)
            await client.send(GET)
            assert (await client.response())[1]["path"] == "/"
            await server.stop(timeout_s=1)
        assert signal.getsignal(signal.SIGTERM) is mine
        assert received == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGTERM, before)


async def test_an_application_that_raises_answers_500_and_the_server_goes_on() -> None:
    async def broken(scope: dict[str, Any], receive: Any, send: Any) -> None:
        raise RuntimeError("broken")

    async with serving(broken) as (_, [address]):
        for _ in range(2):
            async with connected(address) as client:
                await client.send(GET)
                assert (await client.head()).startswith("HTTP/1.1 500 ")


async def test_stopping_waits_a_moment_for_an_incomplete_body_and_not_until_the_deadline() -> None:
    app = Echo()
    limits = HttpLimits(stop_timeout_s=0.2)
    with structlog.testing.capture_logs() as lines:
        async with serving(app, limits=limits) as (server, [address]), connected(address) as client:
            await client.send(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nb\r\n")
            await app.entered.wait()
            began = time.monotonic()
            stopping = asyncio.create_task(server.stop(timeout_s=60))
            while not stopping.done() and time.monotonic() - began < 10:
                client.writer.write(b"1\r\nb\r\n")
                await asyncio.sleep(0.02)
            assert stopping.done()
            await stopping
            assert app.disconnects == 1
            assert (await client.rest()).startswith(b"HTTP/1.1 408 ")
    assert "http.cut" not in [line["event"] for line in lines]


async def test_a_body_that_comes_to_its_end_while_the_server_stops_is_answered() -> None:
    app = Echo()
    async with serving(app) as (server, [address]), connected(address) as client:
        await client.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbo")
        await app.entered.wait()
        stopping = asyncio.create_task(server.stop(timeout_s=60))
        await asyncio.sleep(0.05)
        await client.send(b"dy")
        assert (await client.response())[1]["body"] == 4
        await stopping


async def test_a_request_that_is_cut_is_one_quiet_line_and_no_failure_of_the_application(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = Echo()
    with structlog.testing.capture_logs() as lines:
        async with serving(app) as (server, [address]), connected(address) as client:
            await client.send(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
            await app.entered.wait()
            await server.stop(timeout_s=0.05)
    assert [(line["log_level"], line["path"]) for line in lines if line["event"] == "http.request_cut"] == [
        ("info", "/slow")
    ]
    assert caplog.records == []


async def test_a_client_that_has_just_connected_when_the_server_stops_gets_its_answer() -> None:
    serve = serving(Echo(), limits=HttpLimits(stop_idle_s=20))
    async with serve as (server, [address]), connected(address) as client:
        async with connected(address) as later:
            await later.send(GET)
            await later.response()  # it was accepted, and so was who came before it
        stopping = asyncio.create_task(server.stop(timeout_s=60))
        await asyncio.sleep(0.05)
        await client.send(GET)
        assert "connection: close" in (await client.head()).lower()
        await stopping


async def test_an_idle_connection_takes_one_more_request_while_the_server_stops() -> None:
    serve = serving(Echo(), limits=HttpLimits(stop_idle_s=20))
    async with serve as (server, [address]), connected(address) as client:
        await client.send(GET)
        await client.response()
        stopping = asyncio.create_task(server.stop(timeout_s=60))
        await asyncio.sleep(0.05)
        await client.send(GET)
        assert "connection: close" in (await client.head()).lower()
        await stopping


async def test_an_idle_connection_holds_up_a_stop_for_a_moment_only() -> None:
    limits = HttpLimits(stop_idle_s=0.1)
    with structlog.testing.capture_logs() as lines:
        async with serving(Echo(), limits=limits) as (server, [address]), connected(address) as client:
            await client.send(GET)
            await client.response()
            began = time.monotonic()
            await server.stop(timeout_s=30)
            assert 0.05 < time.monotonic() - began < 10
            assert await client.rest() == b""
    assert "http.cut" not in [line["event"] for line in lines]
