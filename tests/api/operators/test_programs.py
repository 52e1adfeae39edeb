"""The operator's own programs: endpoints and a feed with the events of all organizations, over the socket alone."""

import asyncio
import json

import pytest

from dcvd.api.app import Api
from dcvd.core.operators import OPERATOR_ORG_ID
from dcvd.services.context import Context
from dcvd.store.engine.transactions import Snapshot
from dcvd.store.organizations.organizations import Organization
from tests.api.operators.test_organizations import path_of
from tests.api.webhooks.owed import URL, domain, given_up, tried
from tests.served_app.client import Client, problem

WEBHOOK = {"url": URL, "events": ["*"]}


async def added_by(operator: Client, **changes: object) -> str:
    """An endpoint of the operator's; its id."""
    answer = await operator.post("/operator/webhooks", {**WEBHOOK, **changes})
    assert answer.status == 201, answer.body
    webhook_id: str = answer.json["webhook"]["id"]
    assert answer.headers["location"] == f"/operator/webhooks/{webhook_id}"
    assert answer.json["webhook"]["signingSecret"].startswith("whsec_")
    return webhook_id


async def feed_of(operator: Client, after: int = 0) -> list[dict[str, object]]:
    answer = await operator.get(f"/operator/events?after={after}")
    assert answer.status == 200, answer.body
    events: list[dict[str, object]] = answer.json["events"]
    return events


async def test_events_of_all_organizations_come_in_one_sequence_and_say_whose_they_are(
    operator: Client, owner: Client, stranger: Client, organization: Organization
) -> None:
    before = await domain(owner, "before.customer.com")
    assert await feed_of(operator) == []
    own, other = await domain(owner), await domain(stranger, "app.stranger.com")
    await owner.delete(f"/api/domains/{own}")
    events = await feed_of(operator)
    assert [each["sequence"] for each in events] == [1, 2, 3]
    assert [each["event"] for each in events] == ["domain.added", "domain.added", "domain.removed"]
    assert [list(each) for each in events] == [["event", "timestamp", "data", "id", "sequence", "org_id"]] * 3
    assert [each["org_id"] == organization.id for each in events] == [True, False, True]
    assert events[1]["org_id"] in {
        each["id"] for each in (await operator.get("/operator/organizations")).json["organizations"]
    }
    assert [each["data"]["domain_id"] for each in events] == [own, other, own]  # type: ignore[index]
    tenants = (await owner.get("/api/events")).json["events"]
    assert [each["data"] for each in tenants if each["data"]["domain_id"] != before] == [
        events[0]["data"],
        events[2]["data"],
    ]
    assert all("org_id" not in each for each in tenants)
    assert [each["sequence"] for each in tenants] == [1, 2, 3], "the tenant's own sequence has no gap"
    assert not {each["id"] for each in tenants} & {each["id"] for each in events}


async def test_a_reader_who_waits_is_answered_when_any_organization_has_an_event(
    operator: Client, stranger: Client, app: Api
) -> None:
    await feed_of(operator)
    waiting = asyncio.ensure_future(operator.get("/operator/events?after=0", headers={"Prefer": "wait=30"}))
    while not app.services.feed.waiter_counts.get(OPERATOR_ORG_ID):
        await asyncio.sleep(0.01)
    other = await domain(stranger, "app.stranger.com")
    answer = await waiting
    assert [each["data"]["domain_id"] for each in answer.json["events"]] == [other]
    assert answer.json["nextCursor"] == "1"
    problem(await operator.get("/operator/events?after=2"), 400, "after_the_last_event")


