"""The list of domains: found, filtered, ordered, and with the cause of what is wrong."""

import csv
import io
import re

import pytest

from dcvd.services.context import Context
from dcvd.store.organizations.organizations import Organization
from tests.served_app.client import Answer, Client
from tests.web.connect.visitor import read_text
from tests.web.dashboard.domains.standing import ELSEWHERE, add, add_broken, add_working
from tests.web.sign_in.browser import Browser
from tests.web.sign_in.operating import signed_in_operator


def names(page: Answer) -> list[str]:
    """The names in the rows of the list."""
    return re.findall(r'<td class="name"><a href="[^"]*">([^<]*)</a>', page.body.decode())


@pytest.fixture
async def org_id(organization: Organization) -> str:
    return organization.id


async def test_each_row_says_whether_it_works_why_and_since_when(
    owner_browser: Browser, context: Context, org_id: str
) -> None:
    await add_working(context, org_id, "works.customer.com")
    await add_broken(context, org_id, "broken.customer.com")
    await add(context, org_id, "new.customer.com")
    page = await owner_browser.open("/dashboard/domains?sort=name")
    assert names(page) == ["broken.customer.com", "new.customer.com", "works.customer.com"]
    text = read_text(page)
    assert f"broken The domain's owner has to act. Its CNAME was changed to {ELSEWHERE}." in text
    assert "ready works.customer.com serves https and points here" in text
    assert "no certificate" in text
    german = await owner_browser.open("/dashboard/domains?lang=de")
    assert f"Der CNAME wurde auf {ELSEWHERE} geändert." in read_text(german)


async def test_a_filter_shows_those_that_it_names(owner_browser: Browser, context: Context, org_id: str) -> None:
    await add_working(context, org_id, "works.customer.com")
    await add_broken(context, org_id, "broken.customer.com")
    await add(context, org_id, "new.customer.com")
    for query, expected in (
        ("state=ready", ["works.customer.com"]),
        ("state=broken", ["broken.customer.com"]),
        ("state=customer", ["broken.customer.com"]),
        ("state=progress", ["new.customer.com"]),
        ("state=service", []),
        ("state=expiring", []),
        ("finding=cname_wrong_target", ["broken.customer.com"]),
        ("status=active", ["broken.customer.com", "works.customer.com"]),
        ("state=&finding=&status=&search=", ["broken.customer.com", "new.customer.com", "works.customer.com"]),
    ):
        page = await owner_browser.open(f"/dashboard/domains?sort=name&{query}")
        assert names(page) == expected, query
    assert "Nothing matches this filter." in read_text(await owner_browser.open("/dashboard/domains?state=service"))
    assert (await owner_browser.open("/dashboard/domains?state=odd")).status == 400


async def test_a_pasted_address_shows_the_cause_at_once(owner_browser: Browser, context: Context, org_id: str) -> None:
    await add_broken(context, org_id, "shop.customer.com")
    await add_working(context, org_id, "my.shop.customer.com")
    page = await owner_browser.open(
        "/dashboard/domains?search=https%3A%2F%2FShop.customer.com%2Fcart%3Fx%3D1&sort=name"
    )
    assert names(page) == ["my.shop.customer.com", "shop.customer.com"]
    meant = re.search(r'<section class="card" id="meant".*?</section>', page.body.decode(), re.DOTALL)
    assert meant is not None
    assert f"Its CNAME was changed to {ELSEWHERE}." in meant[0]
    assert "my.shop" not in meant[0]
    only = await owner_browser.open("/dashboard/domains?search=my.shop")
    assert 'id="meant"' in only.body.decode()
    several = await owner_browser.open("/dashboard/domains?search=customer.com")
    assert 'id="meant"' not in several.body.decode()


async def test_a_name_that_nobody_added_is_said_to_be_so(owner_browser: Browser, member_browser: Browser) -> None:
    page = await owner_browser.open("/dashboard/domains?search=https://none.customer.com/x")
    assert "Nobody has added “none.customer.com” here" in read_text(page)
    assert 'href="/dashboard/domains/new?domain=none.customer.com"' in page.body.decode()
    form = await owner_browser.open("/dashboard/domains/new?domain=none.customer.com")
    assert 'value="none.customer.com"' in form.body.decode()
    assert (
        "/domains/new" not in (await member_browser.open("/dashboard/domains?search=none.customer.com")).body.decode()
    )


