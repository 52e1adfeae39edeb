"""Faults of the nameserver, as an asker meets them."""

import asyncio

import dns.flags
import dns.message
import dns.rcode
import pytest

from tests.sandbox.conftest import Caller
from tests.sandbox.nameserver.test_server import Asker, values

EDGE = "edge.sandbox.test"


@pytest.fixture
def asker(caller: Caller) -> Asker:
    return Asker(caller.sandbox)


async def strike(caller: Caller, kind: str, **members: object) -> None:
    answer = await caller.control("POST", "/faults", {"target": "dns", "kind": kind, **members})
    assert answer.status == 201, answer.raw


async def test_a_bogus_name_fails_until_checking_is_disabled(caller: Caller, asker: Asker) -> None:
    await strike(caller, "bogus", times=1)
    unchecked = dns.message.make_query(EDGE, "A")
    unchecked.flags |= dns.flags.CD
    answer = await asker.send(unchecked)
    assert values(answer, "A") == ["127.0.0.1"]
    assert answer.flags & dns.flags.CD
    assert [(await asker.ask(EDGE)).rcode() for _ in range(2)] == [dns.rcode.SERVFAIL, dns.rcode.NOERROR]


async def test_a_wrong_id_is_no_answer_to_the_query(caller: Caller, asker: Asker) -> None:
    await strike(caller, "wrong_id")
    query = dns.message.make_query(EDGE, "A")
    reply = await asker.datagram(query.to_wire(), within=60)
    assert reply is not None
    answer = dns.message.from_wire(reply)
    assert (answer.id != query.id, answer.question) == (True, query.question)


async def test_truncation_strikes_datagrams_alone(caller: Caller, asker: Asker) -> None:
    await strike(caller, "truncate", times=1)
    assert values(await asker.ask(EDGE, tcp=True), "A") == ["127.0.0.1"]
    cut = await asker.ask(EDGE)
    assert (bool(cut.flags & dns.flags.TC), cut.answer) == (True, [])
    assert not (await asker.ask(EDGE)).flags & dns.flags.TC


@pytest.mark.parametrize("tcp", [False, True])
async def test_a_slow_answer_takes_its_time_and_holds_no_other_back(caller: Caller, asker: Asker, tcp: bool) -> None:
    await strike(caller, "slow", delay="150ms", name=EDGE)
    loop = asyncio.get_running_loop()
    started = loop.time()
    slow = asyncio.create_task(asker.ask(EDGE, tcp=tcp))
    await asker.ask("other.test", tcp=tcp)
    assert not slow.done()
    assert values(await slow, "A") == ["127.0.0.1"]
    assert loop.time() - started >= 0.14


async def test_a_slow_answer_under_way_does_not_outlive_the_sandbox(caller: Caller, asker: Asker) -> None:
    await strike(caller, "slow", delay="200ms")
    assert await asker.datagram(dns.message.make_query(EDGE, "A").to_wire(), within=0.05) is None
    await caller.sandbox.stop()
    await asyncio.sleep(0.2)  # until the answer would have gone out, onto a socket that is closed


async def test_a_lame_server_refers_to_the_root_without_authority(caller: Caller, asker: Asker) -> None:
    await strike(caller, "lame")
    answer = await asker.ask(EDGE)
    assert not answer.flags & dns.flags.AA
    assert (answer.rcode(), answer.answer) == (dns.rcode.NOERROR, [])
    assert [rrset.name.to_text() for rrset in answer.authority] == ["."]


async def test_a_fault_of_one_type_leaves_the_others_alone(caller: Caller, asker: Asker) -> None:
    await strike(caller, "servfail", type="CAA", name="sandbox.test")
    assert (await asker.ask(EDGE, "CAA")).rcode() == dns.rcode.SERVFAIL
    assert values(await asker.ask(EDGE), "A") == ["127.0.0.1"]
