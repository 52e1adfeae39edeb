"""Whatever tenants, receivers and Cloudflare say, each page of the dashboard shows it as text, and no link is dead."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote, urlsplit

import pytest
from aiohttp import web
from hypothesis import HealthCheck, example, given
from playwright.async_api import Browser

from dcvd.web.sign_in.redirection import DASHBOARD_PATH, OPERATOR_PATH
from tests.examples import examples
from tests.web.browser.place import Place, Tenant
from tests.web.browser.scenes.stage import Stage
from tests.web.browser.test_hostile import HOSTILE, PIECES, require_harmless
from tests.web.browser.visitor import Visitor, visiting

pytestmark = pytest.mark.asyncio(loop_scope="session")

_MAX_PAGES = 150
_LINKS = (
    "[...document.querySelectorAll('a[href^=\"/dashboard\"]:not([download])')].map((each) => each.getAttribute('href'))"
)


@given(text=HOSTILE)
@example(text=" ".join(PIECES[:3]))
@examples(1, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@pytest.mark.sweep
async def test_it_is_shown_as_text_on_every_page_of_the_dashboard(text: str, place: Place, browser: Browser) -> None:
    tenant = await place.new_tenant(name=text[:80])
    async with (
        receiving(text) as url,
        visiting(browser, place.url, user_agent=f"x {text}".encode().decode("latin-1")) as visitor,
    ):
        await fill(text, url, place, tenant)
        await Stage(place, tenant, visitor).open_dashboard()
        pages = await crawl(visitor)
        assert any("/webhooks/" in page for page in pages), pages
        require_own_site(visitor)
        async with visiting(browser, place.url) as operator:
            await Stage(place, tenant, operator).open_operator()
            pages = await crawl(operator, OPERATOR_PATH)
            assert f"{OPERATOR_PATH}/organizations/{tenant.org_id}" in pages, pages
            require_own_site(operator)


def require_own_site(visitor: Visitor) -> None:
    visitor.require_no_problem()
    assert visitor.origins == {visitor.base_url.removeprefix("http://")}


@asynccontextmanager
async def receiving(text: str) -> AsyncIterator[str]:
    """A receiver that answers each webhook with a failure, and with this text wherever it may say something."""

    async def answer(request: web.Request) -> web.Response:
        header = "".join(character for character in text if " " <= character <= "~")
        return web.Response(status=500, text=text, headers={"X-Said": header, "Content-Type": "text/html"})

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def fill(text: str, url: str, place: Place, tenant: Tenant) -> None:
    """Have the text wherever a tenant or a stranger may put it."""
    call = tenant.api.call
    hook = {"url": f"{url}/{quote(text)}?q={quote(text)}", "events": ["*"]}
    endpoint = (await call("POST", "/api/webhooks", hook))["webhook"]
    await call("POST", "/api/tokens", {"name": text, "role": "member"})
    name = f"shop.{place.new_zone()}"
    labelled = {"domainName": name, "externalId": text, "labels": {"said": text}}
    domain = (await call("POST", "/api/domains", labelled))["domain"]
    label = "".join(f"\\{byte:03d}" for byte in text.encode()[:60])
    await place.set_dns(name, "CNAME", f"{label}.example.")
    await call("POST", f"/api/domains/{domain['id']}/sync")
    await tenant.force_cloudflare(domain["id"], validationErrors=[f"Refused: {text}"], sticky=True)
    await call("POST", f"/api/domains/{domain['id']}/sync")
    await call("POST", f"/api/domains/{domain['id']}/links", {})
    await call("POST", f"/api/webhooks/{endpoint['id']}/test")


async def crawl(visitor: Visitor, root: str = DASHBOARD_PATH) -> set[str]:
    """Open each page below a root to which a link of the dashboard leads; return their paths."""
    waiting, seen = [root], {root}
    while waiting and len(seen) < _MAX_PAGES:
        path = waiting.pop(0)
        answer = await visitor.page.goto(f"{visitor.base_url}{path}")
        assert answer is not None
        if "text/html" not in answer.headers.get("content-type", ""):
            continue
        assert answer.status == 200, (path, answer.status)
        await require_harmless(visitor)
        for link in await visitor.page.evaluate(_LINKS):
            place = urlsplit(link)._replace(fragment="").geturl()
            if place not in seen and place.startswith(root):
                seen.add(place)
                waiting.append(place)
    return seen
