"""Servers and resolvers that fail, each in its way: what was not seen is not told, and time is bounded."""

import asyncio
import socket
from contextlib import ExitStack

import dns.flags
import pytest
from dns.message import Message
from dns.rdatatype import RdataType
from msgspec.structs import replace

from dcvd.config import Config, SocketAddress
from dcvd.core.dns.facts import DnsCheckRequest, DnsFacts
from dcvd.dns import DnsObserver
from dcvd.errors import OwnLimitReached
from dcvd.sandbox import Sandbox
from tests.descriptors import no_descriptor_left
from tests.dns.conftest import SHORT, stubbed
from tests.dns.scripted import answer, scripted
from tests.dns.served import TARGET
from tests.faults import fault, heal

RIGHT = "app.customer.test"


@pytest.fixture
async def authority(quick_sandbox: Sandbox) -> Sandbox:
    """The customer's name server, with a right record."""
    quick_sandbox.set_dns(RIGHT, "CNAME", [f"{TARGET}."])
    return quick_sandbox


async def _facts(config: Config, *, thorough: bool = False, hostname: str = RIGHT) -> DnsFacts:
    question = DnsCheckRequest(hostname=hostname, target=TARGET, is_thorough=thorough)
    return (await DnsObserver(config).observe(question)).facts


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        ("servfail", "servfail"),
        ("refuse", "refused"),
        ("timeout", "timeout"),
        ("lame", "not_authoritative"),
        ("wrong_id", "timeout"),
    ],
)
async def test_one_failing_server_of_two_is_seen_and_the_other_believed(
    config: Config, authority: Sandbox, other_sandbox: Sandbox, kind: str, outcome: str
) -> None:
    other_sandbox.set_dns(RIGHT, "CNAME", [f"{TARGET}."])
    await fault(other_sandbox, target="dns", kind=kind)
    facts = await _facts(stubbed(config, [other_sandbox, authority], resolver=authority, timeout=SHORT))
    assert [server.outcome for server in facts.servers] == [outcome, "answered"]
    assert (facts.outcome, facts.chain, facts.is_incomplete) == ("answered", (TARGET,), False)


async def test_a_truncated_answer_is_fetched_over_tcp(config: Config, authority: Sandbox) -> None:
    await fault(authority, target="dns", kind="truncate")
    facts = await _facts(stubbed(config, [authority], resolver=authority))
    assert [server.outcome for server in facts.servers] == ["answered"]
    assert [resolver.outcome for resolver in facts.resolvers] == ["answered"]


async def test_a_slow_answer_is_waited_for(config: Config, authority: Sandbox) -> None:
    await fault(authority, target="dns", kind="slow", delay="50ms", type="CNAME")
    facts = await _facts(stubbed(config, [authority], resolver=authority, timeout=30_000))
    assert (facts.servers[0].outcome, facts.chain) == ("answered", (TARGET,))


async def test_a_lost_question_is_asked_again(config: Config, authority: Sandbox) -> None:
    await fault(authority, target="dns", kind="timeout", times=2)  # one at the server, one as resolver
    facts = await _facts(stubbed(config, [authority], resolver=authority, timeout=4_000))
    assert [server.outcome for server in facts.servers] == ["answered"]
    assert [resolver.outcome for resolver in facts.resolvers] == ["answered"]


@pytest.mark.parametrize("kind", ["servfail", "refuse", "timeout", "lame", "wrong_id", "bogus"])
async def test_failing_resolvers_say_nothing_of_the_domain(config: Config, authority: Sandbox, kind: str) -> None:
    await fault(authority, target="dns", kind=kind)
    facts = await _facts(stubbed(config, [], resolver=authority, timeout=SHORT))
    if kind == "bogus":
        assert (facts.outcome, facts.chain) == ("answered", (TARGET,))
        assert [(resolver.outcome, resolver.outcome_with_cd) for resolver in facts.resolvers] == [
            ("servfail", "answered")
        ]
        return
    assert (facts.outcome, facts.exists, facts.chain, facts.servers) == ("unanswered", False, (), ())
    assert len(facts.resolvers) == 1


async def test_failing_resolvers_beside_working_servers_are_facts_of_their_own(
    config: Config, authority: Sandbox, other_sandbox: Sandbox
) -> None:
    await fault(other_sandbox, target="dns", kind="servfail")
    facts = await _facts(stubbed(config, [authority], resolver=other_sandbox))
    assert (facts.outcome, facts.chain) == ("answered", (TARGET,))
    assert [(resolver.outcome, resolver.outcome_with_cd) for resolver in facts.resolvers] == [("servfail", "servfail")]


