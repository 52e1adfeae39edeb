"""The endpoints of all organizations."""

import pytest

from dcvd.services.context import Context
from dcvd.store.organizations.organizations import Organization
from tests.api.operators.all.lists import read, read_by_pages
from tests.api.webhooks.owed import URL, added, domain, tried
from tests.manual_clock import ManualClock
from tests.served_app.client import Client, problem


async def test_they_are_listed_together_and_found_by_id_url_or_name(
    operator: Client, owner: Client, stranger: Client, organization: Organization
) -> None:
    mine = await added(owner, name="billing")
    others = await added(stranger, name="billing", url="https://hooks.stranger.com/")
    await operator.post("/operator/webhooks", {"url": URL, "events": ["*"]})
    listed = await read(operator, "/webhooks")
    assert {each["id"]: each["organization"]["name"] for each in listed} == {
        mine["id"]: organization.name,
        others["id"]: "others",
    }
    assert await read_by_pages(operator, "/webhooks") == [[each["id"]] for each in listed]
    found = {
        mine["id"]: 1,
        URL: 1,
        "billing": 2,
        "billing&organization=others": 1,
        "https://hooks.nobody.com/": 0,
    }
    for text, count in found.items():
        assert len(await read(operator, f"/webhooks?webhook={text}")) == count, text


async def test_those_that_fail_are_paused_or_disabled_are_told_apart(
    operator: Client, owner: Client, stranger: Client, context: Context, clock: ManualClock
) -> None:
    busy, disabled, healthy = await added(owner), await added(owner), await added(stranger)
    await owner.patch(f"/api/webhooks/{disabled['id']}", {"enabled": False})
    await domain(owner)
    await tried(context, busy["id"], 503)

    async def ids(query: str) -> list[str]:
        return [each["id"] for each in await read(operator, f"/webhooks{query}")]

    assert await ids("?health=disabled") == [disabled["id"]]
    assert await ids("?health=paused") == [busy["id"]]
    assert await ids("?health=failing") == []
    assert await ids("?health=healthy&organization=others") == [healthy["id"]]
    assert await ids("?health=paused&organization=Acme") == [busy["id"]]
    clock.advance(3_600_000)
    assert await ids("?health=paused") == []
    assert (await operator.get("/operator/all/webhooks?health=well")).status == 400


async def test_one_is_shown_by_its_id_alone_with_its_rates(
    operator: Client, owner: Client, organization: Organization
) -> None:
    webhook = await added(owner)
    shown = (await operator.get(f"/operator/all/webhooks/{webhook['id']}")).json["webhook"]
    assert shown.pop("organization") == {"id": organization.id, "name": organization.name}
    assert shown == (await owner.get(f"/api/webhooks/{webhook['id']}")).json["webhook"]
    assert set(shown["rates"]) == {"hour", "day", "week"}


@pytest.mark.parametrize("subject", ["webhooks", "jobs", "connections", "events", "deliveries"])
async def test_what_is_not_there_is_404(operator: Client, subject: str) -> None:
    problem(await operator.get(f"/operator/all/{subject}/nobody"), 404, "not_found")
    problem(await operator.get(f"/operator/all/{subject}?organization=nobody"), 404, "not_found")
    assert (await operator.get(f"/operator/all/{subject}?cursor=!")).status == 400