async def test_a_long_list_has_pages_and_an_open_one_asks_for_its_own(
    owner_browser: Browser, context: Context, org_id: str
) -> None:
    for number in range(52):
        await add(context, org_id, f"n{number:02}.customer.com")
    first = await owner_browser.open("/dashboard/domains?sort=name")
    assert names(first) == [f"n{number:02}.customer.com" for number in range(50)]
    next_url = re.search(r'<a href="([^"]*)" rel="next">', first.body.decode())
    assert next_url is not None
    second = await owner_browser.open(next_url[1].replace("&amp;", "&"))
    assert names(second) == ["n50.customer.com", "n51.customer.com"]
    assert f'hx-get="{next_url[1]}"' in second.body.decode()
    part = await owner_browser.open(next_url[1].replace("&amp;", "&"), **{"HX-Request": "true"})
    assert names(part) == ["n50.customer.com", "n51.customer.com"]
    assert b"<html" not in part.body
    meant = await owner_browser.open("/dashboard/domains?search=customer.com")
    assert 'id="meant"' not in meant.body.decode()


async def test_the_exact_name_is_meant_also_behind_a_page_of_others(
    owner_browser: Browser, context: Context, org_id: str
) -> None:
    for number in range(51):
        await add(context, org_id, f"a{number:02}.shop.customer.com")
    await add_broken(context, org_id, "shop.customer.com")
    page = await owner_browser.open("/dashboard/domains?search=shop.customer.com")
    assert "Its CNAME was changed to" in read_text(page)


async def test_the_file_holds_what_the_filters_show(owner_browser: Browser, context: Context, org_id: str) -> None:
    await add_working(context, org_id, "works.customer.com")
    await add_broken(context, org_id, "broken.customer.com")
    page = await owner_browser.open("/dashboard/domains?state=broken")
    assert 'download href="/dashboard/domains.csv?state=broken"' in page.body.decode()
    answer = await owner_browser.open("/dashboard/domains.csv?state=broken")
    assert answer.headers["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.body.decode())))
    assert [row["domainName"] for row in rows] == ["broken.customer.com"]


async def test_a_member_reads_and_has_no_buttons(member_browser: Browser, context: Context, org_id: str) -> None:
    await add(context, org_id, "new.customer.com")
    page = (await member_browser.open("/dashboard/domains")).body.decode()
    assert "new.customer.com" in page
    for absent in ("checkbox", "/domains/new", "/domains/check"):
        assert absent not in page


async def test_an_operator_sees_them_below_another_address_and_stays_there(
    operator: Client, anybody: Client, context: Context, org_id: str
) -> None:
    domain_id = await add_broken(context, org_id, "broken.customer.com")
    browser = await signed_in_operator(operator, anybody)
    root = f"/dashboard/organizations/{org_id}"
    for place in ("", "/domains", f"/domains/{domain_id}", f"/domains/{domain_id}/history", "/domains/new"):
        page = await browser.open(f"{root}{place}")
        assert page.status == 200, place
        assert not re.search(r'"/dashboard/(domains|links|sessions)', page.body.decode()), place
    answer = await browser.press(f"{root}/domains/{domain_id}/check", on=f"{root}/domains/{domain_id}")
    assert answer.headers["Location"].startswith(f"{root}/domains/{domain_id}?done=")


@pytest.mark.parametrize("query", ["search=%FF%00%0a&x=1", 'search="><script>alert(1)</script>', "cursor=x&sort=name"])
async def test_whatever_an_address_says_is_text(owner_browser: Browser, query: str) -> None:
    page = await owner_browser.open(f"/dashboard/domains?{query}")
    assert page.status in (200, 400)
    assert "<script>alert" not in page.body.decode()


async def test_findings_are_chosen_by_their_names_in_the_language_of_the_page(owner_browser: Browser) -> None:
    for language, name in (("en", "CNAME missing (cname_missing)"), ("de", "CNAME fehlt (cname_missing)")):
        page = (await owner_browser.open("/dashboard/domains", **{"Accept-Language": language})).body.decode()
        assert f'<option value="cname_missing">{name}</option>' in page
