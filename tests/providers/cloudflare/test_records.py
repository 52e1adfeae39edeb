"""The driver of Cloudflare's DNS against the sandbox, which is held to Cloudflare's schema."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from msgspec.structs import replace

from dcvd.core.records.zones import Zone, ZoneRecord
from dcvd.errors import Permanent, RecordConflict, RemoteError, Retryable, Unauthorized
from tests.leaks import MARK
from tests.providers.cloudflare.customer import Customer, at_cloudflare

NAME = "app.customer.test"
AGAIN = 2
"""How often a fault has to strike a PUT or DELETE: aiohttp sends it again by itself where a kept connection breaks."""
WANTED = ZoneRecord(type="CNAME", name=NAME, value="edge.sandbox.test")


@pytest.fixture
async def customer() -> AsyncIterator[Customer]:
    async with at_cloudflare() as made:
        yield made


async def change(customer: Customer, *, add: list[ZoneRecord] | None = None, remove: bool = True) -> None:
    """All that stands there makes place for the wanted record."""
    present = await customer.driver.read(customer.zone, NAME)
    await customer.driver.change(customer.zone, present if remove else [], [WANTED] if add is None else add)


async def test_an_api_token_is_verified_and_names_the_account(customer: Customer) -> None:
    assert await customer.driver.check_credentials() == "Customer Inc."


async def test_an_access_token_which_cannot_be_verified_is_judged_by_the_zones_it_sees(customer: Customer) -> None:
    token = customer.token(zones=(), account="Customer Inc.", is_verifiable=False)
    assert await customer.driver_with(token).check_credentials() == "Customer Inc."


async def test_a_token_of_two_accounts_names_none(customer: Customer) -> None:
    await customer.control("POST", "/zones", {"name": "shop.test", "account": "Shop Ltd."})
    assert await customer.driver_with(customer.token(zones=("customer.test", "shop.test"))).check_credentials() is None


async def test_a_token_that_is_refused_is_unauthorized_and_not_shown(customer: Customer) -> None:
    with pytest.raises(Unauthorized) as caught:
        await customer.driver_with(f"{MARK}-of-cloudflare").check_credentials()
    assert caught.value.code == "provider_unauthorized"
    assert MARK not in f"{caught.value!r} {caught.value.message}"
    assert "Zone:Read and DNS:Edit" in caught.value.message


async def test_the_zone_is_found_by_walking_up_the_labels(customer: Customer) -> None:
    assert await customer.driver.find_zone("a.b.customer.test") == customer.zone
    assert await customer.driver.find_zone("customer.test") == customer.zone
    assert await customer.driver.find_zone("_acme-challenge.app.customer.test") == customer.zone
    assert await customer.driver.find_zone("notcustomer.test") is None


async def test_the_nearest_zone_is_taken(customer: Customer) -> None:
    await customer.control("POST", "/zones", {"name": "b.customer.test"})
    driver = customer.driver_with(customer.token(zones=("customer.test", "b.customer.test")))
    assert await driver.find_zone("a.b.customer.test") == customer.zone_named("b.customer.test")
    assert await driver.find_zone("c.customer.test") == customer.zone


async def test_a_zone_that_cloudflare_does_not_serve_says_so_and_one_that_moved_away_is_none(
    customer: Customer,
) -> None:
    zones = (
        ("b.customer.test", {"status": "pending"}),
        ("late.test", {"status": "initializing"}),
        ("cname.test", {"type": "partial"}),
        ("copy.test", {"type": "secondary"}),
        ("left.test", {"status": "moved"}),
    )
    for name, members in zones:
        await customer.control("POST", "/zones", {"name": name, **members})
    driver = customer.driver_with(customer.token(zones=[name for name, _ in zones]))
    for name in ("b.customer.test", "late.test"):
        assert await driver.find_zone(f"app.{name}") == replace(customer.zone_named(name), is_active=False)
    assert await driver.find_zone("app.cname.test") == replace(customer.zone_named("cname.test"), setup="partial")
    assert await driver.find_zone("app.copy.test") == replace(customer.zone_named("copy.test"), setup="secondary")
    assert await driver.find_zone("app.left.test") is None


async def test_a_zone_above_the_registrable_name_is_never_asked_for(customer: Customer) -> None:
    assert await customer.driver.find_zone("app.customer.co.uk") is None
    assert customer.calls() == {"GET /zones": 2}
    deep = ".".join(["x"] * 100)
    assert await customer.driver.find_zone(f"{deep}.customer.test") == customer.zone
    assert customer.calls()["GET /zones"] == 2 + 8


async def test_a_zone_that_the_token_does_not_see_is_not_there(customer: Customer) -> None:
    await customer.control("POST", "/zones", {"name": "shop.test"})
    assert await customer.driver.find_zone("app.shop.test") is None
    with pytest.raises(Unauthorized):
        await customer.driver.read(customer.zone_named("shop.test"), "app.shop.test")


async def test_all_that_stands_at_exactly_the_name_is_read_from_every_page(customer: Customer) -> None:
    for number in range(101):
        await customer.add("TXT", f"text {number}")
    await customer.add("TXT", "other", name=f"x.{NAME}")
    read = await customer.driver.read(customer.zone, NAME)
    assert [record.value for record in read] == [f"text {number}" for number in range(101)]
    assert customer.calls()["GET /zones/{zone_id}/dns_records"] == 2


async def test_values_are_those_of_dns(customer: Customer) -> None:
    await customer.add("MX", "Mx.Test.", priority=5)
    await customer.add("TXT", '"v=spf1 " "-\\"all"', ttl=60)
    await customer.add("A", "192.0.2.1", proxied=True)
    read = await customer.driver.read(customer.zone, NAME)
    assert [(record.type, record.value, record.ttl) for record in read] == [
        ("MX", "5 mx.test", 300),
        ("TXT", 'v=spf1 -"all', 60),
        ("A", "192.0.2.1", 300),
    ]


async def test_a_record_is_written_unproxied_and_says_whose_it_is(customer: Customer) -> None:
    await change(customer)
    (written,) = await customer.whole()
    assert (written["content"], written["proxied"], written["ttl"]) == ("edge.sandbox.test", False, 1)
    assert written["comment"] == "Written by dcvd"
    (read,) = await customer.driver.read(customer.zone, NAME)
    assert replace(read, id=None, raw=None, ttl=None) == WANTED


async def test_a_cname_is_replaced_in_one_call_and_keeps_its_id(customer: Customer) -> None:
    before = await customer.add("CNAME", "old.test", proxied=True, comment="mine", tags=["a:b"])
    await change(customer)
    (read,) = await customer.driver.read(customer.zone, NAME)
    assert (read.value, read.id) == ("edge.sandbox.test", before["id"])
    assert (await customer.whole())[0]["proxied"] is False
    assert "DELETE /zones/{zone_id}/dns_records/{dns_record_id}" not in customer.calls()


@pytest.mark.parametrize(
    "before",
    [
        [{"kind": "CNAME", "content": "old.test", "proxied": True, "comment": "mine", "tags": ["a:b"]}],
        [
            {"kind": "A", "content": "192.0.2.1", "proxied": True},
            {"kind": "AAAA", "content": "2001:db8::1", "ttl": 120, "comment": "six"},
        ],
        [{"kind": "CAA", "content": "", "data": {"flags": 0, "tag": "issue", "value": "pki.goog"}, "ttl": 60}],
        [{"kind": "MX", "content": "mx.test", "priority": 7}],
    ],
)
async def test_what_was_replaced_is_put_back_exactly(customer: Customer, before: list[dict[str, Any]]) -> None:
    for record in before:
        await customer.add(**record)
    whole = await customer.whole()
    present = await customer.driver.read(customer.zone, NAME)
    await customer.driver.change(customer.zone, present, [WANTED])
    assert await customer.standing() == [f"{NAME} CNAME edge.sandbox.test"]
    written = await customer.driver.read(customer.zone, NAME)
    await customer.driver.change(customer.zone, written, present)
    assert await customer.whole() == whole


@pytest.mark.parametrize("times", [1, 2])
async def test_a_change_that_was_made_before_is_done(customer: Customer, times: int) -> None:
    await customer.add("A", "192.0.2.1")
    present = await customer.driver.read(customer.zone, NAME)
    for _ in range(times):
        await customer.driver.change(customer.zone, present, [WANTED])
    assert await customer.standing() == [f"{NAME} CNAME edge.sandbox.test"]


async def test_only_what_was_read_is_taken_out(customer: Customer) -> None:
    await customer.add("TXT", "keep")
    await customer.add("A", "192.0.2.1", name="www.customer.test")
    await customer.add("A", "192.0.2.2")
    address = [record for record in await customer.driver.read(customer.zone, NAME) if record.type == "A"]
    await customer.driver.change(customer.zone, address, [ZoneRecord(type="A", name=NAME, value="192.0.2.3")])
    assert await customer.standing() == [
        f"{NAME} TXT keep",
        "www.customer.test A 192.0.2.1",
        f"{NAME} A 192.0.2.3",
    ]


async def test_a_text_that_was_not_read_keeps_a_cname_away(customer: Customer) -> None:
    await customer.add("TXT", "keep")
    await customer.add("A", "192.0.2.2")
    address = [record for record in await customer.driver.read(customer.zone, NAME) if record.type == "A"]
    with pytest.raises(RecordConflict, match="stands: TXT keep"):
        await customer.driver.change(customer.zone, address, [WANTED])
    assert await customer.standing() == [f"{NAME} TXT keep", f"{NAME} A 192.0.2.2"]


async def test_a_record_that_was_changed_since_it_was_read_is_left_alone(customer: Customer) -> None:
    await customer.add("A", "192.0.2.1")
    (seen,) = await customer.driver.read(customer.zone, NAME)
    with pytest.raises(RecordConflict) as caught:
        await customer.driver.change(customer.zone, [replace(seen, value="192.0.2.9")], [WANTED])
    assert caught.value.code == "record_conflict"
    assert "changed meanwhile, to A 192.0.2.1" in caught.value.message
    assert await customer.standing() == [f"{NAME} A 192.0.2.1"]


@pytest.mark.parametrize(
    ("kind", "content"), [("A", "192.0.2.1"), ("AAAA", "2001:db8::1"), ("CNAME", "old.test"), ("NS", "ns.other.test")]
)
async def test_what_is_in_the_way_is_a_conflict_that_names_it(customer: Customer, kind: str, content: str) -> None:
    await customer.add(kind, content)
    with pytest.raises(RecordConflict) as caught:
        await change(customer, remove=False)
    assert caught.value.code == "record_conflict"
    assert f"stands: {kind} {content}." in caught.value.message
    assert await customer.standing() == [f"{NAME} {kind} {content}"]


async def test_an_address_beside_a_cname_is_a_conflict_too(customer: Customer) -> None:
    await customer.add("CNAME", "old.test")
    with pytest.raises(RecordConflict, match="code 81054"):
        await change(customer, add=[ZoneRecord(type="A", name=NAME, value="192.0.2.1")], remove=False)
    assert await customer.standing() == [f"{NAME} CNAME old.test"]


@pytest.mark.parametrize("proxied", [True, False], ids=["81057", "81058"])
async def test_a_record_that_somebody_else_creates_meanwhile_is_done(customer: Customer, proxied: bool) -> None:
    """It appears between the look and the write."""
    customer.fetcher.after["GET"] = lambda: customer.add("CNAME", "edge.sandbox.test", proxied=proxied)
    await customer.driver.change(customer.zone, [], [WANTED])
    assert await customer.standing() == [f"{NAME} CNAME edge.sandbox.test"]
    (theirs,) = await customer.whole()
    assert (theirs["proxied"], theirs.get("comment")) == (proxied, None)


@pytest.mark.parametrize("kind", ["status", "refuse", "lost_answer"])
@pytest.mark.parametrize("before", ["A", "CNAME"])
async def test_a_write_whose_answer_is_lost_is_done_and_one_that_failed_leaves_what_was_there(
    customer: Customer, before: str, kind: str
) -> None:
    await customer.add(before, "192.0.2.1" if before == "A" else "old.test", comment="mine", proxied=True)
    whole = await customer.whole()
    if before == "A":
        await customer.fails("POST", kind=kind, times=1)
    else:
        await customer.fails("PUT", kind=kind, times=AGAIN)
    if kind == "lost_answer":
        await change(customer)
        assert await customer.standing() == [f"{NAME} CNAME edge.sandbox.test"]
        return
    with pytest.raises(Retryable) as caught:
        await change(customer)
    assert ("was put back" in caught.value.message) is (before == "A")
    assert await customer.whole() == whole


@pytest.mark.parametrize("kind", ["refuse", "lost_answer"])
async def test_a_deletion_whose_answer_is_lost_goes_on_where_it_was_done(customer: Customer, kind: str) -> None:
    await customer.add("A", "192.0.2.1")
    await customer.fails("DELETE", kind=kind, times=AGAIN)
    if kind == "lost_answer":
        await change(customer)
        assert await customer.standing() == [f"{NAME} CNAME edge.sandbox.test"]
        return
    with pytest.raises(Retryable):
        await change(customer)
    assert await customer.standing() == [f"{NAME} A 192.0.2.1"]


async def test_the_first_of_two_is_put_back_where_the_second_cannot_be_taken_out(customer: Customer) -> None:
    await customer.add("A", "192.0.2.1", comment="first")
    second = await customer.add("A", "192.0.2.2")
    await customer.fails("DELETE", f"/zones/*/dns_records/{second['id']}", kind="status", status=500)
    with pytest.raises(Retryable, match="was put back"):
        await change(customer)
    assert sorted(await customer.standing()) == [f"{NAME} A 192.0.2.1", f"{NAME} A 192.0.2.2"]


async def test_what_cannot_be_put_back_is_named(customer: Customer) -> None:
    await customer.add("A", "192.0.2.1")
    await customer.fails("POST", kind="status", status=503)
    with pytest.raises(Retryable) as caught:
        await change(customer)
    assert f"What stood at {NAME} before could not be put back: A 192.0.2.1." in caught.value.message


async def test_a_token_that_may_only_read_changes_nothing(customer: Customer) -> None:
    await customer.add("A", "192.0.2.1")
    reader = customer.driver_with(customer.token(("zone.read", "dns.read")))
    present = await reader.read(customer.zone, NAME)
    with pytest.raises(Unauthorized) as caught:
        await reader.change(customer.zone, present, [WANTED])
    assert caught.value.code == "provider_unauthorized"
    assert await customer.standing() == [f"{NAME} A 192.0.2.1"]


@pytest.mark.parametrize(("status", "wait"), [(429, "17"), (503, "")])
async def test_a_busy_cloudflare_is_asked_again_when_it_says(customer: Customer, status: int, wait: str) -> None:
    headers = {"Retry-After": wait} if wait else {}
    await customer.fails("GET", kind="status", status=status, headers=headers)
    with pytest.raises(Retryable) as caught:
        await customer.driver.read(customer.zone, NAME)
    assert caught.value.code == ("provider_rate_limited" if status == 429 else "provider_unavailable")
    assert caught.value.retry_after_s == (17 if wait else None)


async def test_a_zone_that_is_unknown_and_a_name_outside_are_refused(customer: Customer) -> None:
    with pytest.raises(RemoteError):
        await customer.driver.read(Zone(id="0" * 32, name="customer.test"), NAME)
    outside = replace(WANTED, name="app.notcustomer.test")
    with pytest.raises(Permanent, match="not in the zone"):
        await customer.driver.change(customer.zone, [], [outside])
    assert await customer.standing() == []


async def test_a_type_that_is_made_of_parts_is_not_invented(customer: Customer) -> None:
    with pytest.raises(Permanent, match="type CAA"):
        await change(customer, add=[ZoneRecord(type="CAA", name=NAME, value='0 issue "pki.goog"')])
