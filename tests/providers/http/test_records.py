"""Records at providers whose API is described, over real sockets."""

import asyncio
from pathlib import Path

import pytest
from aiohttp import web
from msgspec.structs import replace

from dcvd.core.records.zones import Zone, ZoneRecord
from dcvd.core.secret import Secret
from dcvd.errors import DcvdError, NotConfigured, Permanent, Retryable, Unauthorized
from dcvd.kit.http.fetch import Fetcher
from dcvd.providers.http.presets import PRESETS
from dcvd.providers.http.records import HttpRecords
from tests.providers.http.servers import KINDS, TOKEN, DigitalOcean, described

ZONE = Zone(id="customer.com", name="customer.com")
NAME = "www.customer.com"
CNAME = ZoneRecord(type="CNAME", name=NAME, value="edge.saas.example", ttl=5)
DIGITALOCEAN = PRESETS["digitalocean"].description
EACH = pytest.mark.parametrize("kind", sorted(KINDS))
DOCUMENTED = Path(__file__).parents[3] / "config" / "dcvd.toml"


@pytest.fixture
def server() -> DigitalOcean:
    return DigitalOcean()


def spelled(records: list[ZoneRecord]) -> list[tuple[str, str]]:
    return sorted((record.type, record.value) for record in records)


async def replaced(driver: HttpRecords, *add: ZoneRecord) -> None:
    """As the writing of a record does it."""
    await driver.change(ZONE, await driver.read(ZONE, NAME), add)


@EACH
async def test_a_record_is_written_read_put_back_and_removed(kind: str) -> None:
    made, description = KINDS[kind]
    server = made()
    server.zones = {"before.com": [], **server.zones, "www.customer.com.evil.com": []}
    server.has("A", "www", "192.0.2.1", ttl=1234, ttl_sec=1234)
    server.has("TXT", "www", '"v=spf1 -all"', ttl=30, ttl_sec=30)
    server.has("A", "shop", "192.0.2.7", ttl=60)
    server.has("MX", server.apex, "mail.customer.com", ttl=60, priority=10)
    async with described(server, description) as driver:
        zone = await driver.find_zone("a.www.customer.com")
        assert zone is not None
        assert zone.name == "customer.com"
        assert await driver.find_zone("www.elsewhere.com") is None
        before = await driver.read(zone, NAME)
        assert spelled(before) == [("A", "192.0.2.1"), ("TXT", "v=spf1 -all")]
        await driver.change(zone, before, [CNAME])
        assert spelled(await driver.read(zone, NAME)) == [("CNAME", "edge.saas.example")]
        await driver.change(zone, await driver.read(zone, NAME), before)
        assert server.at("www") == [("A", "192.0.2.1"), ("TXT", '"v=spf1 -all"')]
        assert await driver.read(zone, NAME) != before, "the ids are new"
        assert [record.ttl for record in await driver.read(zone, NAME)] == [1234, 30]
        await driver.change(zone, await driver.read(zone, NAME), [])
        assert await driver.read(zone, NAME) == []
        assert spelled(await driver.read(zone, "customer.com")) == [("MX", "mail.customer.com")]
    assert server.at("shop") == [("A", "192.0.2.7")]


async def test_what_else_a_record_needs_comes_back_with_it(server: DigitalOcean) -> None:
    server.has("MX", "www", "mail.customer.com", ttl=60, priority=10, port=None)
    async with described(server, DIGITALOCEAN) as driver:
        before = await driver.read(ZONE, NAME)
        await driver.change(ZONE, before, [CNAME])
        await driver.change(ZONE, await driver.read(ZONE, NAME), before)
    (entry,) = server.zones["customer.com"]
    assert {**entry, "id": 0} == {
        "id": 0, "type": "MX", "name": "www", "data": "mail.customer.com.", "ttl": 60, "priority": 10,
    }  # fmt: skip


