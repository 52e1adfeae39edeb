"""Customers' zones: whose they are, their records, and what DNS says of them."""

from typing import Any

import dns.rcode
import pytest

from dcvd.sandbox.customers.presentation import PROXY_ADDRESSES
from dcvd.sandbox.nameserver.records import parse_name, parse_type
from tests.sandbox.conftest import Caller
from tests.sandbox.customers.tenant import Customer, customer

CNAME = {"type": "CNAME", "name": "app.customer.test", "content": "edge.sandbox.test"}


@pytest.fixture
async def owner(caller: Caller) -> Customer:
    return await customer(caller)


def in_dns(owner: Customer, name: str, rdtype: str) -> list[str]:
    """What is served at exactly that name."""
    resolution = owner.caller.sandbox.world.zone.resolve(parse_name(name), parse_type(rdtype))
    assert resolution.rcode in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN)
    return [
        rdata.to_text()
        for rrset in resolution.answer
        if (rrset.name, rrset.rdtype) == (parse_name(name), parse_type(rdtype))
        for rdata in rrset
    ]


async def test_a_record_is_served_from_its_creation_to_its_deletion(owner: Customer) -> None:
    record = await owner.add("CNAME", "app", "Edge.Sandbox.Test.", comment="ours", tags=["owner:us"])
    assert (record["name"], record["content"], record["ttl"], record["proxied"]) == (
        "app.customer.test",
        "edge.sandbox.test",
        1,
        False,
    )
    assert (record["comment"], record["tags"]) == ("ours", ["owner:us"])
    assert in_dns(owner, "app.customer.test", "CNAME") == ["edge.sandbox.test."]
    changed = (await owner.records("PATCH", f"/{record['id']}", {"content": "other.test", "ttl": 120})).result
    assert (changed["id"], changed["comment"], changed["ttl"]) == (record["id"], "ours", 120)
    assert in_dns(owner, "app.customer.test", "CNAME") == ["other.test."]
    put = (await owner.records("PUT", f"/{record['id']}", {**CNAME, "name": "www"})).result
    assert (put["id"], put["name"], put["ttl"], put["tags"], "comment" in put) == (
        record["id"],
        "www.customer.test",
        1,
        [],
        False,
    )
    assert in_dns(owner, "app.customer.test", "CNAME") == []
    assert (await owner.records("GET", f"/{record['id']}")).result == put
    assert (await owner.records("DELETE", f"/{record['id']}")).result == {"id": record["id"]}
    assert in_dns(owner, "www.customer.test", "CNAME") == []
    assert (await owner.records("GET", f"/{record['id']}")).error == (404, 81044)


@pytest.mark.parametrize(("name", "proxied"), [("app", False), ("app", True), ("@", False)])
async def test_a_hostname_becomes_active_by_a_record_of_its_zone(
    caller: Caller, owner: Customer, name: str, proxied: bool
) -> None:
    """Also where DNS shows addresses in its place: Cloudflare sees what its own zones hold."""
    record = await caller.create("customer.test" if name == "@" else f"{name}.customer.test")
    await caller.wait("5m")
    assert (await caller.get(record))["status"] == "pending"
    await owner.add("CNAME", name, "edge.sandbox.test", proxied=proxied)
    await caller.wait("5m")
    assert (await caller.get(record))["status"] == "active"


async def test_a_proxied_record_is_answered_with_cloudflares_addresses(owner: Customer) -> None:
    record = await owner.add("CNAME", "app", "edge.sandbox.test", proxied=True, ttl=600)
    assert record["ttl"] == 1
    assert in_dns(owner, "app.customer.test", "CNAME") == []
    assert in_dns(owner, "app.customer.test", "A") == [PROXY_ADDRESSES["A"]]
    assert in_dns(owner, "app.customer.test", "AAAA") == [PROXY_ADDRESSES["AAAA"]]
    await owner.records("PATCH", f"/{record['id']}", {"proxied": False})
    assert in_dns(owner, "app.customer.test", "CNAME") == ["edge.sandbox.test."]
    assert in_dns(owner, "app.customer.test", "A") == []


