"""What is seen first: how domains stand, what broke, and whose webhooks fail."""

import re

from dcvd.core.webhooks.health import EndpointCondition
from dcvd.services.context import Context
from dcvd.store.organizations.organizations import Organization
from tests.api.webhooks.owed import added
from tests.served_app.client import Answer, Client
from tests.web.connect.visitor import read_text
from tests.web.dashboard.domains.standing import ELSEWHERE, add, add_broken, add_working
from tests.web.sign_in.browser import Browser, signed_in

WELL = "Nothing that worked is broken"


def tiles(page: Answer) -> dict[str, int]:
    found = re.findall(r'href="/dashboard/domains\?state=(\w+)"><strong[^>]*>(\d+)<', page.body.decode())
    return {state: int(count) for state, count in found}


async def test_the_numbers_lead_to_the_domains_that_they_count(
    owner_browser: Browser, context: Context, organization: Organization
) -> None:
    await add_working(context, organization.id, "works.customer.com")
    await add_broken(context, organization.id, "broken.customer.com")
    await add(context, organization.id, "new.customer.com")
    page = await owner_browser.open("/dashboard")
    assert tiles(page) == {"ready": 1, "customer": 1, "service": 0, "progress": 1, "broken": 1, "expiring": 0}
    assert f"Its CNAME was changed to {ELSEWHERE}." in read_text(page)
    assert "works.customer.com" not in read_text(page)
    assert WELL not in read_text(page)


async def test_where_there_is_no_domain_the_quick_start_is_shown(owner_browser: Browser) -> None:
    page = await owner_browser.open("/dashboard")
    assert 'href="/dashboard/quick-start"' in page.body.decode()
    assert "Begin with a domain" in read_text(page)
    assert WELL not in read_text(page)


async def test_where_nothing_is_broken_the_page_says_so(
    owner_browser: Browser, context: Context, organization: Organization
) -> None:
    await add_working(context, organization.id, "works.customer.com")
    assert WELL in read_text(await owner_browser.open("/dashboard"))


async def test_endpoints_in_trouble_are_shown_to_those_who_may_know_of_them(
    owner_browser: Browser, owner: Client, anybody: Client
) -> None:
    webhook = await added(owner)
    assert (await owner.patch(f"/api/webhooks/{webhook['id']}", {"enabled": False})).status == 200
    text = read_text(await owner_browser.open("/dashboard"))
    assert EndpointCondition.DISABLED.value in text
    minted = await owner.post("/api/tokens", {"name": "reader", "role": "member", "scopes": ["domains:read"]})
    reader = await signed_in(anybody.as_bearer(minted.json["token"]["token"]))
    assert "disabled" not in read_text(await reader.open("/dashboard"))


async def test_whoever_is_limited_to_some_domains_counts_these_alone(
    owner: Client, anybody: Client, context: Context, organization: Organization
) -> None:
    await add_broken(context, organization.id, "shop.customer.com")
    await add_broken(context, organization.id, "shop.other.com")
    limits = {"name": "limited", "role": "member", "domains": ["*.customer.com"]}
    minted = await owner.post("/api/tokens", limits)
    assert minted.status == 201, minted.body
    limited = await signed_in(anybody.as_bearer(minted.json["token"]["token"]))
    page = await limited.open("/dashboard")
    assert tiles(page)["broken"] == 1
    assert "shop.other.com" not in read_text(page)
    listed = read_text(await limited.open("/dashboard/domains"))
    assert "shop.customer.com" in listed
    assert "shop.other.com" not in listed


async def test_whoever_may_not_read_domains_sees_none(owner: Client, anybody: Client) -> None:
    minted = await owner.post("/api/tokens", {"name": "hooks", "role": "member", "scopes": ["webhooks:read"]})
    browser = await signed_in(anybody.as_bearer(minted.json["token"]["token"]))
    page = await browser.open("/dashboard")
    assert page.status == 200
    assert "/dashboard/domains" not in page.body.decode()
    assert (await browser.open("/dashboard/domains")).status == 403
