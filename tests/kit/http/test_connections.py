"""How many connections are open, which one gives way, and what is left of the descriptors."""

import asyncio
import os
import resource
from collections.abc import Iterator
from contextlib import AsyncExitStack
from ipaddress import ip_network
from pathlib import Path

import pytest
import structlog

from dcvd.kit.http.client_addresses import ClientAddresses
from dcvd.kit.http.server.connections import ConnectionLimits
from dcvd.kit.http.server.http_limits import HttpLimits
from dcvd.kit.http.server.sockets import bind_tcp, bind_unix
from tests.kit.http.peer import GET, Address, Client, Echo, connected, serving

_PATIENT = HttpLimits(head_timeout_s=60, keep_alive_s=60)
_SLOW = b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"


async def answered(client: Client) -> bool:
    await client.send(GET)
    head, _ = await client.response()
    return head.startswith("HTTP/1.1 200 ")


async def answered_rest(client: Client) -> bool:
    await client.send(GET[10:])
    head, _ = await client.response()
    return head.startswith("HTTP/1.1 200 ")


async def open_some(stack: AsyncExitStack, address: Address, count: int, first_bytes: bytes = b"") -> list[Client]:
    clients = [await stack.enter_async_context(connected(address)) for _ in range(count)]
    for client in clients:
        await client.send(first_bytes)
    return clients


async def test_at_the_cap_the_oldest_unfinished_head_gives_way_then_the_oldest_idle_connection() -> None:
    limits = ConnectionLimits(tcp=4)
    async with serving(Echo(), limits=_PATIENT, connections=limits) as (_, [address]), AsyncExitStack() as stack:
        idle, idle_later = await open_some(stack, address, 2)
        assert await answered(idle)
        assert await answered(idle_later)
        silent, half = await open_some(stack, address, 2)
        await half.send(b"GET / HT")
        (newest,) = await open_some(stack, address, 1)
        assert await answered(newest)
        assert await silent.rest() == b""
        (newer,) = await open_some(stack, address, 1)
        assert await answered(newer)
        assert await half.rest() == b""
        (last,) = await open_some(stack, address, 1)
        assert await answered(last)
        assert await idle.rest() == b""
        assert await answered(idle_later)


async def test_however_many_connect_each_has_a_moment_to_send_its_head() -> None:
    limits = ConnectionLimits(tcp=4)
    async with serving(Echo(), limits=_PATIENT, connections=limits) as (_, [address]), AsyncExitStack() as stack:
        (slow,) = await open_some(stack, address, 1)
        await open_some(stack, address, 50)
        await slow.send(GET[:10])
        await asyncio.sleep(0.1)
        assert await answered_rest(slow)


async def test_a_running_request_never_gives_way_and_who_finds_only_such_is_told_to_try_again() -> None:
    app = Echo()
    limits = ConnectionLimits(tcp=3)
    with structlog.testing.capture_logs() as lines:
        async with serving(app, limits=_PATIENT, connections=limits) as (_, [address]), AsyncExitStack() as stack:
            running = await open_some(stack, address, 3, _SLOW)
            await app.entered.wait()
            for late in await open_some(stack, address, 5):
                refusal = await late.rest()
                assert refusal.startswith(b"HTTP/1.1 503 ")
                assert b"retry-after: 5" in refusal
            app.release.set()
            for client in running:
                head, _ = await client.response()
                assert head.startswith("HTTP/1.1 200 ")
            (next_one,) = await open_some(stack, address, 1)
            assert await answered(next_one)
    assert [line["event"] for line in lines].count("http.connection_refused") == 1


async def test_a_connection_whose_client_begins_its_next_head_can_give_way_again() -> None:
    limits = ConnectionLimits(tcp=2)
    async with serving(Echo(), limits=_PATIENT, connections=limits) as (_, [address]), AsyncExitStack() as stack:
        first, second = await open_some(stack, address, 2)
        assert await answered(first)
        assert await answered(second)
        await second.send(b"GET / HT")
        await asyncio.sleep(0.05)
        (third,) = await open_some(stack, address, 1)
        assert await answered(third)
        assert await second.rest() == b""
        assert await answered(first)


async def test_tcp_clients_leave_the_unix_socket_its_own_connections(tmp_path: Path) -> None:
    app = Echo()
    limits = ConnectionLimits(tcp=2, unix=2)
    sockets = bind_tcp("127.0.0.1:0"), bind_unix(tmp_path / "s")
    async with AsyncExitStack() as stack:
        _, [tcp, unix] = await stack.enter_async_context(serving(app, *sockets, limits=_PATIENT, connections=limits))
        await open_some(stack, tcp, 2, _SLOW)
        await app.entered.wait()
        (operator,) = await open_some(stack, unix, 1)
        assert await answered(operator)
        app.release.set()


async def test_one_address_has_no_more_than_its_share_and_replaces_its_own() -> None:
    proxies = ClientAddresses([ip_network("10.0.0.0/8")])  # so that loopback counts as clients, each by its address
    limits = ConnectionLimits(tcp=10, tcp_per_client=2)
    async with AsyncExitStack() as stack:
        _, [address] = await stack.enter_async_context(
            serving(Echo(), limits=_PATIENT, connections=limits, clients=proxies)
        )
        other = await stack.enter_async_context(connected(address, source="127.0.0.2"))
        first, second, third = await open_some(stack, address, 3)
        assert await first.rest() == b""
        for client in (second, third, other):
            assert await answered(client)


@pytest.fixture
def few_descriptors() -> Iterator[int]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(map(int, os.listdir("/proc/self/fd")))
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 40, before[1]))
    try:
        yield highest + 40
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


async def test_where_no_descriptor_is_left_connections_wait_and_are_served_when_there_is_one(
    few_descriptors: int,
) -> None:
    with structlog.testing.capture_logs() as lines:
        async with serving(Echo(), limits=_PATIENT) as (_, [address]), connected(address) as early:
            assert await answered(early)
            kept = []
            async with AsyncExitStack() as stack:
                waiting = await open_some(stack, address, 1)
                assert await answered(waiting[0])
                late = await open_some(stack, address, 1)
                try:
                    while True:
                        kept.append(os.dup(0))
                except OSError:
                    pass
                os.close(kept.pop())
                later = await open_some(stack, address, 1)  # it takes the last descriptor, so that no accept can
                turns = 0
                while not any(line["event"] == "http.accept_failed" for line in lines):
                    await asyncio.sleep(0.01)
                    turns += 1
                    assert turns < 500
                for descriptor in kept:
                    os.close(descriptor)
                for client in (*later, *late, early):
                    assert await answered(client)
    assert [line["event"] for line in lines].count("http.accept_failed") == 1
