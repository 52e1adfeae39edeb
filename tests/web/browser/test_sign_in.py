"""A real browser comes back from the provider's site with what only it has, and its session opens the dashboard."""

import pytest
from playwright.async_api import expect

from tests.web.browser.place import Place, Tenant
from tests.web.browser.scenes.sign_in import providing
from tests.web.browser.visitor import Visitor
from tests.web.sign_in.oidc.place import add_member

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.sweep]


async def test_a_member_signs_in_at_a_provider_on_another_site(place: Place, tenant: Tenant, visitor: Visitor) -> None:
    address = f"ann-{tenant.org_id}@example.net"
    await add_member(place.daemon.context, tenant.org_id, f"mem_{tenant.org_id}", address=address)
    # The stream of the open page ends with the session.
    visitor.may_break_off = True
    async with providing(place, address):
        await visitor.open("/dashboard?a=b")
        await visitor.page.get_by_role("link", name="Sign in with Acme ID").click()
        await visitor.page.wait_for_url("**/dashboard?a=b")
        await expect(visitor.page.get_by_text(f"{address} (owner)")).to_be_visible()
        await visitor.page.get_by_role("button", name="Sign out").click()
        await expect(visitor.page.get_by_role("link", name="Sign in with Acme ID")).to_be_visible()