async def test_a_new_record_has_the_lowest_ttl_at_least(server: DigitalOcean) -> None:
    async with described(server, DIGITALOCEAN) as driver:
        await driver.change(ZONE, [], [CNAME])
    (entry,) = server.zones["customer.com"]
    assert (entry["data"], entry["ttl"]) == ("edge.saas.example.", 30)


@pytest.mark.parametrize(("kind", "account"), [("digitalocean", "ops@customer.com"), ("dnsimple", "ops@customer.com")])
async def test_the_account_is_named(kind: str, account: str) -> None:
    made, description = KINDS[kind]
    async with described(made(), description) as driver:
        assert await driver.check_credentials() == account


@EACH
async def test_every_page_is_read_and_no_page_twice(kind: str) -> None:
    made, description = KINDS[kind]
    server = made()
    server.page_size = 2
    for number in range(7):
        server.has("TXT", "www", str(number))
    async with described(server, description) as driver:
        zone = await driver.find_zone(NAME)
        assert zone is not None
        server.calls.clear()
        assert [record.value for record in await driver.read(zone, NAME)] == [str(number) for number in range(7)]
    assert len([path for _, path in server.calls if "records" in path]) == 4


async def test_pages_without_end_are_not_read_to_their_end(server: DigitalOcean) -> None:
    def endless(method: str, path: str) -> web.StreamResponse:
        following = f"/v2/domains/customer.com/records?page={len(server.calls) + 1}"
        return web.json_response({"domain_records": [], "links": {"pages": {"next": following}}})

    server.fault = endless
    async with described(server, DIGITALOCEAN) as driver:
        with pytest.raises(Permanent, match="more than 20 pages"):
            await driver.read(ZONE, NAME)
    assert len(server.calls) == 20


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:1/x", "https://evil.example/x", "http://u@127.0.0.1/", "file:///etc/passwd"]
)
async def test_a_next_page_at_another_host_is_not_asked_for_with_the_token(server: DigitalOcean, address: str) -> None:
    document = {"domain_records": [], "links": {"pages": {"next": address}}}
    server.fault = lambda method, path: web.json_response(document)
    async with described(server, DIGITALOCEAN) as driver:
        with pytest.raises(Permanent, match="at another host"):
            await driver.read(ZONE, NAME)
    assert len(server.calls) == 1


async def test_a_refused_record_leaves_what_stood_there(server: DigitalOcean) -> None:
    server.has("A", "www", "192.0.2.1", ttl=77)
    refusal = server.problem(422, "No <script>")
    posts: list[str] = []

    def first_post(method: str, path: str) -> web.StreamResponse | None:
        if method == "POST":
            posts.append(path)
        return refusal if method == "POST" and len(posts) == 1 else None

    server.fault = first_post
    async with described(server, DIGITALOCEAN) as driver:
        with pytest.raises(Permanent, match="No script") as caught:
            await replaced(driver, CNAME)
    assert (caught.value.code, caught.value.http_status) == ("provider_refused", 422)
    assert server.at("www") == [("A", "192.0.2.1")]
    assert server.zones["customer.com"][0]["ttl"] == 77


@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_one_lost_answer_of_what_was_done_does_no_harm(server: DigitalOcean, method: str) -> None:
    server.has("A", "www", "192.0.2.1")
    server.done_first = True
    lost: list[str] = []

    def once(asked: str, path: str) -> web.StreamResponse | None:
        if asked != method or lost:
            return None
        lost.append(path)
        return server.problem(504, "")

    server.fault = once
    async with described(server, DIGITALOCEAN) as driver:
        await replaced(driver, CNAME)
    assert lost
    assert server.at("www") == [("CNAME", "edge.saas.example")] or server.at("www") == [("CNAME", "edge.saas.example.")]