@pytest.mark.parametrize("kind", ["timeout", "servfail", "refuse"])
async def test_dead_servers_and_a_resolver_that_fails_for_that_are_no_missing_name(
    config: Config, authority: Sandbox, other_sandbox: Sandbox, kind: str
) -> None:
    await fault(authority, target="dns", kind=kind)
    await fault(other_sandbox, target="dns", kind="servfail")
    facts = await _facts(stubbed(config, [authority], resolver=other_sandbox, timeout=SHORT), thorough=True)
    assert (facts.outcome, facts.exists, facts.is_registered) == ("unanswered", False, None)
    expected = {"timeout": "timeout", "servfail": "servfail", "refuse": "refused"}[kind]
    assert [server.outcome for server in facts.servers] == [expected]


async def test_where_the_servers_are_dead_a_resolvers_cache_still_answers(
    config: Config, authority: Sandbox, other_sandbox: Sandbox
) -> None:
    await fault(other_sandbox, target="dns", kind="timeout")
    facts = await _facts(stubbed(config, [other_sandbox], resolver=authority, timeout=SHORT))
    assert (facts.outcome, facts.chain) == ("answered", (TARGET,))
    assert [server.outcome for server in facts.servers] == ["timeout"]


async def test_time_that_runs_out_leaves_what_was_seen(
    config: Config, authority: Sandbox, other_sandbox: Sandbox
) -> None:
    authority.set_dns(RIGHT, "CNAME", ["a.slow.test."])
    for name in ("slow.test", "sandbox.test"):
        await fault(other_sandbox, target="dns", kind="timeout", name=name)
    started = asyncio.get_running_loop().time()
    facts = await _facts(stubbed(config, [authority], resolver=other_sandbox, timeout=SHORT), thorough=True)
    assert asyncio.get_running_loop().time() - started < 4
    assert (facts.outcome, facts.chain, facts.is_incomplete) == ("answered", ("a.slow.test",), True)
    assert [server.outcome for server in facts.servers] == ["answered"]


async def test_addresses_that_nobody_tells_leave_the_look_incomplete(config: Config, authority: Sandbox) -> None:
    authority.set_dns("flat.customer.test", "A", ["127.0.0.1"])
    await fault(authority, target="dns", kind="servfail", type="A")
    facts = await _facts(stubbed(config, [authority], resolver=authority), hostname="flat.customer.test")
    assert (facts.exists, facts.chain, facts.is_incomplete) == (True, (), True)
    await heal(authority)
    facts = await _facts(stubbed(config, [authority], resolver=authority), hostname="flat.customer.test")
    assert (facts.addresses, facts.is_incomplete) == (("127.0.0.1",), False)


@pytest.mark.parametrize(("kind", "outcome"), [("servfail", "servfail"), ("timeout", "timeout"), ("refuse", "refused")])
async def test_servers_that_fail_for_caa_alone_are_seen_to(
    config: Config, authority: Sandbox, other_sandbox: Sandbox, kind: str, outcome: str
) -> None:
    for server in (authority, other_sandbox):
        await fault(server, target="dns", kind=kind, type="CAA", name="customer.test")
    facts = await _facts(stubbed(config, [authority], resolver=other_sandbox, timeout=SHORT), hostname=RIGHT)
    assert facts.chain == (TARGET,)
    assert facts.caa is not None
    assert (facts.caa.outcome, facts.caa.failed_name, facts.caa.owner_name) == (outcome, RIGHT, None)
    assert facts.target_caa is not None
    assert facts.target_caa.outcome == "answered"


async def test_servers_that_are_silent_about_caa_are_not_down_for_other_hostnames_of_the_zone(
    config: Config, authority: Sandbox, other_sandbox: Sandbox
) -> None:
    authority.set_dns("*.customer.test", "CNAME", [f"{TARGET}."])
    await fault(authority, target="dns", kind="timeout", type="CAA")
    observer = DnsObserver(stubbed(config, [authority], resolver=other_sandbox, timeout=SHORT))
    questions = [DnsCheckRequest(hostname=f"n{number}.customer.test", target=TARGET) for number in range(5)]
    seen = await asyncio.gather(*map(observer.observe, questions))
    assert [each.facts.chain for each in seen] == [(TARGET,)] * 5
    assert [each.facts.servers[0].outcome for each in seen] == ["answered"] * 5


@pytest.mark.parametrize(
    ("authority_of_caa", "is_aa"),
    [
        ("customer.test. 60 NS ns.customer.test.", False),
        (". 60 NS a.root.test.", False),
        ("customer.test. 60 NS ns.customer.test.", True),
    ],
)
async def test_a_server_that_refers_caa_to_itself_or_upwards_is_asked_for_the_cname(
    config: Config, authority: Sandbox, authority_of_caa: str, is_aa: bool
) -> None:
    def say(query: Message) -> Message:
        if query.question[0].rdtype == RdataType.CNAME:
            return answer(query, f"{RIGHT}. 60 CNAME {TARGET}.")
        said = answer(query, authority=[authority_of_caa])
        if not is_aa:
            said.flags &= ~dns.flags.AA
        return said

    async with scripted(say) as server:
        base = stubbed(config, [authority], resolver=authority, timeout=SHORT)
        facts = await _facts(replace(base, dns=replace(base.dns, stub_zones={"customer.test": (server.address,)})))
    assert [(each.outcome, each.cname) for each in facts.servers] == [("answered", TARGET)]
    assert facts.chain == (TARGET,)


