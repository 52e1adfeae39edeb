"""The dashboard's pages of tokens."""

from typing import Final

from playwright.async_api import expect

from dcvd.core.instants import DAY
from dcvd.store.tokens import usage
from dcvd.store.tokens.usage import UsageCount
from tests.web.browser.scenes.stage import Scene, Stage


async def show_tokens(stage: Stage) -> None:
    for name, body in (
        ("deploy", {"role": "admin", "scopes": ["domains:read", "domains:write"], "expiresAt": "2099-01-31T00:00:00Z"}),
        ("support in Hamburg", {"role": "member", "domains": ["*.customer.test"], "readOnly": True}),
    ):
        await stage.tenant.api.call("POST", "/api/tokens", {"name": name, **body})
    await stage.open_dashboard("/tokens")
    await expect(stage.page.get_by_role("row")).to_have_count(4)


async def show_form(stage: Stage) -> None:
    await stage.open_dashboard("/tokens/new")
    stage.visitor.may_fail.add(400)
    await stage.page.get_by_label("Name").fill("ci")
    await stage.page.get_by_label("Only for these domains").fill("shop..customer.test")
    await stage.page.get_by_role("button", name="Create the token").click()
    await expect(stage.page.get_by_role("alert")).to_be_visible()


async def show_secret(stage: Stage) -> None:
    await stage.open_dashboard("/tokens/new")
    await stage.page.get_by_label("Name").fill("ci")
    await stage.page.get_by_role("button", name="Create the token").click()
    await expect(stage.page.get_by_role("button", name="Copy The token")).to_be_visible()


async def show_token(stage: Stage) -> None:
    """A token that was used on many days."""
    minted = await stage.tenant.api.call("POST", "/api/tokens", {"name": "deploy", "role": "admin"})
    context = stage.place.daemon.context
    token_id, today = minted["token"]["id"], context.now() // DAY
    counts = [
        UsageCount(
            token_id=token_id,
            day=today - day,
            operation=operation,
            requests=share * (day * 37 % 11) + 3,
            errors=day % 9 if share == 3 else 0,
        )
        for day in range(0, 80, 2)
        for operation, share in (("GET /api/domains", 9), ("POST /api/domains", 3), ("GET /api/events", 1))
    ]
    await context.database.write(lambda tx: usage.add(tx, counts))
    await stage.open_dashboard(f"/tokens/{token_id}")
    await expect(stage.page.get_by_role("heading", name="Use in the last 90 days")).to_be_visible()


async def show_sessions(stage: Stage) -> None:
    await stage.open_dashboard("/tokens/sessions")


SCENES: Final[dict[str, Scene]] = {
    "tokens": show_tokens,
    "token_form": show_form,
    "token_secret": show_secret,
    "token": show_token,
    "sessions": show_sessions,
}
