"""What explains a record that is wrong: each is a fact about a name, and the neighbour that lacks it shows none."""

from dcvd.core.dns.facts import ObservedRecord, OtherNameAnswer
from dcvd.dns import DnsObserver
from tests.dns.served import TARGET, Serve


async def test_what_stands_in_the_way_is_listed(serve: Serve) -> None:
    zone = 'app A 192.0.2.7\napp AAAA 2001:db8::7\napp MX 10 mail.customer.test.\napp TXT "v=spf1 -all"'
    facts = await (await serve({"customer.test": zone})).look()
    assert facts.other_records == (
        ObservedRecord("A", "192.0.2.7"),
        ObservedRecord("AAAA", "2001:db8::7"),
        ObservedRecord("MX", "10 mail.customer.test."),
        ObservedRecord("TXT", '"v=spf1 -all"'),
    )
    assert facts.addresses == ("192.0.2.7", "2001:db8::7")


async def test_a_flattened_record_is_right_and_asks_for_no_explanation(serve: Serve) -> None:
    facts = await (await serve({"customer.test": "@ A 127.0.0.1"})).look("customer.test")
    assert set(facts.addresses) & set(facts.target_addresses)
    assert (facts.is_apex, facts.other_records, facts.doubled_answer) == (True, (), None)


async def test_a_name_that_was_typed_whole_is_found_below_its_zone(serve: Serve) -> None:
    served = await serve({"customer.test": "app.customer.test CNAME edge.sandbox.test."})
    facts = await served.look()
    assert facts.doubled_answer == OtherNameAnswer(name="app.customer.test.customer.test", exists=True, cname=TARGET)
    facts = await served.look("www.customer.test")
    assert facts.doubled_answer == OtherNameAnswer(name="www.customer.test.customer.test", exists=False)


async def test_a_wildcard_answers_for_a_name_that_nobody_has(serve: Serve) -> None:
    served = await serve({"customer.test": "* CNAME old.vendor.test."}, {"customer.test": "* CNAME old.vendor.test."})
    served.observer = DnsObserver(served.config, make_random_label=lambda: "whatever")
    facts = await served.look()
    assert facts.chain == ("old.vendor.test",)
    assert facts.sibling_answer == OtherNameAnswer(name="whatever.customer.test", exists=True, cname="old.vendor.test")


async def test_a_wildcard_of_addresses_shows_them(serve: Serve) -> None:
    facts = await (await serve({"customer.test": "* A 192.0.2.9"})).look()
    assert facts.sibling_answer is not None
    assert (facts.sibling_answer.cname, facts.sibling_answer.addresses) == (None, ("192.0.2.9",))


async def test_without_a_wildcard_a_random_sibling_does_not_exist(serve: Serve) -> None:
    facts = await (await serve({"customer.test": "www A 192.0.2.1"})).look()
    assert facts.sibling_answer is not None
    assert not facts.sibling_answer.exists


async def test_the_challenge_is_seen_where_it_matters(serve: Serve) -> None:
    zone = "app CNAME edge.sandbox.test.\n_acme-challenge.app CNAME app.dcv.test."
    served = await serve({"customer.test": zone, "dcv.test": 'app TXT "token" "-two"'})
    assert (await served.look()).challenge is None
    facts = await served.look(challenge=True)
    assert facts.challenge is not None
    assert (facts.challenge.outcome, facts.challenge.chain) == ("answered", ("app.dcv.test",))
    assert facts.challenge.texts == ("token-two",)


async def test_an_old_challenge_is_seen_as_text_without_a_chain(serve: Serve) -> None:
    served = await serve({"customer.test": '_acme-challenge.app TXT "old"'})
    facts = await served.look(thorough=True)
    assert facts.challenge is not None
    assert (facts.challenge.chain, facts.challenge.texts) == ((), ("old",))


async def test_the_record_that_proves_a_claim_is_seen_where_it_matters(serve: Serve) -> None:
    zone = '_dcvd.app CNAME proofs.dcv.test.\n_dcvd.app2 TXT "v=other"\n_dcvd.app2 TXT "dcvd-" "one"'
    served = await serve({"customer.test": zone, "dcv.test": 'proofs TXT "dcvd-two"'})
    assert (await served.look()).proof_texts == ()
    assert (await served.look(proof=True)).proof_texts == ("dcvd-two",)
    assert sorted((await served.look("app2.customer.test", proof=True)).proof_texts) == ["dcvd-one", "v=other"]


async def test_a_name_too_long_for_what_stands_before_it_is_looked_at_all_the_same(serve: Serve) -> None:
    hostname = ".".join(["a" * 60] * 3 + ["b" * 55, "customer.test"])
    facts = await (await serve({"customer.test": ""})).look(hostname, thorough=True)
    assert (facts.outcome, facts.exists) == ("answered", False)
    assert (facts.challenge, facts.doubled_answer) == (None, None)
