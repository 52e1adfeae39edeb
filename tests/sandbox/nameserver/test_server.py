"""The nameserver on the wire: real UDP and TCP packets, good ones and others."""

import asyncio
import struct
import time

import dns.asyncquery
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import pytest
from dns.message import Message
from hypothesis import given
from hypothesis import strategies as st

from dcvd.sandbox import Sandbox, SandboxSettings
from dcvd.sandbox.faults import Faults
from dcvd.sandbox.nameserver.server import Nameserver
from dcvd.sandbox.nameserver.zone import ZoneData
from tests.sandbox.conftest import Caller


class Asker:
    def __init__(self, sandbox: Sandbox) -> None:
        self.host, _, port = sandbox.dns_address.rpartition(":")
        self.port = int(port)

    async def send(self, query: Message, *, tcp: bool = False) -> Message:
        ask = dns.asyncquery.tcp if tcp else dns.asyncquery.udp
        return await ask(query, self.host, port=self.port, timeout=60)

    async def ask(self, name: str, rdtype: str = "A", *, tcp: bool = False) -> Message:
        return await self.send(dns.message.make_query(name, rdtype), tcp=tcp)

    async def datagram(self, wire: bytes, *, within: float = 0.2) -> bytes | None:
        """One datagram and the answer to it, None if there is none in time."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[bytes] = loop.create_future()

        class Once(asyncio.DatagramProtocol):
            def datagram_received(self, data: bytes, addr: object) -> None:
                if not answer.done():
                    answer.set_result(data)

        transport, _ = await loop.create_datagram_endpoint(Once, remote_addr=(self.host, self.port))
        try:
            transport.sendto(wire)
            async with asyncio.timeout(within):
                return await answer
        except TimeoutError:
            return None
        finally:
            transport.close()


@pytest.fixture
def asker(sandbox: Sandbox) -> Asker:
    return Asker(sandbox)


def values(answer: Message, rdtype: str) -> list[str]:
    wanted = dns.rdatatype.from_text(rdtype)
    return [rdata.to_text() for rrset in answer.answer if rrset.rdtype == wanted for rdata in rrset]


@pytest.mark.parametrize("tcp", [False, True])
async def test_the_target_resolves_to_this_machine(asker: Asker, tcp: bool) -> None:
    answer = await asker.ask("edge.sandbox.test", tcp=tcp)
    assert values(answer, "A") == ["127.0.0.1"]
    assert answer.flags & dns.flags.AA
    assert answer.flags & dns.flags.RA
    assert values(await asker.ask("edge.sandbox.test", "AAAA", tcp=tcp), "AAAA") == ["::1"]


async def test_a_cname_is_followed_to_its_end(caller: Caller, asker: Asker) -> None:
    await caller.point("shop.customer.test", "hop.customer.test")
    await caller.point("hop.customer.test")
    answer = await asker.ask("sHoP.customer.test")
    assert values(answer, "CNAME") == ["hop.customer.test.", "edge.sandbox.test."]
    assert values(answer, "A") == ["127.0.0.1"]
    only = await asker.ask("shop.customer.test", "CNAME")
    assert values(only, "CNAME") == ["hop.customer.test."]


@pytest.mark.parametrize(
    ("rdtype", "data"),
    [
        ("A", ["192.0.2.1", "192.0.2.2"]),
        ("AAAA", ["2001:db8::1"]),
        ("CAA", ['0 issue "letsencrypt.org"', '0 issuewild ";"']),
        ("DS", ["12345 13 2 " + "ab" * 32]),
        ("MX", ["10 mail.customer.test."]),
        ("NS", ["ns1.customer.test.", "ns2.customer.test."]),
        ("SOA", ["ns1.customer.test. admin.customer.test. 7 3600 600 86400 300"]),
        ("TXT", ['"v=spf1 -all"', '"two" "parts"']),
    ],
)
async def test_records_are_served_as_they_were_put_and_gone_when_deleted(
    caller: Caller, asker: Asker, rdtype: str, data: list[str]
) -> None:
    path = f"/dns/Customer.test./{rdtype.lower()}"
    assert (await caller.control("PUT", path, {"values": data, "ttl": 5})).status == 200
    answer = await asker.ask("customer.test", rdtype)
    assert sorted(values(answer, rdtype)) == sorted(data)
    assert answer.answer[0].ttl == 5
    assert (await caller.control("PUT", path, {"values": data[:1]})).status == 200
    assert values(await asker.ask("customer.test", rdtype), rdtype) == data[:1]
    assert (await caller.control("DELETE", path)).status == 204
    gone = await asker.ask("customer.test", rdtype)
    assert (gone.rcode(), gone.answer) == (dns.rcode.NXDOMAIN, [])


async def test_negative_answers_tell_apart_no_name_from_no_data_and_are_kept_a_second_at_most(
    caller: Caller, asker: Asker
) -> None:
    await caller.control("PUT", "/dns/shop.customer.test/TXT", {"values": ["x"]})
    soa = {"values": ["ns. admin. 1 3600 600 86400 3600"], "ttl": 3600}
    for name, rcode in (("shop.customer.test", dns.rcode.NOERROR), ("nix.customer.test", dns.rcode.NXDOMAIN)):
        for _ in range(2):
            answer = await asker.ask(name)
            assert (answer.rcode(), answer.answer) == (rcode, [])
            (authority,) = answer.authority
            assert authority.name.to_text() == "customer.test."
            assert min(authority.ttl, authority[0].minimum) <= 1
            await caller.control("PUT", "/dns/customer.test/SOA", soa)


async def test_the_zone_that_signs_a_negative_answer_owns_up_to_its_soa(caller: Caller, asker: Asker) -> None:
    await caller.point("shop.customer.test")
    assert len(values(await asker.ask("customer.test", "SOA"), "SOA")) == 1
    below = await asker.ask("shop.sub.customer.test", "SOA")
    assert (below.answer, below.rcode()) == ([], dns.rcode.NXDOMAIN)


@pytest.mark.parametrize(("payload", "fits"), [(None, False), (600, False), (4096, True)])
async def test_an_answer_too_big_for_the_asker_is_cut_and_says_so(
    caller: Caller, asker: Asker, payload: int | None, fits: bool
) -> None:
    texts = [f'"{number:02}{"x" * 100}"' for number in range(12)]
    await caller.control("PUT", "/dns/big.test/TXT", {"values": texts})
    query = dns.message.make_query("big.test", "TXT", use_edns=payload is not None, payload=payload or 0)
    answer = await asker.send(query)
    assert bool(answer.flags & dns.flags.TC) is not fits
    assert len(answer.to_wire()) <= (payload or 512)
    whole = await asker.send(query, tcp=True)
    assert len(values(whole, "TXT")) == 12


async def test_what_is_no_question_for_us_gets_the_code_that_says_so(asker: Asker) -> None:
    chaos = dns.message.make_query("version.bind", "TXT", rdclass=dns.rdataclass.CH)
    assert (await asker.send(chaos)).rcode() == dns.rcode.REFUSED
    notify = dns.message.make_query("a.test", "SOA")
    notify.set_opcode(dns.opcode.NOTIFY)
    assert (await asker.send(notify)).rcode() == dns.rcode.NOTIMP
    future = dns.message.make_query("a.test", "A", use_edns=1)
    assert (await asker.send(future)).rcode() == dns.rcode.BADVERS
    transfer = dns.message.make_query("a.test", "AXFR")
    assert (await asker.send(transfer, tcp=True)).rcode() == dns.rcode.NOTIMP


async def test_a_broken_packet_is_told_so_or_dropped_and_the_next_one_is_answered(asker: Asker) -> None:
    query = dns.message.make_query("edge.sandbox.test", "A").to_wire()
    formerr = await asker.datagram(query[:-3], within=60)
    assert formerr is not None
    assert formerr[:2] == query[:2]
    assert formerr[3] & 0x0F == dns.rcode.FORMERR
    response = query[:2] + bytes([query[2] | 0x80]) + query[3:]
    for unanswerable in (b"", query[:11], response):
        assert await asker.datagram(unanswerable) is None
    assert values(await asker.ask("edge.sandbox.test"), "A") == ["127.0.0.1"]


@given(st.one_of(st.binary(max_size=80), st.integers(0, 40).flatmap(lambda at: st.tuples(st.just(at), st.binary()))))
def test_no_packet_whatever_raises(packet: bytes | tuple[int, bytes]) -> None:
    query = dns.message.make_query("edge.sandbox.test", "A", use_edns=True).to_wire()
    wire = packet if isinstance(packet, bytes) else query[: packet[0]] + packet[1] + query[packet[0] + 1 :]
    reply = Nameserver(ZoneData(), Faults()).respond(wire, datagram=True)
    assert reply is None or reply.wire[:2] == wire[:2]


async def test_one_tcp_connection_carries_many_queries_and_survives_half_a_message(asker: Asker) -> None:
    reader, writer = await asyncio.open_connection(asker.host, asker.port)
    query = dns.message.make_query("edge.sandbox.test", "A").to_wire()
    framed = struct.pack("!H", len(query)) + query
    writer.write(framed + framed)
    for _ in range(2):
        (length,) = struct.unpack("!H", await reader.readexactly(2))
        assert dns.message.from_wire(await reader.readexactly(length)).answer
    writer.write(framed[:7])
    writer.close()
    await writer.wait_closed()
    assert values(await asker.ask("edge.sandbox.test", tcp=True), "A") == ["127.0.0.1"]


@pytest.mark.parametrize(("kind", "rcode"), [("servfail", dns.rcode.SERVFAIL), ("refuse", dns.rcode.REFUSED)])
@pytest.mark.parametrize("tcp", [False, True])
async def test_a_dns_fault_meets_its_names_so_many_times(
    caller: Caller, asker: Asker, kind: str, rcode: dns.rcode.Rcode, tcp: bool
) -> None:
    await caller.control("POST", "/faults", {"target": "dns", "kind": kind, "name": "sandbox.test", "times": 2})
    assert (await asker.ask("other.test", tcp=tcp)).rcode() == dns.rcode.NXDOMAIN
    assert [(await asker.ask("edge.sandbox.test", tcp=tcp)).rcode() for _ in range(3)] == [rcode, rcode, 0]


async def test_a_dns_timeout_is_silence_until_it_is_deleted(caller: Caller, asker: Asker) -> None:
    answer = await caller.control("POST", "/faults", {"target": "dns", "kind": "timeout"})
    query = dns.message.make_query("edge.sandbox.test", "A").to_wire()
    assert await asker.datagram(query) is None
    assert (await caller.control("DELETE", f"/faults/{answer.body['id']}")).status == 204
    assert await asker.datagram(query, within=60) is not None


async def test_queries_are_counted_by_type(caller: Caller, asker: Asker) -> None:
    for rdtype in ("A", "A", "CAA"):
        await asker.ask("a.test", rdtype)
    assert (await caller.control("GET", "/state")).body["dnsQueries"] == {"A": 2, "CAA": 1}


async def test_an_open_tcp_connection_does_not_hold_the_stop() -> None:
    async with Sandbox(SandboxSettings(api_port=0, dns_port=0, edge_port=0)) as sandbox:
        asker = Asker(sandbox)
        reader, writer = await asyncio.open_connection(asker.host, asker.port)
        await asker.ask("a.test", tcp=True)
        started = time.monotonic()
    assert time.monotonic() - started < 10
    assert await reader.read() == b""
    writer.close()
