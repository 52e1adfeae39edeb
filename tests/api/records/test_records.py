"""`/api/domains/{id}/dns`, and what else of the API has to do with records that are written."""

from typing import Any

import pytest

from dcvd.api.app import Api
from dcvd.services.context import Context
from dcvd.services.jobs import queue as job_service
from dcvd.store.organizations.organizations import Organization
from tests.dns_provider import OneProvider, ZoneAtProvider, connect
from tests.performing import perform
from tests.served_app.client import Client, problem

NAME = "app.customer.com"
EDGE = "edge.example.net"


@pytest.fixture
def zone(app: Api, context: Context) -> ZoneAtProvider:
    standing = ZoneAtProvider("customer.com")
    app.services.access = OneProvider(context, standing)
    return standing


@pytest.fixture
async def connection(context: Context, organization: Organization) -> str:
    return (await connect(context, organization.id)).id


@pytest.fixture
async def domain(owner: Client, zone: ZoneAtProvider) -> str:  # whoever has a domain needs its zone
    added: str = (await owner.post("/api/domains", {"domainName": NAME})).json["domain"]["id"]
    return added


async def _work(app: Api, context: Context, organization: Organization, shown: dict[str, Any]) -> None:
    job = await job_service.get(context, organization.id, shown["id"])
    await perform(context, app.services.access, job)


async def test_a_repeat_with_the_same_key_gets_the_same_job(
    owner: Client, domain: str, connection: str, app: Api, context: Context, organization: Organization
) -> None:
    path, body = f"/api/domains/{domain}/dns", {"connectionId": connection}
    first = await owner.post(path, body, headers={"Idempotency-Key": "write"})
    assert first.status == 202
    await _work(app, context, organization, first.json["job"])
    repeat = await owner.post(path, body, headers={"Idempotency-Key": "write"})
    assert (repeat.body, repeat.headers["Location"]) == (first.body, first.headers["Location"])
    undone = await owner.post(f"{path}/undo", headers={"Idempotency-Key": "undo"})
    assert undone.status == 202
    await _work(app, context, organization, undone.json["job"])
    again = await owner.post(f"{path}/undo", headers={"Idempotency-Key": "undo"})
    assert (again.status, again.body) == (202, undone.body)
    jobs = (await owner.get("/api/jobs")).json["jobs"]
    assert sum(job["kind"] == "write_dns" for job in jobs) == 2
    undo, write = (await owner.get(f"/api/audit?objectId={domain}")).json["audit"][:2]
    assert (write["action"], write["requestId"]) == ("dns.write_requested", first.headers["X-Request-Id"])
    assert write["after"] == {"connectionId": connection, "replace": False, "jobId": first.json["job"]["id"]}
    assert (undo["action"], undo["requestId"]) == ("dns.undo_requested", undone.headers["X-Request-Id"])
    assert undo["after"] == {"connectionId": connection, "jobId": undone.json["job"]["id"]}


async def test_a_plan_says_what_is_there_and_changes_nothing(
    owner: Client, domain: str, connection: str, zone: ZoneAtProvider
) -> None:
    zone.add("A", "192.0.2.1\x1b[31m", NAME)
    answer = await owner.post(f"/api/domains/{domain}/dns", {"connectionId": connection, "dryRun": True})
    assert answer.status == 200
    plan = answer.json["plan"]
    (record,) = plan.pop("records")
    assert plan == {"connectionId": connection, "zone": "customer.com"}
    reason = record.pop("reason")
    assert reason["code"] == "record_in_the_way"
    assert record == {
        "type": "CNAME",
        "name": NAME,
        "value": EDGE,
        "status": "blocked",
        "existing": [{"type": "A", "value": "192.0.2.1 [31m", "ttl": 300}],
        "remove": [],
        "add": [],
    }
    assert (await owner.get(f"/api/domains/{domain}")).json["domain"]["connectionId"] is None
    assert len((await owner.get("/api/jobs")).json["jobs"]) == 1


