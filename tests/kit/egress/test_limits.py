"""Receivers that send too much of anything: they cost their own attempt, and the event loop goes on turning."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress

import pytest

from dcvd.core.http.exchanges import FailureReason
from dcvd.kit.egress.connection import MAX_HEAD_BYTES, MAX_INTERIM_ANSWERS, MAX_RECEIVED_BYTES
from tests.kit.receivers import egress, failure, raw_receiver
from tests.kit.wire import Wire

_EARLY = b"HTTP/1.1 103 Early Hints\r\n\r\n"
_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
_CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


async def _flood(writer: asyncio.StreamWriter, opening: bytes, repeated: bytes) -> None:
    writer.write(opening)
    with suppress(ConnectionError):
        while True:
            writer.write(repeated)
            await writer.drain()


def _flooding(opening: bytes, repeated: bytes) -> AbstractAsyncContextManager[int]:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _flood(writer, opening, repeated)

    return raw_receiver(handler)


@asynccontextmanager
async def _turning() -> AsyncIterator[None]:
    """Check that the event loop goes on turning meanwhile."""
    loop = asyncio.get_running_loop()
    longest = 0.0

    async def beat() -> None:
        nonlocal longest
        while True:
            before = loop.time()
            await asyncio.sleep(0.005)
            longest = max(longest, loop.time() - before)

    heartbeat = asyncio.create_task(beat())
    try:
        yield
    finally:
        heartbeat.cancel()
    assert longest < 2.0


@pytest.mark.parametrize(
    ("opening", "repeated", "said"),
    [
        (b"", _EARLY * 2000, "more than 8 interim answers (103)"),
        (b"", _EARLY, "more than 8 interim answers (103)"),
        (b"HTTP/1.1 200 OK\r\nX: ", b"x" * 60_000, "its head is longer than 32 KiB"),
        (b"HTTP/1.1 200 OK\r\n", b"a:\r\n" * 1000, "its head is longer than 32 KiB"),
        (b"HTTP/1.1 200 ", b"x" * 60_000, "its head is longer than 32 KiB"),
        (b"\r\n", b"\r\n" * 30_000, "its head is longer than 32 KiB"),
    ],
    ids=[
        "interim answers in large pieces",
        "one by one",
        "a header",
        "many headers",
        "a reason phrase",
        "blank lines",
    ],
)
async def test_a_flood_of_anything_ends_the_exchange_at_once_and_stalls_nobody(
    opening: bytes, repeated: bytes, said: str
) -> None:
    async with _flooding(opening, repeated) as port, egress() as client, _turning():
        error = await failure(client, f"http://127.0.0.1:{port}/", within=10)
    assert error.kind == "protocol"
    assert error.reason is FailureReason.TOO_MUCH
    assert said in error.message
    assert error.timings.total_ms < 5_000


@pytest.mark.parametrize("opening", [b"1;", b"0\r\nX: "], ids=["a chunk extension", "a trailer"])
async def test_a_flood_after_the_head_is_cut_at_once_and_the_status_counts(opening: bytes) -> None:
    async with _flooding(_CHUNKED + opening, b"x" * 60_000) as port, egress() as client, _turning():
        answer = await client.post(f"http://127.0.0.1:{port}/", b"{}", {}, timeout_s=10, owner="org_a")
    assert answer.status == 200
    assert answer.body_fault == "it sent more than 64 KiB"
    assert answer.timings.total_ms < 5_000


async def test_a_few_interim_answers_are_passed_over() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(_EARLY * MAX_INTERIM_ANSWERS + _OK)
        await reader.read(100)
        await reader.read()

    async with raw_receiver(handler) as port, egress() as client:
        answer = await client.post(f"http://127.0.0.1:{port}/", b"{}", {}, timeout_s=60, owner="org_a")
    assert (answer.status, answer.body) == (200, b"ok")


async def test_each_exchange_on_a_connection_is_counted_by_itself() -> None:
    connections = 0
    large = b"HTTP/1.1 200 OK\r\nX-Fill: " + b"x" * 6000 + b"\r\nContent-Length: 2\r\n\r\nok"
    rounds = MAX_RECEIVED_BYTES // len(large) + 5

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        with suppress(asyncio.IncompleteReadError):
            await reader.readexactly(len(b"{}"))
            while True:
                writer.write(large)
                await reader.readuntil(b"\r\n\r\n{}")

    async with raw_receiver(handler) as port, egress() as client:
        for _ in range(rounds):
            assert (
                await client.post(f"http://127.0.0.1:{port}/", b"{}", {}, timeout_s=60, owner="org_a")
            ).status == 200
    assert connections == 1


async def test_of_a_full_piece_of_interim_answers_only_the_first_are_parsed() -> None:
    wire = Wire()
    wire.receive(_EARLY * 2000)
    assert wire.failure().reason is FailureReason.TOO_MUCH
    assert wire.transport.aborted
    assert wire.connection.heads_begun < 200


async def test_the_head_of_an_answer_is_bounded_whatever_came_before_it() -> None:
    wire = Wire()
    wire.receive(_EARLY * MAX_INTERIM_ANSWERS)
    wire.receive(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: " + b"x" * (MAX_HEAD_BYTES - 4096) + b"\r\n\r\n")
    assert wire.reply().status == 200
