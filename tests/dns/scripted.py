"""A name server that says whatever a test wants, over UDP and TCP: also what no honest one would."""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import cast

import dns.flags
import dns.message
import dns.name
import dns.rdatatype
import dns.rrset
from dns.message import Message

from dcvd.config import SocketAddress
from tests.dns.programs import free_address

Script = Callable[[Message], "Iterable[bytes] | Message | bytes | None"]
"""From a query to its answer, or to several datagrams in turn, or to silence."""


class Scripted:
    """`asked` counts what came, as (name, type) without the final dot; `most_at_once` what waited for its answer."""

    def __init__(self, address: SocketAddress, delay_s: float) -> None:
        self.address = address
        self.delay_s = delay_s
        self.waiting = self.most_at_once = 0
        self.asked: list[tuple[str, str]] = []
        self.ports: list[int] = []

    def replies(self, wire: bytes, script: Script) -> list[bytes]:
        query = dns.message.from_wire(wire)
        question = query.question[0]
        self.asked.append((question.name.to_text(omit_final_dot=True), dns.rdatatype.to_text(question.rdtype)))
        said = script(query)
        if said is None:
            return []
        if isinstance(said, Message):
            return [said.to_wire(max_size=65535)]
        return [said] if isinstance(said, bytes) else list(said)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: Scripted, script: Script) -> None:
        self._server = server
        self._script = script

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        server = self._server
        server.ports.append(addr[1])
        server.waiting += 1
        server.most_at_once = max(server.most_at_once, server.waiting)
        if server.delay_s:
            asyncio.get_running_loop().call_later(server.delay_s, self._reply, data, addr)
        else:
            self._reply(data, addr)

    def _reply(self, data: bytes, addr: tuple[str, int]) -> None:
        self._server.waiting -= 1
        for reply in self._server.replies(data, self._script):
            self._transport.sendto(reply, addr)


@asynccontextmanager
async def scripted(
    script: Script, *, tcp: Script | None = None, address: SocketAddress | None = None, delay_s: float = 0.0
) -> AsyncIterator[Scripted]:
    """`tcp` is what it says over TCP, where that is something else; `delay_s` is how long it takes over UDP."""
    server = Scripted(address or free_address(), delay_s)
    over_tcp = tcp or script

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            (length,) = struct.unpack("!H", await reader.readexactly(2))
            for reply in server.replies(await reader.readexactly(length), over_tcp):
                writer.write(struct.pack("!H", len(reply)) + reply)
            await writer.drain()
            await reader.read()  # until the asker has had enough
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # it went earlier
        finally:
            writer.close()

    listening = await asyncio.start_server(converse, server.address.host, server.address.port)
    udp, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: _Datagrams(server, script), local_addr=(server.address.host, server.address.port)
    )
    try:
        yield server
    finally:
        udp.close()
        listening.close()
        await listening.wait_closed()


def answer(query: Message, *records: str, authority: Iterable[str] = (), additional: Iterable[str] = ()) -> Message:
    """An authoritative answer: each record as `name ttl type data`."""
    response = dns.message.make_response(query)
    response.flags |= dns.flags.AA
    response.answer = _rrsets(records)
    response.authority = _rrsets(authority)
    response.additional = _rrsets(additional)
    return response


def referral(query: Message, cut: str, nameservers: Iterable[str], glue: Iterable[str] = ()) -> Message:
    """What the servers of the zone above say: no AA, the NS records of the cut, and glue (`name ttl type data`)."""
    response = answer(query, authority=[f"{cut} 60 NS {server}" for server in nameservers], additional=glue)
    response.flags &= ~dns.flags.AA
    return response


def _rrsets(records: Iterable[str]) -> list[dns.rrset.RRset]:
    sets: dict[tuple[str, str], list[str]] = {}
    for record in records:
        name, ttl, rdtype, data = record.split(" ", 3)
        sets.setdefault((name, rdtype), [ttl]).append(data)
    return [
        dns.rrset.from_text(dns.name.from_text(name), int(ttl), "IN", rdtype, *data)
        for (name, rdtype), (ttl, *data) in sets.items()
    ]
