"""Connections between two requests: who may use them again, for how long, and what is done when they turn out dead."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from dcvd.core.http.exchanges import FailureReason
from dcvd.kit.egress.client import EgressClient
from tests.kit.receivers import LOOPBACK, egress, failure, raw_receiver
from tests.system_names import Resolver
from tests.waiting import until

_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
_FORGED = b"HTTP/1.1 299 Forged\r\nContent-Length: 0\r\n\r\n"

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter, int], Awaitable[None]]


class Scripted:
    """A receiver whose connections are numbered."""

    def __init__(self, script: Script) -> None:
        self.connections = 0
        self.gone = 0
        self._script = script

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await reader.readexactly(2)
            await self._script(reader, writer, self.connections)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the sender closed it
        finally:
            self.gone += 1


async def _next_request(reader: asyncio.StreamReader) -> None:
    await reader.readuntil(b"\r\n\r\n")
    await reader.readexactly(2)


async def _answer_for_ever(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
    while True:
        writer.write(_OK)
        await _next_request(reader)


async def _is(value: bool) -> bool:
    return value


async def _post(client: EgressClient, port: int, host: str = "127.0.0.1") -> int:
    return (await client.post(f"http://{host}:{port}/", b"{}", {}, timeout_s=60, owner="org_a")).status


async def test_an_idle_connection_that_the_receiver_closed_is_not_used_again() -> None:
    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        writer.write(_OK)
        await writer.drain()

    scripted = Scripted(once)
    async with raw_receiver(scripted) as port, egress() as client:
        for _ in range(3):
            assert await _post(client, port) == 200
    assert scripted.connections == 3


async def test_an_answer_sent_in_advance_is_never_taken_for_the_answer_to_the_next_request() -> None:
    dropped = asyncio.Event()

    async def forging(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        writer.write(_OK)
        await asyncio.sleep(0.02)
        writer.write(_FORGED)
        with suppress(ConnectionError):
            await reader.read()
        dropped.set()

    async with raw_receiver(Scripted(forging)) as port, egress() as client:
        assert await _post(client, port) == 200
        async with asyncio.timeout(10):
            await dropped.wait()
        assert await _post(client, port) == 200


async def test_the_requests_of_two_owners_never_share_a_connection() -> None:
    scripted = Scripted(_answer_for_ever)
    async with raw_receiver(scripted) as port, egress() as client:
        for owner in ("org_1", "org_2", "org_1", "org_2"):
            answer = await client.post(f"http://127.0.0.1:{port}/", b"{}", {}, timeout_s=60, owner=owner)
            assert answer.status == 200
    assert scripted.connections == 2


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
async def test_a_request_that_meets_a_closing_connection_is_sent_once_more_on_a_fresh_one(reset: bool) -> None:
    async def closing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        writer.write(_OK)
        if number == 1:
            await reader.readuntil(b"\r\n\r\n")  # the request is on its way, and nobody answers it
            if not reset:
                await reader.readexactly(2)
            return
        await reader.read()

    scripted = Scripted(closing)
    async with raw_receiver(scripted) as port, egress() as client:
        first = await client.post(f"http://127.0.0.1:{port}/", b"{}", {}, timeout_s=60, owner="org_a")
        answer = await client.post(
            f"http://127.0.0.1:{port}/", b"{}" + b"x" * (300_000 if reset else 0), {}, timeout_s=60, owner="org_a"
        )
    assert first.timings.connect_ms is not None
    assert first.repeated is None
    assert answer.repeated is not None
    assert answer.repeated.response is None
    assert answer.repeated.reason is FailureReason.CONNECTION_RESET if reset else FailureReason.CLOSED_WITHOUT_ANSWER
    assert answer.status == 200
    assert answer.timings.connect_ms is not None
    assert scripted.connections == 2


async def test_it_is_sent_once_more_only_once() -> None:
    async def refusing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        if number == 1:
            writer.write(_OK)
            await _next_request(reader)

    scripted = Scripted(refusing)
    async with raw_receiver(scripted) as port, egress() as client:
        assert await _post(client, port) == 200
        error = await failure(client, f"http://127.0.0.1:{port}/")
    assert error.reason is FailureReason.CLOSED_WITHOUT_ANSWER
    assert error.repeated is not None
    assert scripted.connections == 2


_408 = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 4\r\n%s\r\nlate"


@pytest.mark.parametrize("closing", [b"Connection: close\r\n", b""], ids=["it says that it closes", "it does not"])
async def test_a_408_on_a_kept_connection_is_repeated_once_on_a_fresh_one(closing: bytes) -> None:
    async def late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        writer.write(_OK)
        await _next_request(reader)
        writer.write(_408 % closing)
        await reader.read()

    scripted = Scripted(late)
    async with raw_receiver(scripted) as port, egress() as client:
        assert await _post(client, port) == 200
        answer = await client.post(f"http://127.0.0.1:{port}/", b"{}", {}, timeout_s=60, owner="org_a")
        await until(lambda: _is(scripted.gone == 1))  # whatever it says, a connection that timed out is not kept
    assert answer.status == 200
    assert answer.repeated is not None
    assert answer.repeated.response is not None
    assert (answer.repeated.response.status, answer.repeated.response.body) == (408, b"late")
    assert answer.repeated.timings.connect_ms is None
    assert answer.timings.connect_ms is not None
    assert scripted.connections == 2


async def test_a_408_on_a_fresh_connection_is_an_answer_like_any_other() -> None:
    async def late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        writer.write(_OK if number == 1 else _408 % b"")
        if number == 1:
            await _next_request(reader)
            writer.write(_408 % b"")
        await reader.read()

    scripted = Scripted(late)
    async with raw_receiver(scripted) as port, egress() as client:
        assert await _post(client, port) == 200
        answer = await client.post(f"http://127.0.0.1:{port}/", b"{}", {}, timeout_s=60, owner="org_a")
    assert answer.status == 408
    assert answer.repeated is not None
    assert scripted.connections == 2


async def test_a_request_whose_answer_had_begun_is_not_sent_again() -> None:
    async def breaking(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        writer.write(_OK)
        await _next_request(reader)
        writer.write(b"H")
        await writer.drain()

    scripted = Scripted(breaking)
    async with raw_receiver(scripted) as port, egress() as client:
        assert await _post(client, port) == 200
        error = await failure(client, f"http://127.0.0.1:{port}/")
    assert error.reason is FailureReason.CONNECTION_RESET
    assert error.timings.first_byte_ms is not None
    assert scripted.connections == 1


async def test_a_request_that_nobody_answers_on_a_used_connection_is_late_and_not_sent_again() -> None:
    async def falling_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        writer.write(_OK)
        await reader.read()

    scripted = Scripted(falling_silent)
    async with raw_receiver(scripted) as port, egress() as client:
        assert await _post(client, port) == 200
        error = await failure(client, f"http://127.0.0.1:{port}/", within=0.1)
    assert (error.kind, error.reason) == ("timeout", None)
    assert (error.timings.connect_ms, error.timings.first_byte_ms) == (None, None)
    assert scripted.connections == 1


async def test_an_idle_connection_is_closed_after_a_while() -> None:
    scripted = Scripted(_answer_for_ever)
    async with raw_receiver(scripted) as port, egress(keep_alive_s=0.05) as client:
        assert await _post(client, port) == 200
        assert await _post(client, port) == 200
        assert (scripted.connections, scripted.gone) == (1, 0)
        await until(lambda: _is(scripted.gone == 1))
        assert await _post(client, port) == 200
        assert scripted.connections == 2


async def test_a_busy_connection_ends_with_its_age_so_that_a_name_that_moved_is_seen() -> None:
    scripted = Scripted(_answer_for_ever)
    async with raw_receiver(scripted) as port, egress(max_age_s=0.2) as client:

        async def is_made_anew() -> bool:
            return await _post(client, port) == 200 and scripted.connections == 2

        await until(is_made_anew)  # it is never idle
        await until(lambda: _is(scripted.gone >= 1))


async def test_an_idle_connection_that_is_too_old_is_not_used() -> None:
    scripted = Scripted(_answer_for_ever)
    async with raw_receiver(scripted) as port, egress(max_age_s=0.05) as client:
        assert await _post(client, port) == 200
        await asyncio.sleep(0.1)
        assert await _post(client, port) == 200
    assert scripted.connections == 2


async def test_of_too_many_idle_connections_the_one_that_waited_longest_is_closed(resolver: Resolver) -> None:
    scripted = Scripted(_answer_for_ever)
    resolver.answers.update({f"{name}.example": [["127.0.0.1"]] for name in "abc"})
    async with raw_receiver(scripted) as port, egress(max_connections=2) as client:
        for name in "abac":  # b has waited longest when c comes
            assert await _post(client, port, f"{name}.example") == 200
        await until(lambda: _is(scripted.gone == 1))
        assert scripted.connections == 3
        assert await _post(client, port, "a.example") == 200
        assert scripted.connections == 3
        assert await _post(client, port, "b.example") == 200
        assert scripted.connections == 4


async def test_a_connection_serves_no_other_host_even_at_the_same_address(resolver: Resolver) -> None:
    resolver.answers.update({"a.example": [["127.0.0.1"]], "b.example": [["127.0.0.1"]]})
    scripted = Scripted(_answer_for_ever)
    async with raw_receiver(scripted) as port, egress() as client:
        assert await _post(client, port, "a.example") == 200
        assert await _post(client, port, "b.example") == 200
    assert scripted.connections == 2


async def test_closing_ends_what_is_idle_and_what_is_under_way() -> None:
    arrived = asyncio.Event()

    async def holding(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        if number == 1:
            arrived.set()
        else:
            writer.write(_OK)
        await reader.read()

    scripted = Scripted(holding)
    async with raw_receiver(scripted) as port:
        client = EgressClient(LOOPBACK)
        await client.start()
        pending = asyncio.create_task(failure(client, f"http://127.0.0.1:{port}/", within=5))
        await arrived.wait()
        assert await _post(client, port) == 200
        await client.close()
        error = await pending
        await until(lambda: _is(scripted.gone == 2))
        await client.close()
        with pytest.raises(RuntimeError):
            await _post(client, port)
    assert (error.kind, error.reason) == ("protocol", FailureReason.OWN_LIMIT)
    assert "dcvd is stopping" in error.message


async def test_a_request_over_a_kept_connection_has_its_own_deadline_and_not_that_of_the_one_before() -> None:
    async def slow_from_the_second_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        writer.write(_OK)
        await _next_request(reader)
        await asyncio.sleep(0.6)  # beyond the first one's deadline
        writer.write(_OK)
        await _next_request(reader)  # which stays without an answer
        await reader.read()

    scripted = Scripted(slow_from_the_second_on)
    async with raw_receiver(scripted) as port, egress() as client:
        url = f"http://127.0.0.1:{port}/"
        assert (await client.post(url, b"{}", {}, timeout_s=0.5, owner="org_a")).status == 200
        assert await _post(client, port) == 200
        # The timer that the one before has left is set for a minute later.
        error = await failure(client, url, within=0.1)
    assert error.kind == "timeout"
    assert scripted.connections == 1
