"""Support, and a developer, at the domains of their organization."""

import re

import pytest
from playwright.async_api import expect

from tests.web.browser.place import TARGET, Place, Tenant
from tests.web.browser.scenes.domains import add_broken, add_ready
from tests.web.browser.scenes.stage import Stage
from tests.web.browser.visitor import Visitor

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture
def stage(place: Place, tenant: Tenant, visitor: Visitor) -> Stage:
    return Stage(place, tenant, visitor)


@pytest.mark.sweep
async def test_support_pastes_an_address_and_reads_the_cause(stage: Stage) -> None:
    domain = await add_broken(stage)
    await stage.open_dashboard("/domains")
    page = stage.page
    await page.get_by_label("Name or pasted address").fill(f"https://{domain.name}/cart?item=1#top")
    await page.keyboard.press("Enter")
    await expect(page.locator("#meant")).to_contain_text("Its CNAME was changed to shops.example.")
    await page.locator("#meant").get_by_role("link").click()
    await expect(page.locator("[data-state]")).to_have_text(
        re.compile(r"Does not work since .+: Its CNAME was changed to shops\.example\.")
    )


@pytest.mark.sweep
async def test_a_domain_breaks_while_the_list_is_open_and_what_was_chosen_stays(stage: Stage) -> None:
    breaking, other = await add_ready(stage), await add_ready(stage)
    await stage.open_dashboard("/domains")
    page = stage.page
    await page.evaluate("window.isTheSamePage = true")
    row = page.get_by_role("row").filter(has_text=breaking.name)
    untouched = page.get_by_role("row").filter(has_text=other.name)
    await row.get_by_role("checkbox").check()
    await untouched.get_by_role("checkbox").check()
    await row.get_by_role("link").focus()
    await stage.place.set_dns(breaking.name, "CNAME", "shops.example.")
    await expect(row).to_contain_text("broken")
    await expect(row.get_by_role("checkbox")).to_be_checked()
    await expect(untouched.get_by_role("checkbox")).to_be_checked()
    await expect(row.get_by_role("link")).to_be_focused()
    added = await stage.tenant.add()
    await expect(page.get_by_role("row").nth(1)).to_contain_text(added.name)
    await stage.tenant.api.call("DELETE", f"/api/domains/{other.id}")
    await expect(untouched).to_have_count(0)
    await expect(row.get_by_role("checkbox")).to_be_checked()
    assert await page.evaluate("window.isTheSamePage")


async def test_a_developer_adds_a_domain_and_sees_it_become_ready(stage: Stage) -> None:
    name = f"shop.{stage.place.new_zone()}"
    await stage.open_dashboard()
    page = stage.page
    await page.get_by_role("link", name="Add a domain").click()
    await page.get_by_label("Domain", exact=True).fill(name)
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-state=customer]")).to_be_visible()
    await page.evaluate("window.isTheSamePage = true")
    await page.locator("details.confirm summary").first.click()
    await stage.place.set_dns(name, "CNAME", f"{TARGET}.")
    await expect(page.locator("[data-state=ready]")).to_contain_text("Works since")
    await expect(page.locator(".light.good")).to_have_count(3)
    await expect(page.locator("details.confirm").first).to_have_attribute("open", "")
    assert await page.evaluate("window.isTheSamePage")
