"""The first page of the dashboard, and the way to it."""

from typing import Final

from playwright.async_api import expect

from tests.web.browser.scenes.stage import Scene, Stage


async def show_sign_in(stage: Stage) -> None:
    await stage.visitor.open("/dashboard")
    await expect(stage.page.get_by_role("button", name="Sign in")).to_be_visible()


async def show_overview(stage: Stage) -> None:
    await stage.open_dashboard()


SCENES: Final[dict[str, Scene]] = {"sign_in": show_sign_in, "overview": show_overview}
