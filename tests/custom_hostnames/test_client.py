"""The client against the sandbox's API, over real sockets."""

from collections.abc import AsyncIterator

import msgspec
import pytest
from aiohttp import web
from msgspec.structs import replace

from dcvd.config import Config, Live
from dcvd.core.domains.observations import CloudflareHostname, CloudflareHostnameAbsence
from dcvd.core.domains.saas_zone import ZoneFaultCode
from dcvd.core.instants import MINUTE
from dcvd.core.secret import Secret
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.custom_hostnames.errors import is_duplicate
from dcvd.errors import Permanent, Retryable, Unauthorized
from dcvd.kit.clock import SystemClock
from dcvd.metrics import Metrics
from dcvd.sandbox import Sandbox
from tests.faults import fault, heal


async def test_a_hostname_is_created_found_listed_and_deleted(cloudflare: CloudflareClient) -> None:
    created = await cloudflare.create("app.customer.test")
    assert (created.status, created.ssl_status) == ("pending", "initializing")
    assert await cloudflare.find("app.customer.test") is not None
    assert await cloudflare.find("pp.customer.test") is None
    page = await cloudflare.list_page(1)
    assert [seen.id for seen in page.hostnames] == [created.id]
    assert page.total_pages == 1
    await cloudflare.delete(created.id)
    assert await cloudflare.get(created.id) == CloudflareHostnameAbsence(created.id)
    await cloudflare.delete(created.id)


async def test_a_second_create_is_told_apart_as_a_duplicate(cloudflare: CloudflareClient) -> None:
    await cloudflare.create("app.customer.test")
    with pytest.raises(Permanent) as caught:
        await cloudflare.create("app.customer.test")
    assert is_duplicate(caught.value)


async def test_revalidation_starts_validation_anew(cloudflare: CloudflareClient) -> None:
    created = await cloudflare.create("app.customer.test")
    order = cloudflare.build_order(created.hostname)
    assert isinstance(await cloudflare.revalidate(created, order), CloudflareHostname)
    await cloudflare.delete(created.id)
    assert await cloudflare.revalidate(created, order) == CloudflareHostnameAbsence(created.id)


async def test_a_revalidation_asks_for_what_was_ordered_and_another_authority_only_where_told(
    cloudflare: CloudflareClient,
) -> None:
    wildcard = await cloudflare.create("customer.test", validation="delegated", wildcard=True)
    long_name = await cloudflare.create(f"{'a' * 60}.customer.test", validation="delegated")
    assert (wildcard.method, wildcard.wildcard, wildcard.certificate_authority) == ("txt", True, "google")
    assert (long_name.method, long_name.wildcard) == ("txt", False)
    for created in (wildcard, long_name):
        # What is there stays, whatever was ordered.
        again = await cloudflare.revalidate(
            created, cloudflare.build_order(created.hostname, wildcard=not created.wildcard)
        )
        assert isinstance(again, CloudflareHostname)
        assert (again.method, again.wildcard, again.certificate_authority) == ("txt", created.wildcard, "google")
    order = cloudflare.build_order(wildcard.hostname)
    other = await cloudflare.revalidate(wildcard, order, certificate_authority="ssl_com")
    assert isinstance(other, CloudflareHostname)
    assert (other.wildcard, other.certificate_authority) == (True, "ssl_com")
    kept = await cloudflare.revalidate(other, order)
    assert isinstance(kept, CloudflareHostname)
    assert kept.certificate_authority == "ssl_com"


async def test_the_first_authority_of_the_list_is_asked_and_none_where_cloudflare_chooses(
    live_config: Live[Config], cloudflare: CloudflareClient
) -> None:
    config = live_config.value
    listed = replace(config.cloudflare, certificate_authorities=("lets_encrypt", "google"))
    assert (await cloudflare.create("a.customer.test")).certificate_authority == "google"
    live_config.value = replace(config, cloudflare=listed)
    assert (await cloudflare.create("b.customer.test")).certificate_authority == "lets_encrypt"
    for configured, usable in ((("google", "ssl_com"), ("ssl_com",)), (("google",), ())):
        listed = replace(config.cloudflare, certificate_authorities=configured)
        live_config.value = replace(config, cloudflare=listed)
        assert cloudflare.build_order("xn--mnchen-3ya.customer.test").certificate_authorities == usable


