"""The page of a domain, whoever looks at it and however: keyboard, language, no scripts, a link that ends."""

import asyncio

import pytest
from playwright.async_api import Browser, Route, expect

from tests.web.browser.place import TARGET, Place, Tenant
from tests.web.browser.visitor import Visitor, visiting

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.sweep]


async def test_a_revoked_link_ends_the_open_page(tenant: Tenant, visitor: Visitor) -> None:
    domain = await tenant.add()
    await visitor.open(domain.path)
    visitor.may_fail.add(404)
    visitor.may_break_off = True
    await expect(visitor.page.locator(".step").first).to_be_visible()
    await tenant.revoke(domain)
    await expect(visitor.page.get_by_role("alert")).to_contain_text("This link does not work any more")
    await expect(visitor.page.locator("main")).not_to_contain_text(TARGET)


async def test_a_link_that_is_revoked_while_its_page_loads_ends_the_page(tenant: Tenant, visitor: Visitor) -> None:
    domain = await tenant.add()
    visitor.may_fail.add(404)
    visitor.may_break_off = True
    asked: asyncio.Future[Route] = asyncio.get_running_loop().create_future()
    await visitor.page.route("**/ways*", lambda route: asked.set_result(route))
    await visitor.open(domain.path)
    async with asyncio.timeout(14):
        late = await asked
    await tenant.revoke(domain)
    async with visitor.page.expect_response("**/ways*") as answered:
        await late.continue_()
    assert (await answered.value).status == 404
    await expect(visitor.page.get_by_role("alert")).to_contain_text("This link does not work any more")
    await expect(visitor.page.locator("main")).not_to_contain_text(TARGET)


async def test_the_browsers_language_is_spoken_and_the_other_one_is_a_click_away(
    place: Place, tenant: Tenant, browser: Browser
) -> None:
    domain = await tenant.add()
    async with visiting(browser, place.url, locale="de-AT") as visitor:
        await visitor.open(domain.path)
        page = visitor.page
        await expect(page.locator("html")).to_have_attribute("lang", "de")
        await expect(page.get_by_role("button", name="Jetzt prüfen")).to_be_visible()
        await page.get_by_role("link", name="EN", exact=True).click()
        await expect(page.get_by_role("button", name="Check now")).to_be_visible()
        await page.get_by_role("button", name="Check now").click()
        await expect(page.get_by_role("button", name="Check now")).to_be_enabled()
        visitor.require_no_problem()


async def test_with_the_keyboard_alone_a_value_is_copied_and_the_focus_is_seen(
    place: Place, tenant: Tenant, visitor: Visitor
) -> None:
    domain = await tenant.add()
    await visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await visitor.open(domain.path)
    page = visitor.page
    copy = page.get_by_role("button", name="Copy Value")
    await expect(copy).to_be_visible()
    reached = []
    for _ in range(30):
        await page.keyboard.press("Tab")
        focused = page.locator(":focus")
        reached.append(await focused.evaluate("(e) => e.getAttribute('aria-label') || e.textContent.trim()"))
        assert await focused.evaluate("(e) => getComputedStyle(e).outlineStyle") != "none", reached
        if reached[-1] == "Copy Value":
            break
    assert reached[0] == "Skip to the content"
    assert reached.index("Check now") < reached.index("Copy Name") < reached.index("Copy Value")
    await page.keyboard.press("Enter")
    await expect(copy).to_have_text("Copied")
    assert await page.evaluate("navigator.clipboard.readText()") == TARGET


async def test_without_scripts_it_can_be_read_and_checked(place: Place, tenant: Tenant, browser: Browser) -> None:
    domain = await tenant.add()
    async with visiting(browser, place.url, java_script_enabled=False) as visitor:
        await visitor.open(domain.path)
        page = visitor.page
        await expect(page.locator("main")).to_contain_text(TARGET)
        await expect(page.locator("time").first).to_contain_text("UTC")
        await place.set_dns(domain.name, "CNAME", "shops.example.")
        await page.get_by_role("button", name="Check now").click()
        await expect(page.locator(".step.wrong .finding")).to_contain_text("shops.example")
        assert page.url == f"{place.url}{domain.path}"
        visitor.require_no_problem()


@pytest.mark.sweep
async def test_where_the_clipboard_is_refused_the_copy_button_copies_all_the_same(
    tenant: Tenant, visitor: Visitor
) -> None:
    domain = await tenant.add()
    await visitor.context.add_init_script("navigator.clipboard.writeText = () => Promise.reject(new Error('no'))")
    await visitor.open(domain.path)
    page = visitor.page
    await page.get_by_role("button", name="Copy Value").click()
    await expect(page.get_by_role("button", name="Copy Value")).to_have_text("Copied")
