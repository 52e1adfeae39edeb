"""Where a hostname stands in the tree."""

from tests.dns.served import TARGET, Serve


async def test_the_zone_and_its_name_servers(serve: Serve) -> None:
    served = await serve({"customer.test": "app CNAME old.vendor.test."})
    facts = await served.look()
    assert (facts.zone, facts.nameservers, facts.is_apex) == ("customer.test", ("ns.customer.test",), False)
    assert (facts.is_delegated, facts.is_registered) == (False, True)


async def test_the_zone_of_a_name_that_is_not_there(serve: Serve) -> None:
    facts = await (await serve({"customer.test": "", "test": "customer NS ns.customer.test."})).look(
        "a.b.customer.test"
    )
    assert (facts.zone, facts.exists, facts.is_registered) == ("customer.test", False, True)


async def test_an_apex_is_where_a_zone_begins(serve: Serve) -> None:
    served = await serve({"customer.test": "@ A 192.0.2.1\nwww A 192.0.2.1"})
    facts = await served.look("customer.test")
    assert (facts.is_apex, facts.zone, facts.sibling_answer) == (True, "customer.test", None)
    assert not (await served.look("www.customer.test")).is_apex


async def test_a_part_that_was_delegated_away(serve: Serve) -> None:
    zones = {
        "customer.test": "shop NS ns.shop.customer.test.\nns.shop A 192.0.2.99",
        "shop.customer.test": "@ NS ns\n@ SOA ns a 1 3600 600 86400 60\nns A 192.0.2.99\nwww A 192.0.2.1",
    }
    served = await serve(zones)
    facts = await served.look("app.shop.customer.test")
    assert (facts.zone, facts.is_delegated, facts.is_registered) == ("shop.customer.test", True, True)
    assert facts.nameservers == ("ns.shop.customer.test",)
    assert not (await served.look()).is_delegated


async def test_a_domain_that_its_parent_denies_is_not_registered(serve: Serve) -> None:
    served = await serve({"test": "sandbox NS ns.sandbox.test."})
    facts = await served.look()
    assert (facts.outcome, facts.exists, facts.is_registered) == ("answered", False, False)


async def test_a_ds_record_is_seen_at_the_parent(serve: Serve) -> None:
    ds = "customer DS 12345 13 2 " + "ab" * 32
    zones = {"test": f"customer NS ns.customer.test.\n{ds}\nsandbox NS ns.sandbox.test.\nother NS ns.customer.test."}
    served = await serve({**zones, "customer.test": "", "other.test": ""})
    assert (await served.look()).has_ds is True
    assert (await served.look("app.other.test")).has_ds is not True


async def test_a_zones_own_servers_do_not_know_its_ds(serve: Serve) -> None:
    assert (await (await serve({"customer.test": ""})).look()).has_ds is None


async def test_a_thorough_look_at_a_right_record_shows_all_of_it(serve: Serve) -> None:
    facts = await (await serve({"customer.test": "app CNAME edge.sandbox.test."})).look(thorough=True)
    assert facts.chain == (TARGET,)
    assert facts.zone == "customer.test"
    assert facts.addresses == facts.target_addresses == ("127.0.0.1", "::1")
    assert facts.challenge is not None
    assert facts.doubled_answer is not None
    assert facts.sibling_answer is not None
    assert facts.servers[0].serial == 1
