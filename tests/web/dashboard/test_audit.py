"""`/dashboard/audit`."""

import re
from html import unescape

import pytest

from dcvd.core.audit import AuditAction
from dcvd.core.instants import HOUR
from dcvd.core.tokens.token import Token
from dcvd.services import audit
from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.services.tokens import queries
from dcvd.store.organizations.organizations import Organization
from tests.manual_clock import ManualClock
from tests.web.connect.visitor import read_text
from tests.web.sign_in.browser import Browser

HOSTILE = "<img src=x onerror=alert(1)>\"'"


async def list_tokens(context: Context, org_id: str) -> list[Token]:
    return (await queries.list_page(context, org_id, cursor=None, limit=50)).items


async def read_actions(browser: Browser, query: str = "") -> list[str]:
    page = (await browser.open(f"/dashboard/audit{query}")).body.decode()
    return [unescape(text) for text in re.findall(r'<p class="name">(.*?)</p>', page)]


async def test_a_change_says_who_made_it_and_what_was_before_and_is_after(
    context: Context, organization: Organization, owner_browser: Browser
) -> None:
    await context.database.write(
        lambda tx: audit.record(
            context, tx, organization.id, AuditAction.BRANDING_CHANGED, organization.id,
            before={"name": "Acme"}, after={"name": HOSTILE}, actor="token:token_1",
        )
    )  # fmt: skip
    (token,) = await list_tokens(context, organization.id)
    answer = await owner_browser.open("/dashboard/audit")
    text = read_text(answer)
    assert "The branding was changed" in text
    assert f'href="/dashboard/tokens/{token.id}"' in answer.body.decode()
    assert "/dashboard/tokens/token_1" not in answer.body.decode(), "there is no such token"
    assert "A token only these token_1" in text
    assert f"name before: Acme → after: {HOSTILE}" in text
    assert "<img" not in answer.body.decode()


async def test_changes_are_filtered_by_what_who_whose_and_when(
    context: Context, organization: Organization, owner_browser: Browser, clock: ManualClock
) -> None:
    domain = await additions.add(context, organization.id, "app.customer.com")
    clock.advance(HOUR)
    await context.database.write(
        lambda tx: audit.record(
            context, tx, organization.id, AuditAction.JOB_RETRIED, "job_1", actor="operator:0"
        )
    )  # fmt: skip
    assert (await read_actions(owner_browser))[:2] == ["A job was retried", "A domain was added"]
    assert await read_actions(owner_browser, "?action=job.retried") == ["A job was retried"]
    assert await read_actions(owner_browser, "?actor=operator:0") == ["A job was retried"]
    (token,) = await list_tokens(context, organization.id)
    for actor in (token.id, f"token:{token.id}"):
        assert await read_actions(owner_browser, f"?actor={actor}") == ["A session began"]
    assert await read_actions(owner_browser, f"?object={domain.id}") == ["A domain was added"]
    assert await read_actions(owner_browser, "?since=2027-01-15T08:30") == ["A job was retried"]
    assert "A job was retried" not in await read_actions(owner_browser, "?until=2027-01-15T08:30:00Z")
    assert await read_actions(owner_browser, "?actor=token:none") == []


async def test_an_instant_that_is_none_is_said_at_its_field(owner_browser: Browser) -> None:
    answer = await owner_browser.open("/dashboard/audit?since=yesterday")
    assert answer.status == 400
    assert re.search(r'name="since"[^>]*value="yesterday" aria-invalid="true"', answer.body.decode())
    assert (await owner_browser.open("/dashboard/audit?action=odd")).status == 400


@pytest.mark.parametrize("language", ["en", "de"])
async def test_every_action_has_words(
    context: Context, organization: Organization, owner_browser: Browser, language: str
) -> None:
    page = (await owner_browser.open(f"/dashboard/audit?lang={language}")).body.decode()
    options = dict(re.findall(r'<option value="([a-z_]+\.[a-z_]+)">([^<]*)</option>', page))
    assert set(options) == set(AuditAction)
    assert all(words != action for action, words in options.items())


async def test_members_do_not_see_it(member_browser: Browser) -> None:
    assert (await member_browser.open("/dashboard/audit")).status == 403
    assert "/dashboard/audit" not in (await member_browser.open("/dashboard")).body.decode()
