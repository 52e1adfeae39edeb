"""The dashboard's pages of people, and what somebody who was invited sees."""

from typing import Final

from playwright.async_api import expect

from tests.web.browser.scenes.stage import Scene, Stage


async def invite(stage: Stage, address: str, role: str = "member") -> str:
    """The id of a new member, who has not accepted."""
    answer = await stage.tenant.api.call("POST", "/api/members", {"address": address, "role": role})
    return str(answer["member"]["id"])


async def show_members(stage: Stage) -> None:
    await invite(stage, "ada@acme.example", "admin")
    suspended = await invite(stage, "someone.with.a.long.name@subsidiary.acme.example")
    await stage.tenant.api.call("PATCH", f"/api/members/{suspended}", {"status": "suspended"})
    await stage.open_dashboard("/members")
    await expect(stage.page.get_by_role("row")).to_have_count(3)


async def show_member(stage: Stage) -> None:
    await stage.open_dashboard(f"/members/{await invite(stage, 'ada@acme.example')}")


async def show_invitation(stage: Stage) -> None:
    await stage.open_dashboard("/members")
    await stage.page.get_by_label("E-mail address").fill("ada@acme.example")
    await stage.page.get_by_role("button", name="Invite").click()
    await expect(stage.page.get_by_role("button", name="Copy The invitation")).to_be_visible()


async def show_acceptance(stage: Stage) -> None:
    await show_invitation(stage)
    address = await stage.page.locator("code.secret").text_content()
    await stage.page.goto(address or "")
    await expect(stage.page.get_by_role("button", name="Accept")).to_be_visible()


async def show_branding(stage: Stage) -> None:
    await stage.tenant.brand(primaryColor="#ffd400", returnUrl="https://acme.example/domains")
    await stage.open_dashboard("/branding")


async def add_contacts(stage: Stage) -> str:
    """The id of one who is told of some things alone."""
    contacts = "/api/alerts/contacts"
    await stage.tenant.api.call("POST", contacts, {"address": "on-call@acme.example"})
    told = {"address": "certificates@acme.example", "kinds": ["certificate_expiring", "renewal_overdue"]}
    return str((await stage.tenant.api.call("POST", contacts, told))["contact"]["id"])


async def show_alerts(stage: Stage) -> None:
    await add_contacts(stage)
    await stage.open_dashboard("/alerts")
    await expect(stage.page.get_by_role("row")).to_have_count(3)


async def show_contact(stage: Stage) -> None:
    await stage.open_dashboard(f"/alerts/{await add_contacts(stage)}")


SCENES: Final[dict[str, Scene]] = {
    "members": show_members,
    "member": show_member,
    "invitation": show_invitation,
    "acceptance": show_acceptance,
    "branding": show_branding,
    "alerts": show_alerts,
    "alert_contact": show_contact,
}
