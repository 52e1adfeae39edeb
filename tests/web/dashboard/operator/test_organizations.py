"""`/dashboard/operator/organizations`: operators look after the tenants."""

import re

from dcvd.services import organizations
from dcvd.services.context import Context
from dcvd.services.organizations.overview import read_overview
from dcvd.store.organizations.organizations import Organization
from tests.served_app.client import Client
from tests.web.dashboard.operator.reading import ROOT, links_of, press, read, text_of
from tests.web.sign_in.browser import Browser

LIST = "/organizations"


async def test_they_are_listed_with_what_they_have_and_may_have(
    browser: Browser, context: Context, organization: Organization
) -> None:
    await organizations.change(context, organization.id, quotas={"domains": 7})
    page = await read(browser, LIST)
    assert "Acme 0 of at most 7, 0 ready" in page
    assert f"/dashboard/organizations/{organization.id}" in await links_of(browser, LIST)


async def test_they_are_found_by_a_part_of_the_name_or_by_the_id(
    browser: Browser, context: Context, organization: Organization
) -> None:
    await organizations.create(context, "others")
    for search, is_found in (("CM", True), (organization.id, True), ("oth", False), (organization.id[:-1], False)):
        assert ("Acme" in await read(browser, f"{LIST}?search={search}")) is is_found, search
    assert "Nothing matches this filter." in await read(browser, f"{LIST}?search=nobody")


async def test_a_new_one_gets_a_token_that_is_shown_once_and_works(browser: Browser, anybody: Client) -> None:
    answer = await press(browser, LIST, on=LIST, name="Newcomers", token="yes")
    page = text_of(answer, status=201)
    assert "Newcomers is created" in page
    token = re.search(r"dcv_live_[0-9a-f]{32}", page)
    assert token is not None
    assert answer.headers["Cache-Control"] == "no-store"
    assert (await anybody.as_bearer(token[0]).get("/api/domains")).status == 200
    assert token[0] not in await read(browser, LIST)


async def test_a_new_one_may_do_without_a_token(browser: Browser) -> None:
    page = text_of(await press(browser, LIST, on=LIST, name="Newcomers"), status=201)
    assert "dcv_live_" not in page


async def test_a_name_that_is_wrong_or_taken_is_shown_again_with_the_reason(
    browser: Browser, organization: Organization
) -> None:
    answer = await press(browser, LIST, on=LIST, name=organization.name)
    assert "already an organization" in text_of(answer, status=409)
    assert f'value="{organization.name}"'.encode() in answer.body
    assert "begin with org_" in text_of(await press(browser, LIST, on=LIST, name="org_x"), status=400)


async def test_quotas_are_changed_and_an_empty_field_goes_back_to_the_configuration(
    browser: Browser, context: Context, organization: Organization
) -> None:
    place = f"{LIST}/{organization.id}"
    answer = await press(browser, place, on=place, name="Acme Ltd", domains="7", tokens="", reads_per_minute="90")
    assert answer.status == 303
    overview = await read_overview(context, organization.id)
    assert overview.own_quotas == {"domains": 7, "reads_per_minute": 90}
    assert overview.summary.organization.name == "Acme Ltd"
    await press(browser, place, on=place, name="Acme Ltd", domains="")
    assert (await read_overview(context, organization.id)).own_quotas == {"reads_per_minute": 90}


async def test_a_quota_that_is_no_number_is_shown_again_at_its_field(
    browser: Browser, organization: Organization
) -> None:
    place = f"{LIST}/{organization.id}"
    answer = await press(browser, place, on=place, name="Acme", domains="-1")
    assert "give a whole number" in text_of(answer, status=400)
    assert b'id="domains-fault"' in answer.body
    assert b'value="-1"' in answer.body


async def test_nobody_overwrites_a_change_that_they_have_not_seen(
    browser: Browser, context: Context, organization: Organization
) -> None:
    place = f"{LIST}/{organization.id}"
    fields = await browser.find_form(f"{ROOT}{place}", on=f"{ROOT}{place}")
    await organizations.change(context, organization.id, quotas={"links": 3})
    answer = await browser.send(f"{ROOT}{place}", {**fields, "name": "Acme", "domains": "7"})
    assert "has been changed since you read it" in text_of(answer, status=409)
    assert (await read_overview(context, organization.id)).own_quotas == {"links": 3}


async def test_one_is_suspended_and_resumed(browser: Browser, owner: Client, organization: Organization) -> None:
    place = f"{LIST}/{organization.id}"
    assert (await press(browser, f"{place}/suspend", on=place)).status == 303
    assert (await owner.get("/api/domains")).status == 403
    assert "Its tokens are refused until it is resumed." in await read(browser, place)
    assert (await press(browser, f"{place}/resume", on=place)).status == 303
    assert (await owner.get("/api/domains")).status == 200


async def test_one_is_deleted_only_by_whoever_types_its_name(
    browser: Browser, owner: Client, organization: Organization
) -> None:
    place = f"{LIST}/{organization.id}"
    answer = await press(browser, f"{place}/delete", on=place, typed_name="Acne")
    assert "This is not its name, which is Acme." in text_of(answer, status=400)
    assert (await owner.get("/api/domains")).status == 200
    assert (await press(browser, f"{place}/delete", on=place, typed_name="Acme")).status == 303
    assert "removed step by step" in await read(browser, place)
    assert (await owner.get("/api/domains")).status == 403


async def test_the_operator_acts_for_one_on_its_own_pages_and_finds_the_way_back(
    browser: Browser, organization: Organization
) -> None:
    page = (await browser.open(f"/dashboard/organizations/{organization.id}")).body.decode()
    assert "You act for Acme, as its operator." in page
    assert f'href="{ROOT}/organizations/{organization.id}"' in page
    assert f'href="/dashboard/organizations/{organization.id}/' in page
