"""Calls of other people's APIs, against servers that answer as they like."""

import asyncio
import gzip
import logging
import time
import traceback
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email.utils import formatdate
from pathlib import Path

import pytest
from aiohttp import web

from dcvd.kit.http.fetch import Fetcher, FetchFailed, FetchRefused, FetchResponse
from dcvd.kit.tls.trust import TrustStore, load_system_trust
from tests.kit.egress.test_tls import make_certificate, server_tls, trusting
from tests.kit.receivers import ok, raw_receiver, receiver


@asynccontextmanager
async def fetching(get_trust: Callable[[], TrustStore] = load_system_trust) -> AsyncIterator[Fetcher]:
    fetcher = Fetcher(get_trust=get_trust)
    await fetcher.start()
    try:
        yield fetcher
    finally:
        await fetcher.close()


@asynccontextmanager
async def answering(*pieces: bytes, then_wait: bool = False) -> AsyncIterator[str]:
    """The URL of a server that answers every request with exactly these bytes, and closes or falls silent."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        if then_wait:
            await asyncio.Event().wait()

    async with raw_receiver(handler) as port:
        yield f"http://127.0.0.1:{port}/"


async def test_any_status_is_an_answer_with_its_headers_in_lower_case() -> None:
    async def teapot(request: web.Request) -> web.Response:
        return web.Response(status=418, headers={"X-Kind": "pot"}, body=await request.read())

    async with receiver(teapot) as port, fetching() as fetcher:
        answer = await fetcher.send("PUT", f"http://127.0.0.1:{port}/", body=b"tea")
    assert (answer.status, answer.headers["x-kind"], answer.body) == (418, "pot", b"tea")
    assert "tea" not in repr(answer)


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("17", 17, 17),
        ("999999", 3600, 3600),
        (formatdate(time.time() + 1800, usegmt=True), 600, 1800),
        (formatdate(0, usegmt=True), 0, 0),
    ],
    ids=["seconds", "too long", "a date", "a date that is past"],
)
async def test_the_wait_that_an_answer_asks_for_is_told_in_seconds(text: str, least: float, most: float) -> None:
    async def busy(request: web.Request) -> web.Response:
        return web.Response(status=503, headers={"Retry-After": text})

    async with receiver(busy) as port, fetching() as fetcher:
        answer = await fetcher.send("GET", f"http://127.0.0.1:{port}/")
    assert answer.retry_after_s is not None
    assert least <= answer.retry_after_s <= most


async def test_an_answer_without_the_header_asks_for_no_wait() -> None:
    async with receiver(ok) as port, fetching() as fetcher:
        assert (await fetcher.send("GET", f"http://127.0.0.1:{port}/")).retry_after_s is None


async def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    asked: list[str] = []

    async def redirect(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(status=307, headers={"Location": "/elsewhere"})

    async with receiver(redirect) as port, fetching() as fetcher:
        answer = await fetcher.send("POST", f"http://127.0.0.1:{port}/", body=b"secret")
    assert (answer.status, asked) == (307, ["/"])


async def test_a_cookie_is_not_kept() -> None:
    cookies: list[str | None] = []

    async def baker(request: web.Request) -> web.Response:
        cookies.append(request.headers.get("Cookie"))
        answer = web.Response()
        answer.set_cookie("session", "1")
        return answer

    async with receiver(baker) as port, fetching() as fetcher:
        for _ in range(2):
            await fetcher.send("GET", f"http://127.0.0.1:{port}/")
    assert cookies == [None, None]


@pytest.mark.parametrize(
    "target", ["/a/../b//c", "/%7euser/%2F%2f", "/x?b=%20&a=+&a=%2B&sig=a%2Fb%3D", "/@/%40?q=a;b&c='()*!"]
)
async def test_the_url_is_sent_byte_for_byte(target: str) -> None:
    async def tell(request: web.Request) -> web.Response:
        return web.Response(text=request.raw_path)

    async with receiver(tell) as port, fetching() as fetcher:
        answer = await fetcher.send("GET", f"http://127.0.0.1:{port}{target}")
    assert answer.body.decode() == target


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:1/a\r\nX: y", "http://127.0.0.1:1/ä", "http://127.0.0.1:1/a b", "ftp://x/", "http:///x", "/x"],
)
async def test_what_cannot_be_sent_as_it_is_is_refused(url: str) -> None:
    async with fetching() as fetcher:
        with pytest.raises(FetchRefused):
            await fetcher.send("GET", url)


async def test_a_token_with_a_line_break_makes_no_second_header_and_is_not_told() -> None:
    headers = {"Authorization": "Bearer t0ken\r\nX: y"}
    async with fetching() as fetcher:
        with pytest.raises(FetchRefused) as caught:
            await fetcher.send("GET", "http://127.0.0.1:1/", headers=headers)
    assert "t0ken" not in "".join(traceback.format_exception(caught.value))


async def test_an_answer_of_the_most_bytes_is_taken_and_a_longer_one_is_not() -> None:
    async def large(request: web.Request) -> web.Response:
        return web.Response(body=b"x" * int(request.query["n"]))

    async with receiver(large) as port, fetching() as fetcher:
        url = f"http://127.0.0.1:{port}/?n="
        assert len((await fetcher.send("GET", f"{url}70000", max_bytes=70_000)).body) == 70_000
        with pytest.raises(FetchFailed, match="more than 70000 bytes") as caught:
            await fetcher.send("GET", f"{url}70001", max_bytes=70_000)
    assert caught.value.may_have_arrived


async def test_an_answer_without_end_is_cut() -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()

    async with raw_receiver(endless) as port, fetching() as fetcher:
        with pytest.raises(FetchFailed, match="more than 65536 bytes"):
            await fetcher.send("GET", f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [("gzip", gzip.compress(b"hello")), ("deflate", zlib.compress(b"hello")), ("identity", b"hello"), ("gzip", b"")],
    ids=["gzip", "deflate", "identity", "nothing"],
)
async def test_an_answer_that_is_compressed_unasked_is_read(encoding: str, packed: bytes) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {len(packed)}\r\n\r\n".encode()
    async with answering(head + packed) as url, fetching() as fetcher:
        assert (await fetcher.send("GET", url)).body == (b"hello" if packed else b"")


async def test_a_compressed_bomb_takes_no_more_memory_than_its_limit() -> None:
    bomb = gzip.compress(b"\0" * (40 << 20))
    assert len(bomb) < 65_536
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n".encode()
    async with answering(head + bomb) as url, fetching() as fetcher:
        tracemalloc.start()
        with pytest.raises(FetchFailed, match="more than 65536 bytes when it is decompressed"):
            await fetcher.send("GET", url)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 4 << 20


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [("gzip", b"x" * 30), ("gzip", gzip.compress(b"hello")[:-9]), ("br", b"x")],
    ids=["no gzip", "half of it", "another way"],
)
async def test_compression_that_cannot_be_undone_is_a_failure(encoding: str, packed: bytes) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {len(packed)}\r\n\r\n".encode()
    async with answering(head + packed) as url, fetching() as fetcher:
        with pytest.raises(FetchFailed, match="cannot be read"):
            await fetcher.send("GET", url)


async def test_an_answer_that_drips_ends_at_the_deadline() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.005)

    async with raw_receiver(drip) as port, fetching() as fetcher:
        with pytest.raises(FetchFailed, match=r"did not answer POST within 0\.1 s") as caught:
            await fetcher.send("POST", f"http://127.0.0.1:{port}/", timeout_s=0.1)
    assert caught.value.may_have_arrived


async def test_a_refused_connection_says_that_nothing_was_sent(unused_tcp_port: int) -> None:
    async with fetching() as fetcher:
        with pytest.raises(FetchFailed, match="cannot be reached") as caught:
            await fetcher.send("POST", f"http://127.0.0.1:{unused_tcp_port}/")
    assert not caught.value.may_have_arrived


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz",
    ],
    ids=["nothing", "half a body", "a broken chunk"],
)
async def test_a_lost_answer_says_that_the_request_was_sent(answer: bytes) -> None:
    async with answering(answer) as url, fetching() as fetcher:
        with pytest.raises(FetchFailed, match="broke off") as caught:
            await fetcher.send("POST", url, body=b"x")
    assert caught.value.may_have_arrived
    assert caught.value.code == "provider_unavailable"


async def test_what_is_no_http_is_not_quoted_even_in_a_traceback(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with answering(b'{"access_token":"t0ken"}\r\n\r\n') as url, fetching() as fetcher:
        with pytest.raises(FetchFailed) as caught:
            await fetcher.send("POST", url)
    assert "t0ken" not in "".join(traceback.format_exception(caught.value)) + caplog.text


async def test_a_certificate_of_nobody_we_trust_ends_the_call_before_anything_was_sent(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path / "localhost.pem")
    async with receiver(ok, server_tls(certificate)) as port:
        url = f"https://localhost:{port}/"
        async with fetching(get_trust=trusting(certificate)) as fetcher:
            assert (await fetcher.send("GET", url)).status == 200
        async with fetching() as fetcher:
            with pytest.raises(FetchFailed, match="CERTIFICATE_VERIFY_FAILED") as caught:
                await fetcher.send("GET", url)
    assert not caught.value.may_have_arrived


async def test_a_closed_pool_is_closed_twice_without_harm_and_sends_nothing() -> None:
    fetcher = Fetcher()
    await fetcher.start()
    await fetcher.close()
    await fetcher.close()
    with pytest.raises(RuntimeError):
        await fetcher.send("GET", "http://127.0.0.1:1/")


def test_an_answer_does_not_show_its_body() -> None:
    assert repr(FetchResponse(status=200, headers={}, body=b"t0ken")) == "FetchResponse(status=200, 5 bytes)"
