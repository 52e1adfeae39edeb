"""Records at GoDaddy, over real sockets, against a server that behaves as GoDaddy does."""

import re
import time

import pytest
from aiohttp import web
from msgspec.structs import replace

from dcvd.core.connections.credentials import ApiToken, KeyPair, OauthTokens
from dcvd.core.records.zones import Zone, ZoneRecord
from dcvd.core.secret import Secret
from dcvd.errors import Permanent, RecordConflict, Retryable, Unauthorized
from dcvd.providers.godaddy.budgets import GodaddyBudgets
from dcvd.providers.godaddy.records import GodaddyRecords
from tests.providers.godaddy.server import KEY, OWN_NAME_SERVERS, PAT, TOKEN, GodaddyServer, godaddy, problem

ZONE = Zone(id="customer.com", name="customer.com", nameservers=OWN_NAME_SERVERS, provider="GoDaddy")
NAME = "www.customer.com"
CNAME = ZoneRecord(type="CNAME", name=NAME, value="edge.saas.example", ttl=300)
ALLOWED = re.compile(
    r"GET /v1/domains\?limit=1|GET /v1/domains/[a-z.]+|(GET|PUT|DELETE) /v1/domains/[a-z.]+/records/[A-Z]+/[^/]+"
)


@pytest.fixture
def server() -> GodaddyServer:
    return GodaddyServer()


def spelled(records: list[ZoneRecord]) -> list[tuple[str, str]]:
    return [(record.type, record.value) for record in records]


async def replaced(driver: GodaddyRecords, *add: ZoneRecord) -> None:
    """As the writing of a record does it."""
    await driver.change(ZONE, await driver.read(ZONE, NAME), add)


@pytest.mark.parametrize(
    "credentials", [PAT, KEY, OauthTokens(access_token=Secret(TOKEN))], ids=["pat", "key", "oauth"]
)
async def test_a_record_is_written_read_and_removed_with_every_kind_of_credential(
    server: GodaddyServer, credentials: OauthTokens | ApiToken | KeyPair
) -> None:
    async with godaddy(server, credentials) as driver:
        assert await driver.check_credentials() is None
        zone = await driver.find_zone(NAME)
        assert zone == ZONE
        await driver.change(zone, [], [CNAME])
        found = await driver.read(zone, NAME)
        assert server.at("www") == [("CNAME", "edge.saas.example", 600)]
        assert spelled(found) == [("CNAME", "edge.saas.example")]
        await driver.change(zone, found, [])
        assert await driver.read(zone, NAME) == []


async def test_no_call_is_ever_made_but_those_of_one_type_and_name(server: GodaddyServer) -> None:
    server.zones["other.com"] = [{"type": "A", "name": "@", "data": "192.0.2.9", "ttl": 600}]
    server.has("A", "@", "192.0.2.1")
    server.has("A", "www", "192.0.2.2")
    server.has("TXT", "www", "v=spf1 -all")
    server.has("CNAME", "shop", "shops.example")
    async with godaddy(server) as driver:
        await driver.check_credentials()
        await driver.find_zone("a.b.www.customer.com")
        before = await driver.read(ZONE, NAME)
        await driver.change(ZONE, before, [CNAME])
        await driver.change(ZONE, await driver.read(ZONE, NAME), before)
    assert [call for call in server.calls if not ALLOWED.fullmatch(" ".join(call))] == []
    assert {path.rpartition("/")[2] for method, path in server.calls if method != "GET"} == {"www"}
    assert server.at("www") == [("A", "192.0.2.2", 3600), ("TXT", "v=spf1 -all", 3600)]
    assert server.at("@") == [("A", "192.0.2.1", 3600)]
    assert server.at("shop") == [("CNAME", "shops.example", 3600)]
    assert server.at("@", "other.com") == [("A", "192.0.2.9", 600)]


async def test_a_read_costs_one_call_where_a_cname_stands_and_seven_where_none_does(server: GodaddyServer) -> None:
    server.has("CNAME", "shop", "Shops.Example.")
    async with godaddy(server) as driver:
        assert spelled(await driver.read(ZONE, "shop.customer.com")) == [("CNAME", "shops.example")]
        assert len(server.calls) == 1
        await driver.read(ZONE, NAME)
        assert len(server.calls) == 8


