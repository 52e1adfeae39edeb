"""CAA: the climb of RFC 8659 from the hostname, and from the end of its chain."""

import pytest

from dcvd.core.dns.facts import CaaPolicy
from tests.dns.served import Serve


async def test_no_caa_anywhere_allows_all(serve: Serve) -> None:
    zones = {"test": "", "customer.test": "app CNAME edge.sandbox.test.", "sandbox.test": "edge A 127.0.0.1"}
    facts = await (await serve(zones)).look()
    assert facts.caa == CaaPolicy(start_name="app.customer.test", outcome="answered")
    assert facts.target_caa == CaaPolicy(start_name="edge.sandbox.test", outcome="answered")


async def test_the_closest_name_above_decides(serve: Serve) -> None:
    caa = '@ CAA 0 issue "pki.goog; cansignhttpexchanges=yes"\n@ CAA 0 ISSUE "letsencrypt.org"\n@ CAA 0 issuewild ";"'
    zones = {"customer.test": f"{caa}\napp.shop CNAME edge.sandbox.test."}
    facts = await (await serve(zones)).look("app.shop.customer.test")
    assert facts.caa is not None
    assert (facts.caa.start_name, facts.caa.owner_name) == ("app.shop.customer.test", "customer.test")
    assert facts.caa.issue is not None
    assert set(facts.caa.issue) == {"pki.goog; cansignhttpexchanges=yes", "letsencrypt.org"}
    assert facts.caa.issuewild == (";",)


async def test_records_without_issue_restrict_nothing_but_wildcards(serve: Serve) -> None:
    facts = await (await serve({"customer.test": '@ CAA 0 issuewild ";"'})).look()
    assert facts.caa is not None
    assert (facts.caa.owner_name, facts.caa.issue, facts.caa.issuewild) == ("customer.test", None, (";",))


async def test_the_records_of_the_hostnames_target_come_before_those_above_the_hostname(serve: Serve) -> None:
    zones = {
        "customer.test": '@ CAA 0 issue "pki.goog"\napp CNAME edge.sandbox.test.',
        "sandbox.test": 'edge A 127.0.0.1\nedge CAA 0 issue "ssl.com"',
    }
    facts = await (await serve(zones)).look()
    assert facts.caa is not None
    assert facts.target_caa is not None
    assert (facts.caa.owner_name, facts.caa.issue) == ("edge.sandbox.test", ("ssl.com",))
    assert (facts.target_caa.owner_name, facts.target_caa.issue) == ("edge.sandbox.test", ("ssl.com",))


@pytest.mark.parametrize("at", ["a.b.customer.test", "b.customer.test", "customer.test", "test"])
async def test_the_climb_goes_on_over_empty_names_up_to_the_top_level(serve: Serve, at: str) -> None:
    caa = '@ CAA 0 issue "pki.goog"'
    zones = {"test": "", "customer.test": "app.a.b A 192.0.2.1"}
    zone = "test" if at == "test" else "customer.test"
    zones[zone] += "\n" + caa.replace("@", f"{at}.")
    facts = await (await serve(zones)).look("app.a.b.customer.test")
    assert facts.caa == CaaPolicy(
        start_name="app.a.b.customer.test",
        outcome="answered",
        owner_name=at,
        issue=("pki.goog",),
        issuewild=None,
        critical_tags=(),
    )


@pytest.mark.parametrize(
    ("record", "critical"),
    [
        ('128 TBS "x"', ("tbs",)),
        ('129 tbs "x"', ("tbs",)),
        ('255 tbs "x"', ("tbs",)),
        # Only the highest bit is that flag, also where somebody counted the bits from the other end.
        ('0 tbs "x"', ()),
        ('1 tbs "x"', ()),
        ('127 tbs "x"', ()),
        *((f'128 {tag} "x"', ()) for tag in ("issue", "ISSUE", "issuewild", "iodef", "contactemail", "contactphone")),
        *((f'128 {tag} "x"', ()) for tag in ("issuemail", "issuevmc")),
    ],
)
@pytest.mark.sampled(5)
async def test_only_an_unknown_property_with_the_highest_bit_is_critical(
    serve: Serve, record: str, critical: tuple[str, ...]
) -> None:
    facts = await (await serve({"customer.test": f"@ CAA {record}"})).look()
    assert facts.caa is not None
    assert (facts.caa.owner_name, facts.caa.critical_tags) == ("customer.test", critical)


async def test_a_critical_property_that_nobody_knows_is_told(serve: Serve) -> None:
    facts = await (await serve({"customer.test": '@ CAA 128 tbs "x"\n@ CAA 128 issue "pki.goog"'})).look()
    assert facts.caa is not None
    assert (facts.caa.issue, facts.caa.critical_tags) == (("pki.goog",), ("tbs",))
