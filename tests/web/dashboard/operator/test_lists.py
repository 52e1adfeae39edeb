"""What all organizations have, in one list each, whose rows lead to the organization's own pages."""

import pytest

from dcvd.core.connections.connection import Connection, ConnectionMethod, Provider
from dcvd.core.connections.credentials import ApiToken
from dcvd.core.ids import IdPrefix
from dcvd.core.secret import Secret
from dcvd.errors import Permanent
from dcvd.services.context import Context
from dcvd.services.jobs import queue
from dcvd.store.connections import connections
from dcvd.store.organizations.organizations import Organization
from tests.api.webhooks.owed import added, domain, given_up
from tests.served_app.client import Client
from tests.services.views import all_jobs
from tests.web.dashboard.operator.reading import ROOT, let_fail, links_of, read, text_of
from tests.web.sign_in.browser import Browser


@pytest.fixture
async def mine(owner: Client, stranger: Client) -> str:
    """The id of one domain; another organization has another one."""
    await domain(stranger, "shop.stranger.com")
    return await domain(owner, "shop.customer.com")


async def test_a_domain_is_found_by_a_pasted_url_with_whose_it_is_and_what_there_is_to_do(
    browser: Browser, organization: Organization, mine: str
) -> None:
    place = "/domains?search=https%3A%2F%2Fshop.customer.com%2Fcart%3Fx%3D1"
    page = await read(browser, place)
    assert "shop.customer.com Acme waits for its record" in page
    assert "shop.stranger.com" not in page
    assert f"/dashboard/organizations/{organization.id}/domains/{mine}" in await links_of(browser, place)


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ("", True),
        ("?organization=Acme", True),
        ("?organization=others", False),
        ("?status=pending_cname&actor=", True),
        ("?status=error", False),
        ("?actor=operator", False),
        ("?stuck=true", False),
        ("?ready=false", True),
        ("?ready=true", False),
        ("?expires=7", False),
        ("?reason=waiting", True),
    ],
)
async def test_domains_are_filtered(browser: Browser, mine: str, query: str, is_found: bool) -> None:
    assert ("shop.customer.com" in await read(browser, f"/domains{query}")) is is_found


async def test_a_filter_that_is_none_is_said_on_a_page(browser: Browser) -> None:
    assert "nobody" in await read(browser, "/domains?status=nobody", status=400)
    assert "no organization" in (await read(browser, "/jobs?organization=nobody", status=404)).lower()


async def test_one_domain_says_what_there_is_to_do_and_who_else_has_its_name(
    browser: Browser, stranger: Client, mine: str
) -> None:
    await domain(stranger, "shop.customer.com")
    page = await read(browser, f"/domains/{mine}")
    assert "The same name elsewhere others :" in page
    assert "Move to another organization" in page


async def test_webhooks_and_deliveries_say_what_fails_and_lead_to_their_pages(
    browser: Browser, owner: Client, context: Context, organization: Organization
) -> None:
    webhook = await added(owner)
    await domain(owner)
    (due,) = await given_up(context, webhook["id"])
    await let_fail(context, webhook["id"])
    base = f"/dashboard/organizations/{organization.id}"
    page = await read(browser, "/webhooks?health=failing")
    assert f"{webhook['url']} Acme failing" in page
    assert f"{base}/webhooks/{webhook['id']}" in await links_of(browser, f"/webhooks?webhook={webhook['id']}")
    assert "Nothing matches" in await read(browser, "/webhooks?health=disabled")
    page = await read(browser, "/deliveries?status=dead&domain=app.customer.com")
    assert "domain.added Acme dead letter" in page
    assert "Dead letters by webhook" in page
    assert f"{base}/deliveries/{due.id}" in await links_of(browser, "/deliveries")
    assert "Nothing matches" in await read(browser, "/deliveries?status=delivered")


async def test_jobs_are_listed_by_what_they_are_dead_of(
    browser: Browser, context: Context, organization: Organization, mine: str
) -> None:
    (job,) = await all_jobs(context, organization.id)
    await queue.fail(context, job, Permanent("Cloudflare answered 401.", code="refused"))
    page = await read(browser, "/jobs?status=dead&kind=register&code=refused")
    assert "Registration at Cloudflare Acme shop.customer.com given up" in page
    assert "shop.stranger.com" not in page
    assert f"/dashboard/organizations/{organization.id}/jobs/{job.id}" in await links_of(browser, "/jobs")


async def test_events_are_listed_with_their_domains(browser: Browser, organization: Organization, mine: str) -> None:
    page = await read(browser, f"/events?domain={mine}&type=domain.added")
    assert "domain.added Acme shop.customer.com" in page
    assert "shop.stranger.com" not in page
    assert "Nothing matches" in await read(browser, "/events?type=job.dlq")
    links = await links_of(browser, "/events")
    assert any(each.startswith(f"/dashboard/organizations/{organization.id}/events/") for each in links)


async def test_connections_are_listed_with_what_is_wrong(
    browser: Browser, context: Context, organization: Organization
) -> None:
    connection = Connection(
        id=context.new_id(IdPrefix.CONNECTION),
        org_id=organization.id,
        provider=Provider.GODADDY,
        method=ConnectionMethod.API_TOKEN,
        account="the account",
        created_at=context.now(),
        updated_at=context.now(),
    )
    token = ApiToken(token=Secret("of-no-use"))
    await context.database.write(lambda tx: connections.insert(tx, context.vault, connection, token))
    assert "godaddy the account Acme works never" in await read(browser, "/connections?provider=godaddy")
    assert "Nothing matches" in await read(browser, "/connections?status=reauth_required")


async def test_the_audit_has_all_organizations_and_dcvd_itself(browser: Browser, mine: str) -> None:
    page = await read(browser, "/audit")
    assert "A domain was added" in page
    assert "A link to sign in was made" in page
    own = await read(browser, "/audit?own=true")
    assert own.count("A domain was added") == 1, "in the choice of actions alone"
    assert "The organization was made" in await read(browser, "/audit?organization=Acme")


async def test_a_list_goes_on_page_by_page_with_its_filter(browser: Browser, owner: Client) -> None:
    for number in range(52):
        await domain(owner, f"shop{number:02}.customer.com")
    first = await links_of(browser, "/domains?organization=Acme")
    (following,) = {each for each in first if "cursor=" in each}
    assert "organization=Acme" in following
    page = text_of(await browser.open(following))
    assert page.count(".customer.com Acme") == 2


async def test_rows_of_an_open_list_are_asked_for_alone(browser: Browser, mine: str) -> None:
    for place in ("/jobs", "/events", "/deliveries"):
        answer = await browser.open(f"{ROOT}{place}", **{"HX-Request": "true"})
        assert answer.status == 200
        assert b"<h1>" not in answer.body
