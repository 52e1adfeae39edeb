"""`/dashboard/events`."""

import re
from html import unescape

import pytest
from msgspec.structs import replace

from dcvd.core.events import EventDraft, EventType
from dcvd.core.tokens.token import Role
from dcvd.services import organizations
from dcvd.services.context import Context
from dcvd.services.domains import additions, removals
from dcvd.services.events import lists, recording
from dcvd.services.events.lists import EventFilters
from dcvd.services.tokens import minting
from dcvd.services.tokens.rights import TokenLimits
from dcvd.services.webhooks import endpoints
from dcvd.store import domains
from dcvd.store.organizations.organizations import Organization
from tests.served_app.client import Client
from tests.services.webhooks.attempts import deliver_all
from tests.web.connect.visitor import read_text
from tests.web.sign_in.browser import Browser, signed_in

HOSTILE = "<script>alert(1)</script>\"'`{{ 7777 * 7777 }}"


async def list_ids(context: Context, org_id: str) -> list[str]:
    page = await lists.list_newest(context, EventFilters(org_id=org_id), cursor=None, limit=50)
    return [event.id for event in page.items]


async def read_events(browser: Browser, query: str = "") -> list[str]:
    """The sentences of a list, newest first."""
    page = (await browser.open(f"/dashboard/events{query}")).body.decode()
    return [unescape(text) for text in re.findall(r'class="name">(.*?)</a>', page)]


async def test_events_are_listed_in_words_newest_first_and_filtered(
    context: Context, organization: Organization, owner_browser: Browser
) -> None:
    for name in ("a.customer.com", "b.customer.com"):
        await additions.add(context, organization.id, name)
    domain = await additions.add(context, organization.id, "c.customer.com")
    draft = EventDraft(EventType.JOB_DLQ, {"job_kind": "register", "domain_name": domain.name, "made_up": 1}, domain.id)
    await context.database.write(lambda tx: recording.record(context, tx, organization.id, [draft]))
    dead = "Registration at Cloudflare, for c.customer.com: all attempts failed, and it was given up."
    added = [f"{letter}.customer.com was added." for letter in "cba"]
    assert await read_events(owner_browser) == [dead, *added]
    assert await read_events(owner_browser, "?type=domain.*") == added
    assert await read_events(owner_browser, "?type=job.dlq") == [dead]
    assert await read_events(owner_browser, "?domain=B.customer.com") == ["b.customer.com was added."]
    assert await read_events(owner_browser, f"?type=domain.added&domain={domain.id}") == ["c.customer.com was added."]
    assert await read_events(owner_browser, "?domain=none.customer.com") == []
    assert "c.customer.com wurde hinzugefügt." in await read_events(owner_browser, "?lang=de")


async def test_what_is_no_domain_is_said_at_its_field(owner_browser: Browser) -> None:
    answer = await owner_browser.open("/dashboard/events?domain=my+shop%21")
    assert answer.status == 400
    assert re.search(r'value="my shop!"[^>]*aria-invalid="true" aria-describedby="domain-fault"', answer.body.decode())
    assert b"data-live" not in answer.body, "there is no list that could change"
    assert (await owner_browser.open("/dashboard/events?type=domain.gone")).status == 400


async def test_a_list_goes_on_where_its_page_ends(
    context: Context, organization: Organization, owner_browser: Browser
) -> None:
    for number in range(51):
        await additions.add(context, organization.id, f"n{number}.customer.com")
    page = (await owner_browser.open("/dashboard/events?type=domain.added")).body.decode()
    assert 'data-live="/dashboard/events/changes"' in page
    next_url = re.search(r'href="([^"]*)" rel="next"', page)
    assert next_url is not None
    answer = await owner_browser.open(unescape(next_url[1]))
    assert "n0.customer.com was added." in read_text(answer)
    assert "data-live" not in answer.body.decode(), "what is further down does not move"


async def test_the_exact_bytes_can_be_copied(
    context: Context, organization: Organization, owner_browser: Browser
) -> None:
    draft = EventDraft(EventType.DOMAIN_ERROR, {"error": {"code": "odd", "message": HOSTILE}, "made_up": 1})
    (event,) = await context.database.write(lambda tx: recording.record(context, tx, organization.id, [draft]))
    for path in ("/dashboard/events", f"/dashboard/events/{event.id}"):
        page = (await owner_browser.open(path)).body.decode()
        copied = re.search(r'data-copy="([^"]*)"', page)
        assert copied is not None
        assert unescape(copied[1]).encode() == event.body
        assert "<script>alert" not in page
        assert "60481729" not in read_text(await owner_browser.open(path))