async def test_a_record_that_goes_leaves_others_of_its_type_as_they_were(server: GodaddyServer) -> None:
    server.has("TXT", "www", "keep me", ttl=7200)
    server.has("TXT", "www", "ours")
    ours = ZoneRecord(type="TXT", name=NAME, value="ours")
    new = ZoneRecord(type="TXT", name=NAME, value="new", ttl=1_000_000)
    async with godaddy(server) as driver:
        await driver.change(ZONE, [ours], [new])
        assert server.at("www") == [("TXT", "keep me", 7200), ("TXT", "new", 86_400)]
        await driver.change(ZONE, [new], [])
    assert server.at("www") == [("TXT", "keep me", 7200)]


async def test_what_was_taken_out_comes_back_exactly_as_it_was(server: GodaddyServer) -> None:
    server.has("MX", "www", "Mail.Example", ttl=601, priority=7)
    server.has("A", "www", "192.0.2.1", ttl=602)
    was = [dict(entry) for entry in server.zones["customer.com"]]
    async with godaddy(server) as driver:
        before = await driver.read(ZONE, NAME)
        assert spelled(before) == [("A", "192.0.2.1"), ("MX", "7 mail.example")]
        await driver.change(ZONE, before, [CNAME])
        assert server.at("www") == [("CNAME", "edge.saas.example", 600)]
        await driver.change(ZONE, await driver.read(ZONE, NAME), before)
    by_type = {entry["type"]: entry for entry in server.zones["customer.com"]}
    assert [by_type[entry["type"]] for entry in was] == was


async def test_an_mx_record_is_written_from_its_text(server: GodaddyServer) -> None:
    async with godaddy(server) as driver:
        await driver.change(ZONE, [], [ZoneRecord(type="MX", name=NAME, value="10 mail.example")])
        with pytest.raises(Permanent, match="not the value of an MX record"):
            await driver.change(ZONE, [], [ZoneRecord(type="MX", name=NAME, value="mail.example")])
    assert server.zones["customer.com"][0]["priority"] == 10


async def test_a_cname_in_the_place_of_another_is_one_call_that_changes(server: GodaddyServer) -> None:
    server.has("CNAME", "www", "old.example")
    async with godaddy(server) as driver:
        await replaced(driver, CNAME)
    assert [method for method, _ in server.calls if method != "GET"] == ["PUT"]


async def test_a_cname_that_somebody_changed_meanwhile_is_not_replaced(server: GodaddyServer) -> None:
    async with godaddy(server) as driver:
        before = await driver.read(ZONE, NAME)
        server.has("CNAME", "www", "somebody.example")
        with pytest.raises(RecordConflict, match="stands: CNAME somebody"):
            await driver.change(ZONE, before, [CNAME])
    assert server.at("www") == [("CNAME", "somebody.example", 3600)]


async def test_a_refused_record_leaves_what_stood_there(server: GodaddyServer) -> None:
    server.has("A", "www", "192.0.2.1")
    refusal = problem(422, "INVALID", "No <b>such</b> host")
    server.fault = lambda method, path: refusal if method == "PUT" and "CNAME" in path else None
    async with godaddy(server) as driver:
        with pytest.raises(Permanent, match="No b such /b host") as caught:
            await replaced(driver, CNAME)
    assert (caught.value.code, caught.value.http_status) == ("provider_refused", 422)
    assert server.at("www") == [("A", "192.0.2.1", 3600)]


async def test_an_outage_in_the_middle_leaves_what_stood_there(server: GodaddyServer) -> None:
    server.has("A", "www", "192.0.2.1")
    server.fault = lambda method, path: problem(502, "", "") if method == "PUT" and "CNAME" in path else None
    async with godaddy(server) as driver:
        with pytest.raises(Retryable, match="was put back"):
            await replaced(driver, CNAME)
    assert server.at("www") == [("A", "192.0.2.1", 3600)]


async def test_a_record_that_appears_at_the_last_moment_is_a_conflict(server: GodaddyServer) -> None:
    """GoDaddy refuses a CNAME beside others; of types that do not change only its refusal tells us."""
    async with godaddy(server) as driver:
        before = await driver.read(ZONE, NAME)
        server.has("TXT", "www", "somebody's")
        with pytest.raises(RecordConflict):
            await driver.change(ZONE, before, [CNAME])
    assert server.at("www") == [("TXT", "somebody's", 3600)]


