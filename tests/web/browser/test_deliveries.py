"""A developer's receiver fails: they see it happen, read why, repair it, and see the delivery arrive."""

import pytest
from playwright.async_api import expect

from tests.delivery.receivers import ok, receiving, saying
from tests.web.browser.place import Place, Tenant
from tests.web.browser.scenes.stage import Stage
from tests.web.browser.scenes.webhooks import subscribe
from tests.web.browser.visitor import Visitor

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_from_a_failure_to_a_success_without_a_reload(place: Place, tenant: Tenant, visitor: Visitor) -> None:
    stage, page = Stage(place, tenant, visitor), visitor.page
    async with receiving() as receiver:
        receiver.answer = saying(401)
        endpoint_id = await subscribe(stage, receiver.url, events=["domain.added"], retrySchedule=["0s", "1h"])
        await stage.open_dashboard(f"/webhooks/{endpoint_id}")
        endpoint = page.locator("#endpoint")
        await expect(endpoint).to_contain_text("Nothing was sent in this time.")
        await page.evaluate("window.isTheSamePage = true")
        await page.get_by_role("searchbox", name="Domain").fill("half typed")

        await tenant.add()
        row = endpoint.get_by_role("row", name="domain.added")
        await expect(row).to_contain_text("answered 401")
        await expect(endpoint.get_by_role("img", name="Attempts over time")).to_be_visible()
        await expect(endpoint.get_by_role("row", name="401 Unauthorized")).to_be_visible()
        await expect(page.get_by_role("searchbox", name="Domain")).to_have_value("half typed")
        assert await page.evaluate("window.isTheSamePage")

        await row.get_by_role("link", name="domain.added").click()
        delivery = page.locator("#delivery")
        await expect(delivery).to_contain_text("What to do:")
        await expect(delivery).to_contain_text("signature")
        await page.get_by_text("The receiver's answer").click()

        receiver.answer = ok
        await page.get_by_role("button", name="Send it now").click()
        await expect(delivery.locator(".verdict.good")).to_contain_text("delivered")
        await expect(delivery.get_by_role("article", name="Attempt 2")).to_contain_text("200")
        assert len(set(receiver.ids())) == 1
        assert [request.path for request in receiver.received] == ["/hooks", "/hooks"]


@pytest.mark.sweep
async def test_what_is_unfolded_stays_so_while_each_open_page_changes(
    place: Place, tenant: Tenant, visitor: Visitor
) -> None:
    stage, page = Stage(place, tenant, visitor), visitor.page
    async with receiving() as receiver:
        endpoint_id = await subscribe(stage, receiver.url, events=["domain.added"])
        await tenant.add()
        await receiver.gets(1)
        await stage.open_dashboard(f"/webhooks/{endpoint_id}?window=hour")
        await page.get_by_text("Figures", exact=True).click()
        table = page.locator("#figures-table table")
        await expect(table).to_be_visible()
        endpoints, deliveries = await visitor.context.new_page(), await visitor.context.new_page()
        await endpoints.goto(f"{place.url}/dashboard/webhooks")
        await deliveries.goto(f"{place.url}/dashboard/deliveries")
        await tenant.add()
        await expect(page.locator("#endpoint")).to_contain_text("2 did, and 0 failed")
        await expect(table).to_be_visible()
        await expect(endpoints.locator("#endpoints")).to_contain_text("2 of 2")
        await expect(deliveries.locator("#deliveries .badge", has_text="delivered")).to_have_count(2)