async def test_silence_about_caa_keeps_no_resolver_of_a_wrong_hostname_from_being_asked(
    config: Config, authority: Sandbox, other_sandbox: Sandbox
) -> None:
    authority.set_dns(RIGHT, "CNAME", ["old.vendor.test."])
    for server in (authority, other_sandbox):
        await fault(server, target="dns", kind="timeout", type="CAA")
    base = stubbed(config, [authority], resolver=other_sandbox, timeout=SHORT)

    def say(query: Message) -> Message | None:
        return answer(query) if query.question[0].rdtype == RdataType.CNAME else None

    async with scripted(say) as second:
        resolvers = (*base.dns.resolvers, second.address)
        facts = await _facts(replace(base, dns=replace(base.dns, resolvers=resolvers)))
    assert facts.chain == ("old.vendor.test",)
    assert len(facts.resolvers) == 2


async def test_a_closed_port_is_told_from_silence(config: Config, authority: Sandbox, silent: SocketAddress) -> None:
    closed = SocketAddress("127.0.0.1", 1)
    dns_config = replace(
        stubbed(config, [authority], resolver=authority, timeout=SHORT).dns,
        stub_zones={"customer.test": (closed, silent)},
    )
    facts = await _facts(replace(config, dns=dns_config))
    assert [server.outcome for server in facts.servers] == ["unreachable", "timeout"]
    assert [server.name for server in facts.servers] == ["127.0.0.1:1", str(silent)]


async def test_one_answer_among_many_silent_servers_decides_when_time_runs_out(
    config: Config, authority: Sandbox
) -> None:
    base = stubbed(config, [authority], resolver=authority, timeout=SHORT).dns
    (good,) = base.stub_zones["customer.test"]
    hosts = [SocketAddress(f"127.0.0.{number}", good.port) for number in range(10, 22)]
    with ExitStack() as stack:
        for host in hosts:
            mute = stack.enter_context(socket.socket(type=socket.SOCK_DGRAM))
            mute.bind((host.host, host.port))
        dns_config = replace(base, stub_zones={"customer.test": (good, *hosts)}, concurrency=1)
        facts = await _facts(replace(config, dns=dns_config))
    assert (facts.outcome, facts.chain, facts.is_incomplete) == ("answered", (TARGET,), False)
    told = [server.outcome for server in facts.servers]
    assert told[0] == "answered"
    # Those that no question went out to, or only at the end, are not called silent.
    assert set(told[1:]) == {"timeout"}
    assert len(told) < 13


async def test_dead_zones_by_the_hundred_do_not_delay_a_healthy_one(config: Config, authority: Sandbox) -> None:
    base = stubbed(config, [authority], resolver=authority, timeout=30_000).dns
    (good,) = base.stub_zones["customer.test"]
    with ExitStack() as stack:
        stubs: dict[str, tuple[SocketAddress, ...]] = {"customer.test": (good,)}
        for number in range(100):
            host = SocketAddress(f"127.0.1.{number + 1}", good.port)
            mute = stack.enter_context(socket.socket(type=socket.SOCK_DGRAM))
            mute.bind((host.host, host.port))
            stubs[f"dead{number}.test"] = (host,)
        observer = DnsObserver(replace(config, dns=replace(base, stub_zones=stubs, concurrency=200)))
        dead = [
            asyncio.create_task(observer.observe(DnsCheckRequest(hostname=f"app.dead{number}.test", target=TARGET)))
            for number in range(100)
        ]
        await asyncio.sleep(0.05)
        facts = (await observer.observe(DnsCheckRequest(hostname=RIGHT, target=TARGET))).facts
        assert not any(look.done() for look in dead)
        assert facts.chain == (TARGET,)
        for task in dead:
            task.cancel()
        await asyncio.gather(*dead, return_exceptions=True)


@pytest.mark.parametrize("thorough", [False, True])
async def test_where_this_machine_has_no_descriptor_left_no_server_is_blamed(
    config: Config, authority: Sandbox, *, thorough: bool
) -> None:
    wanted = stubbed(config, [authority], resolver=authority)
    observer = DnsObserver(wanted)
    question = DnsCheckRequest(hostname=RIGHT, target=TARGET, is_thorough=thorough)
    with no_descriptor_left():
        facts = (await observer.observe(question)).facts
        with pytest.raises(OwnLimitReached):
            await observer.zones.read_records(RIGHT)
        assert not await observer.can_resolve()
    assert (facts.outcome, facts.servers, facts.resolvers) == ("unanswered", (), ())
    assert (await observer.observe(question)).facts.chain == (TARGET,)