async def test_a_cname_at_the_apex_is_flattened(owner: Customer) -> None:
    await owner.add("CNAME", "@", "edge.sandbox.test")
    assert in_dns(owner, "customer.test", "A") == ["127.0.0.1"]
    assert in_dns(owner, "customer.test", "AAAA") == ["::1"]
    assert in_dns(owner, "customer.test", "CNAME") == []


@pytest.mark.parametrize(
    ("body", "served"),
    [
        ({"type": "A", "content": "192.0.2.1"}, "192.0.2.1"),
        ({"type": "AAAA", "content": "2001:DB8::0"}, "2001:db8::"),
        ({"type": "MX", "content": "mx.test", "priority": 5}, "5 mx.test."),
        ({"type": "NS", "content": "ns.other.test"}, "ns.other.test."),
        ({"type": "TXT", "content": 'say "hi" ' + "x" * 250}, '"say \\"hi\\" ' + "x" * 246 + '" "xxxx"'),
        ({"type": "TXT", "content": '"a" "b"'}, '"a" "b"'),
        ({"type": "CAA", "data": {"flags": 0, "tag": "issue", "value": "pki.goog"}}, '0 issue "pki.goog"'),
        (
            {"type": "SRV", "data": {"priority": 1, "weight": 2, "port": 3, "target": "sip.test"}},
            "1 2 3 sip.test.",
        ),
    ],
)
async def test_each_type_is_served_and_can_be_read_back(owner: Customer, body: dict[str, Any], served: str) -> None:
    record = (await owner.records("POST", body={"name": "it.customer.test", **body})).result
    assert in_dns(owner, "it.customer.test", body["type"]) == [served]
    assert (await owner.records("PUT", f"/{record['id']}", record)).result["content"] == record["content"]
    assert body.get("data") == record.get("data")


@pytest.mark.parametrize(
    ("there", "wanted", "number"),
    [
        (CNAME, {**CNAME, "content": "other.test"}, 81053),
        ({**CNAME, "type": "A", "content": "192.0.2.1"}, CNAME, 81053),
        ({**CNAME, "type": "AAAA", "content": "::1"}, CNAME, 81053),
        (CNAME, {**CNAME, "type": "A", "content": "192.0.2.1"}, 81054),
        ({**CNAME, "type": "NS"}, {**CNAME, "type": "TXT"}, 81056),
        (CNAME, {**CNAME, "type": "NS", "content": "ns.other.test"}, 81056),
        (CNAME, {**CNAME, "proxied": True}, 81057),
        (CNAME, CNAME, 81058),
    ],
)
async def test_conflicts_have_cloudflares_numbers_and_change_nothing(
    owner: Customer, there: dict[str, Any], wanted: dict[str, Any], number: int
) -> None:
    record = (await owner.records("POST", body=there)).result
    assert (await owner.records("POST", body=wanted)).error == (400, number)
    other = (await owner.records("POST", body={**CNAME, "type": "TXT", "name": "other"})).result
    assert (await owner.records("PUT", f"/{other['id']}", wanted)).error == (400, number)
    assert (await owner.records("GET", f"/{record['id']}")).result == record
    assert len((await owner.records()).result) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "LOC"},
        {"type": 1},
        {"name": "_.-.customer.test"},
        {"name": ""},
        {"name": "münchen"},
        {"content": "no host"},
        {"content": "app.customer.test"},
        {"content": None},
        {"ttl": 59},
        {"ttl": True},
        {"proxied": "yes"},
        {"comment": "x" * 101},
        {"tags": ["a b"]},
        {"type": "A"},
        {"type": "AAAA", "content": "192.0.2.1"},
        {"type": "MX"},
        {"type": "TXT", "proxied": True},
        {"type": "TXT", "content": '"open'},
        {"type": "CAA"},
        {"type": "CAA", "data": {"flags": 0, "tag": "issue", "value": '"'}},
        {"type": "SRV", "data": {"priority": 70000}},
    ],
)
async def test_what_cloudflare_would_not_take_is_a_validation_error(owner: Customer, wrong: dict[str, Any]) -> None:
    assert (await owner.records("POST", body={**CNAME, **wrong})).error == (400, 1004)
    assert (await owner.records()).result == []


