"""A customer has the record created at their DNS provider, and comes back to the page."""

import re
from html import unescape

import pytest

from tests.api.links.test_links import created
from tests.api.oauth.conftest import RETURN_TO, account, flow, ours, server
from tests.api.oauth.flow import Flow
from tests.api.webhooks.owed import domain
from tests.served_app.client import Client
from tests.web.connect.visitor import Visitor, read_text

__all__ = ["account", "flow", "ours", "server"]

pytestmark = pytest.mark.parametrize("server", ["ours"], indirect=True)


@pytest.fixture
async def visitor(flow: Flow) -> Visitor:
    link = await created(flow.owner, await domain(flow.owner), returnTo=RETURN_TO)
    return Visitor(flow.anybody, link["token"])


async def leave(visitor: Visitor) -> tuple[str, str]:
    """The address at the provider, and the cookie that the browser keeps meanwhile."""
    page = await visitor.send("/authorize", provider="other")
    assert page.status == 200, page.body
    address = re.search(r'class="button" href="([^"]+)"', page.body.decode())
    assert address is not None
    return unescape(address[1]), page.headers["Set-Cookie"].partition(";")[0]


async def test_where_the_operator_has_set_it_up_the_provider_is_offered(visitor: Visitor) -> None:
    text = read_text(await visitor.open("/ways"))
    assert "Let your DNS provider do it" in text
    assert "You leave this page and come back to it" in text
    german = read_text(await visitor.open("/ways", **{"Accept-Language": "de"}))
    assert "Von Ihrem DNS-Anbieter erledigen lassen" in german


async def test_the_way_there_is_a_link_because_no_form_may_lead_to_another_site(visitor: Visitor, flow: Flow) -> None:
    address, _ = await leave(visitor)
    assert "/auth?" in address
    assert "state=" in address
    assert (await flow.answered({"authorizationUrl": address}))["code"]
    newest = (await flow.owner.get("/api/audit?action=authorization.begun")).json["audit"][0]
    assert newest["actor"].startswith("link:link_")


async def test_the_browser_comes_back_to_the_page_and_not_to_where_the_link_leads(visitor: Visitor, flow: Flow) -> None:
    address, cookie = await leave(visitor)
    answer = await flow.callback(await flow.answered({"authorizationUrl": address}), cookie=cookie)
    assert (answer.status, answer.headers["Location"]) == (303, f"{visitor.path}/plan")
    assert "Max-Age=0" in answer.headers["Set-Cookie"]
    assert "your DNS provider" in read_text(await visitor.open("/ways"))


async def test_without_the_cookie_the_link_decides(visitor: Visitor, flow: Flow) -> None:
    address, _ = await leave(visitor)
    answer = await flow.callback(await flow.answered({"authorizationUrl": address}))
    assert answer.status == 303
    assert answer.headers["Location"].startswith("https://")


async def test_whoever_declines_comes_back_and_reads_what_that_means(visitor: Visitor, flow: Flow) -> None:
    address, cookie = await leave(visitor)
    refused = await flow.answered({"authorizationUrl": address}, consent=False)
    answer = await flow.callback(refused, cookie=cookie)
    assert (answer.status, answer.headers["Location"]) == (303, f"{visitor.path}?failed=access_denied")
    assert "You declined, so nothing was connected." in read_text(await visitor.open("?failed=access_denied"))
    assert "was not connected" in read_text(await visitor.open("?failed=%3Cscript%3E"))


async def test_no_provider_is_taken_that_is_not_offered(visitor: Visitor) -> None:
    for chosen in ("cloudflare", "route53", "x", ""):
        assert (await visitor.send("/authorize", provider=chosen)).status == 404


async def test_without_a_connection_nothing_is_planned_and_nothing_written(visitor: Visitor, owner: Client) -> None:
    assert (await visitor.open("/plan")).status == 404
    assert (await visitor.send("/write")).status >= 400
    assert (await owner.get("/api/jobs")).status == 200
