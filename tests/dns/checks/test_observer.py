"""Looks as a whole: their bounds, and what they share."""

import asyncio
import time

from msgspec.structs import replace

from dcvd.config import Config, SocketAddress
from dcvd.core.dns.facts import DnsCheckRequest, DnsFacts
from dcvd.dns import DnsObserver
from dcvd.dns.queries.budget import MAX_QUERIES
from dcvd.dns.queries.server_health import DOWN_FOR_S
from dcvd.sandbox import Sandbox
from tests.dns.conftest import SHORT, stubbed
from tests.dns.scripted import answer, scripted
from tests.dns.served import TARGET
from tests.faults import fault, heal, state


async def _facts(config: Config, hostname: str = "app.customer.test") -> DnsFacts:
    return (await DnsObserver(config).observe(DnsCheckRequest(hostname=hostname, target=TARGET))).facts


async def test_names_are_compared_without_regard_to_case(sandbox_config: Config, quick_sandbox: Sandbox) -> None:
    quick_sandbox.set_dns("app.customer.test", "CNAME", ["EDGE.sandbox.TEST."])
    assert (await _facts(sandbox_config)).chain == (TARGET,)


async def test_a_chain_without_end_is_left_after_a_few_hops(sandbox_config: Config, quick_sandbox: Sandbox) -> None:
    quick_sandbox.set_dns("app.customer.test", "CNAME", ["h0.customer.test."])
    for hop in range(20):
        quick_sandbox.set_dns(f"h{hop}.customer.test", "CNAME", [f"h{hop + 1}.customer.test."])
    facts = await _facts(sandbox_config)
    assert (len(facts.chain), facts.has_loop, facts.is_incomplete) == (9, False, False)


async def test_a_silent_resolver_is_passed_over_for_the_next(
    config: Config, quick_sandbox: Sandbox, silent: SocketAddress
) -> None:
    quick_sandbox.set_dns("app.customer.test", "CNAME", [f"{TARGET}."])
    quick = stubbed(config, [], resolver=quick_sandbox, timeout=SHORT).dns
    facts = await _facts(replace(config, dns=replace(quick, resolvers=(silent, *quick.resolvers))))
    assert facts.chain == (TARGET,)
    assert [resolver.outcome for resolver in facts.resolvers] == ["timeout", "answered"]


async def test_a_right_record_is_checked_at_one_resolver_and_a_wrong_one_at_all(
    sandbox_config: Config, quick_sandbox: Sandbox, other_sandbox: Sandbox
) -> None:
    second = stubbed(sandbox_config, [], resolver=other_sandbox).dns.resolvers
    both = replace(sandbox_config.dns, resolvers=(*sandbox_config.dns.resolvers, *second))
    config = replace(sandbox_config, dns=both)
    assert len((await _facts(config)).resolvers) == 2
    quick_sandbox.set_dns("app.customer.test", "CNAME", [f"{TARGET}."])
    assert len((await _facts(config)).resolvers) == 1


async def test_a_look_ends_at_its_deadline(config: Config, silent: SocketAddress) -> None:
    dns_config = replace(config.dns, resolvers=(silent,), timeout=100)
    async with asyncio.timeout(4):
        facts = await _facts(replace(config, dns=dns_config))
    assert (facts.outcome, facts.servers) == ("unanswered", ())


async def test_a_zones_private_name_servers_are_not_asked(sandbox_config: Config, quick_sandbox: Sandbox) -> None:
    quick_sandbox.set_dns("customer.test", "SOA", ["ns.customer.test. a.customer.test. 1 2 3 4 1"])
    quick_sandbox.set_dns("customer.test", "NS", ["ns.customer.test."])
    quick_sandbox.set_dns("ns.customer.test", "A", ["10.0.0.53"])
    quick_sandbox.set_dns("app.customer.test", "CNAME", [f"{TARGET}."])
    dns_config = replace(sandbox_config.dns, authoritative=True)
    async with asyncio.timeout(4):
        facts = await _facts(replace(sandbox_config, dns=dns_config))
    assert (facts.chain, facts.servers) == ((TARGET,), ())


async def test_many_looks_share_a_bounded_number_of_questions(config: Config) -> None:
    async with scripted(
        lambda query: answer(query, f"{query.question[0].name} 60 CNAME {TARGET}."), delay_s=0.002
    ) as server:
        dns_config = replace(config.dns, resolvers=(server.address,), concurrency=4)
        observer = DnsObserver(replace(config, dns=dns_config))
        questions = [DnsCheckRequest(hostname=f"n{number}.customer.test", target=TARGET) for number in range(50)]
        seen = await asyncio.gather(*(observer.observe(question) for question in questions))
    assert all(observation.facts.chain == (TARGET,) for observation in seen)
    assert server.most_at_once == 4


async def test_every_question_leaves_from_a_port_of_its_own(config: Config) -> None:
    async with scripted(lambda query: answer(query)) as server:
        dns_config = replace(config.dns, resolvers=(server.address,))
        await _facts(replace(config, dns=dns_config))
        assert len(server.ports) > 5
        assert len(set(server.ports)) > len(server.ports) / 2


async def test_many_records_are_kept_as_a_few(sandbox_config: Config, quick_sandbox: Sandbox) -> None:
    quick_sandbox.set_dns("app.customer.test", "A", [f"192.0.2.{number}" for number in range(200)])
    quick_sandbox.set_dns(
        "app.customer.test", "TXT", [f'"{"x" * 250}" "{"y" * 250}" "{number}"' for number in range(20)]
    )
    facts = await _facts(sandbox_config)
    assert len(facts.addresses) == 10
    assert len(facts.other_records) == 20
    assert max(len(record.value) for record in facts.other_records) <= 512