async def test_a_method_that_no_order_takes_any_more_is_not_asked_for_again(cloudflare: CloudflareClient) -> None:
    created = await cloudflare.create("app.customer.test")
    order = cloudflare.build_order(created.hostname)
    again = await cloudflare.revalidate(replace(created, method="cname"), order)
    assert isinstance(again, CloudflareHostname)
    assert again.method == "http"


async def test_what_cloudflare_does_not_say_of_a_hostname_is_asked_for_as_it_was_ordered(
    cloudflare: CloudflareClient,
) -> None:
    created = await cloudflare.create("customer.test", validation="delegated", wildcard=True)
    order = cloudflare.build_order(created.hostname, validation="delegated", wildcard=True)
    again = await cloudflare.revalidate(replace(created, method=None, wildcard=None), order)
    assert isinstance(again, CloudflareHostname)
    assert (again.method, again.wildcard) == ("txt", True)


async def test_a_wrong_token_is_the_operators_to_mend(sandbox_config: Config) -> None:
    wrong = replace(sandbox_config.cloudflare, api_token=Secret("wrong"))
    client = CloudflareClient(Live(replace(sandbox_config, cloudflare=wrong)), Metrics())
    await client.start()
    try:
        with pytest.raises(Unauthorized, match="SSL and Certificates Write") as caught:
            await client.list_page(1)
    finally:
        await client.close()
    assert "wrong" not in str(caught.value)


async def test_a_refused_token_is_known_until_an_answer_shows_that_it_is_taken(
    cloudflare: CloudflareClient, live_config: Live[Config], quick_sandbox: Sandbox
) -> None:
    assert not is_token_refused(cloudflare)
    right = live_config.value
    live_config.value = replace(right, cloudflare=replace(right.cloudflare, api_token=Secret("wrong")))
    with pytest.raises(Unauthorized):
        await cloudflare.list_page(1)
    live_config.value = right
    await fault(quick_sandbox, kind="refuse")
    with pytest.raises(Retryable):
        await cloudflare.list_page(1)
    assert is_token_refused(cloudflare)  # an answer that did not come says nothing of the token
    await heal(quick_sandbox)
    await cloudflare.list_page(1)
    assert not is_token_refused(cloudflare)


def is_token_refused(client: CloudflareClient) -> bool:
    return ZoneFaultCode.UNAUTHORIZED in [fault.code for fault in client.zone_watch.zone.faults]


@pytest.mark.parametrize(
    ("kind", "cloudflare_timeout"), [("refuse", 60_000), ("timeout", 300), ("lost_answer", 60_000)]
)
async def test_a_service_that_is_away_is_worth_another_try(
    cloudflare: CloudflareClient, quick_sandbox: Sandbox, kind: str, cloudflare_timeout: int
) -> None:
    await fault(quick_sandbox, kind=kind)
    with pytest.raises(Retryable) as caught:
        await cloudflare.create("app.customer.test")
    assert caught.value.code == "cloudflare_unavailable"
    assert caught.value.__cause__ is not None
    await heal(quick_sandbox)
    assert (await cloudflare.find("app.customer.test") is not None) == (kind == "lost_answer")


async def test_nobody_listening_is_worth_another_try(config: Config) -> None:
    client = CloudflareClient(Live(config), Metrics())
    await client.start()
    try:
        with pytest.raises(Retryable, match="could not be reached"):
            await client.list_page(1)
    finally:
        await client.close()


async def test_recovery_is_announced_once_after_an_outage(sandbox_config: Config, quick_sandbox: Sandbox) -> None:
    announced: list[None] = []
    client = CloudflareClient(Live(sandbox_config), Metrics(), on_recovered=lambda: announced.append(None))
    await client.start()
    try:
        await client.list_page(1)
        assert announced == []
        await fault(quick_sandbox, kind="status", status=500)
        for _ in range(3):
            with pytest.raises(Retryable):
                await client.list_page(1)
        await heal(quick_sandbox)
        await client.list_page(1)
        await client.list_page(1)
        assert announced == [None]
    finally:
        await client.close()


async def test_too_many_requests_pauses_every_call_for_as_long_as_it_says(
    cloudflare: CloudflareClient, quick_sandbox: Sandbox
) -> None:
    await fault(quick_sandbox, kind="status", status=429, headers={"retry-after": "1"}, times=1)
    with pytest.raises(Retryable) as caught:
        await cloudflare.list_page(1)
    assert caught.value.retry_after_s == 1
    await cloudflare.list_page(1)


