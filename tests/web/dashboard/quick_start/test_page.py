"""`/dashboard/quick-start`: what it says about what there is."""

import re

from dcvd.core.tokens.scopes import Scope
from dcvd.core.tokens.token import Role
from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.services.tokens import minting
from dcvd.services.tokens.rights import TokenLimits
from dcvd.services.webhooks import endpoints
from dcvd.store.organizations.organizations import Organization
from tests.docs.receivers import documented_files
from tests.docs.test_code_blocks import calls, describe_fault
from tests.served_app.client import Client
from tests.served_app.stand_ins import bring_to_active
from tests.web.connect.visitor import read_text
from tests.web.dashboard.quick_start.page import read_code, read_states
from tests.web.sign_in.browser import Browser, signed_in

PATH = "/dashboard/quick-start"


async def open_page(browser: Browser, query: str = "") -> str:
    answer = await browser.open(PATH + query)
    assert answer.status == 200
    return answer.body.decode()


async def test_what_exists_is_done_and_stands_in_the_code(
    context: Context, organization: Organization, owner_browser: Browser
) -> None:
    page = await open_page(owner_browser)
    assert read_states(page) == ["done", "current", "current", "current"]
    assert "https://dcv.example.net/api/domains/DOMAIN_ID" in read_code(page)["record", "curl"]
    domain = await additions.add(context, organization.id, "app.customer.com")
    page = await open_page(owner_browser)
    assert read_states(page) == ["done", "done", "current", "current"]
    assert f"https://dcv.example.net/api/domains/{domain.id}" in read_code(page)["record", "python"]
    assert "edge.example.net" in page
    endpoint, _ = await endpoints.create(context, organization.id, url="https://hooks.customer.com/", events=["*"])
    await bring_to_active(context, domain)
    page = await open_page(owner_browser)
    assert read_states(page) == ["done", "done", "done", "done"]
    assert f"https://dcv.example.net/api/webhooks/{endpoint.id}/test" in read_code(page)["test", "node"]


async def test_each_call_is_there_in_each_language_without_a_token_and_without_a_fault_of_the_page(
    owner: Client, owner_browser: Browser
) -> None:
    page = await open_page(owner_browser)
    code = read_code(page)
    steps = {step for step, language in code if language == "curl"}
    assert steps == {"token", "domain", "record", "webhook", "test"}
    for step in steps:
        assert all("DCVD_TOKEN" in code[step, language] for language in ("curl", "node", "python"))
    assert owner.token is not None
    assert owner.token not in page
    assert not re.search(r"dcv_live_\w", page)
    assert re.findall(r" style=|<script(?! src=)| on\w+=", page) == []


async def test_the_receivers_are_those_of_the_documentation(owner_browser: Browser) -> None:
    code, documented = read_code(await open_page(owner_browser)), documented_files()
    assert code["receiver", "python-file"] == documented["receiver.py"].rstrip("\n")
    assert code["receiver", "node-file"] == documented["receiver.mjs"].rstrip("\n")


async def test_the_commands_exist_with_their_options(owner_browser: Browser) -> None:
    code = read_code(await open_page(owner_browser))
    found = [words for step in ("listen", "demo", "sandbox") for words in calls(code[step, "sh"], "dcvd")]
    assert len(found) == 3
    assert [describe_fault(words) for words in found] == [None, None, None]


async def test_what_a_token_may_not_see_is_not_on_the_page(
    context: Context, organization: Organization, anybody: Client
) -> None:
    domain = await additions.add(context, organization.id, "secret.customer.com")
    endpoint, _ = await endpoints.create(context, organization.id, url="https://hooks.customer.com/", events=["*"])
    minted = await minting.create(
        context, organization.id, name="t", role=Role.OWNER, expires_at=None,
        limits=TokenLimits(scopes=[Scope.EVENTS_READ]),
    )  # fmt: skip
    page = await open_page(await signed_in(anybody.as_bearer(minted.plaintext.reveal())))
    assert domain.name not in page
    assert endpoint.id not in page
    assert read_states(page) == ["done", "current", "current", "current"]


async def test_the_reference_of_the_api_is_one_step_away(owner_browser: Browser) -> None:
    assert '<a href="/schema">' in await open_page(owner_browser)


async def test_it_is_there_in_german(owner_browser: Browser) -> None:
    answer = await owner_browser.open(f"{PATH}?lang=de")
    assert "Von einem Token bis zum ersten Webhook" in read_text(answer)
