"""A customer types the name: pasted from somewhere, a whole domain, or no name at all."""

import pytest
from playwright.async_api import expect

from tests.web.browser.place import Place, Tenant
from tests.web.browser.visitor import Visitor

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.sweep]


async def test_a_pasted_address_is_read_as_its_name_and_asked_about(
    place: Place, tenant: Tenant, visitor: Visitor
) -> None:
    name = f"shop.{place.new_zone()}"
    await visitor.open(await tenant.new_link())
    page = visitor.page
    await page.get_by_label("Your domain").fill(f"https://Shop.{name.removeprefix('shop.')}/cart?item=1#top")
    await page.get_by_role("button", name="Go on").click()
    await expect(page.locator("main")).to_contain_text(name)
    await page.get_by_role("button", name=f"Connect {name}").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(f"Connect {name}")


async def test_a_whole_domain_is_offered_with_www_first(place: Place, tenant: Tenant, visitor: Visitor) -> None:
    zone = place.new_zone()
    await visitor.open(await tenant.new_link())
    page = visitor.page
    await page.get_by_label("Your domain").fill(zone)
    await page.get_by_label("Your domain").press("Enter")
    choices = page.get_by_role("button", name="Connect ")
    await expect(choices).to_have_text([f"Connect www.{zone}", f"Connect {zone}"])
    await choices.first.click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(f"Connect www.{zone}")


@pytest.mark.sweep
async def test_what_is_no_name_is_said_at_the_field_and_what_was_typed_stays(tenant: Tenant, visitor: Visitor) -> None:
    await visitor.open(await tenant.new_link())
    page = visitor.page
    visitor.may_fail.add(400)
    field = page.get_by_role("textbox")
    await field.fill("my shop!")
    await page.get_by_role("button", name="Go on").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await expect(field).to_have_value("my shop!")
    await expect(field).to_have_attribute("aria-describedby", "fault")