async def test_one_kind_of_call_that_fails_is_not_recovered_by_another(
    sandbox_config: Config, quick_sandbox: Sandbox
) -> None:
    announced: list[None] = []
    client = CloudflareClient(Live(sandbox_config), Metrics(), on_recovered=lambda: announced.append(None))
    await client.start()
    try:
        await fault(quick_sandbox, method="POST", kind="status", status=500)
        with pytest.raises(Retryable):
            await client.create("app.customer.test")
        await client.list_page(1)
        assert announced == []
        await heal(quick_sandbox)
        await client.create("app.customer.test")
        assert announced == [None]
    finally:
        await client.close()


class _Liar:
    """A Cloudflare that answers everything with one body."""

    def __init__(self, body: bytes, headers: dict[str, str]) -> None:
        self.body = body
        self.headers = headers
        self.status = 200

    async def handle(self, request: web.Request) -> web.Response:
        return web.Response(body=self.body, status=self.status, headers=self.headers)


@pytest.fixture
async def liar(config: Config) -> AsyncIterator[tuple[_Liar, CloudflareClient]]:
    found = _Liar(b"", {})
    application = web.Application()
    application.router.add_route("*", "/{tail:.*}", found.handle)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    client = CloudflareClient(
        Live(replace(config, cloudflare=replace(config.cloudflare, base_url=base_url))), Metrics()
    )
    await client.start()
    yield found, client
    await client.close()
    await runner.cleanup()


@pytest.mark.parametrize(
    "result",
    [
        {"id": "cf-1", "hostname": "www.evil.test", "status": "active"},
        {"id": "../../../zones/z/dns_records/x?a=b#c", "hostname": "app.customer.test"},
        {"id": "x" * 65, "hostname": "app.customer.test"},
    ],
)
async def test_an_answer_about_something_else_is_not_believed(
    liar: tuple[_Liar, CloudflareClient], result: dict[str, str]
) -> None:
    server, client = liar
    server.body = msgspec.json.encode({"success": True, "errors": [], "result": result})
    with pytest.raises(Retryable):
        await client.create("app.customer.test")
    with pytest.raises(Retryable):
        await client.get("cf-2")
    found = CloudflareHostname(id="cf-2", hostname="a.test", status=None, ssl_status=None)
    with pytest.raises(Retryable):
        await client.revalidate(found, client.build_order(found.hostname))


@pytest.mark.parametrize("wait", ["9" * 400, "9" * 9, "\u0663", "-1", "soon", "1e3"])
async def test_an_absurd_wish_to_wait_is_kept_within_an_hour(liar: tuple[_Liar, CloudflareClient], wait: str) -> None:
    server, client = liar
    server.status, server.headers = 503, {"retry-after": wait, "ratelimit": '"default";r=' + "0" * 5000 + ";t=1"}
    with pytest.raises(Retryable) as caught:
        await client.list_page(1)
    assert caught.value.retry_after_s is None or 0 <= caught.value.retry_after_s <= 3600


async def test_long_texts_are_cut_and_deep_nests_are_no_answer(liar: tuple[_Liar, CloudflareClient]) -> None:
    server, client = liar
    long = "x" * 2_000_000
    result = {"id": "cf-1", "hostname": "a.test", "status": long, "verification_errors": [long] * 3 + ["y"] * 1000}
    server.body = msgspec.json.encode({"success": True, "result": result})
    seen = await client.get("cf-1")
    assert isinstance(seen, CloudflareHostname)
    assert len(msgspec.json.encode(seen)) < 12_000
    server.body = b"[" * 200_000
    with pytest.raises(Retryable):
        await client.get("cf-1")


async def test_each_answer_tells_the_time_a_refusal_too(live_config: Live[Config], quick_sandbox: Sandbox) -> None:
    told: list[int] = []
    client = CloudflareClient(live_config, Metrics(), on_date=told.append)
    await client.start()
    try:
        assert await client.find("app.customer.test") is None
        await fault(quick_sandbox, kind="status", status=500)
        with pytest.raises(Retryable):
            await client.find("app.customer.test")
    finally:
        await client.close()
    assert len(told) == 2
    assert all(abs(each - SystemClock().now()) < MINUTE for each in told)
