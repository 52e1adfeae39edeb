"""Operators see and change tokens, people and connections of any organization, below another root."""

import re

import pytest_asyncio

from dcvd.store.organizations.organizations import Organization
from tests.served_app.client import Client
from tests.web.connect.visitor import read_text
from tests.web.sign_in.browser import Browser
from tests.web.sign_in.operating import signed_in_operator


@pytest_asyncio.fixture
async def browser(operator: Client, anybody: Client) -> Browser:
    return await signed_in_operator(operator, anybody)


async def test_the_links_and_forms_of_each_page_stay_below_their_root(
    browser: Browser, organization: Organization, owner: Client
) -> None:
    root = f"/dashboard/organizations/{organization.id}"
    token_id = (await owner.get("/api/tokens")).json["tokens"][0]["id"]
    for place in (
        "/tokens", "/tokens/new", "/tokens/sessions", f"/tokens/{token_id}", "/connections",
        "/connections/new?form=godaddy_key_pair", "/members", "/alerts", "/branding",
    ):  # fmt: skip
        answer = await browser.open(f"{root}{place}")
        assert answer.status == 200, place
        main = answer.body.decode().partition("<main")[2]
        assert not re.findall(rf'(?:href|action)="/(?!{root[1:]}/)[^"]*"', main), place


async def test_they_mint_and_revoke_in_its_name(browser: Browser, organization: Organization, owner: Client) -> None:
    tokens = f"/dashboard/organizations/{organization.id}/tokens"
    minted = await browser.press(tokens, on=f"{tokens}/new", name="by an operator", role="owner")
    assert minted.status == 200
    tokens_of_org = (await owner.get("/api/tokens")).json["tokens"]
    (token,) = (each for each in tokens_of_org if each["name"] == "by an operator")
    assert (token["role"], token["mintedBy"], token["memberId"]) == ("owner", None, None)
    path = f"{tokens}/{token['id']}"
    revoked = await browser.press(f"{path}/revoke", on=path)
    assert revoked.headers["Location"] == f"{tokens}?done=done_token_revoked"
    assert (await owner.get(f"/api/tokens/{token['id']}")).status == 404


async def test_no_consent_page_is_offered_that_could_not_lead_back(
    browser: Browser, organization: Organization
) -> None:
    page = read_text(await browser.open(f"/dashboard/organizations/{organization.id}/connections"))
    assert "Amazon Route 53, by an access key" in page
    assert "Connect Cloudflare" not in page