async def test_an_outage_in_the_middle_leaves_what_stood_there(server: DigitalOcean) -> None:
    server.has("A", "www", "192.0.2.1")
    posts: list[str] = []

    def first_post(method: str, path: str) -> web.StreamResponse | None:
        if method == "POST":
            posts.append(path)
        return server.problem(503, "") if method == "POST" and len(posts) == 1 else None

    server.fault = first_post
    async with described(server, DIGITALOCEAN) as driver:
        with pytest.raises(Retryable, match=r"answered 503 to creating .* was put back"):
            await replaced(driver, CNAME)
    assert server.at("www") == [("A", "192.0.2.1")]


async def test_a_removal_of_which_nobody_knows_whether_it_was_made_is_put_back(server: DigitalOcean) -> None:
    server.has("A", "www", "192.0.2.1")
    server.done_first = True

    def lost_like_the_look_after_it(method: str, path: str) -> web.StreamResponse | None:
        is_lost = method == "DELETE" or server.calls[-2:-1] == [("DELETE", "/v2/domains/customer.com/records/1001")]
        return server.problem(503, "") if is_lost else None

    server.fault = lost_like_the_look_after_it
    async with described(server, DIGITALOCEAN) as driver:
        with pytest.raises(Retryable, match=r"answered 503 to removing .* was put back"):
            await replaced(driver, CNAME)
    assert server.at("www") == [("A", "192.0.2.1")]


async def test_a_removal_that_is_made_and_not_answered_until_the_deadline_is_put_back() -> None:
    is_over = asyncio.Event()

    class SlowToRemove(DigitalOcean):
        async def __call__(self, request: web.Request) -> web.StreamResponse:
            answer = await super().__call__(request)
            if request.method == "DELETE":
                await is_over.wait()
            return answer

    server = SlowToRemove()
    server.has("A", "www", "192.0.2.1")
    async with described(server, DIGITALOCEAN, deadline_s=1) as driver:
        with pytest.raises(Retryable, match=r"took longer than 1 s.* was put back"):
            await replaced(driver, CNAME)
        is_over.set()
    assert server.at("www") == [("A", "192.0.2.1")]


async def test_a_call_that_is_refused_for_its_rate_is_not_looked_after(server: DigitalOcean) -> None:
    server.has("A", "www", "192.0.2.1")
    server.fault = lambda method, path: server.problem(429, "") if method == "DELETE" else None
    async with described(server, DIGITALOCEAN) as driver:
        before = await driver.read(ZONE, NAME)
        server.calls.clear()
        with pytest.raises(Retryable) as caught:
            await driver.change(ZONE, before, [CNAME])
    assert caught.value.code == "provider_rate_limited"
    assert "put back" not in caught.value.message
    assert [method for method, _ in server.calls] == ["GET", "DELETE"]


async def test_what_could_not_be_put_back_is_named(server: DigitalOcean) -> None:
    server.has("A", "www", "192.0.2.1")
    server.fault = lambda method, path: server.problem(403, "read only") if method == "POST" else None
    async with described(server, DIGITALOCEAN) as driver:
        with pytest.raises(Retryable, match=r"could not be put back: A 192\.0\.2\.1\.") as caught:
            await replaced(driver, CNAME)
    assert caught.value.code == "provider_half_done"


