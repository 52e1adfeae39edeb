"""The walk from the parent of a registrable name down to its zone's servers, over servers that a test scripts."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import dns.rcode
import dns.rrset
import pytest
from dns.message import Message

from dcvd.core.diagnosis.dns import diagnose_dns
from dcvd.core.diagnosis.requirements import DnsRequirements
from dcvd.core.dns.facts import DnsFacts
from dcvd.core.domains.domain import Finding
from dcvd.core.records.zone_use import PublicZone
from tests.core.builders import NOW
from tests.dns.authority.internet import (
    CHILD,
    CHILD_TOO,
    HOSTNAME,
    PARENT,
    SOA,
    Internet,
    asked,
    leads_to,
    refers,
    right,
)
from tests.dns.scripted import answer, referral
from tests.dns.served import TARGET


@contextmanager
def _noting_tasks(names: list[str]) -> Iterator[None]:
    """Note the names of the coroutines that tasks are begun for."""

    def begin(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> asyncio.Task[Any]:
        names.append(coroutine.__qualname__)
        return asyncio.Task(coroutine, loop=loop, **options)

    loop = asyncio.get_running_loop()
    loop.set_task_factory(begin)
    try:
        yield
    finally:
        loop.set_task_factory(None)


async def test_the_parents_referral_leads_to_every_server_of_the_zone(internet: Internet) -> None:
    parent = await internet.serve(PARENT, refers("ns1.provider.test.", "ns2.provider.test."))
    await internet.serve(CHILD, right)
    await internet.serve(CHILD_TOO, right)
    facts = await internet.look()
    assert [(server.name, server.address, server.outcome) for server in facts.servers] == [
        ("ns1.provider.test", internet.at(CHILD), "answered"),
        ("ns2.provider.test", internet.at(CHILD_TOO), "answered"),
    ]
    assert facts.chain == (TARGET,)
    assert facts.is_registered is True
    assert (facts.zone, facts.nameservers) == ("customer.test", ("ns1.provider.test", "ns2.provider.test"))
    assert ("customer.test", "NS") in parent.asked


async def test_the_zones_servers_know_before_the_resolver_does(internet: Internet) -> None:
    await internet.serve(PARENT, refers("ns1.provider.test."))
    await internet.serve(CHILD, right)
    facts = await internet.look()
    assert facts.chain == (TARGET,)
    assert [resolver.cname for resolver in facts.resolvers] == ["old.vendor.test"]


@pytest.mark.parametrize("targets", [(TARGET, TARGET), (TARGET, "old.vendor.test"), ("old.vendor.test", TARGET)])
async def test_a_routine_look_reads_the_cname_and_the_caa_of_a_server_from_one_answer(
    internet: Internet, targets: tuple[str, str]
) -> None:
    await internet.serve(PARENT, refers("ns1.provider.test.", "ns2.provider.test."))
    servers = [
        await internet.serve(host, leads_to(target)) for host, target in zip((CHILD, CHILD_TOO), targets, strict=True)
    ]
    facts = await internet.look()
    assert [(server.outcome, server.cname, server.ttl) for server in facts.servers] == [
        ("answered", target, 60) for target in targets
    ]
    assert facts.caa is not None
    assert facts.caa.outcome == "answered"
    asked = [[rdtype for name, rdtype in server.asked if name == HOSTNAME] for server in servers]
    assert (asked[0].count("CAA"), asked[0].count("CNAME"), asked[1].count("CNAME")) == (1, 0, 1)


async def test_glue_finds_servers_that_are_named_in_their_own_zone(internet: Internet) -> None:
    glue = (f"ns.customer.test 60 A {CHILD}",)
    await internet.serve(PARENT, refers("ns.customer.test.", glue=glue))
    await internet.serve(CHILD, right)
    assert [server.address for server in (await internet.look()).servers] == [internet.at(CHILD)]


async def test_glue_for_names_of_somebody_else_is_not_believed(internet: Internet) -> None:
    def parent(query: Message) -> Message:
        return referral(query, "customer.test", ["ns.elsewhere.invalid."], [f"ns.elsewhere.invalid 60 A {CHILD}"])

    child = await internet.serve(CHILD, right)
    await internet.serve(PARENT, parent)
    facts = await internet.look()
    assert (facts.servers, child.asked) == ((), [])
    assert facts.nameservers == ("ns.elsewhere.invalid",)


async def test_glue_into_our_own_network_is_not_asked(internet: Internet) -> None:
    glue = ("ns.customer.test 60 A 10.0.0.53", "ns.customer.test 60 A 169.254.169.254")
    await internet.serve(PARENT, refers("ns.customer.test.", glue=glue))
    facts = await internet.look()
    assert facts.servers == ()
    assert facts.chain == ("old.vendor.test",)  # which is what the resolver has


async def test_a_referral_further_down_is_followed(internet: Internet) -> None:
    internet.known["ns.shop.customer.test"] = CHILD_TOO
    await internet.serve(PARENT, refers("ns1.provider.test."))
    await internet.serve(CHILD, refers("ns.shop.customer.test.", cut="shop.customer.test"))
    await internet.serve(CHILD_TOO, lambda query: answer(query, authority=[SOA.format(zone="shop.customer.test")]))
    facts = await internet.look("app.shop.customer.test")
    assert (facts.zone, facts.is_delegated) == ("shop.customer.test", True)
    assert [server.name for server in facts.servers] == ["ns.shop.customer.test"]


@pytest.mark.parametrize("cut", [".", "test", "customer.test", "elsewhere.test"])
async def test_a_referral_upward_sideways_or_to_itself_leads_nowhere(internet: Internet, cut: str) -> None:
    await internet.serve(PARENT, refers("ns1.provider.test."))
    child = await internet.serve(CHILD, refers("ns1.provider.test.", cut=cut))
    facts = await internet.look()
    assert [server.outcome for server in facts.servers] == ["not_authoritative"]
    assert len(child.asked) < 10


async def test_referrals_without_end_are_left(internet: Internet) -> None:
    labels = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]
    hostname = ".".join([*labels, "customer.test"])

    def deeper(query: Message) -> Message:
        depth = min(len(child.asked), len(labels))
        return referral(query, ".".join([*labels[-depth:], "customer.test"]), ["ns1.provider.test."])

    await internet.serve(PARENT, refers("ns1.provider.test."))
    child = await internet.serve(CHILD, deeper)
    facts = await internet.look(hostname)
    assert facts.outcome == "answered"
    assert len(child.asked) < 20


async def test_a_domain_that_its_parent_denies_is_not_registered(internet: Internet) -> None:
    def deny(query: Message) -> Message:
        response = answer(query, authority=[SOA.format(zone="test")])
        response.set_rcode(dns.rcode.NXDOMAIN)
        return response

    await internet.serve(PARENT, deny)
    facts = await internet.look("app.nobody.test")
    assert (facts.is_registered, facts.servers, facts.exists) == (False, (), False)


async def test_where_the_parent_is_silent_the_resolvers_name_the_servers(internet: Internet) -> None:
    internet.nameservers["customer.test"] = ["ns1.provider.test."]
    await internet.serve(PARENT, lambda _query: None)
    await internet.serve(CHILD, right)
    facts = await internet.look()
    assert [server.outcome for server in facts.servers] == ["answered"]
    assert facts.chain == (TARGET,)


async def test_the_parent_is_asked_once_for_all_names_of_a_zone_and_afresh_by_a_thorough_look(
    internet: Internet,
) -> None:
    parent = await internet.serve(PARENT, refers("ns1.provider.test."))
    child = await internet.serve(CHILD, right)
    for _ in range(3):
        await internet.look()
    assert parent.asked == [("customer.test", "NS")]
    assert child.asked.count((HOSTNAME, "CNAME")) == 3
    await internet.look(thorough=True)
    assert parent.asked.count(("customer.test", "NS")) == 2


async def test_what_is_known_of_a_parents_name_servers_is_not_asked_again_nor_waited_for(internet: Internet) -> None:
    names = ["ns.nic.test", *(f"ns{number}.nic.test" for number in range(7))]
    internet.nameservers["test"] = [f"{name}." for name in names]
    internet.known |= dict.fromkeys(names, PARENT)
    await internet.serve(PARENT, lambda query: referral(query, asked(query)[0], ["ns1.provider.test."]))
    await internet.serve(CHILD, leads_to(TARGET))
    await internet.look()
    assert {(name, "A") for name in names} <= set(internet.resolver.asked)
    internet.resolver.asked.clear()
    begun: list[str] = []
    with _noting_tasks(begun):
        await internet.look("app.other.test")
    assert not [
        name for name, _ in internet.resolver.asked if name == "test" or name.endswith((".nic.test", "provider.test"))
    ]
    assert "HostnameCheck._ask_resolvers" in begun
    assert not [name for name in begun if name.startswith("DelegationFinder.")]


async def test_a_server_that_is_down_costs_a_few_timeouts_and_not_one_a_domain(
    internet: Internet,
) -> None:
    await internet.serve(PARENT, lambda query: referral(query, asked(query)[0], ["ns1.provider.test."]))
    dead = await internet.serve(CHILD, lambda _query: None)
    for number in range(20):
        facts = await internet.look(f"app.c{number}.test")
        assert [server.outcome for server in facts.servers] == ["timeout"]
    assert len(dead.asked) < 10


async def test_name_servers_whose_names_do_not_exist_are_told_from_those_that_cannot_be_asked(
    internet: Internet,
) -> None:
    internet.known["ns.private.test"] = "10.0.0.53"
    await internet.serve(PARENT, refers("ns1.provider.test.", "ns.gone.invalid.", "ns.private.test."))
    await internet.serve(CHILD, right)
    facts = await internet.look()
    assert facts.unresolved_nameservers == ("ns.gone.invalid",)
    assert facts.chain == (TARGET,)
    (finding,) = [each for each in verdict(facts) if each.code == "ns_lame"]
    assert (finding.severity, finding.actor) == ("warning", "customer")
    assert "ns.gone.invalid cannot be found in DNS" in finding.message


async def test_a_zone_none_of_whose_name_servers_exists_is_an_error_of_its_owner(internet: Internet) -> None:
    await internet.serve(PARENT, refers("ns1.gone.invalid.", "ns2.gone.invalid."))
    (finding,) = [each for each in verdict(await internet.look(thorough=True)) if each.code == "ns_lame"]
    assert (finding.severity, finding.actor) == ("error", "customer")
    assert "None of the name servers of customer.test exists in DNS" in finding.message


async def test_of_several_cnames_at_a_name_all_are_shown(internet: Internet) -> None:
    def several(query: Message) -> Message | bytes:
        name, rdtype = asked(query)
        if rdtype != "CNAME" or name != HOSTNAME:
            return answer(query, authority=[SOA.format(zone="customer.test")])
        made = answer(query)
        made.answer = [
            dns.rrset.from_text(f"{HOSTNAME}.", 60, "IN", "CNAME", target)
            for target in (f"{TARGET}.", "old.vendor.test.")
        ]
        return made.to_wire()

    await internet.serve(PARENT, refers("ns1.provider.test."))
    await internet.serve(CHILD, several)
    for thorough in (False, True):
        facts = await internet.look(thorough=thorough)
        assert facts.cname_targets == (TARGET, "old.vendor.test")
        (finding,) = verdict(facts)
        assert (finding.code, finding.severity) == ("conflicting_records", "error")
        assert f"2 CNAME records, to {TARGET} and old.vendor.test" in finding.message
        assert "Delete those to old.vendor.test" in finding.message


def verdict(facts: DnsFacts) -> tuple[Finding, ...]:
    return diagnose_dns(facts, DnsRequirements(), NOW).findings


async def test_a_resolver_with_an_old_answer_is_asked_which_servers_it_still_asks(internet: Internet) -> None:
    internet.nameservers["customer.test"] = ["ns1.old.net.", "ns2.old.net."]
    await internet.serve(PARENT, refers("ns1.provider.test."))
    await internet.serve(CHILD, right)
    for thorough in (False, True):
        (resolver,) = (await internet.look(thorough=thorough)).resolvers
        assert (resolver.cname, resolver.nameservers) == ("old.vendor.test", ("ns1.old.net", "ns2.old.net"))
        assert resolver.nameservers_ttl == 60
    (finding,) = [each for each in verdict(await internet.look(thorough=True)) if each.code == "propagating"]
    assert "ns1.old.net and ns2.old.net" in finding.message


async def test_a_denial_of_caa_without_an_soa_is_none_to_strict_resolvers(internet: Internet) -> None:
    def careless(query: Message) -> Message:
        name, rdtype = asked(query)
        if rdtype == "CAA" and name == "customer.test":
            return answer(query)
        return right(query)

    await internet.serve(PARENT, refers("ns1.provider.test."))
    await internet.serve(CHILD, careless)
    internet.nameservers["customer.test"] = ["ns1.provider.test."]
    facts = await internet.look(thorough=True)
    assert facts.caa is not None
    assert (facts.caa.outcome, facts.caa.failed_name) == ("malformed", "customer.test")
    assert "caa_unanswered" in [finding.code for finding in verdict(facts)]


def _names(*nameservers: str) -> Callable[[Message], Message]:
    """The customer's zone, with the right record, which names these servers itself."""

    def script(query: Message) -> Message:
        name, rdtype = asked(query)
        if rdtype == "NS" and name == "customer.test":
            return answer(query, *(f"{name} 60 NS {server}" for server in nameservers))
        return right(query)

    return script


