"""Records are written through a connection after a look at the plan, and what was written is undone."""

import pytest

from dcvd.api.app import Api
from dcvd.services.context import Context
from dcvd.services.jobs import queue
from dcvd.store.organizations.organizations import Organization
from tests.dns_provider import OneProvider, ZoneAtProvider, connect
from tests.performing import perform
from tests.served_app.client import Client
from tests.web.connect.visitor import read_text
from tests.web.dashboard.domains.standing import add
from tests.web.sign_in.browser import Browser

NAME = "app.customer.com"


@pytest.fixture
def zone(app: Api, context: Context) -> ZoneAtProvider:
    standing = ZoneAtProvider("customer.com")
    app.services.access = OneProvider(context, standing)
    return standing


@pytest.fixture
async def place(context: Context, organization: Organization, zone: ZoneAtProvider) -> str:
    return f"/dashboard/domains/{await add(context, organization.id, NAME)}"


async def work(app: Api, context: Context, owner: Client) -> None:
    """Perform the jobs that write."""
    for shown in (await owner.get("/api/jobs?status=pending")).json["jobs"]:
        if shown["kind"] == "write_dns":
            job = await queue.get(context, shown["orgId"], shown["id"])
            await perform(context, app.services.access, job)


async def test_the_plan_is_shown_before_it_is_written_and_can_be_undone(
    owner_browser: Browser, owner: Client, app: Api, context: Context, organization: Organization, place: str
) -> None:
    assert "Write the record" not in read_text(await owner_browser.open(place))
    connection = await connect(context, organization.id)
    page = await owner_browser.open(place)
    assert "cloudflare · Customer" in read_text(page)
    plan = await owner_browser.press(f"{place}/plan", on=place, connection=connection.id)
    assert plan.status == 200
    assert "New: CNAME app edge.example.net" in read_text(plan)
    assert (await owner.get("/api/jobs")).json["jobs"][0]["kind"] != "write_dns"
    form = {**await owner_browser.find_form("/sign-out"), "connection": connection.id}
    written = await owner_browser.send(f"{place}/write", form)
    assert written.headers["Location"] == f"{place}?done=done_domain_written"
    await work(app, context, owner)
    assert "Undo what was written" in read_text(await owner_browser.open(place))
    undone = await owner_browser.press(f"{place}/undo", on=place)
    assert undone.headers["Location"] == f"{place}?done=done_domain_undone"


async def test_what_is_in_the_way_is_replaced_only_when_the_plan_has_shown_it(
    owner_browser: Browser, owner: Client, app: Api, context: Context, organization: Organization,
    zone: ZoneAtProvider, place: str,
) -> None:  # fmt: skip
    zone.add("A", "192.0.2.1", NAME)
    connection = await connect(context, organization.id)
    plan = await owner_browser.press(f"{place}/plan", on=place, connection=connection.id)
    assert "Removed, and kept so that it can be put back: A app 192.0.2.1" in read_text(plan)
    assert "Replace what is there" in read_text(plan)
    assert '<input type="hidden" name="replace" value="true">' in plan.body.decode()
    form = {**await owner_browser.find_form("/sign-out"), "connection": connection.id}
    refused = await owner_browser.send(f"{place}/write", form)
    assert refused.status == 409
    assert (await owner_browser.send(f"{place}/write", {**form, "replace": "true"})).status == 303