async def test_an_answer_that_breaks_us_costs_its_own_look_alone(
    sandbox_config: Config, quick_sandbox: Sandbox
) -> None:
    quick_sandbox.set_dns("customer.test", "SOA", ["ns.customer.test. a.customer.test. 1 2 3 4 1"])
    # A fault of ours where the zone's answers lead us.
    broken = [AttributeError("what is this?")]

    def make_label() -> str:
        while broken:
            raise broken.pop()
        return "nobody-has-this"

    observer = DnsObserver(sandbox_config, make_random_label=make_label)
    request = DnsCheckRequest(hostname="app.customer.test", target=TARGET)
    assert (await observer.observe(request)).facts.outcome == "unanswered"
    assert broken == []
    assert (await observer.observe(request)).facts.outcome == "answered"


async def test_a_name_that_dns_cannot_carry_is_not_looked_up(sandbox_config: Config, quick_sandbox: Sandbox) -> None:
    assert (await _facts(sandbox_config, "a" * 64 + ".customer.test")).outcome == "unanswered"
    assert (await state(quick_sandbox))["dnsQueries"] == {}


async def test_the_same_answer_is_asked_for_once_by_many_and_for_as_long_as_it_lives(
    sandbox_config: Config, quick_sandbox: Sandbox
) -> None:
    quick_sandbox.set_dns("*.customer.test", "CNAME", [f"{TARGET}."])
    quick_sandbox.set_dns(TARGET, "CAA", ['0 issue "pki.goog"'], ttl=60)
    observer = DnsObserver(sandbox_config)
    questions = [DnsCheckRequest(hostname=f"n{number}.customer.test", target=TARGET) for number in range(10)]
    await asyncio.gather(*(observer.observe(question) for question in questions))
    asked = (await state(quick_sandbox))["dnsQueries"]
    # Each hostname once, which shows its CNAME too, and the target once for all of them.
    assert asked == {"CAA": 11}


async def test_a_thorough_look_takes_nothing_from_memory(sandbox_config: Config, quick_sandbox: Sandbox) -> None:
    quick_sandbox.set_dns("app.customer.test", "CNAME", [f"{TARGET}."])
    quick_sandbox.set_dns(TARGET, "CAA", ['0 issue "pki.goog"'], ttl=60)
    observer = DnsObserver(sandbox_config)
    question = DnsCheckRequest(hostname="app.customer.test", target=TARGET)
    await observer.observe(question)
    quick_sandbox.set_dns(TARGET, "CAA", ['0 issue "letsencrypt.org"'], ttl=60)
    kept = (await observer.observe(question)).facts.target_caa
    fresh = (await observer.observe(replace(question, is_thorough=True))).facts.target_caa
    assert kept is not None
    assert fresh is not None
    assert (kept.issue, fresh.issue) == (("pki.goog",), ("letsencrypt.org",))


async def test_a_resolver_that_is_down_fails_looks_at_once_and_is_tried_again(
    config: Config, quick_sandbox: Sandbox
) -> None:
    ahead = 0.0
    quick_sandbox.set_dns("*.customer.test", "CNAME", [f"{TARGET}."])
    await fault(quick_sandbox, target="dns", kind="timeout")
    observer = DnsObserver(
        stubbed(config, [], resolver=quick_sandbox, timeout=200), monotonic=lambda: time.monotonic() + ahead
    )

    async def look(name: str) -> str:
        return (await observer.observe(DnsCheckRequest(hostname=f"{name}.customer.test", target=TARGET))).facts.outcome

    async def questions() -> int:
        return sum((await state(quick_sandbox))["dnsQueries"].values())

    assert {await look(f"n{number}") for number in range(5)} == {"unanswered"}
    asked = await questions()
    assert asked > 0
    assert await look("n5") == "unanswered"
    assert await questions() == asked
    await heal(quick_sandbox)
    assert await look("soon") == "unanswered"
    ahead = DOWN_FOR_S + 1
    assert await look("later") == "answered"


async def test_a_zone_whose_servers_are_silent_does_not_make_a_resolver_look_down(
    config: Config, quick_sandbox: Sandbox
) -> None:
    quick_sandbox.set_dns("app.customer.test", "CNAME", [f"{TARGET}."])
    for number in range(5):
        await fault(quick_sandbox, target="dns", kind="timeout", name=f"evil{number}.test")
    observer = DnsObserver(stubbed(config, [], resolver=quick_sandbox, timeout=SHORT))
    for number in range(5):
        await observer.observe(DnsCheckRequest(hostname=f"app.evil{number}.test", target=TARGET))
    facts = (await observer.observe(DnsCheckRequest(hostname="app.customer.test", target=TARGET))).facts
    assert facts.chain == (TARGET,)


async def test_a_look_that_asks_too_much_ends_with_what_it_has_seen(config: Config, quick_sandbox: Sandbox) -> None:
    assert MAX_QUERIES >= 100
    quick_sandbox.set_dns("app.customer.test", "CNAME", ["old.vendor.test."])
    facts = (
        await DnsObserver(stubbed(config, [quick_sandbox], resolver=quick_sandbox), max_queries=8).observe(
            DnsCheckRequest(hostname="app.customer.test", target=TARGET, is_thorough=True)
        )
    ).facts
    assert (facts.outcome, facts.chain) == ("answered", ("old.vendor.test",))
    assert sum((await state(quick_sandbox))["dnsQueries"].values()) == 8