async def test_a_domain_that_is_removed_is_named_without_a_link(
    context: Context, organization: Organization, owner_browser: Browser
) -> None:
    domain = await additions.add(context, organization.id, "app.customer.com")
    link = f'href="/dashboard/domains/{domain.id}"'
    pages = ["/dashboard/events", f"/dashboard/events/{(await list_ids(context, organization.id))[0]}"]
    for path in (*pages, "/dashboard/jobs", "/dashboard/audit"):
        assert link in (await owner_browser.open(path)).body.decode(), path
    await removals.remove(context, organization.id, domain.id, actor="daemon")
    for path in (*pages, "/dashboard/jobs", "/dashboard/audit"):
        page = (await owner_browser.open(path)).body.decode()
        assert link not in page, path
        assert domain.id in page or domain.name in page, path


async def test_whoever_is_limited_sees_the_events_of_their_domains_alone(
    context: Context, organization: Organization, anybody: Client
) -> None:
    await additions.add(context, organization.id, "a.outside.customer.com")
    await additions.add(context, organization.id, "a.inside.customer.com")
    (inside, outside) = await list_ids(context, organization.id)
    minted = await minting.create(
        context, organization.id, name="t", role=Role.OWNER, expires_at=None,
        limits=TokenLimits(domains=["*.inside.customer.com"]),
    )  # fmt: skip
    browser = await signed_in(anybody.as_bearer(minted.plaintext.reveal()))
    assert await read_events(browser) == ["a.inside.customer.com was added."]
    assert await read_events(browser, "?domain=a.outside.customer.com") == []
    assert (await browser.open(f"/dashboard/events/{inside}")).status == 200
    assert (await browser.open(f"/dashboard/events/{outside}")).status == 404


async def test_an_event_is_sent_again_to_a_chosen_endpoint(
    context: Context, organization: Organization, owner_browser: Browser
) -> None:
    await additions.add(context, organization.id, "app.customer.com")
    (event_id,) = await list_ids(context, organization.id)
    page = f"/dashboard/events/{event_id}"
    assert "/send" not in (await owner_browser.open(page)).body.decode(), "there is nobody to send it to"
    endpoint, _ = await endpoints.create(context, organization.id, url="https://hooks.customer.com/a", events=["*"])
    answer = await owner_browser.press(f"{page}/send", on=page, webhook=endpoint.id)
    assert (answer.status, answer.headers["Location"]) == (303, f"{page}?done=done_event_sent")
    assert "The event is being sent again." in read_text(await owner_browser.open(f"{page}?done=done_event_sent"))
    assert (await owner_browser.open("/dashboard/jobs?kind=replay")).body.count(b"Sending events again") >= 1
    assert await deliver_all(context, endpoint) == [], "the job has yet to do it"


@pytest.mark.parametrize(("webhook", "status"), [("", 400), ("wh_none", 400)])
async def test_a_choice_that_is_none_is_asked_for_again(
    context: Context, organization: Organization, owner_browser: Browser, webhook: str, status: int
) -> None:
    await additions.add(context, organization.id, "app.customer.com")
    (event_id,) = await list_ids(context, organization.id)
    await endpoints.create(context, organization.id, url="https://hooks.customer.com/a", events=["*"])
    page = f"/dashboard/events/{event_id}"
    answer = await owner_browser.press(f"{page}/send", on=page, webhook=webhook)
    assert answer.status == status
    assert 'aria-describedby="webhook-fault"' in answer.body.decode()


async def test_an_event_on_its_way_is_not_sent_twice_and_members_send_none(
    context: Context, organization: Organization, owner_browser: Browser, member_browser: Browser
) -> None:
    endpoint, _ = await endpoints.create(context, organization.id, url="https://hooks.customer.com/a", events=["*"])
    await additions.add(context, organization.id, "app.customer.com")
    (event_id,) = await list_ids(context, organization.id)
    page = f"/dashboard/events/{event_id}"
    answer = await owner_browser.press(f"{page}/send", on=page, webhook=endpoint.id)
    assert answer.status == 409
    assert "is on its way to this webhook already" in read_text(answer)
    assert f'hx-get="{page}"' in answer.body.decode(), "what is live asks for the page, and not for the button"
    seen = await member_browser.open(page)
    assert "hooks.customer.com" in read_text(seen)
    assert "/send" not in seen.body.decode()


async def test_nothing_tells_whether_another_organization_has_an_imported_domain(
    context: Context, owner_browser: Browser, stranger: Client
) -> None:
    (stranger_org,) = [each for each in await organizations.list_all(context) if each.name == "others"]
    domain = await additions.add(context, stranger_org.id, "app.customer.com")
    await context.database.write(
        lambda tx: domains.insert_all(tx, [replace(domain, id="shop_7", name="b.customer.com")])
    )
    for page in ("events", "deliveries"):
        theirs, nobodys = [
            (answer.status, read_text(answer).replace("shop_8", "shop_7"))
            for domain_id in ("shop_7", "shop_8")
            for answer in (await owner_browser.open(f"/dashboard/{page}?domain={domain_id}"),)
        ]
        assert theirs == nobodys
