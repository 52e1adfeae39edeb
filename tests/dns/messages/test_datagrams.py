"""Datagrams that are exchanged many at once: each waits for its own answer and no longer, and nothing is left of it."""

import asyncio
import os
import resource
import socket
import time
from collections.abc import Callable

import pytest
from dns.message import Message, from_wire
from dns.rdatatype import RdataType

from dcvd.config import SocketAddress
from dcvd.dns.messages.datagrams import DatagramExchanges
from dcvd.dns.messages.names import parse_name
from dcvd.dns.messages.query import DnsQuery
from tests.dns.scripted import answer, scripted


def _query(name: str = "app.customer.test") -> tuple[bytes, Callable[[bytes], bool]]:
    parsed = parse_name(name)
    assert parsed is not None
    query = DnsQuery(parsed, RdataType.A, recurse=False)
    wire = query.to_wire()
    return wire, query.build_answer_test(wire)


def _count_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def _to_asked(query: Message) -> Message | None:
    """Silence about names that say so."""
    return None if query.question[0].name.to_text().startswith("silent") else answer(query)


async def _exchange(exchanges: DatagramExchanges, server: SocketAddress, name: str, timeout_s: float) -> bytes | None:
    wire, is_answer = _query(name)
    return await exchanges.exchange(wire, server, is_answer, timeout_s)


async def test_each_exchange_has_a_port_of_its_own_and_leaves_no_descriptor() -> None:
    exchanges = DatagramExchanges()
    async with scripted(_to_asked, delay_s=0.02) as server:
        before = _count_descriptors()
        names = [f"n{number}.customer.test" for number in range(200)]
        answers = await asyncio.gather(*(_exchange(exchanges, server.address, name, 30) for name in names))
        assert _count_descriptors() == before
    assert all(name.split(".")[0].encode() in (each or b"") for name, each in zip(names, answers, strict=True))
    assert len(set(server.ports)) == len(names)


async def test_silence_ends_each_exchange_at_its_own_time_and_no_other(silent: SocketAddress) -> None:
    exchanges = DatagramExchanges()

    async def wait_in_vain(timeout_s: float) -> float:
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            await _exchange(exchanges, silent, "app.customer.test", timeout_s)
        return time.monotonic() - began

    patient = asyncio.create_task(_exchange(exchanges, silent, "app.customer.test", 30))
    timeouts_s = [0.2, 0.1, 0.101, 0.05]
    waited_s = await asyncio.gather(*map(wait_in_vain, timeouts_s))
    assert all(waited >= timeout for waited, timeout in zip(waited_s, timeouts_s, strict=True))
    assert not patient.done()
    patient.cancel()
    assert await wait_in_vain(0.05) >= 0.05


async def test_an_exchange_that_is_given_up_leaves_nothing_and_disturbs_no_other() -> None:
    exchanges = DatagramExchanges()
    async with scripted(_to_asked, delay_s=0.1) as server:
        before = _count_descriptors()
        given_up = asyncio.create_task(_exchange(exchanges, server.address, "silent.test", 30))
        other = asyncio.create_task(_exchange(exchanges, server.address, "app.customer.test", 30))
        await asyncio.sleep(0.01)
        given_up.cancel()
        assert await other is not None
        with pytest.raises(asyncio.CancelledError):
            await given_up
        assert _count_descriptors() == before


async def test_a_closed_port_is_an_error_of_that_exchange_alone() -> None:
    exchanges = DatagramExchanges()
    async with scripted(_to_asked, delay_s=0.05) as server:
        other = asyncio.create_task(_exchange(exchanges, server.address, "app.customer.test", 30))
        with pytest.raises(ConnectionRefusedError):
            await _exchange(exchanges, SocketAddress("127.0.0.1", 1), "app.customer.test", 30)
        assert await other is not None


async def test_answers_that_came_in_time_are_found_by_a_loop_that_is_late() -> None:
    exchanges = DatagramExchanges()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        address = SocketAddress(*server.getsockname())
        names = [f"n{number}.customer.test" for number in range(150)]
        asking = [asyncio.create_task(_exchange(exchanges, address, name, 0.05)) for name in names]
        await asyncio.sleep(0)
        for _ in names:
            received, client = server.recvfrom(512)
            server.sendto(answer(from_wire(received)).to_wire(), client)
        time.sleep(0.1)  # noqa: ASYNC251  # all else stands still, as on a busy machine
        assert all(isinstance(each, bytes) for each in await asyncio.gather(*asking, return_exceptions=True))


async def test_where_no_descriptor_is_left_nothing_is_lost_or_left(silent: SocketAddress) -> None:
    exchanges = DatagramExchanges()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    waiting = asyncio.create_task(_exchange(exchanges, silent, "app.customer.test", 0.2))
    await asyncio.sleep(0)
    before = _count_descriptors()
    resource.setrlimit(resource.RLIMIT_NOFILE, (before + 10, hard))
    try:
        names = [f"n{number}.customer.test" for number in range(300)]
        ends = await asyncio.gather(
            *(_exchange(exchanges, silent, name, 0.1) for name in names), return_exceptions=True
        )
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert {type(end) for end in ends} == {TimeoutError, OSError}
    assert _count_descriptors() == before
    with pytest.raises(TimeoutError):
        await waiting
