"""The dashboard's pages of connections."""

from typing import Final

from playwright.async_api import expect

from tests.web.browser.scenes.stage import Scene, Stage


async def connect(stage: Stage) -> None:
    """Consent at the sandbox's Cloudflare."""
    await stage.open_dashboard("/connections")
    await stage.page.get_by_role("button", name="Connect Cloudflare").click()
    await stage.page.get_by_role("button", name="Allow").click()
    await expect(stage.page.get_by_role("status")).to_have_text("The provider is connected.")


async def show_connections(stage: Stage) -> None:
    await connect(stage)
    await stage.open_dashboard("/connections")
    await expect(stage.page.get_by_role("row")).to_have_count(2)


async def show_none(stage: Stage) -> None:
    await stage.open_dashboard("/connections?failed=access_denied")
    await expect(stage.page.get_by_role("alert")).to_be_visible()


async def show_leaving(stage: Stage) -> None:
    await stage.open_dashboard("/connections")
    async with stage.staying():
        await stage.page.get_by_role("button", name="Connect Cloudflare").click()
    await expect(stage.page.get_by_role("link", name="Continue at Cloudflare")).to_be_visible()


async def show_connection(stage: Stage) -> None:
    await connect(stage)


async def show_credentials(stage: Stage) -> None:
    await stage.open_dashboard("/connections/new?form=other_tsig")
    stage.visitor.may_fail.add(400)
    page = stage.page
    for label, text in (("Server", "ns1.customer.test"), ("Zone", "customer.test"), ("Name of the key", "dcvd"),
                        ("Secret", "no base64!")):  # fmt: skip
        await page.get_by_label(label, exact=True).fill(text)
    await page.get_by_role("button", name="Try and connect").click()
    await expect(page.get_by_role("alert")).to_contain_text("base64")


async def show_role(stage: Stage) -> None:
    await stage.open_dashboard("/connections/new?form=route53_aws_role")


SCENES: Final[dict[str, Scene]] = {
    "connections": show_connections,
    "connections_none": show_none,
    "connection_leaving": show_leaving,
    "connection": show_connection,
    "connection_credentials": show_credentials,
    "connection_role": show_role,
}
