"""The dashboard's pages of domains."""

from typing import Final

from playwright.async_api import expect

from tests.web.browser.place import TARGET, Domain
from tests.web.browser.scenes.stage import Scene, Stage


async def add_ready(stage: Stage, name: str | None = None) -> Domain:
    """A domain that works, as its tenant sees it."""
    domain = await stage.tenant.add(name)
    await stage.place.set_dns(domain.name, "CNAME", f"{TARGET}.")
    await stage.open_dashboard(f"/domains/{domain.id}")
    await expect(stage.page.locator("[data-state=ready]")).to_be_visible()
    return domain


async def add_broken(stage: Stage, name: str | None = None) -> Domain:
    """A domain that worked."""
    domain = await add_ready(stage, name)
    await stage.place.set_dns(domain.name, "CNAME", "shops.example.")
    await expect(stage.page.locator("[data-state=broken]")).to_contain_text("changed to shops.example")
    return domain


async def show_list(stage: Stage) -> None:
    await add_broken(stage)
    await add_ready(stage)
    for prefix in ("shop", "blog"):
        await stage.tenant.add(f"{prefix}.{stage.place.new_zone()}")
    domain = await stage.tenant.add(f"a-rather-long-name-of-a-customer-who-likes-hyphens.{stage.place.new_zone()}")
    await stage.place.set_dns(domain.name, "CNAME", "edge.sandbox.tset.")
    await stage.open_dashboard("/domains")
    await expect(stage.page.get_by_role("row")).to_have_count(6)
    await expect(stage.page.get_by_role("table")).to_contain_text("tset")


async def show_empty_list(stage: Stage) -> None:
    await stage.open_dashboard("/domains?state=broken")
    await expect(stage.page.locator("main")).to_contain_text("Nothing matches")


async def show_found(stage: Stage) -> None:
    domain = await add_broken(stage)
    await stage.open_dashboard(f"/domains?search=https://{domain.name}/cart")
    await expect(stage.page.locator("#meant")).to_contain_text("changed to shops.example")


async def show_addition(stage: Stage) -> None:
    stage.visitor.may_fail.add(400)
    await stage.open_dashboard("/domains/new")
    await stage.page.get_by_label("Domain", exact=True).fill("my shop!")
    await stage.page.get_by_role("main").get_by_role("button", name="Add a domain").click()
    await expect(stage.page.get_by_role("alert")).to_be_visible()


async def show_question(stage: Stage) -> None:
    await stage.open_dashboard("/domains/new")
    await stage.page.get_by_label("Domain", exact=True).fill(f"https://{stage.place.new_zone()}/shop")
    await stage.page.get_by_role("main").get_by_role("button", name="Add a domain").click()
    await expect(stage.page.get_by_role("button", name="Connect www.")).to_be_visible()


async def show_waiting(stage: Stage) -> None:
    domain = await stage.tenant.add()
    await stage.open_dashboard(f"/domains/{domain.id}")
    await expect(stage.page.locator("[data-state=customer]")).to_be_visible()


async def show_ready(stage: Stage) -> None:
    domain = await add_ready(stage)
    labels = {"externalId": "cust-42", "labels": {"tier": "gold"}}
    await stage.tenant.api.call("PATCH", f"/api/domains/{domain.id}", labels)
    await expect(stage.page.locator("#facts")).to_contain_text("gold")
    await stage.page.get_by_role("link", name="Ask them now").click()
    await expect(stage.page.locator("#answers table")).to_be_visible()


async def show_broken(stage: Stage) -> None:
    await add_broken(stage)
    await stage.page.get_by_role("main").get_by_text("Remove", exact=True).click()


async def show_plan(stage: Stage) -> None:
    zone = await stage.place.new_zone_of_customer()
    domain = await stage.tenant.add(f"shop.{zone}")
    await stage.visitor.open(domain.path)
    await stage.page.get_by_role("button", name="Continue at Cloudflare").click()
    await stage.page.get_by_role("button", name="Allow").click()
    await expect(stage.page.get_by_role("button", name="Write it")).to_be_visible()
    await stage.open_dashboard(f"/domains/{domain.id}")
    await stage.page.get_by_role("button", name="Write the record").click()
    await expect(stage.page.get_by_role("button", name="Write it")).to_be_visible()


async def show_link(stage: Stage) -> None:
    await show_waiting(stage)
    await stage.page.get_by_role("button", name="Make a link for the customer").click()
    await expect(stage.page.get_by_role("button", name="Copy Link")).to_be_visible()


async def show_removal(stage: Stage) -> None:
    await add_ready(stage)
    await stage.open_dashboard("/domains")
    await stage.page.get_by_label("Choose all").check()
    await stage.page.get_by_role("button", name="Remove").click()
    await expect(stage.page.get_by_role("heading", level=1)).to_have_text("Remove these domains?")


async def show_removed(stage: Stage) -> None:
    await show_broken(stage)
    await stage.page.get_by_role("button", name="Remove ").click()
    await expect(stage.page.get_by_role("heading", level=1)).to_contain_text("is removed")


async def show_history(stage: Stage) -> None:
    domain = await add_broken(stage)
    await stage.open_dashboard(f"/domains/{domain.id}/history")
    await expect(stage.page.locator(".history")).to_contain_text("added the domain")


SCENES: Final[dict[str, Scene]] = {
    "domains": show_list,
    "domains_none": show_empty_list,
    "domains_found": show_found,
    "domains_fault": show_addition,
    "domains_question": show_question,
    "domains_removal": show_removal,
    "domain_waiting": show_waiting,
    "domain_ready": show_ready,
    "domain_broken": show_broken,
    "domain_plan": show_plan,
    "domain_link": show_link,
    "domain_removed": show_removed,
    "domain_history": show_history,
}
