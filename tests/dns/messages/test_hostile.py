"""Servers that answer whatever they like: it is bounded, and what was not asked for is not believed."""

import asyncio
import struct
from collections.abc import Iterable

import dns.flags
import dns.message
import dns.rcode
import pytest
from dns.message import Message
from msgspec.structs import replace

from dcvd.config import Config, SocketAddress
from dcvd.core.dns.facts import DnsCheckRequest, DnsFacts
from dcvd.dns import DnsObserver
from tests.dns.conftest import SHORT
from tests.dns.scripted import Script, answer, scripted
from tests.dns.served import TARGET

HOSTNAME = "app.customer.test"


async def _facts(config: Config, server: SocketAddress, *, thorough: bool = False) -> DnsFacts:
    dns_config = replace(config.dns, resolvers=(server,), stub_zones={"customer.test": (server,)}, timeout=SHORT)
    question = DnsCheckRequest(hostname=HOSTNAME, target=TARGET, is_thorough=thorough)
    return (await DnsObserver(replace(config, dns=dns_config)).observe(question)).facts


def _right(query: Message) -> Message:
    name = query.question[0].name
    return answer(query, f"{name} 60 CNAME {TARGET}.") if query.question[0].rdtype.name == "CNAME" else answer(query)


def _cut(query: Message) -> Message:
    response = answer(query)
    response.flags |= dns.flags.TC
    return response


def _other_id(query: Message) -> bytes:
    wire = _right(query).to_wire()
    return bytes([wire[0] ^ 1]) + wire[1:]


def _other_question(query: Message) -> bytes:
    other = dns.message.make_query("www.customer.test", query.question[0].rdtype, id=query.id)
    return _right(other).to_wire()


def _question_back(query: Message) -> bytes:
    return query.to_wire()


def _garbage(query: Message) -> bytes:
    return struct.pack("!H", query.id) + b"\x84" + b"\xff" * 200


def _cut_off(query: Message) -> bytes:
    return _right(query).to_wire()[:-3]


def _compression_loop(query: Message) -> bytes:
    wire = bytearray(query.to_wire())
    wire[2:4] = b"\x84\x00"
    wire[6:8] = b"\x00\x01"
    wire[10:12] = b"\x00\x00"
    end = 12 + len(query.question[0].name.to_wire() or b"") + 4
    pointer = struct.pack("!H", 0xC000 | end)
    return bytes(wire[:end]) + pointer + struct.pack("!HHIH", 5, 1, 60, 2) + pointer


def _promises(query: Message) -> bytes:
    wire = bytearray(_right(query).to_wire())
    wire[6:8] = b"\xff\xff"
    return bytes(wire)


@pytest.mark.parametrize(
    ("script", "outcome"),
    [
        (_other_id, "timeout"),
        (_other_question, "timeout"),
        (_question_back, "timeout"),
        (_garbage, "timeout"),
        (_cut_off, "malformed"),
        (_compression_loop, "malformed"),
        (_promises, "malformed"),
        (lambda _query: b"", "timeout"),
    ],
)
@pytest.mark.sampled(3)
async def test_what_is_no_answer_is_not_believed(config: Config, script: Script, outcome: str) -> None:
    async with scripted(script) as server:
        facts = await _facts(config, server.address)
    assert (facts.outcome, facts.chain) == ("unanswered", ())
    assert [each.outcome for each in facts.servers] == [outcome]


async def test_the_right_answer_after_a_few_wrong_ones_is_found(config: Config) -> None:
    def guessed(query: Message) -> Iterable[bytes]:
        return [_other_id(query)] * 5 + [_right(query).to_wire()]

    async with scripted(guessed) as server:
        assert (await _facts(config, server.address)).chain == (TARGET,)


async def test_a_flood_of_guessed_ids_leads_to_tcp_where_nobody_can_guess(config: Config) -> None:
    def flooded(query: Message) -> Iterable[bytes]:
        return [*[_other_id(query)] * 40, _other_question(query)]

    async with scripted(flooded, tcp=_right) as server:
        assert (await _facts(config, server.address)).chain == (TARGET,)


async def test_records_about_other_names_are_left_aside(config: Config) -> None:
    def more(query: Message) -> Message:
        return answer(
            query,
            "www.customer.test 60 CNAME evil.test.",
            "app.customer.test.evil.test 60 A 192.0.2.66",
            authority=["evil.test 60 SOA ns.evil.test. a.evil.test. 1 2 3 4 5"],
        )

    async with scripted(more) as server:
        facts = await _facts(config, server.address)
    assert (facts.chain, facts.addresses, facts.other_records) == ((), (), ())
    assert facts.zone != "evil.test"


async def test_a_server_is_not_believed_about_zones_that_are_not_its_own(config: Config) -> None:
    def lying(query: Message) -> Message:
        name, rdtype = query.question[0].name.to_text(), query.question[0].rdtype.name
        if rdtype == "CNAME" or not name.endswith("customer.test."):
            return answer(query)
        return answer(query, f"{name} 60 CNAME {TARGET}.", f'{TARGET} 60 CAA 0 issue "evil.test"')

    def honest(query: Message) -> Message:
        return answer(query)

    async with scripted(lying) as server, scripted(honest) as resolver:
        stubs = {"customer.test": (server.address,)}
        dns_config = replace(config.dns, resolvers=(resolver.address,), stub_zones=stubs, timeout=SHORT)
        question = DnsCheckRequest(hostname=HOSTNAME, target=TARGET)
        facts = (await DnsObserver(replace(config, dns=dns_config)).observe(question)).facts
        assert ("edge.sandbox.test", "CAA") in resolver.asked
    assert facts.caa is not None
    assert facts.caa.issue is None


async def test_a_huge_answer_over_tcp_is_not_read(config: Config) -> None:
    async with scripted(_cut, tcp=lambda query: _right(query).to_wire() + bytes(60_000)) as server:
        facts = await _facts(config, server.address)
    assert [each.outcome for each in facts.servers] == ["malformed"]


async def test_hundreds_of_records_are_not_even_read(config: Config) -> None:
    query = dns.message.make_query(HOSTNAME, "CNAME")
    crowded = answer(query, *(f"{HOSTNAME} 60 A 192.0.{number // 250}.{number % 250}" for number in range(900)))
    wire = crowded.to_wire(max_size=65535)
    async with scripted(_cut, tcp=lambda query: query.id.to_bytes(2) + wire[2:]) as server:
        facts = await _facts(config, server.address)
    assert len(wire) < 16_384
    assert [each.outcome for each in facts.servers] == ["malformed"]


async def test_a_tcp_connection_that_never_speaks_is_left_at_the_deadline(config: Config) -> None:
    async with scripted(_cut, tcp=lambda _query: None) as server, asyncio.timeout(4):
        facts = await _facts(config, server.address)
    assert (facts.outcome, [each.outcome for each in facts.servers]) == ("unanswered", ["timeout"])


async def test_an_old_server_that_knows_no_edns_is_asked_without_it(config: Config) -> None:
    def old(query: Message) -> Message:
        if query.edns >= 0:
            refusal = dns.message.make_response(query)
            refusal.use_edns(False)
            refusal.set_rcode(dns.rcode.FORMERR)
            return refusal
        return _right(query)

    async with scripted(old) as server:
        facts = await _facts(config, server.address)
    assert [each.outcome for each in facts.servers] == ["answered"]
    assert facts.chain == (TARGET,)
