"""An operator opens the link that the machine printed, sees what is broken by its cause, and puts it right."""

import re

import pytest
from playwright.async_api import expect

from tests.web.browser.place import Place, Tenant
from tests.web.browser.scenes.operator import let_jobs_die
from tests.web.browser.scenes.stage import Stage
from tests.web.browser.visitor import Visitor

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.sweep
async def test_from_the_printed_link_to_the_domain_of_a_tenant(place: Place, tenant: Tenant, visitor: Visitor) -> None:
    stage = Stage(place, tenant, visitor)
    page = visitor.page
    await page.goto(await place.get_operator_link())
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Operator")
    await page.evaluate("window.isTheSamePage = true")

    # What breaks while the page is open appears on it.
    domain, *_ = await let_jobs_die(stage, code="plan_lacks")
    await expect(page.get_by_role("heading", name="Jobs that were given up, by cause")).to_be_visible()
    cause = page.get_by_role("link", name="3 × Registration at Cloudflare: plan_lacks")
    await expect(cause).to_be_visible()
    assert await page.evaluate("window.isTheSamePage")

    await cause.click()
    await expect(page.get_by_role("cell", name=domain.name)).to_be_visible()
    await page.get_by_role("button", name="Try all again: 3 × Registration").click()
    await expect(page.get_by_role("status")).to_have_text("The jobs are tried again.")
    await expect(page.get_by_role("link", name="Registration at Cloudflare: plan_lacks")).to_have_count(0)

    await page.get_by_role("link", name="Domains", exact=True).click()
    await page.get_by_label("Domain, or a pasted URL").fill(f"https://{domain.name}/cart?x=1")
    await page.get_by_role("button", name="Show").click()
    row = page.get_by_role("row").filter(has_text=domain.name)
    await expect(row).to_contain_text("waits for its record")
    await row.get_by_role("link", name=re.compile("^Acme")).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("^Acme"))
    await page.get_by_role("link", name="Open its dashboard").click()
    await expect(page.get_by_text("You act for")).to_be_visible()
    await page.get_by_role("link", name="Back to the operator's pages").click()
    await expect(page.get_by_role("heading", name="Name and quotas")).to_be_visible()
    assert visitor.origins == {place.url.removeprefix("http://")}