async def test_a_lost_answer_of_what_was_done_does_no_harm(server: GodaddyServer) -> None:
    server.has("A", "www", "192.0.2.1")
    server.done_first = True
    lost: set[str] = set()

    def once(method: str, path: str) -> web.StreamResponse | None:
        if method == "GET" or method in lost:
            return None
        lost.add(method)
        return problem(504, "", "")

    server.fault = once
    async with godaddy(server) as driver:
        await replaced(driver, CNAME)
    assert lost == {"DELETE", "PUT"}
    assert server.at("www") == [("CNAME", "edge.saas.example", 600)]


async def test_what_stood_there_is_put_back_after_the_pause_that_godaddy_asks_for(server: GodaddyServer) -> None:
    server.has("A", "www", "192.0.2.1")
    puts: list[str] = []

    def refuse_first_put(method: str, path: str) -> web.StreamResponse | None:
        if method == "PUT":
            puts.append(path)
        return problem(429, "TOO_MANY_REQUESTS", "", retryAfterSec=20) if method == "PUT" and len(puts) == 1 else None

    server.fault = refuse_first_put
    async with godaddy(server, budgets=GodaddyBudgets(monotonic=lambda: 20 * time.monotonic())) as driver:
        before = await driver.read(ZONE, NAME)
        with pytest.raises(Retryable, match="was put back") as caught:
            await driver.change(ZONE, before, [CNAME])
    assert caught.value.code == "provider_rate_limited"
    assert server.at("www") == [("A", "192.0.2.1", 3600)]


async def test_what_could_not_be_put_back_is_named(server: GodaddyServer) -> None:
    server.has("A", "www", "192.0.2.1")
    server.fault = lambda method, path: problem(503, "", "") if method == "PUT" else None
    async with godaddy(server) as driver:
        with pytest.raises(Retryable, match=r"could not be put back: A 192\.0\.2\.1\.") as caught:
            await replaced(driver, CNAME)
    assert caught.value.code == "provider_half_done"


async def test_a_token_that_ends_in_the_middle_is_unauthorized_and_a_newer_one_brings_it_to_its_end(
    server: GodaddyServer,
) -> None:
    server.has("A", "www", "192.0.2.1")
    server.fault = lambda method, path: (
        problem(401, "UNABLE_TO_AUTHENTICATE", "") if any(made == "DELETE" for made, _ in server.calls[:-1]) else None
    )
    async with godaddy(server) as driver:
        before = await driver.read(ZONE, NAME)
        with pytest.raises(Unauthorized, match=r"could not be put back: A 192\.0\.2\.1") as caught:
            await driver.change(ZONE, before, [CNAME])
        assert caught.value.code == "provider_unauthorized"
        server.fault = lambda method, path: None
        await driver.change(ZONE, before, [CNAME])
    assert server.at("www") == [("CNAME", "edge.saas.example", 600)]


async def test_the_zone_is_the_domain_of_the_account_and_nothing_above_it_is_asked_for(server: GodaddyServer) -> None:
    server.zones["shop.co.uk"] = []
    async with godaddy(server) as driver:
        found = await driver.find_zone("a.b.shop.co.uk")
        assert found == replace(ZONE, id="shop.co.uk", name="shop.co.uk")
        assert await driver.find_zone("a.elsewhere.co.uk") is None
        assert await driver.find_zone(".".join("abcdefghijklmnopqrstuvwxyz") + ".customer.com") == replace(
            ZONE, nameservers=OWN_NAME_SERVERS
        )
    asked = [path.rpartition("/")[2] for _, path in server.calls]
    assert asked[:5] == ["a.b.shop.co.uk", "b.shop.co.uk", "shop.co.uk", "a.elsewhere.co.uk", "elsewhere.co.uk"]
    assert len(asked) == 5 + 8


@pytest.mark.parametrize(
    ("named", "nameservers", "is_active"),
    [
        (
            ["NS05.DomainControl.com.", "ns06.domaincontrol.com"],
            ("ns05.domaincontrol.com", "ns06.domaincontrol.com"),
            True,
        ),
        (["ns05.domaincontrol.com", "ada.ns.cloudflare.com"], ("ns05.domaincontrol.com",), True),
        (["ada.ns.cloudflare.com", "bob.ns.cloudflare.com"], (), False),
        (["ns1.domaincontrol.com.evil.test"], (), False),
        ([], (), True),
        (None, (), True),
        ([""], (), True),
    ],
)
async def test_a_zone_is_served_by_godaddy_only_where_the_registry_has_servers_of_its_own(
    server: GodaddyServer, named: object, nameservers: tuple[str, ...], is_active: bool
) -> None:
    server.fault = lambda method, path: web.json_response({"domain": "customer.com", "nameServers": named})
    async with godaddy(server) as driver:
        found = await driver.find_zone("customer.com")
    assert found == replace(ZONE, nameservers=nameservers, is_active=is_active)


