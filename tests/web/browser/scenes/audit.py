"""The dashboard's page of the audit."""

from typing import Final

from playwright.async_api import expect

from tests.web.browser.scenes.stage import Scene, Stage


async def show_audit(stage: Stage) -> None:
    domain = await stage.tenant.add()
    await stage.tenant.api.call("PATCH", f"/api/domains/{domain.id}", {"labels": {"tier": "gold"}})
    await stage.tenant.brand(primaryColor="#0f62fe")
    await stage.tenant.brand(primaryColor="#aa0000")
    await stage.open_dashboard("/audit")
    await expect(stage.page.get_by_role("row", name="The branding was changed").first).to_be_visible()


SCENES: Final[dict[str, Scene]] = {"audit": show_audit}
