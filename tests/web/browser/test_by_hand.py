"""A customer creates the record by hand, with the mistakes that people make, and the open page says each."""

import pytest
from playwright.async_api import expect

from tests.web.browser.place import CLOUDFLARE_SERVERS, TARGET, Place, Tenant
from tests.web.browser.visitor import Visitor

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.sweep
async def test_from_a_typo_to_https_without_a_reload(place: Place, tenant: Tenant, visitor: Visitor) -> None:
    zone = place.new_zone()
    await place.set_dns(zone, "NS", *CLOUDFLARE_SERVERS)
    domain = await tenant.add(f"shop.{zone}")
    await visitor.open(domain.path)
    page = visitor.page
    await page.evaluate("window.isTheSamePage = true")
    record = page.get_by_role("group", name="Record 1 of")
    await expect(page.get_by_role("heading", level=1)).to_have_text(f"Connect {domain.name}")
    await expect(record.locator("dd").nth(0)).to_contain_text("CNAME")
    await expect(record.locator("dd").nth(1)).to_contain_text("shop")
    await expect(record.locator("dd").nth(2)).to_contain_text(TARGET)

    wrong = page.locator(".step.wrong .finding")
    await place.set_dns(domain.name, "CNAME", "edge.sandbox.tset.")
    await expect(wrong).to_contain_text("edge.sandbox.tset")
    await place.set_dns(domain.name, "CNAME", "shops.example.")
    await expect(wrong).to_contain_text("shops.example")
    await place.clear_dns(domain.name, "CNAME")
    await place.set_dns(f"{domain.name}.{zone}", "CNAME", f"{TARGET}.")
    await expect(wrong).to_contain_text(f"{domain.name}.{zone}")
    await place.clear_dns(f"{domain.name}.{zone}", "CNAME")
    await place.set_dns(domain.name, "A", "104.16.0.1")
    await expect(page.locator(".step .finding.info")).to_contain_text("is proxied")
    await place.clear_dns(domain.name, "A")

    await place.set_dns(domain.name, "CNAME", f"{TARGET}.")
    await expect(page.get_by_role("heading", level=1)).to_have_text(f"{domain.name} is connected")
    await expect(page.get_by_role("link", name=f"Open {domain.name}")).to_have_attribute(
        "href", f"https://{domain.name}/"
    )
    assert await page.evaluate("window.isTheSamePage")
    assert visitor.origins == {place.url.removeprefix("http://")}