async def test_records_of_a_domain_whose_dns_others_run_are_said_to_be_with_them(server: GodaddyServer) -> None:
    server.name_servers["customer.com"] = ("ada.ns.cloudflare.com", "bob.ns.cloudflare.com")
    async with godaddy(server) as driver:
        with pytest.raises(Permanent, match="GoDaddy does not run its DNS") as caught:
            await driver.read(ZONE, NAME)
    assert caught.value.code == "zone_not_in_use"


async def test_an_answer_about_another_domain_is_not_believed(server: GodaddyServer) -> None:
    server.fault = lambda method, path: web.json_response({"domain": "bank.com"})
    async with godaddy(server) as driver:
        with pytest.raises(Retryable, match=r"about the domain www\.customer\.com cannot be read"):
            await driver.find_zone(NAME)


async def test_records_of_other_names_and_types_are_passed_over(server: GodaddyServer) -> None:
    others = [
        {"type": "CNAME", "name": "shop", "data": "x", "ttl": 1},
        {"type": "A", "name": "www", "data": "192.0.2.1"},
    ]
    server.fault = lambda method, path: web.json_response(others)
    async with godaddy(server) as driver:
        assert spelled(await driver.read(ZONE, NAME)) == [("A", "192.0.2.1")]


@pytest.mark.parametrize("body", ["", "<html>", "{}", "[1]", "[" * 50_000, '[{"type":"CNAME","name":"www","data":7}]'])
async def test_an_answer_that_is_no_list_of_records_is_asked_for_again_later(server: GodaddyServer, body: str) -> None:
    server.fault = lambda method, path: web.Response(text=body)
    async with godaddy(server) as driver:
        with pytest.raises(Retryable) as caught:
            await driver.read(ZONE, NAME)
    assert caught.value.code == "provider_unexpected"


async def test_a_name_has_a_bounded_number_of_records(server: GodaddyServer) -> None:
    for number in range(501):
        server.has("TXT", "www", str(number))
    async with godaddy(server) as driver:
        with pytest.raises(Permanent, match="more than 500 records") as caught:
            await driver.read(ZONE, NAME)
    assert caught.value.code == "too_many_records"


async def test_an_account_that_is_kept_from_the_api_is_told_what_works_instead(server: GodaddyServer) -> None:
    server.eligible = False
    async with godaddy(server) as driver:
        for call in (driver.check_credentials(), driver.find_zone(NAME), driver.read(ZONE, NAME)):
            with pytest.raises(Permanent, match="Domain Connect, or create it by hand") as caught:
                await call
            assert caught.value.code == "account_not_eligible"


async def test_a_refused_credential_is_unauthorized_and_not_quoted(server: GodaddyServer) -> None:
    async with godaddy(server, ApiToken(token=Secret("wr0ng"))) as driver:
        with pytest.raises(Unauthorized) as caught:
            await driver.check_credentials()
    assert caught.value.code == "provider_unauthorized"
    assert "Could not verify Bearer [redacted]" in caught.value.message
    assert "wr0ng" not in caught.value.message


async def test_a_domain_that_left_the_account_is_said_to_have(server: GodaddyServer) -> None:
    del server.zones["customer.com"]
    async with godaddy(server) as driver:
        with pytest.raises(Permanent) as caught:
            await driver.read(ZONE, NAME)
    assert caught.value.code == "zone_not_found"


async def test_no_cname_is_tried_at_the_domain_itself(server: GodaddyServer) -> None:
    async with godaddy(server) as driver:
        with pytest.raises(Permanent) as caught:
            await driver.change(ZONE, [], [ZoneRecord(type="CNAME", name="customer.com", value="edge.saas.example")])
    assert (caught.value.code, server.calls) == ("cname_at_apex", [])


@pytest.mark.parametrize("name", ["www.other.com", "customer.com.evil.com", "xcustomer.com"])
async def test_a_name_of_another_zone_is_refused_without_a_call(server: GodaddyServer, name: str) -> None:
    async with godaddy(server) as driver:
        with pytest.raises(Permanent):
            await driver.read(ZONE, name)
    assert server.calls == []
