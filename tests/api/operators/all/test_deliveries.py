"""The deliveries of all organizations."""

from dcvd.core.instants import to_rfc3339
from dcvd.services.context import Context
from dcvd.store.organizations.organizations import Organization
from tests.api.operators.all.lists import read, read_by_pages
from tests.api.webhooks.owed import URL, added, domain, given_up
from tests.manual_clock import ManualClock
from tests.served_app.client import Client, problem
from tests.served_app.stand_ins import NOW


async def test_they_are_listed_together_and_say_whose_each_is(
    operator: Client, owner: Client, stranger: Client, organization: Organization
) -> None:
    await added(owner)
    await added(stranger)
    await operator.post("/operator/webhooks", {"url": URL, "events": ["*"]})
    await domain(owner)
    await domain(stranger, "app.stranger.com")
    listed = await read(operator, "/deliveries")
    assert {each["organization"]["name"] for each in listed} == {organization.name, "others"}
    assert len(listed) == 2, "the operator's own programs have a list of their own"
    tenants = (await owner.get("/api/deliveries")).json["deliveries"]
    (own,) = [each for each in listed if each["organization"]["id"] == organization.id]
    assert own.pop("organization") == {"id": organization.id, "name": organization.name}
    assert [own] == tenants
    for text in (organization.id, organization.name):
        assert [each["id"] for each in await read(operator, f"/deliveries?organization={text}")] == [own["id"]]
    assert await read_by_pages(operator, "/deliveries") == [[each["id"]] for each in listed]


async def test_filters_are_those_of_tenants_and_a_domain_may_be_named(
    operator: Client, owner: Client, stranger: Client, context: Context, clock: ManualClock
) -> None:
    webhook = await added(owner, events=["domain.added", "domain.removed"])
    await added(stranger)
    domain_id = await domain(owner)
    await given_up(context, webhook["id"])
    clock.advance(1000)
    await domain(stranger, "app.stranger.com")
    await owner.delete(f"/api/domains/{domain_id}")
    counts = {
        "?status=dead": 1,
        "?status=pending": 2,
        "?status=cancelled": 0,
        "?status=dead&organization=others": 0,
        f"?webhookId={webhook['id']}": 2,
        f"?webhookId={webhook['id']}&organization=others": None,
        "?webhookId=wh_nobody": None,
        "?event=domain.removed": 1,
        "?domain=app.stranger.com": 1,
        "?domain=APP.Stranger.com.": 1,
        f"?domain={domain_id}": 2,
        "?domain=app.customer.com": None,
        "?domain=app.stranger.com&organization=Acme": None,
        f"?since={to_rfc3339(NOW + 1)}": 2,
        f"?until={to_rfc3339(NOW + 1)}": 1,
        "?organization=nobody": None,
        "?requestId=none": 0,
        f"?requestId={(await read(operator, '/deliveries?domain=app.stranger.com'))[0]['requestId']}": 1,
    }
    for query, count in counts.items():
        answer = await operator.get(f"/operator/all/deliveries{query}")
        if count is None:
            problem(answer, 404, "not_found")
        else:
            assert answer.status == 200, (query, answer.body)
            assert len(answer.json["deliveries"]) == count, query
    assert (await operator.get("/operator/all/deliveries?status=lost")).status == 400
    assert (await operator.get("/operator/all/deliveries?domain=no%20name")).status == 400


async def test_what_is_held_and_what_is_pending_are_told_apart_for_every_endpoint(
    operator: Client, owner: Client, stranger: Client
) -> None:
    webhook = await added(owner)
    await added(stranger)
    await owner.patch(f"/api/webhooks/{webhook['id']}", {"enabled": False})
    await domain(owner)
    await domain(stranger, "app.stranger.com")
    held, pending = [await read(operator, f"/deliveries?status={status}") for status in ("held", "pending")]
    assert [each["webhookId"] for each in held] == [webhook["id"]]
    assert [each["organization"]["name"] for each in pending] == ["others"]


async def test_one_is_shown_by_its_id_alone_with_where_it_goes(
    operator: Client, owner: Client, organization: Organization, context: Context
) -> None:
    webhook = await added(owner)
    await domain(owner)
    await given_up(context, webhook["id"])
    (listed,) = await read(operator, "/deliveries")
    shown = (await operator.get(f"/operator/all/deliveries/{listed['id']}")).json
    tenants = (await owner.get(f"/api/deliveries/{listed['id']}")).json
    assert shown["delivery"].pop("organization") == {"id": organization.id, "name": organization.name}
    assert (shown["delivery"], shown["attempts"]) == (tenants["delivery"], tenants["attempts"])
    assert (shown["url"], shown["domainName"]) == (URL, "app.customer.com")
    problem(await operator.get("/operator/all/deliveries/dlv_nobody"), 404, "not_found")


async def test_a_delivery_of_the_operators_own_programs_is_not_among_them(operator: Client, owner: Client) -> None:
    await operator.post("/operator/webhooks", {"url": URL, "events": ["*"]})
    await domain(owner)
    (own,) = (await operator.get("/operator/deliveries")).json["deliveries"]
    assert await read(operator, "/deliveries") == []
    problem(await operator.get(f"/operator/all/deliveries/{own['id']}"), 404, "not_found")
    problem(await operator.get(f"/operator/all/deliveries?webhookId={own['webhookId']}"), 404, "not_found")
