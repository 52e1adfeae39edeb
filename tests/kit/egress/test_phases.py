"""Where the time of an exchange went."""

import asyncio

from dcvd.core.http.exchanges import Timings
from tests.kit.receivers import PUBLIC, egress, failure, ok, raw_receiver, receiver
from tests.system_names import Resolver


async def test_a_literal_needs_no_name_and_a_used_connection_no_connect() -> None:
    async with receiver(ok) as port, egress() as client:
        url = f"http://127.0.0.1:{port}/"
        first = (await client.post(url, b"{}", {}, timeout_s=60, owner="org_a")).timings
        again = (await client.post(url, b"{}", {}, timeout_s=60, owner="org_a")).timings
    assert (first.dns_ms, first.tls_ms) == (None, None)
    assert first.connect_ms is not None
    assert first.first_byte_ms is not None
    assert (again.dns_ms, again.connect_ms, again.tls_ms) == (None, None, None)
    assert again.first_byte_ms is not None


async def test_a_name_is_looked_up_once_and_remembered_for_the_next_dial(resolver: Resolver) -> None:
    resolver.answers["hooks.example"] = [["127.0.0.1"]]

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    async with raw_receiver(once) as port, egress() as client:
        url = f"http://hooks.example:{port}/"
        first = (await client.post(url, b"{}", {}, timeout_s=60, owner="org_a")).timings
        again = (await client.post(url, b"{}", {}, timeout_s=60, owner="org_a")).timings
    assert first.dns_ms is not None
    assert (again.dns_ms, again.connect_ms is None) == (None, False)
    assert resolver.asked == ["hooks.example"]


async def test_each_phase_is_measured_by_itself(resolver: Resolver) -> None:
    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.1)
        writer.write(b"HTTP/1.1 200 OK\r\n")
        await asyncio.sleep(0.1)
        writer.write(b"Content-Length: 0\r\n\r\n")
        await reader.read()

    resolver.silent_names = {"slow.example"}
    resolver.answers["slow.example"] = [["127.0.0.1"]]
    async with raw_receiver(slow) as port, egress() as client:
        asyncio.get_running_loop().call_later(0.1, resolver.silent.set)
        timings = (await client.post(f"http://slow.example:{port}/", b"{}", {}, timeout_s=60, owner="org_a")).timings
    assert timings.dns_ms is not None
    assert timings.first_byte_ms is not None
    assert timings.dns_ms >= 80
    assert timings.first_byte_ms >= 80
    # The rest of the head takes as long again: neither phase counts what belongs to another.
    assert timings.dns_ms + timings.first_byte_ms + 80 <= timings.total_ms


async def test_a_phase_that_was_not_reached_has_no_time(resolver: Resolver) -> None:
    async with egress(PUBLIC) as client:
        refused = await failure(client, "http://127.0.0.1/")
        unknown = await failure(client, "http://missing.example/")
    assert refused.timings == Timings(total_ms=refused.timings.total_ms)
    assert unknown.timings.dns_ms is not None
    assert (unknown.timings.connect_ms, unknown.timings.first_byte_ms) == (None, None)