async def test_a_customer_has_their_record_written_through_a_connection_of_their_link(
    owner: Client,
    domain: str,
    connection: str,
    zone: ZoneAtProvider,
    app: Api,
    context: Context,
    organization: Organization,
) -> None:
    link = (await owner.post(f"/api/domains/{domain}/links")).json["link"]
    customer = owner.as_bearer(link["token"])
    own = (await connect(context, organization.id, link_id=link["id"])).id
    path = f"/api/domains/{domain}/dns"
    assert (await owner.post(path, {"connectionId": connection})).status == 202
    # The organization's own connection, which the domain has, is none of the customer's.
    problem(await customer.post(path), 400, "invalid_input", field="connectionId")
    (foreign_job,) = [job for job in (await owner.get("/api/jobs")).json["jobs"] if job["kind"] == "write_dns"]
    assert (await customer.get(f"/api/jobs/{foreign_job['id']}")).json["job"]["connectionId"] is None
    await _work(app, context, organization, foreign_job)
    zone.records.clear()
    answer = await customer.post(path, {"connectionId": own})
    assert answer.status == 202, answer.body
    assert answer.json["plan"]["connectionId"] == own
    await _work(app, context, organization, answer.json["job"])
    assert zone.standing == [f"{NAME} CNAME {EDGE}"]
    job = (await customer.get(answer.headers["Location"])).json["job"]
    assert (job["status"], job["connectionId"]) == ("done", own)
    assert (await customer.get(f"/api/domains/{domain}")).json["domain"]["connectionId"] == own
    assert (await customer.post(path)).status == 202, "the domain has its connection by now"
    (entry, *_) = (await owner.get("/api/audit?action=dns.write_requested")).json["audit"]
    assert entry["actor"] == f"link:{link['id']}"
    problem(await customer.post(f"{path}/undo"), 403, "link_not_allowed")


async def test_a_record_is_written_replaced_and_put_back(
    owner: Client,
    domain: str,
    connection: str,
    zone: ZoneAtProvider,
    app: Api,
    context: Context,
    organization: Organization,
) -> None:
    zone.add("A", "192.0.2.1", NAME)
    path = f"/api/domains/{domain}/dns"
    found = problem(await owner.post(path, {"connectionId": connection}), 409, "record_in_the_way")
    assert '"replace": true' in found["detail"]
    answer = await owner.post(path, {"connectionId": connection, "replace": True})
    assert answer.status == 202
    assert answer.json["plan"]["records"][0]["status"] == "replace"
    job = answer.json["job"]
    assert answer.headers["Location"] == f"/api/jobs/{job['id']}"
    assert (job["kind"], job["action"], job["connectionId"]) == ("write_dns", "write", connection)
    assert (await owner.get(f"/api/domains/{domain}")).json["domain"]["connectionId"] == connection
    await _work(app, context, organization, job)
    assert zone.standing == [f"{NAME} CNAME {EDGE}"]
    again = (await owner.post(path)).json
    assert again["plan"]["records"][0]["status"] == "done"
    await _work(app, context, organization, again["job"])
    undone = await owner.post(f"{path}/undo")
    assert undone.status == 202
    assert undone.json["job"]["action"] == "undo"
    (back,) = undone.json["plan"]["records"]
    assert ([each["value"] for each in back["remove"]], [each["value"] for each in back["add"]]) == (
        [EDGE],
        ["192.0.2.1"],
    )
    await _work(app, context, organization, undone.json["job"])
    assert zone.standing == [f"{NAME} A 192.0.2.1"]
    problem(await owner.post(f"{path}/undo"), 409, "nothing_to_undo")
    asked = (await owner.get(f"/api/domains/{domain}/timeline")).json["timeline"]
    requests = [(entry["what"], entry["detail"]) for entry in asked if entry["kind"] == "request"]
    assert ("dns_write", f"{connection}, replace") in requests
    assert ("dns_undo", connection) in requests


