"""Every server of a zone is asked; the resolvers show what the world still has."""

from dcvd.core.dns.facts import DnsFacts
from tests.dns.served import TARGET, Serve

RIGHT = {"customer.test": "app CNAME edge.sandbox.test."}
WRONG = {"customer.test": "app CNAME old.vendor.test."}
EMPTY = {"customer.test": "www A 192.0.2.1"}


def _servers(facts: DnsFacts) -> list[tuple[str, str | None]]:
    return [(server.outcome, server.cname) for server in facts.servers]


async def test_a_right_record_at_every_server(serve: Serve) -> None:
    facts = await (await serve(RIGHT, RIGHT)).look()
    assert (facts.outcome, facts.exists, facts.chain, facts.is_incomplete) == ("answered", True, (TARGET,), False)
    assert _servers(facts) == [("answered", TARGET), ("answered", TARGET)]
    assert [(resolver.outcome, resolver.cname) for resolver in facts.resolvers] == [("answered", TARGET)]
    assert facts.resolvers[0].ttl is not None
    assert facts.resolvers[0].ttl <= 60


async def test_a_right_record_costs_few_questions(serve: Serve) -> None:
    facts = await (await serve(RIGHT)).look()
    assert (facts.caa is not None, facts.target_caa is not None) == (True, True)
    nothing_more = (
        facts.other_records,
        facts.doubled_answer,
        facts.sibling_answer,
        facts.challenge,
        facts.proof_texts,
        facts.addresses,
    )
    assert nothing_more == ((), None, None, None, (), ())


async def test_one_lame_server_of_two_is_seen_and_the_other_believed(serve: Serve) -> None:
    facts = await (await serve(RIGHT, {})).look()
    assert _servers(facts) == [("answered", TARGET), ("refused", None)]
    assert facts.chain == (TARGET,)


async def test_servers_that_differ_are_seen_with_their_serials(serve: Serve) -> None:
    soa = "@ SOA ns.customer.test. a.customer.test. {} 3600 600 86400 60\n@ NS ns\nns A 192.0.2.53\n"
    newer = {"customer.test": soa.format(8) + "app CNAME edge.sandbox.test."}
    older = {"customer.test": soa.format(7) + "app CNAME old.vendor.test."}
    facts = await (await serve(newer, older)).look(thorough=True)
    assert _servers(facts) == [("answered", TARGET), ("answered", "old.vendor.test")]
    assert [server.serial for server in facts.servers] == [8, 7]
    assert facts.chain == (TARGET,)


async def test_no_record_is_told_from_no_name(serve: Serve) -> None:
    served = await serve({"customer.test": 'app TXT "hello"'})
    facts = await served.look()
    assert (facts.exists, facts.chain, facts.is_incomplete) == (True, (), False)
    facts = await served.look("nix.customer.test")
    assert (facts.exists, facts.chain, facts.is_incomplete) == (False, (), False)


async def test_an_old_answer_of_a_resolver_is_seen_beside_the_new_one(serve: Serve) -> None:
    facts = await (await serve(RIGHT, resolver=WRONG)).look()
    assert facts.chain == (TARGET,)
    (resolver,) = facts.resolvers
    assert (resolver.outcome, resolver.cname) == ("answered", "old.vendor.test")
    facts = await (await serve(RIGHT, resolver=EMPTY)).look()
    (resolver,) = facts.resolvers
    assert (resolver.exists, resolver.cname) == (False, None)
    assert resolver.ttl is not None


async def test_a_chain_is_followed_from_zone_to_zone(serve: Serve) -> None:
    zones = {
        "customer.test": "app CNAME a\na CNAME b.other.test.",
        "other.test": "b CNAME edge.sandbox.test.",
    }
    facts = await (await serve(zones)).look()
    assert facts.chain == ("a.customer.test", "b.other.test", TARGET)


async def test_a_chain_that_ends_elsewhere_shows_its_end_and_both_addresses(serve: Serve) -> None:
    zones = {"customer.test": "app CNAME a.other.test.", "other.test": "a A 192.0.2.7\na AAAA 2001:db8::7"}
    facts = await (await serve(zones)).look()
    assert (facts.chain, facts.is_incomplete) == (("a.other.test",), False)
    assert facts.addresses == ("192.0.2.7", "2001:db8::7")
    assert facts.target_addresses == ("127.0.0.1", "::1")
    assert facts.other_records == ()


async def test_a_loop_ends(serve: Serve) -> None:
    facts = await (await serve({"customer.test": "app CNAME a\na CNAME app"})).look(thorough=True)
    assert (facts.chain, facts.has_loop) == (("a.customer.test", "app.customer.test"), True)
    assert facts.addresses == ()