async def test_the_list_is_filtered_ordered_and_paged(owner: Customer) -> None:
    for number in range(3):
        await owner.add("TXT", "many", f"n{number}", comment="Some")
    await owner.add("A", "one", "192.0.2.1", proxied=True)

    async def found(query: str) -> list[str]:
        return [record["content"] for record in (await owner.records("GET", f"?{query}")).result]

    assert await found("name.exact=MANY.customer.test") == ["n0", "n1", "n2"]
    assert await found("name=many.customer.test&content=n1") == ["n1"]
    assert await found("name.startswith=many&content.endswith=2") == ["n2"]
    assert await found("type=A") == await found("proxied=true") == await found("comment.absent") == ["192.0.2.1"]
    assert await found("comment=some&order=content&direction=desc") == ["n2", "n1", "n0"]
    assert await found("match=any&content=n1&type=A") == ["n1", "192.0.2.1"]
    assert await found("search=192.0") == ["192.0.2.1"]
    assert await found("per_page=3&page=2") == ["192.0.2.1"]
    info = (await owner.records("GET", "?per_page=3&page=2")).body["result_info"]
    assert info == {"page": 2, "per_page": 3, "count": 1, "total_count": 4, "total_pages": 2}
    for wrong in ("type=LOC", "proxied=maybe", "per_page=0", "tag=a", "match=some", "order=age"):
        assert (await owner.records("GET", f"?{wrong}")).error == (400, 6003)


async def test_zones_are_found_by_name_and_status(caller: Caller) -> None:
    await caller.control("POST", "/zones", {"name": "shop.test", "account": "Shop Ltd.", "status": "pending"})
    both = (await caller.control("POST", "/tokens", {"zones": ["customer.test", "shop.test"]})).body["token"]
    shop = Customer(caller, "", both)

    async def found(query: str) -> list[str]:
        return [zone["name"] for zone in (await shop.call("GET", f"/zones?{query}")).result]

    assert await found("") == ["customer.test", "shop.test"]
    assert await found("name=Customer.test") == await found("status=active") == ["customer.test"]
    assert await found("name=contains:shop") == await found("account.name=shop%20ltd.") == ["shop.test"]
    assert await found("name=test") == []
    assert await found("order=name&direction=desc&per_page=5") == ["shop.test", "customer.test"]
    for wrong in ("per_page=4", "per_page=51", "status=good", "name=like:x"):
        assert (await shop.call("GET", f"/zones?{wrong}")).error == (400, 6003)


async def test_a_token_sees_its_zones_alone_and_does_what_it_may(caller: Caller, owner: Customer) -> None:
    await caller.control("POST", "/zones", {"name": "shop.test"})
    other = await customer(caller, "shop.test")
    assert (await owner.call("GET", other.zone)).error == (403, 9109)
    assert (await owner.call("GET", f"{other.zone}/dns_records")).error == (403, 9109)
    assert (await owner.call("GET", "/zones/nonsense")).error == (404, 7003)
    assert (await owner.call("GET", owner.zone)).result["account"]["name"] == "Customer Inc."
    reader = await customer(caller, permissions=["zone.read", "dns.read"])
    assert (await reader.records()).result == []
    assert (await reader.records("POST", body=CNAME)).error == (403, 10000)
    writer = await customer(caller, permissions=["dns.write"])
    assert (await writer.call("GET", "/zones")).result == []
    assert (await writer.records("POST", body=CNAME)).status == 200
    # Neither side sees the other's part: the operator's zone of custom hostnames, the customers' zones of records.
    assert (await owner.call("GET", f"{caller.zone}/custom_hostnames")).error == (403, 9109)
    assert (await caller.cloudflare("GET", owner.zone)).error == (403, 9109)
    assert (await caller.cloudflare("GET", "/zones")).result == []


