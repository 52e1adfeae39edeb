"""The ways into a browser without a token: an operator's link, and an identity provider."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ed25519
from msgspec.structs import replace
from playwright.async_api import expect

from dcvd.cli.operations import open_daemon_operations
from dcvd.config.web_section import WebOidcConfig
from tests.web.browser.place import Place
from tests.web.browser.scenes.stage import Scene, Stage
from tests.web.sign_in.oidc.issuer import ADDRESS, CLIENT_ID, FakeIssuer, Key, serving
from tests.web.sign_in.oidc.place import add_member


@asynccontextmanager
async def providing(place: Place, address: str) -> AsyncIterator[FakeIssuer]:
    """An identity provider of another site, as long as the block lasts, which knows somebody by this address."""
    context = place.daemon.context
    config = context.config
    issuer = FakeIssuer(Key(ed25519.Ed25519PrivateKey.generate(), "ed"), context.now)
    issuer.claims = {"email": address}
    async with serving(issuer, "localhost"):
        oidc = WebOidcConfig(issuer=issuer.url, name="Acme ID", client_id=CLIENT_ID, auth_method="none")
        context.live_config.value = replace(config, web_oidc=oidc)
        try:
            yield issuer
        finally:
            context.live_config.value = config


async def get_operator_link(place: Place) -> str:
    """The path of a new link of `dcvd dashboard`."""
    async with open_daemon_operations(place.daemon.context.config.server.socket) as operations:
        return urlsplit((await operations.create_sign_in_link()).url).path


async def show_operator_link(stage: Stage) -> None:
    await stage.visitor.open(await get_operator_link(stage.place))
    await expect(stage.page.get_by_role("button", name="Sign in")).to_be_visible()


async def show_operator(stage: Stage) -> None:
    await show_operator_link(stage)
    await stage.page.get_by_role("button", name="Sign in").click()
    await stage.page.wait_for_url("**/dashboard/operator")


async def show_used_link(stage: Stage) -> None:
    path = await get_operator_link(stage.place)
    await stage.visitor.open(path)
    await stage.page.get_by_role("button", name="Sign in").click()
    await stage.page.wait_for_url("**/dashboard/operator")
    stage.visitor.may_fail.add(404)
    await stage.visitor.open(path)
    await expect(stage.page.get_by_text("does not work any more")).to_be_visible()


async def show_provider(stage: Stage) -> None:
    async with providing(stage.place, ADDRESS):
        await stage.visitor.open("/sign-in")
        await expect(stage.page.get_by_role("link", name="Sign in with Acme ID")).to_be_visible()


async def show_no_member(stage: Stage) -> None:
    stage.visitor.may_fail.add(403)
    async with providing(stage.place, "nobody@example.net"):
        await stage.visitor.open("/sign-in/oidc")
        await expect(stage.page.get_by_text("no organization has an active member")).to_be_visible()


async def show_choice(stage: Stage) -> None:
    address = f"{stage.tenant.org_id}@example.net"
    other = await stage.place.new_tenant("Other")
    for org_id in (stage.tenant.org_id, other.org_id):
        await add_member(stage.place.daemon.context, org_id, f"mem_{org_id}", address=address)
    async with providing(stage.place, address):
        await stage.visitor.open("/sign-in/oidc")
        await expect(stage.page.get_by_role("heading", name="For which organization?")).to_be_visible()


SCENES: Final[dict[str, Scene]] = {
    "operator_link": show_operator_link,
    "operator_link_used": show_used_link,
    "operator": show_operator,
    "sign_in_provider": show_provider,
    "sign_in_no_member": show_no_member,
    "sign_in_choice": show_choice,
}
