"""Every page that a customer may see, each brought about by what they and their DNS do."""

from typing import Final

from playwright.async_api import expect

from tests.web.browser.place import CLOUDFLARE_SERVERS, TARGET
from tests.web.browser.scenes.stage import Scene, Stage


async def show_waiting(stage: Stage) -> None:
    zone = stage.place.new_zone()
    await stage.place.set_dns(zone, "NS", *CLOUDFLARE_SERVERS)
    domain = await stage.tenant.add(f"shop.{zone}")
    await stage.visitor.open(domain.path)
    await expect(stage.page.locator(".step.wrong")).to_be_visible()
    await expect(stage.page.locator("#ways")).to_be_visible()


async def show_wrong_target(stage: Stage) -> None:
    domain = await stage.tenant.add()
    await stage.place.set_dns(domain.name, "CNAME", "edge.sandbox.tset.")
    await stage.visitor.open(domain.path)
    await expect(stage.page.locator(".step.wrong .finding")).to_contain_text("tset")


async def show_proxied(stage: Stage) -> None:
    zone = stage.place.new_zone()
    await stage.place.set_dns(zone, "NS", *CLOUDFLARE_SERVERS)
    await stage.place.set_dns(f"shop.{zone}", "A", "104.16.0.1")
    domain = await stage.tenant.add(f"shop.{zone}")
    await stage.visitor.open(domain.path)
    await expect(stage.page.locator(".finding.info").first).to_be_visible()


async def show_several_records(stage: Stage) -> None:
    zone = stage.place.new_zone()
    asked = {"domainName": zone, "wildcard": True, "validation": "delegated"}
    found = (await stage.tenant.api.call("POST", "/api/domains", asked))["domain"]
    link = (await stage.tenant.api.call("POST", f"/api/domains/{found['id']}/links", {}))["link"]
    await stage.visitor.open(f"/connect/{link['token']}")
    await expect(stage.page.get_by_role("group", name="Record 2 of")).to_be_visible()


async def show_ready(stage: Stage) -> None:
    domain = await stage.tenant.add()
    await stage.place.set_dns(domain.name, "CNAME", f"{TARGET}.")
    await stage.visitor.open(domain.path)
    await expect(stage.page.get_by_role("link", name=f"Open {domain.name}")).to_be_visible()


async def show_broken(stage: Stage) -> None:
    domain = await stage.tenant.add()
    await stage.place.set_dns(domain.name, "CNAME", f"{TARGET}.")
    await stage.visitor.open(domain.path)
    await expect(stage.page.get_by_role("link", name=f"Open {domain.name}")).to_be_visible()
    await stage.place.set_dns(domain.name, "CNAME", "shops.example.")
    await expect(stage.page.locator("h1")).to_have_text(f"{domain.name} does not work")


async def show_question(stage: Stage) -> None:
    await stage.visitor.open(await stage.tenant.new_link())


async def show_apex(stage: Stage) -> None:
    await show_question(stage)
    await stage.page.get_by_label("Your domain").fill(f"https://{stage.place.new_zone()}/shop")
    await stage.page.get_by_role("button", name="Go on").click()
    await expect(stage.page.get_by_role("button", name="Connect www.")).to_be_visible()


async def show_no_name(stage: Stage) -> None:
    stage.visitor.may_fail.add(400)
    await show_question(stage)
    await stage.page.get_by_label("Your domain").fill("my shop!")
    await stage.page.get_by_role("button", name="Go on").click()
    await expect(stage.page.get_by_role("alert")).to_be_visible()


async def leave(stage: Stage) -> None:
    """Press the button that leads to the provider."""
    domain = await stage.tenant.add(f"shop.{await stage.place.new_zone_of_customer()}")
    await stage.visitor.open(domain.path)
    await stage.page.get_by_role("button", name="Continue at Cloudflare").click()


async def show_leaving(stage: Stage) -> None:
    async with stage.staying():
        await leave(stage)
    await expect(stage.page.get_by_role("link", name="Continue at Cloudflare")).to_be_visible()


async def show_plan(stage: Stage) -> None:
    await leave(stage)
    await stage.page.get_by_role("button", name="Allow").click()
    await expect(stage.page.get_by_role("button", name="Write it")).to_be_visible()


async def show_declined(stage: Stage) -> None:
    stage.visitor.may_fail.add(400)
    await leave(stage)
    await stage.page.get_by_role("button", name="Deny").click()
    await expect(stage.page.locator("main")).to_contain_text("You declined")


async def show_ended(stage: Stage) -> None:
    stage.visitor.may_fail.add(404)
    await stage.visitor.open(f"/connect/dcv_link_{'0' * 32}")
    await expect(stage.page.get_by_role("alert")).to_be_visible()


async def show_embedded(stage: Stage) -> None:
    domain = await stage.tenant.add()
    await stage.visitor.open(f"{domain.path}?embed=1")
    await expect(stage.page.locator(".step.wrong")).to_be_visible()


SCENES: Final[dict[str, Scene]] = {
    "waiting": show_waiting,
    "wrong_target": show_wrong_target,
    "proxied": show_proxied,
    "several_records": show_several_records,
    "ready": show_ready,
    "broken": show_broken,
    "question": show_question,
    "apex": show_apex,
    "no_name": show_no_name,
    "leaving": show_leaving,
    "plan": show_plan,
    "declined": show_declined,
    "ended": show_ended,
    "embedded": show_embedded,
}