async def test_without_a_connection_it_has_to_be_named(owner: Client, domain: str) -> None:
    problem(await owner.post(f"/api/domains/{domain}/dns"), 400, "invalid_input", field="connectionId")


async def test_nobody_uses_the_connection_or_the_domain_of_somebody_else(
    owner: Client, stranger: Client, member: Client, domain: str, connection: str, zone: ZoneAtProvider
) -> None:
    theirs = (await stranger.post("/api/domains", {"domainName": "app.other.com"})).json["domain"]["id"]
    body = {"connectionId": connection}
    answer = await stranger.post(f"/api/domains/{theirs}/dns", body)
    problem(answer, 400, "connection_not_found", field="connectionId")
    problem(await stranger.post(f"/api/domains/{domain}/dns", body), 404, "not_found")
    problem(await stranger.post(f"/api/domains/{domain}/dns/undo"), 404, "not_found")
    problem(await member.post(f"/api/domains/{domain}/dns", body), 403, "forbidden")
    answer = await stranger.post("/api/domains", {"domainName": "b.customer.com", **body})
    problem(answer, 400, "connection_not_found", field="connectionId")
    bulk = (await stranger.post("/api/domains/bulk", {"domains": [{"domainName": "b.customer.com", **body}]})).json
    assert bulk["results"][0]["error"]["code"] == "connection_not_found"
    assert zone.changes == 0


async def test_domains_that_are_added_with_a_connection_are_written_at_once(
    owner: Client, connection: str, zone: ZoneAtProvider, app: Api, context: Context, organization: Organization
) -> None:
    answer = await owner.post("/api/domains", {"domainName": NAME, "connectionId": connection})
    assert answer.json["domain"]["connectionId"] == connection
    lines = [{"domainName": "b.customer.com", "connectionId": connection}, {"domainName": "c.customer.com"}]
    await owner.post("/api/domains/bulk", {"domains": lines})
    jobs = [job for job in (await owner.get("/api/jobs")).json["jobs"] if job["kind"] == "write_dns"]
    assert {job["domainName"] for job in jobs} == {NAME, "b.customer.com"}
    for job in jobs:
        await _work(app, context, organization, job)
    assert len(zone.standing) == 2


async def test_a_removal_offers_what_we_wrote_and_takes_it_out_where_it_is_asked_to(
    owner: Client, connection: str, zone: ZoneAtProvider, app: Api, context: Context, organization: Organization
) -> None:
    for name in ("a", "b", "c"):
        await owner.post("/api/domains", {"domainName": f"{name}.customer.com", "connectionId": connection})
    for job in (await owner.get("/api/jobs")).json["jobs"]:
        if job["kind"] == "write_dns":
            await _work(app, context, organization, job)
    listed = (await owner.get("/api/domains?search=customer")).json["domains"]
    a, b, c = (each["id"] for each in listed)
    problem(await owner.delete(f"/api/domains/{a}?removeRecords=1"), 400, "invalid_input", field="removeRecords")
    left = (await owner.delete(f"/api/domains/{a}")).json["recordsToRemove"]
    assert [(each["writtenByUs"], each["beingRemoved"]) for each in left] == [(True, False)]
    left = (await owner.delete(f"/api/domains/{b}?removeRecords=true")).json["recordsToRemove"]
    assert [(each["writtenByUs"], each["beingRemoved"]) for each in left] == [(True, True)]
    bulk = (await owner.post("/api/domains/bulk/delete", {"domainIds": [c], "removeRecords": True})).json
    assert [each["beingRemoved"] for each in bulk["results"][0]["recordsToRemove"]] == [True]
    for job in (await owner.get("/api/jobs?status=pending")).json["jobs"]:
        if job["action"] == "remove":
            await _work(app, context, organization, job)
    assert zone.standing == [f"a.customer.com CNAME {EDGE}"]
