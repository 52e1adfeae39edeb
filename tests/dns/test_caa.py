"""CAA: the climb of RFC 8659 from the hostname, and from the end of its chain."""

from dcvd.core.dns_facts import CaaPolicy
from tests.dns.served import Serve


async def test_no_caa_anywhere_allows_all(serve: Serve) -> None:
    zones = {"test": "", "customer.test": "app CNAME edge.sandbox.test.", "sandbox.test": "edge A 127.0.0.1"}
    facts = await (await serve(zones)).look()
    assert facts.caa == CaaPolicy(start="app.customer.test", outcome="answered")
    assert facts.target_caa == CaaPolicy(start="edge.sandbox.test", outcome="answered")


async def test_the_closest_name_above_decides(serve: Serve) -> None:
    caa = '@ CAA 0 issue "pki.goog; cansignhttpexchanges=yes"\n@ CAA 0 ISSUE "letsencrypt.org"\n@ CAA 0 issuewild ";"'
    zones = {"customer.test": f"{caa}\napp.shop CNAME edge.sandbox.test."}
    facts = await (await serve(zones)).look("app.shop.customer.test")
    assert facts.caa is not None
    assert (facts.caa.start, facts.caa.at) == ("app.shop.customer.test", "customer.test")
    assert facts.caa.issue is not None
    assert set(facts.caa.issue) == {"pki.goog; cansignhttpexchanges=yes", "letsencrypt.org"}
    assert facts.caa.issuewild == (";",)


async def test_records_without_issue_restrict_nothing_but_wildcards(serve: Serve) -> None:
    facts = await (await serve({"customer.test": '@ CAA 0 issuewild ";"'})).look()
    assert facts.caa is not None
    assert (facts.caa.at, facts.caa.issue, facts.caa.issuewild) == ("customer.test", None, (";",))


async def test_the_records_of_the_hostnames_target_come_before_those_above_the_hostname(serve: Serve) -> None:
    zones = {
        "customer.test": '@ CAA 0 issue "pki.goog"\napp CNAME edge.sandbox.test.',
        "sandbox.test": 'edge A 127.0.0.1\nedge CAA 0 issue "ssl.com"',
    }
    facts = await (await serve(zones)).look()
    assert facts.caa is not None
    assert facts.target_caa is not None
    assert (facts.caa.at, facts.caa.issue) == ("edge.sandbox.test", ("ssl.com",))
    assert (facts.target_caa.at, facts.target_caa.issue) == ("edge.sandbox.test", ("ssl.com",))


async def test_a_critical_property_that_nobody_knows_is_told(serve: Serve) -> None:
    facts = await (await serve({"customer.test": '@ CAA 128 tbs "x"\n@ CAA 128 issue "pki.goog"'})).look()
    assert facts.caa is not None
    assert (facts.caa.issue, facts.caa.critical) == (("pki.goog",), ("tbs",))
