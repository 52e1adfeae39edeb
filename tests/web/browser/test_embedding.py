"""The page in a frame of a tenant's own site: it grows, follows live, and tells the site, and no other one."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.docs.markdown import ROOT, read_page
from tests.web.browser.place import TARGET, Place, Tenant
from tests.web.browser.tenants_site import TenantsSite, serving, wait_until_told
from tests.web.browser.visitor import Visitor

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.sweep]


@pytest_asyncio.fixture(loop_scope="session")
async def site(place: Place) -> AsyncIterator[TenantsSite]:
    async with serving(place.url) as running:
        yield running


def token(path: str) -> str:
    return path.rpartition("/")[2]


async def test_the_frame_grows_with_the_page_and_the_site_is_told_when_it_is_ready(
    place: Place, tenant: Tenant, site: TenantsSite, visitor: Visitor
) -> None:
    domain = await tenant.add()
    await tenant.brand(embedOrigins=["https://app.acme.example", site.origin])
    site.link, site.more = token(domain.path), ' data-target="#place" data-lang="de" data-title="Domain verbinden"'
    page = visitor.page
    await page.goto(site.origin)
    framed = page.frame_locator('#place > iframe[title="Domain verbinden"]')
    await expect(framed.locator("main")).to_contain_text(TARGET)
    await expect(framed.locator("html")).to_have_attribute("lang", "de")
    await page.wait_for_function(
        "raw.some(([, data]) => data.type === 'height' && data.height > 400"
        " && Math.round(document.querySelector('iframe').getBoundingClientRect().height) === data.height)"
    )
    below = await page.locator("#below").bounding_box()
    frame = await page.locator("iframe").bounding_box()
    assert below is not None
    assert frame is not None
    assert below["y"] >= frame["y"] + frame["height"]
    await place.set_dns(domain.name, "CNAME", f"{TARGET}.")
    assert await wait_until_told(page, "ready") == {"domain": domain.name}
    raw = await page.evaluate("raw")
    assert {origin for origin, _ in raw} == {place.url}
    assert {data["source"] for _, data in raw} == {"dcvd"}
    assert {data["type"] for _, data in raw} == {"height", "ready"}


async def test_a_link_that_is_revoked_in_the_frame_says_so_to_both(
    tenant: Tenant, site: TenantsSite, visitor: Visitor
) -> None:
    domain = await tenant.add()
    await tenant.brand(embedOrigins=[site.origin])
    site.link = token(domain.path)
    visitor.may_fail.add(404)
    visitor.may_break_off = True
    await visitor.page.goto(site.origin)
    framed = visitor.page.frame_locator("iframe")
    await expect(framed.locator("main")).to_contain_text(TARGET)
    await tenant.revoke(domain)
    assert (await wait_until_told(visitor.page, "error"))["code"] == "link_ended"
    await expect(framed.get_by_role("alert")).to_contain_text("This link does not work any more")


@pytest.mark.sweep
async def test_a_site_that_is_not_listed_shows_nothing_and_is_told_so(
    tenant: Tenant, site: TenantsSite, visitor: Visitor
) -> None:
    domain = await tenant.add()
    await tenant.brand(embedOrigins=["https://app.acme.example"])
    site.link = token(domain.path)
    await visitor.page.goto(site.origin)
    assert await wait_until_told(visitor.page, "error") == {"code": "unavailable"}
    await expect(visitor.page.locator("iframe")).to_be_hidden()
    assert await visitor.page.evaluate("raw") == []
    assert all("frame-ancestors" in problem for problem in visitor.problems)
    visitor.problems.clear()


@pytest.mark.sweep
async def test_messages_of_others_change_nothing(tenant: Tenant, site: TenantsSite, visitor: Visitor) -> None:
    domain = await tenant.add()
    await tenant.brand(embedOrigins=[site.origin])
    site.link = token(domain.path)
    page = visitor.page
    await page.goto(site.origin)
    await expect(page.frame_locator("iframe").locator("main")).to_contain_text(TARGET)
    await page.evaluate("""() => new Promise((done) => {
      addEventListener("message", ({ data }) => { if (data === "last") done(); });
      postMessage({ source: "dcvd", type: "ready", domain: "forged" }, "*");
      postMessage({ source: "dcvd", type: "height", height: 9999 }, "*");
      postMessage(null, "*");
      postMessage("last", "*");
    })""")
    assert await page.evaluate("told") == []
    height = await page.locator("iframe").evaluate("(frame) => frame.getBoundingClientRect().height")
    assert height < 9999


@pytest.mark.sweep
async def test_one_click_opens_a_window_of_its_own_and_the_frame_follows(
    place: Place, tenant: Tenant, site: TenantsSite, visitor: Visitor
) -> None:
    domain = await tenant.add(f"shop.{await place.new_zone_of_customer()}")
    await tenant.brand(embedOrigins=[site.origin])
    site.link = token(domain.path)
    page = visitor.page
    await page.goto(site.origin)
    async with visitor.context.expect_page() as opened:
        await page.frame_locator("iframe").get_by_role("button", name="Continue at Cloudflare").click()
    window = await opened.value
    await window.get_by_role("button", name="Allow").click()
    await window.get_by_role("button", name="Write it").click()
    await expect(window.get_by_role("heading", level=1)).to_have_text(f"{domain.name} is connected")
    assert await window.evaluate("opener") is None
    assert await wait_until_told(page, "ready") == {"domain": domain.name}


@pytest.mark.sweep
async def test_the_example_of_the_documentation_works(
    place: Place, tenant: Tenant, site: TenantsSite, visitor: Visitor
) -> None:
    domain = await tenant.add()
    await tenant.brand(embedOrigins=[site.origin])
    (text,) = [block.text for block in read_page(ROOT / "docs/connect-page.md").blocks if block.language == "html"]
    shown = text.replace("dcv_link_…", token(domain.path)).replace("https://dcv.example.net", place.url)
    site.body = shown.replace("<script>", '<script nonce="x">').replace("{", "{{").replace("}", "}}")
    await visitor.page.goto(site.origin)
    await expect(visitor.page.frame_locator("#connect > iframe").locator("main")).to_contain_text(TARGET)
    await place.set_dns(domain.name, "CNAME", f"{TARGET}.")
    await expect(visitor.page).to_have_title(f"{domain.name} is connected")


@pytest.mark.sweep
async def test_a_typed_name_is_added_in_the_frame(
    place: Place, tenant: Tenant, site: TenantsSite, visitor: Visitor
) -> None:
    await tenant.brand(embedOrigins=[site.origin])
    site.link = token(await tenant.new_link())
    name = f"shop.{place.new_zone()}"
    await visitor.page.goto(site.origin)
    framed = visitor.page.frame_locator("iframe")
    await framed.get_by_label("Your domain").fill(name)
    await framed.get_by_role("button", name="Go on").click()
    await expect(framed.get_by_role("heading", level=1)).to_have_text(f"Connect {name}")
    await expect(framed.locator("header")).to_have_count(0)
    await place.set_dns(name, "CNAME", f"{TARGET}.")
    assert await wait_until_told(visitor.page, "ready") == {"domain": name}