async def test_servers_that_the_zone_names_and_its_parent_does_not_are_asked_and_told_where_they_are_dead(
    internet: Internet,
) -> None:
    await internet.serve(PARENT, refers("ns1.provider.test."))
    await internet.serve(CHILD, _names("ns2.provider.test.", "ns.gone.invalid."))
    facts = await internet.look(thorough=True)
    assert [(each.name, each.outcome) for each in facts.own_servers] == [
        ("ns.gone.invalid", "unreachable"),
        ("ns2.provider.test", "unreachable"),
    ]
    (finding,) = [each for each in verdict(facts) if each.code == "ns_lame"]
    assert (finding.severity, finding.actor) == ("error", "customer")
    assert "names other name servers than its registrar does" in finding.message


async def test_servers_that_the_zone_names_and_that_serve_it_are_no_news(internet: Internet) -> None:
    await internet.serve(PARENT, refers("ns1.provider.test."))
    await internet.serve(CHILD, _names("ns1.provider.test.", "ns2.provider.test."))
    await internet.serve(CHILD_TOO, right)
    facts = await internet.look(thorough=True)
    assert [(each.name, each.outcome) for each in facts.own_servers] == [("ns2.provider.test", "answered")]
    assert [each for each in verdict(facts) if each.code == "ns_lame"] == []


async def test_the_public_zone_has_the_servers_of_its_parent_and_those_that_it_names_itself(internet: Internet) -> None:
    internet.nameservers["customer.test"] = ["ns2.provider.test."]
    await internet.serve(PARENT, refers("ns3.provider.test.", "ns1.provider.test."))
    await internet.serve(CHILD, right)
    found = await internet.observer.zones.find_public_zone(HOSTNAME)
    assert found == PublicZone(name="customer.test", nameservers=("ns1.provider.test", "ns3.provider.test"))


async def test_a_delegation_to_servers_that_are_silent_is_the_public_zone_all_the_same(internet: Internet) -> None:
    await internet.serve(PARENT, refers("ns1.provider.test.", "ns2.provider.test."))
    internet.is_silent_about = "app.customer.test"
    found = await internet.observer.zones.find_public_zone(HOSTNAME)
    assert found == PublicZone(
        name="customer.test", nameservers=("ns1.provider.test", "ns2.provider.test"), is_answered=False
    )
