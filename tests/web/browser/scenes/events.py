"""The dashboard's pages of events."""

from typing import Final

from playwright.async_api import expect

from tests.web.browser.place import TARGET
from tests.web.browser.scenes.stage import Scene, Stage


async def show_events(stage: Stage) -> None:
    """What a domain goes through that is right at first and broken later, seen live."""
    domain = await stage.tenant.add()
    await stage.open_dashboard("/events")
    events = stage.page.locator("#events")
    await expect(events).to_contain_text(f"{domain.name} was added.")
    await stage.page.locator(".body summary").first.click()
    await stage.place.set_dns(domain.name, "CNAME", f"{TARGET}.")
    await expect(events).to_contain_text(f"{domain.name} serves https.")
    await expect(stage.page.locator(".body[open]").first).to_be_visible()


async def show_event(stage: Stage) -> None:
    """One that is on its way, and therefore not sent again."""
    stage.visitor.may_fail.add(409)
    created = await stage.tenant.api.call(
        "POST", "/api/webhooks", {"url": "http://127.0.0.1:9/hook", "events": ["*"], "name": "our billing"}
    )
    domain = await stage.tenant.add()
    await stage.open_dashboard("/events")
    await stage.page.get_by_role("link", name=f"{domain.name} was added.").click()
    await stage.page.get_by_role("button", name="Send", exact=True).click()
    await expect(stage.page.get_by_label("Webhook", exact=True)).to_have_value(created["webhook"]["id"])
    await expect(stage.page.get_by_role("alert")).to_be_visible()


async def show_no_such_domain(stage: Stage) -> None:
    stage.visitor.may_fail.add(400)
    await stage.open_dashboard("/events?domain=my+shop!")
    await expect(stage.page.get_by_role("alert")).to_be_visible()


SCENES: Final[dict[str, Scene]] = {
    "events": show_events,
    "event": show_event,
    "events_no_such_domain": show_no_such_domain,
}