async def test_a_delivery_has_the_bytes_of_the_feed_and_is_listed_retried_and_cancelled(
    operator: Client, owner: Client, context: Context
) -> None:
    webhook_id = await added_by(operator)
    await domain(owner)
    (listed,) = (await operator.get(f"/operator/webhooks/{webhook_id}/deliveries")).json["deliveries"]
    (event,) = await feed_of(operator)
    shown = (await operator.get(f"/operator/deliveries/{listed['id']}")).json
    assert json.loads(shown["delivery"]["body"]) == event
    assert shown["delivery"]["eventId"] == event["id"]
    (due,) = await given_up(context, webhook_id)
    assert due.body.decode() == shown["delivery"]["body"]
    (dead,) = (await operator.get("/operator/deliveries?status=dead")).json["deliveries"]
    retried = await operator.post(f"/operator/deliveries/{dead['id']}/retry")
    assert retried.json["delivery"]["status"] == "pending"
    cancelled = await operator.post(f"/operator/deliveries/{dead['id']}/cancel")
    assert cancelled.json["delivery"]["status"] == "cancelled"
    replayed = await operator.post(
        f"/operator/webhooks/{webhook_id}/replay", {"since": "2020-01-01T00:00:00Z", "status": "all"}
    )
    assert replayed.status == 202, replayed.body
    assert (await operator.get(replayed.headers["location"])).json["job"]["kind"] == "replay"
    assert (await owner.get("/api/deliveries")).json["deliveries"] == []
    assert "replay" not in {each["kind"] for each in (await owner.get("/api/jobs")).json["jobs"]}
    entries = (await operator.get("/operator/all/audit?own=true&limit=250")).json["audit"]
    assert {"endpoint.created", "delivery.retried", "delivery.cancelled"} <= {each["action"] for each in entries}
    tenants = (await owner.get("/api/audit?limit=250")).json["audit"]
    assert webhook_id not in {each["objectId"] for each in tenants}


async def test_an_endpoint_of_the_operator_is_changed_rotated_and_removed(operator: Client, owner: Client) -> None:
    key = {"Idempotency-Key": "once"}
    first, again = [await operator.post("/operator/webhooks", WEBHOOK, headers=key) for _ in range(2)]
    assert first.json == again.json
    webhook_id = first.json["webhook"]["id"]
    path = f"/operator/webhooks/{webhook_id}"
    changed = await operator.patch(path, {"events": ["domain.removed", "system.*"], "ordering": "none"})
    assert changed.json["webhook"]["events"] == ["domain.removed", "system.*"]
    stale = {"If-Match": first.headers["etag"]}
    problem(await operator.call("PATCH", path, json={"enabled": False}, headers=stale), 412, "precondition_failed")
    rotated = await operator.post(f"{path}/rotate-secret", {"graceSeconds": 0})
    assert rotated.json["webhook"]["secret"] != first.json["webhook"]["secret"]
    shown = await operator.get(path)
    assert shown.json["webhook"]["health"]["status"] == "healthy"
    own = await domain(owner)
    await owner.delete(f"/api/domains/{own}")
    deliveries = (await operator.get("/operator/deliveries")).json["deliveries"]
    assert [each["event"] for each in deliveries] == ["domain.removed"]
    problem(await operator.patch(path, {"events": ["system.unknown"]}), 400, "unknown_event")
    assert (await operator.delete(path)).status == 204
    problem(await operator.get(path), 404, "not_found")
    assert (await operator.get("/operator/deliveries")).json["deliveries"] == []


async def test_a_tenant_gets_no_event_of_the_system_and_reaches_nothing_of_the_operator(
    operator: Client, owner: Client, organization: Organization
) -> None:
    webhook_id = await added_by(operator)
    own = await domain(owner)
    (delivery,) = (await operator.get("/operator/deliveries")).json["deliveries"]
    for entry in ("system.*", "system.disk_low"):
        problem(await owner.post("/api/webhooks", {"url": URL, "events": [entry]}), 400, "unknown_event")
    for path in (f"/api/webhooks/{webhook_id}", f"/api/deliveries/{delivery['id']}"):
        problem(await owner.get(path), 404, "not_found")
    problem(await owner.post(f"/api/deliveries/{delivery['id']}/retry"), 404, "not_found")
    assert (await owner.get(f"/api/deliveries?domainId={own}")).json["deliveries"] == []
    timeline = (await owner.get(f"/api/domains/{own}/timeline")).json["timeline"]
    assert len([each for each in timeline if each.get("kind") == "event"]) == 1
    problem(await operator.post(path_of(organization, f"/api/deliveries/{delivery['id']}/retry")), 404, "not_found")
    tenants = await owner.post("/api/webhooks", WEBHOOK)
    problem(await operator.get(f"/operator/webhooks/{tenants.json['webhook']['id']}"), 404, "not_found")