async def test_a_token_that_ends_in_the_middle_is_unauthorized_and_a_newer_one_brings_it_to_its_end(
    server: DigitalOcean,
) -> None:
    server.has("A", "www", "192.0.2.1")
    server.fault = lambda method, path: (
        server.problem(401, "Expired") if any(made == "DELETE" for made, _ in server.calls[:-1]) else None
    )
    async with described(server, DIGITALOCEAN) as driver:
        before = await driver.read(ZONE, NAME)
        with pytest.raises(Unauthorized) as caught:
            await driver.change(ZONE, before, [CNAME])
        assert caught.value.code == "provider_unauthorized"
        server.fault = lambda method, path: None
        await driver.change(ZONE, before, [CNAME])
    assert server.at("www") == [("CNAME", "edge.saas.example.")]


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [
        (401, Unauthorized, "provider_unauthorized"),
        (403, Permanent, "provider_refused"),
        (404, Permanent, "zone_not_found"),
        (429, Retryable, "provider_rate_limited"),
        (302, Permanent, "provider_refused"),
        (500, Retryable, "provider_unavailable"),
    ],
)
async def test_every_refusal_has_its_place_in_the_error_tree(
    server: DigitalOcean, status: int, error: type[DcvdError], code: str
) -> None:
    answer = web.json_response({"message": "x" * 5000 + "\x00"}, status=status, headers={"Retry-After": "999999"})
    server.fault = lambda method, path: answer
    async with described(server, DIGITALOCEAN) as driver:
        with pytest.raises(error) as caught:
            await driver.read(ZONE, NAME)
    assert caught.value.code == code
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 500
    if isinstance(caught.value, Retryable) and status == 429:
        assert caught.value.retry_after_s == 3600


async def test_a_refused_token_is_not_quoted(server: DigitalOcean) -> None:
    async with described(server, DIGITALOCEAN, Secret("wr0ng")) as driver:
        with pytest.raises(Unauthorized, match=r"no such token: Bearer \[redacted\]") as caught:
            await driver.check_credentials()
    assert "wr0ng" not in caught.value.message


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"name": "www"},
        {"name": "www", "type": "A", "data": "x", "id": ".."},
        {"name": "www", "type": "A", "data": "x", "id": "a/b"},
        {"name": "www", "type": "<A>", "data": "x", "id": 1},
        {"name": "www", "type": "A", "data": "x" * 9000, "id": 1},
        7,
    ],
    ids=["empty", "bare", "dots", "a slash", "a bad type", "too long", "a number"],
)
async def test_a_record_that_is_none_is_not_believed(server: DigitalOcean, record: object) -> None:
    server.fault = lambda method, path: web.json_response({"domain_records": [record], "links": {}})
    async with described(server, DIGITALOCEAN) as driver:
        with pytest.raises(Retryable) as caught:
            await driver.read(ZONE, NAME)
    assert caught.value.code == "provider_unexpected"


async def test_an_answer_about_another_zone_is_not_believed(server: DigitalOcean) -> None:
    server.fault = lambda method, path: web.json_response({"domain": {"name": "bank.com"}})
    async with described(server, DIGITALOCEAN) as driver:
        with pytest.raises(Retryable):
            await driver.find_zone(NAME)


async def test_what_stands_there_says_which_id_is_removed_and_not_who_asks(server: DigitalOcean) -> None:
    server.has("CNAME", "www", "other.example")
    async with described(server, DIGITALOCEAN) as driver:
        for remove in (CNAME, replace(CNAME, id="../1")):
            await driver.change(ZONE, [remove], [])
        assert {method for method, _ in server.calls} == {"GET"}
        await driver.change(ZONE, [replace(CNAME, id="../1", value="other.example")], [])
    assert [path for method, path in server.calls if method == "DELETE"] == ["/v2/domains/customer.com/records/1001"]


@EACH
def test_without_a_key_that_is_needed_the_setting_is_named(kind: str) -> None:
    description = KINDS[kind][1]
    for key in ("zone_path", "create_body", "delete_path"):
        with pytest.raises(NotConfigured, match=rf"providers\.http\.{key} is not set"):
            HttpRecords(Fetcher(), "https://api.example", replace(description, **{key: ""}), TOKEN)
    with pytest.raises(NotConfigured, match=r"providers\.other\.api_base_url is not set"):
        HttpRecords(Fetcher(), "", description, TOKEN)


def test_a_path_with_the_account_needs_to_know_it() -> None:
    description = replace(PRESETS["dnsimple"].description, account_id="")
    with pytest.raises(NotConfigured, match=r"providers\.http\.account_id is not set"):
        HttpRecords(Fetcher(), "https://api.example", description, TOKEN)
