"""A customer has the record written: they agree at their provider, see what will be written, and press a button."""

import pytest
from playwright.async_api import Browser, Page, expect

from tests.web.browser.place import TARGET, Place, Tenant
from tests.web.browser.scenes.connect import show_leaving
from tests.web.browser.scenes.stage import Stage
from tests.web.browser.visitor import Visitor, visiting

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.sweep]


async def agree(page: Page) -> None:
    """From the page of the domain to the plan."""
    await page.get_by_role("button", name="Continue at Cloudflare").click()
    await page.get_by_role("button", name="Allow").click()


async def test_what_will_be_written_is_shown_first_and_then_it_works(
    place: Place, tenant: Tenant, visitor: Visitor
) -> None:
    domain = await tenant.add(f"shop.{await place.new_zone_of_customer()}")
    await visitor.open(domain.path)
    page = visitor.page
    await agree(page)
    await expect(page.get_by_role("heading", level=1)).to_have_text("This will be written at Cloudflare")
    await expect(page.get_by_role("listitem")).to_have_text([f"New: CNAME shop {TARGET}"])
    assert page.url == f"{place.url}{domain.path}/plan"
    await page.get_by_role("button", name="Write it").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(f"{domain.name} is connected")
    await expect(page.get_by_role("link", name=f"Open {domain.name}")).to_be_visible()
    assert page.url == f"{place.url}{domain.path}"
    assert await visitor.context.cookies() == [], "what led back is forgotten"


@pytest.mark.sweep
async def test_a_record_in_the_way_is_named_before_it_is_replaced(
    place: Place, tenant: Tenant, visitor: Visitor
) -> None:
    domain = await tenant.add(f"shop.{await place.new_zone_of_customer()}")
    await place.set_dns(domain.name, "A", "192.0.2.7")
    await visitor.open(domain.path)
    page = visitor.page
    await agree(page)
    await expect(page.get_by_role("listitem").first).to_contain_text("A shop 192.0.2.7")
    await page.get_by_role("button", name="Replace what is there, and write it").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(f"{domain.name} is connected")


@pytest.mark.sweep
async def test_whoever_declines_can_still_do_it_by_hand(place: Place, tenant: Tenant, visitor: Visitor) -> None:
    domain = await tenant.add(f"shop.{await place.new_zone_of_customer()}")
    await visitor.open(domain.path)
    page = visitor.page
    visitor.may_fail.add(400)
    await page.get_by_role("button", name="Continue at Cloudflare").click()
    await page.get_by_role("button", name="Deny").click()
    await expect(page.locator("main")).to_contain_text("You declined")
    await visitor.open(domain.path)
    await expect(page.get_by_role("group", name="Record 1 of")).to_be_visible()


async def test_one_press_leads_to_the_provider_and_back_leads_to_the_button(
    place: Place, tenant: Tenant, visitor: Visitor
) -> None:
    domain = await tenant.add(f"shop.{await place.new_zone_of_customer()}")
    await visitor.open(domain.path)
    await require_one_press(Stage(place, tenant, visitor), "Continue at Cloudflare")


async def test_so_it_is_in_the_dashboard(place: Place, tenant: Tenant, visitor: Visitor) -> None:
    stage = Stage(place, tenant, visitor)
    await stage.open_dashboard("/connections")
    await require_one_press(stage, "Connect Cloudflare")


async def require_one_press(stage: Stage, name: str) -> None:
    page = stage.page
    before, button = page.url, page.get_by_role("button", name=name)
    async with page.expect_request(f"{stage.provider_url}**") as asked:
        await button.click()
    await expect(page.get_by_role("button", name="Allow")).to_be_visible()
    assert page.url.startswith(stage.provider_url)
    assert "referer" not in await (await asked.value).all_headers()
    await page.go_back()
    await expect(button).to_be_visible()
    assert page.url == before


async def test_whoever_stays_on_the_page_between_is_not_led_away_by_a_reload_and_has_a_link(
    place: Place, tenant: Tenant, visitor: Visitor
) -> None:
    stage = Stage(place, tenant, visitor)
    await show_leaving(stage)
    await stage.page.reload()
    link = stage.page.get_by_role("link", name="Continue at Cloudflare")
    await expect(link).to_be_focused()
    await link.click()
    await expect(stage.page.get_by_role("button", name="Allow")).to_be_visible()


async def test_without_scripts_a_link_leads_there(place: Place, tenant: Tenant, browser: Browser) -> None:
    async with visiting(browser, place.url, java_script_enabled=False) as visitor:
        await Stage(place, tenant, visitor).open_dashboard("/connections")
        page = visitor.page
        await page.get_by_role("button", name="Connect Cloudflare").click()
        await expect(page.locator("main")).to_contain_text("follow the link")
        await page.get_by_role("link", name="Continue at Cloudflare").click()
        await expect(page.get_by_role("button", name="Allow")).to_be_visible()
        visitor.require_no_problem()
