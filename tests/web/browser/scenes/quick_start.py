"""The dashboard's quick start."""

from typing import Final

from playwright.async_api import expect

from tests.web.browser.place import TARGET
from tests.web.browser.scenes.stage import Scene, Stage


async def show_beginning(stage: Stage) -> None:
    await stage.open_dashboard("/quick-start")
    await stage.page.get_by_role("radio", name="Python").check()
    await expect(stage.page.locator("[data-step=domain][data-language=python]")).to_be_visible()
    await expect(stage.page.locator("[data-step=domain][data-language=curl]")).to_be_hidden()


async def show_end(stage: Stage) -> None:
    domain = await stage.tenant.add()
    await stage.place.set_dns(domain.name, "CNAME", f"{TARGET}.")
    await stage.visitor.open(domain.path)
    await expect(stage.page.get_by_role("link", name=f"Open {domain.name}")).to_be_visible()
    await stage.tenant.api.call("POST", "/api/webhooks", {"url": "https://hooks.example.com/dcvd", "events": ["*"]})
    await stage.open_dashboard("/quick-start")
    await expect(stage.page.locator(".step.done")).to_have_count(4)
    await stage.page.locator("#receiver-node summary").click()
    await expect(stage.page.locator("[data-step=receiver][data-language=node-file]")).to_be_visible()


SCENES: Final[dict[str, Scene]] = {"quick_start": show_beginning, "quick_start_done": show_end}
