"""A customer follows their domain."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from msgspec.structs import replace

from dcvd.core.instants import DAY
from dcvd.errors import Retryable
from dcvd.http.limits.live_streams import MAX_STREAMS_PER_BEARER
from dcvd.services.context import Context
from dcvd.store import domains
from dcvd.store.engine.transactions import Transaction
from tests.api.links.test_links import created
from tests.api.webhooks.owed import domain
from tests.manual_clock import ManualClock
from tests.served_app.client import Client
from tests.served_app.stand_ins import FakeLooker
from tests.web.connect.visitor import FORM, Visitor, read_text


@pytest.fixture
async def domain_id(owner: Client) -> str:
    return await domain(owner)


@pytest.fixture
async def visitor(owner: Client, domain_id: str) -> Visitor:
    return Visitor(owner, (await created(owner, domain_id))["token"])


async def test_the_page_says_what_to_type_and_for_whom(visitor: Visitor) -> None:
    page = await visitor.open()
    assert page.status == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    text = read_text(page)
    for part in ("Connect app.customer.com", "CNAME", "app", "edge.example.net", "300 seconds", "Check now", "Acme"):
        assert part in text, part


async def test_nothing_of_a_page_is_kept_framed_or_passed_on(visitor: Visitor) -> None:
    headers = (await visitor.open()).headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Frame-Options"] == "DENY"
    policy = headers["Content-Security-Policy"]
    for part in (
        "default-src 'none'",
        "script-src 'self';",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    ):
        assert part in policy
    assert "unsafe" not in policy


async def test_the_page_speaks_the_language_of_the_browser_of_the_branding_or_that_is_asked_for(
    owner: Client, visitor: Visitor
) -> None:
    assert "verbinden" in read_text(await visitor.open(**{"Accept-Language": "de-AT, en;q=0.5"}))
    assert (await owner.patch("/api/organization/branding", {"language": "de"})).status == 200
    german = await visitor.open(**{"Accept-Language": "en"})
    assert "verbinden" in read_text(german)
    assert german.headers["Content-Language"] == "de"
    assert "Connect app" in read_text(await visitor.open("?lang=en"))
    assert "verbinden" in read_text(await visitor.open("?lang=xx"))


async def test_the_page_has_the_name_colours_and_return_address_of_the_organization(
    owner: Client, visitor: Visitor
) -> None:
    branding = {"name": "Shop <b>Ltd</b>", "primaryColor": "#ff0000", "returnUrl": "https://shop.example/back"}
    assert (await owner.patch("/api/organization/branding", branding)).status == 200
    page = (await visitor.open()).body.decode()
    assert "--brand:#ff0000" in page
    assert "Shop &lt;b&gt;Ltd&lt;/b&gt;" in page
    assert "<b>Ltd" not in page
    assert 'href="https://shop.example/back"' in page


async def test_a_check_that_is_asked_for_is_seen_at_once(visitor: Visitor, looker: FakeLooker, domain_id: str) -> None:
    part = await visitor.send_by_htmx("/check")
    assert looker.looked == [domain_id]
    assert part.status == 200
    assert "app.customer.com is connected" in read_text(part)
    assert '<section id="ways" hx-swap-oob="outerHTML" hidden>' in part.body.decode()
    assert b"<html" not in part.body
    whole = await visitor.open()
    assert 'href="https://app.customer.com/"' in whole.body.decode()
    assert '<section id="ways" hidden>' in whole.body.decode(), "the next change that is shown has what to replace"


async def test_without_scripts_a_check_leads_back_to_the_page(visitor: Visitor) -> None:
    answer = await visitor.send("/check")
    assert (answer.status, answer.headers["Location"]) == (303, visitor.path)


async def test_a_check_that_takes_longer_is_announced(visitor: Visitor, looker: FakeLooker) -> None:
    looker.raises = Retryable("Cloudflare does not answer.")
    assert "takes longer" in read_text(await visitor.send_by_htmx("/check"))


@pytest.mark.parametrize("place", ["", "/progress", "/changes", "/ways", "/plan"])
async def test_a_link_that_does_not_work_gets_a_page_that_says_so(anybody: Client, place: str) -> None:
    for token in ("dcv_link_" + "0" * 32, "dcv_link_", "x"):
        answer = await Visitor(anybody, token).open(place)
        assert answer.status == 404
        assert "This link does not work any more" in read_text(answer)
        assert "WWW-Authenticate" not in answer.headers


async def test_the_token_of_a_tenant_is_no_link(anybody: Client, owner: Client) -> None:
    assert owner.token is not None
    assert (await Visitor(anybody, owner.token).open()).status == 404


async def test_an_expired_link_and_a_revoked_one_end(
    owner: Client, domain_id: str, visitor: Visitor, clock: ManualClock
) -> None:
    link = await created(owner, domain_id)
    other = Visitor(owner, link["token"])
    assert (await owner.delete(f"/api/links/{link['id']}")).status == 204
    assert (await other.open()).status == 404
    clock.advance(2 * DAY)
    assert (await visitor.open()).status == 404


async def change(context: Context, domain_id: str, **members: int) -> None:
    def unit(tx: Transaction) -> None:
        stored = domains.get(tx, domain_id)
        assert stored is not None
        domains.update(tx, replace(stored, **members))

    await context.database.write(unit)


async def test_an_open_page_is_told_of_a_change(
    visitor: Visitor, context: Context, domain_id: str, owner: Client
) -> None:
    async with asyncio.timeout(10), owner.stream(f"{visitor.path}/changes") as lines:
        assert await anext(lines) == "retry: 3000"
        await change(context, domain_id, checks_since_change=7)
        while await anext(lines) != "event: changed":
            pass


async def test_whoever_has_just_opened_the_page_waits_for_no_routine(
    visitor: Visitor, context: Context, domain_id: str, owner: Client
) -> None:
    async def is_due() -> bool:
        stored = await context.database.read(lambda snapshot: domains.get(snapshot, domain_id))
        return stored is not None and stored.next_check_at <= context.now()

    await change(context, domain_id, next_check_at=context.now() + DAY)
    async with asyncio.timeout(10), owner.stream(f"{visitor.path}/changes") as lines:
        await anext(lines)
        while not await is_due():
            await asyncio.sleep(0.01)


async def test_one_link_holds_few_streams_and_the_next_page_is_told_to_ask_now_and_then(
    visitor: Visitor, owner: Client
) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(MAX_STREAMS_PER_BEARER):
            await stack.enter_async_context(owner.stream(f"{visitor.path}/changes"))
        refused = await visitor.open("/changes")
        assert (refused.status, refused.headers["Retry-After"]) == (429, "30")


async def test_whoever_only_asks_whether_there_are_changes_does_not_wait_for_one(
    visitor: Visitor, anybody: Client
) -> None:
    async with asyncio.timeout(10):
        answer = await anybody.call("HEAD", f"{visitor.path}/changes")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/event-stream; charset=utf-8")


async def test_a_request_under_way_ends_with_its_link_and_says_so_on_a_page(owner: Client, domain_id: str) -> None:
    link = await created(owner, domain_id)

    async def send_slowly() -> AsyncIterator[bytes]:
        yield b"replace="
        await asyncio.Event().wait()

    async def is_used() -> bool:
        return (await owner.get(f"/api/links/{link['id']}")).json["link"]["lastUsedAt"] is not None

    path = f"/connect/{link['token']}/write"
    posting = asyncio.create_task(owner.as_bearer(None).post(path, data=send_slowly(), headers=FORM), name="test.post")
    try:
        async with asyncio.timeout(10):
            while not await is_used():
                await asyncio.sleep(0.01)
            await owner.delete(f"/api/links/{link['id']}")
            answer = await posting
    finally:
        posting.cancel()
    assert answer.status == 404
    assert "This link does not work any more" in read_text(answer)