async def test_a_token_that_was_revoked_is_let_in_no_more(caller: Caller, owner: Customer) -> None:
    verified = (await owner.call("GET", "/user/tokens/verify")).result
    assert verified["status"] == "active"
    assert (await caller.control("DELETE", f"/tokens/{verified['id']}")).status == 204
    assert (await owner.call("GET", "/user/tokens/verify")).error == (401, 1000)
    assert (await owner.call("GET", "/zones")).error == (401, 10000)
    assert (await caller.control("DELETE", f"/tokens/{verified['id']}")).status == 404


async def test_records_set_in_dns_itself_stand_in_the_zone_too(caller: Caller, owner: Customer) -> None:
    await caller.control("PUT", "/dns/app.customer.test/A", {"values": ["192.0.2.1", "192.0.2.2"], "ttl": 5})
    await caller.control("PUT", "/dns/app.customer.test/MX", {"values": ["10 mx.test."]})
    await caller.control("PUT", "/dns/app.customer.test/HTTPS", {"values": ["1 ."]})
    shown = [(record["content"], record["ttl"], record.get("priority")) for record in (await owner.records()).result]
    assert shown == [("192.0.2.1", 60, None), ("192.0.2.2", 60, None), ("mx.test", 60, 10)]
    assert (await owner.records("POST", body=CNAME)).error == (400, 81053)
    await caller.control("DELETE", "/dns/app.customer.test/A")
    assert (await owner.records("POST", body=CNAME)).status == 200


async def test_a_zone_that_is_not_active_is_not_served_and_one_that_goes_takes_its_records(caller: Caller) -> None:
    await caller.control("POST", "/zones", {"name": "late.test", "status": "pending"})
    late = await customer(caller, "late.test")
    await late.add("A", "app", "192.0.2.1")
    assert in_dns(late, "app.late.test", "A") == []
    owner = await customer(caller)
    await owner.add("A", "app", "192.0.2.1")
    assert (await caller.control("DELETE", "/zones/customer.test")).status == 204
    assert in_dns(owner, "app.customer.test", "A") == []
    assert (await owner.records()).error == (403, 9109)


async def test_the_control_api_says_what_cannot_be_a_zone_or_a_token(caller: Caller) -> None:
    for name in ("", "test", "*.customer.test", "a b.test"):
        assert (await caller.control("POST", "/zones", {"name": name})).status == 400
    assert (await caller.control("POST", "/zones", {"name": "customer.test"})).status == 409
    assert (await caller.control("POST", "/zones", {"name": "b.test", "status": "good"})).status == 400
    assert (await caller.control("POST", "/tokens", {"zones": []})).status == 400
    assert (await caller.control("POST", "/tokens", {"zones": ["none.test"]})).status == 404
    assert (await caller.control("DELETE", "/zones/none.test")).status == 404


async def test_the_state_shows_zones_and_tokens_but_no_token_itself(caller: Caller, owner: Customer) -> None:
    await owner.add("CNAME", "app", "edge.sandbox.test", comment="ours")
    answer = await caller.control("GET", "/state")
    (zone,) = answer.body["zones"]
    assert (zone["name"], zone["account"], zone["records"][0]["comment"]) == ("customer.test", "Customer Inc.", "ours")
    assert answer.body["tokens"] == [
        {"id": "token-1", "kind": "api", "zones": ["customer.test"], "permissions": ["dns.write", "zone.read"]}
    ]
    assert owner.token not in answer.raw.decode()


async def test_faults_strike_calls_of_zones_as_any_other(caller: Caller, owner: Customer) -> None:
    await caller.control("POST", "/faults", {"kind": "status", "status": 503, "path": "/zones/*/dns_records"})
    assert (await owner.records()).error == (503, 10001)
    assert (await owner.call("GET", "/zones")).status == 200