@pytest.mark.parametrize("path", ["/operator/webhooks", "/operator/events", "/operator/deliveries", "/operator/jobs"])
async def test_over_tcp_there_are_no_such_routes(owner: Client, path: str) -> None:
    problem(await owner.get(path), 404, "route_not_found")
    assert (await owner.post(path, WEBHOOK)).status == 404


async def test_the_operators_row_is_no_organization_of_any_list_or_path(
    operator: Client, owner: Client, context: Context
) -> None:
    before = (await operator.get("/operator/organizations")).json
    await added_by(operator)
    await domain(owner)
    assert (await operator.get("/operator/organizations")).json == before
    path = f"/operator/organizations/{OPERATOR_ORG_ID}"
    for answer in (
        await operator.get(path),
        await operator.patch(path, {"name": "Taken"}),
        await operator.delete(path),
        await operator.post(f"{path}/export"),
        await operator.post(f"{path}/suspend"),
        await operator.post(f"{path}/tokens", {"name": "ci", "role": "owner"}),
        await operator.get(f"{path}/tokens"),
        await operator.post(f"{path}/members", {"address": "a@b.example", "role": "owner"}),
        await operator.post(f"{path}/domains/bulk", {"domains": []}),
        await operator.get(f"{path}/api/webhooks"),
        await operator.get(f"{path}/api/audit"),
    ):
        problem(answer, 404, "not_found")
    rows = await context.database.read(
        lambda snapshot: snapshot.fetch_all("SELECT id FROM organizations WHERE id = ?", (OPERATOR_ORG_ID,))
    )
    assert len(rows) == 1


async def test_without_a_program_nothing_is_kept_twice(operator: Client, owner: Client, context: Context) -> None:
    assert (await operator.get("/operator/webhooks")).json["webhooks"] == []
    await domain(owner)

    def count(snapshot: Snapshot) -> int:
        return snapshot.fetch_count("SELECT count(*) FROM events WHERE org_id = ?", (OPERATOR_ORG_ID,))

    assert await context.database.read(count) == 0
    await added_by(operator)
    await domain(owner, "later.customer.com")
    assert await context.database.read(count) == 1


async def test_a_failing_endpoint_of_the_operator_is_told_to_its_others_alone(
    operator: Client, owner: Client, context: Context
) -> None:
    failing = await added_by(operator, events=["domain.added"], ordering="none")
    await added_by(operator, events=["endpoint.*", "delivery.*"])
    await domain(owner)
    await given_up(context, failing)
    told = [each for each in await feed_of(operator) if each["event"] == "delivery.dlq"]
    assert [(each["org_id"], each["data"]["endpoint_id"]) for each in told] == [(None, failing)]  # type: ignore[index]
    assert {each["event"] for each in (await owner.get("/api/events")).json["events"]} == {"domain.added"}
    await tried(context, failing)


async def test_what_a_deleted_organization_left_stays_with_the_operator(
    operator: Client, owner: Client, organization: Organization, context: Context
) -> None:
    await added_by(operator)
    await domain(owner)
    exported = (await operator.post(path_of(organization, "/export"))).body
    assert OPERATOR_ORG_ID.encode() not in exported
    assert (await operator.delete(path_of(organization))).status == 202
    events = await feed_of(operator)
    assert events[0]["org_id"] == organization.id
    assert len((await operator.get("/operator/deliveries")).json["deliveries"]) == len(events)
