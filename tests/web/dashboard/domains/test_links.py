"""Links for a domain's customer: made, shown once, and revoked."""

import re

import pytest

from dcvd.services.context import Context
from dcvd.store.organizations.organizations import Organization
from tests.served_app.client import Client
from tests.web.connect.visitor import read_text
from tests.web.dashboard.domains.standing import add
from tests.web.sign_in.browser import Browser


@pytest.fixture
async def place(context: Context, organization: Organization) -> str:
    return f"/dashboard/domains/{await add(context, organization.id, 'shop.customer.com')}"


async def test_its_address_is_shown_once_to_be_copied_or_mailed(
    owner_browser: Browser, owner: Client, place: str
) -> None:
    answer = await owner_browser.press(f"{place}/links", on=place, days="7")
    assert answer.status == 200
    page = answer.body.decode()
    url = re.search(r'data-copy="https://dcv\.example\.net(/connect/dcv_link_[0-9a-f]{32})"', page)
    assert url is not None
    assert "mailto:?subject=Connect%20shop.customer.com" in page
    assert (await owner.as_bearer(None).get(url[1])).status == 200
    later = await owner_browser.open(place)
    assert url[1] not in later.body.decode()
    assert "works" in read_text(later)


async def test_it_is_revoked_at_once(owner_browser: Browser, owner: Client, place: str) -> None:
    page = (await owner_browser.press(f"{place}/links", on=place)).body.decode()
    url = re.search(r"/connect/dcv_link_[0-9a-f]{32}", page)
    assert url is not None
    link_id = (await owner.get("/api/links")).json["links"][0]["id"]
    answer = await owner_browser.press(f"/dashboard/links/{link_id}/revoke", on=place)
    assert answer.headers["Location"] == f"{place}?done=done_domain_link_revoked"
    assert (await owner.as_bearer(None).get(url[0])).status == 404


async def test_no_other_time_can_be_chosen(owner_browser: Browser, place: str) -> None:
    assert (await owner_browser.press(f"{place}/links", on=place, days="365")).status == 400
