"""What is done with several domains at once."""

import pytest

from dcvd.services.context import Context
from dcvd.store import domains
from dcvd.store.organizations.organizations import Organization
from tests.manual_clock import ManualClock
from tests.served_app.client import Answer, Client
from tests.web.connect.visitor import read_text
from tests.web.dashboard.domains.standing import add_working
from tests.web.sign_in.browser import SAME_ORIGIN, Browser

LIST = "/dashboard/domains"


@pytest.fixture
async def chosen(context: Context, organization: Organization) -> list[str]:
    return [await add_working(context, organization.id, f"n{number}.customer.com") for number in range(3)]


async def press(browser: Browser, place: str, domain_ids: list[str], **fields: str) -> Answer:
    form = await browser.find_form(f"{LIST}/check", on=LIST)
    pairs = [*form.items(), *fields.items(), *(("domain_id", each) for each in domain_ids)]
    return await browser.send_pairs(f"{LIST}/{place}", pairs, SAME_ORIGIN)


async def next_checks(context: Context, domain_ids: list[str]) -> list[int]:
    found = await context.database.read(lambda snapshot: domains.find_by_ids(snapshot, domain_ids))
    return [found[each].next_check_at for each in domain_ids if each in found]


async def test_the_chosen_ones_are_checked_now(
    owner_browser: Browser, context: Context, chosen: list[str], clock: ManualClock
) -> None:
    answer = await press(owner_browser, "check", chosen[:2])
    assert answer.headers["Location"] == f"{LIST}?done=done_domains_checked"
    due = await next_checks(context, chosen)
    assert due[:2] == [clock.now()] * 2
    assert due[2] > clock.now()
    assert "asked for a check" in read_text(await owner_browser.open(f"{LIST}/{chosen[0]}/history"))


async def test_where_the_limit_is_reached_the_page_says_so(owner_browser: Browser, chosen: list[str]) -> None:
    for _ in range(20):
        assert (await press(owner_browser, "check", chosen)).headers["Location"].endswith("done_domains_checked")
    answer = await press(owner_browser, "check", chosen)
    assert answer.headers["Location"].endswith("done_domains_checked_partly")


async def test_the_chosen_ones_are_removed_after_a_question(
    owner_browser: Browser, context: Context, chosen: list[str]
) -> None:
    question = await press(owner_browser, "remove", chosen[:2])
    assert question.status == 200
    assert "Remove these domains?" in read_text(question)
    assert "n0.customer.com" in read_text(question)
    assert len(await next_checks(context, chosen)) == 3
    answer = await press(owner_browser, "remove", chosen[:2], confirmed="true")
    assert answer.headers["Location"] == f"{LIST}?done=done_domains_removed"
    assert len(await next_checks(context, chosen)) == 1


async def test_where_none_is_chosen_nothing_happens(owner_browser: Browser, chosen: list[str]) -> None:
    for place in ("check", "remove"):
        assert (await press(owner_browser, place, [])).headers["Location"].endswith("done_domains_none_chosen")


async def test_another_organizations_domains_are_left_alone(
    owner_browser: Browser, context: Context, stranger: Client, chosen: list[str]
) -> None:
    foreign = (await stranger.post("/api/domains", {"domainName": "x.other.com"})).json["domain"]["id"]
    before = await next_checks(context, [foreign])
    await press(owner_browser, "check", [foreign])
    assert (
        (await press(owner_browser, "remove", [foreign], confirmed="true")).headers["Location"].endswith("none_chosen")
    )
    assert await next_checks(context, [foreign]) == before


async def test_the_list_stays_filtered(owner_browser: Browser, chosen: list[str]) -> None:
    page = (await owner_browser.open(f"{LIST}?state=ready&search=n1")).body.decode()
    assert f'action="{LIST}/check?state=ready&amp;search=n1"' in page
    assert f'formaction="{LIST}/remove?state=ready&amp;search=n1"' in page
    answer = await press(owner_browser, "check?state=ready", chosen[:1])
    assert answer.headers["Location"] == f"{LIST}?state=ready&done=done_domains_checked"
    question = (await press(owner_browser, "remove?state=ready", chosen[:1])).body.decode()
    assert f'action="{LIST}/remove?state=ready"' in question
    assert f'href="{LIST}?state=ready"' in question
