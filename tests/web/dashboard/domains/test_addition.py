"""A domain is added by a form, which asks before it takes what somebody may not have meant."""

from dcvd.services.context import Context
from dcvd.store.organizations.organizations import Organization
from tests.served_app.client import Client
from tests.web.connect.visitor import read_text
from tests.web.dashboard.domains.standing import add
from tests.web.sign_in.browser import SAME_ORIGIN, Browser

FORM = "/dashboard/domains/new"


async def names(owner: Client) -> list[str]:
    return [each["domainName"] for each in (await owner.get("/api/domains")).json["domains"]]


async def test_a_plain_name_is_added_and_its_page_shown(owner_browser: Browser, owner: Client) -> None:
    answer = await owner_browser.press(FORM, on=FORM, domain="shop.customer.com")
    assert answer.status == 303
    page = await owner_browser.open(answer.headers["Location"])
    assert "The domain is added." in read_text(page)
    assert await names(owner) == ["shop.customer.com"]


async def test_an_address_and_a_whole_domain_are_asked_about(owner_browser: Browser, owner: Client) -> None:
    asked = read_text(await owner_browser.press(FORM, on=FORM, domain="https://customer.com/shop"))
    assert "We read https://customer.com/shop as customer.com" in asked
    assert asked.index("Connect www.customer.com") < asked.index("Connect customer.com")
    assert await names(owner) == []
    answer = await owner_browser.press(FORM, on=FORM, domain="www.customer.com", confirmed="true")
    assert answer.status == 303
    assert await names(owner) == ["www.customer.com"]


async def test_what_is_no_name_is_told_at_the_field_and_stays_in_it(owner_browser: Browser, owner: Client) -> None:
    answer = await owner_browser.press(FORM, on=FORM, domain="shop.customer.con")
    assert answer.status == 400
    assert 'value="shop.customer.con"' in answer.body.decode()
    assert "did you mean .com?" in read_text(answer)
    form = await owner_browser.find_form(FORM, on=FORM)
    german = await owner_browser.send(
        FORM, {**form, "domain": "shop.customer.con"}, {**SAME_ORIGIN, "Accept-Language": "de"}
    )
    assert '<p class="finding error" id="domain-fault" role="alert">' in german.body.decode()
    assert "Meinten Sie .com?" in read_text(german)
    assert await names(owner) == []


async def test_one_that_is_there_is_shown(owner_browser: Browser, context: Context, organization: Organization) -> None:
    domain_id = await add(context, organization.id, "shop.customer.com")
    answer = await owner_browser.press(FORM, on=FORM, domain="shop.customer.com")
    assert answer.headers["Location"] == f"/dashboard/domains/{domain_id}?done=done_domain_exists"
