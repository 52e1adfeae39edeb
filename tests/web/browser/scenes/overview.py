"""The first page of the dashboard, and the way to it."""

from typing import Final

from playwright.async_api import expect

from tests.web.browser.scenes import domains
from tests.web.browser.scenes.stage import Scene, Stage


async def show_sign_in(stage: Stage) -> None:
    await stage.visitor.open("/dashboard")
    await expect(stage.page.get_by_role("button", name="Sign in")).to_be_visible()


async def show_begin(stage: Stage) -> None:
    await stage.open_dashboard()
    await expect(stage.page.locator("main")).to_contain_text("Begin with a domain")


async def show_overview(stage: Stage) -> None:
    await domains.add_broken(stage)
    asked = {"url": "http://127.0.0.1:9/hook", "events": ["*"]}
    endpoint = (await stage.tenant.api.call("POST", "/api/webhooks", asked))["webhook"]
    await stage.tenant.api.call("PATCH", f"/api/webhooks/{endpoint['id']}", {"enabled": False})
    await domains.add_ready(stage)
    await stage.open_dashboard()
    await expect(stage.page.locator("main")).to_contain_text("changed to shops.example")


async def show_sessions(stage: Stage) -> None:
    await stage.open_dashboard("/sessions")
    await expect(stage.page.get_by_role("heading", level=1)).to_have_text("Your sessions")


SCENES: Final[dict[str, Scene]] = {
    "sign_in": show_sign_in,
    "overview": show_overview,
    "overview_begin": show_begin,
    "sessions": show_sessions,
}
