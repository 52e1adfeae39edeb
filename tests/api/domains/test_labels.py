"""`externalId` and `labels` of domains: given, changed, listed by, exported, and in events."""

import csv
import io
import json
from typing import Any

import pytest
from litestar.openapi.spec import OpenAPIType

from dcvd.core.jobs import NO_PAYLOAD
from dcvd.errors import Permanent
from dcvd.services.context import Context
from dcvd.services.jobs import queue
from dcvd.services.lifecycle.remedy_jobs import REVALIDATE
from dcvd.store.engine.transactions import Transaction
from dcvd.store.organizations.organizations import Organization
from tests.manual_clock import ManualClock
from tests.served_app.client import Client, problem

NAME = "app.customer.com"
ATTACHED: dict[str, Any] = {"externalId": "customer/4711", "labels": {"tier": "gold", "region": "eu <ü>"}}


async def added(owner: Client, name: str = NAME, **members: Any) -> dict[str, Any]:
    answer = await owner.post("/api/domains", {"domainName": name, **members})
    assert answer.status == 201, answer.body
    found: dict[str, Any] = answer.json["domain"]
    return found


async def listed(client: Client, query: str) -> list[str]:
    """The names of all pages of two."""
    found: list[str] = []
    cursor = ""
    while True:
        answer = await client.get(f"/api/domains?{query}&limit=2{cursor}")
        assert answer.status == 200, answer.body
        found += [domain["domainName"] for domain in answer.json["domains"]]
        if answer.json["nextCursor"] is None:
            return found
        cursor = f"&cursor={answer.json['nextCursor']}"


async def data_of_events(owner: Client) -> list[dict[str, Any]]:
    return [event["data"] for event in (await owner.get("/api/events?after=0")).json["events"]]


async def test_what_is_given_is_shown_audited_and_in_the_events(owner: Client) -> None:
    domain = await added(owner, **ATTACHED)
    assert {name: domain[name] for name in ATTACHED} == ATTACHED
    assert list(domain["labels"]) == ["region", "tier"]
    assert (await owner.get(f"/api/domains/{domain['id']}")).json["domain"] == domain
    assert (await owner.get("/api/domains")).json["domains"] == [domain]
    (entry,) = (await owner.get("/api/audit?action=domain.added")).json["audit"]
    assert entry["after"] == {"domainName": NAME, **ATTACHED}
    await owner.delete(f"/api/domains/{domain['id']}")
    data = await data_of_events(owner)
    assert len(data) == 2
    for each in data:
        assert each["external_id"] == "customer/4711"
        assert list(each["labels"].items()) == [("region", "eu <ü>"), ("tier", "gold")]


async def test_a_change_merges_labels_and_makes_no_event_but_an_entry_of_the_audit(owner: Client) -> None:
    domain = await added(owner, **ATTACHED)
    path = f"/api/domains/{domain['id']}"
    changed = await owner.patch(path, {"labels": {"region": None, "plan": "x"}})
    assert changed.status == 200
    assert changed.json["domain"]["labels"] == {"plan": "x", "tier": "gold"}
    assert changed.json["domain"]["externalId"] == "customer/4711"
    cleared = await owner.patch(path, {"externalId": None, "labels": None})
    assert (cleared.json["domain"]["externalId"], cleared.json["domain"]["labels"]) == (None, {})
    assert cleared.headers["ETag"] != changed.headers["ETag"]
    before = (await owner.get("/api/audit?action=domain.changed")).json["audit"]
    assert [entry["after"] for entry in before][-1] == {"labels": {"plan": "x", "tier": "gold"}}
    same = await owner.patch(path, {"externalId": None, "labels": {"none": None}})
    assert same.headers["ETag"] == cleared.headers["ETag"]
    assert (await owner.get("/api/audit?action=domain.changed")).json["audit"] == before
    assert len(await data_of_events(owner)) == 1
    assert (await owner.patch(path, {"labels": {"tier": "iron"}})).status == 200
    await owner.delete(path)
    assert (await data_of_events(owner))[-1]["labels"] == {"tier": "iron"}
    assert await listed(owner, "label=tier:iron") == []


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"externalId": ""}, "externalId"),
        ({"externalId": "x" * 256}, "externalId"),
        ({"externalId": "a\nb"}, "externalId"),
        ({"externalId": 7}, "externalId"),
        ({"labels": {"Tier": "gold"}}, "labels"),
        ({"labels": {"7": "gold"}}, "labels"),
        ({"labels": {"tier": 7}}, "labels"),
        ({"labels": {"tier": "a\u2028b"}}, "labels.tier"),
        ({"labels": {f"k{number}": "" for number in range(33)}}, "labels"),
        ({"labels": ["tier"]}, "labels"),
    ],
)
async def test_what_is_no_id_or_label_is_refused_by_every_way_in(
    owner: Client, members: dict[str, Any], field: str
) -> None:
    problem(await owner.post("/api/domains", {"domainName": NAME, **members}), 400, "invalid_input", field=field)
    answer = await owner.post("/api/domains/bulk", {"domains": [{"domainName": NAME, **members}]})
    assert answer.json["results"][0]["outcome"] == "refused"
    domain = await added(owner, "other.customer.com")
    path = f"/api/domains/{domain['id']}"
    problem(await owner.patch(path, members), 400, "invalid_input", field=field)
    assert (await owner.get(path)).json["domain"] == domain
    problem(await owner.patch(path, {"status": "active"}), 400, "unknown_field", field="status")


async def test_lists_are_filtered_by_both_page_by_page(owner: Client, stranger: Client, clock: ManualClock) -> None:
    for number in range(7):
        clock.advance(1)
        labels = {"tier": "gold" if number % 2 else "iron", "note": "a:b, c"} | ({"eu": ""} if number > 3 else {})
        await added(owner, f"n{number}.customer.com", externalId=f"c{number % 3}", labels=labels)
    await added(owner, "plain.customer.com")
    await added(stranger, "other.customer.com", **ATTACHED)
    assert await listed(owner, "label=tier:gold") == [f"n{number}.customer.com" for number in (5, 3, 1)]
    assert await listed(owner, "label=tier:gold&label=eu:") == ["n5.customer.com"]
    assert await listed(owner, "label=note:a:b,%20c&sort=name") == [f"n{number}.customer.com" for number in range(7)]
    assert await listed(owner, "externalId=c0&sort=createdAt") == [f"n{number}.customer.com" for number in (0, 3, 6)]
    assert await listed(owner, "externalId=c0&label=tier:gold&ready=false") == ["n3.customer.com"]
    assert await listed(owner, "search=n1&label=tier:gold") == ["n1.customer.com"]
    assert await listed(owner, "label=tier:gol") == await listed(owner, "externalId=C0") == []
    exported = (await owner.get("/api/domains.csv?label=tier:iron&externalId=c1")).body.decode()
    assert [row["domainName"] for row in csv.DictReader(io.StringIO(exported))] == ["n4.customer.com"]


@pytest.mark.parametrize("query", ["label=tier", "label=Tier:gold", "label=", "&".join(["label=a:b"] * 9)])
async def test_a_filter_that_can_find_nothing_is_refused(owner: Client, query: str) -> None:
    problem(await owner.get(f"/api/domains?{query}"), 400, "invalid_input")
    problem(await owner.get(f"/api/domains.csv?{query}"), 400, "invalid_input")


async def test_lines_of_a_bulk_call_carry_both_and_leave_a_domain_that_exists_as_it_is(owner: Client) -> None:
    lines = [{"domainName": NAME, **ATTACHED}, {"domainName": NAME, "labels": {"tier": "iron"}}]
    body = "\n".join(map(json.dumps, lines)).encode()
    answer = await owner.call("POST", "/api/domains/bulk", data=body, headers={"Content-Type": "application/x-ndjson"})
    assert [json.loads(line)["outcome"] for line in answer.body.splitlines()] == ["created", "exists"]
    (domain,) = (await owner.get("/api/domains")).json["domains"]
    assert {name: domain[name] for name in ATTACHED} == ATTACHED


async def test_the_csv_has_both_in_a_form_that_an_import_reads(owner: Client) -> None:
    await added(owner, externalId="=1+1", labels={"tier": "gold"})
    (row,) = csv.DictReader(io.StringIO((await owner.get("/api/domains.csv")).body.decode(), newline=""))
    assert row["externalId"] == "'=1+1"
    assert json.loads(row["labels"]) == {"tier": "gold"}


async def test_a_failed_job_of_a_domain_says_what_is_attached_to_it(
    owner: Client, context: Context, organization: Organization
) -> None:
    domain = await added(owner, **ATTACHED)

    def unit(tx: Transaction) -> None:
        for domain_id in (domain["id"], "dom_gone", None):
            job = queue.enqueue(context, tx, REVALIDATE, NO_PAYLOAD, org_id=organization.id, domain_id=domain_id)
            queue.record_failure(context, tx, job, Permanent("no"))

    await context.database.write(unit)
    data = [each for each in await data_of_events(owner) if "job_id" in each]
    assert {(each["domain_id"], each["external_id"], len(each["labels"])) for each in data} == {
        (domain["id"], "customer/4711", 2),
        ("dom_gone", None, 0),
        (None, None, 0),
    }


async def test_customers_neither_see_nor_choose_what_a_tenant_attaches(owner: Client, anybody: Client) -> None:
    domain = await added(owner, **ATTACHED)
    link = (await owner.post(f"/api/domains/{domain['id']}/links", {})).json["link"]
    customer = anybody.as_bearer(link["token"])
    shown = await customer.get(f"/api/domains/{domain['id']}")
    assert (shown.json["domain"]["externalId"], shown.json["domain"]["labels"]) == (None, {})
    problem(await customer.patch(f"/api/domains/{domain['id']}", {"labels": None}), 403, "link_not_allowed")
    new = anybody.as_bearer((await owner.post("/api/links", {})).json["link"]["token"])
    for members in ({"externalId": "x"}, {"labels": {"tier": "gold"}}):
        answer = await new.post("/api/domains", {"domainName": "b.customer.com", **members})
        problem(answer, 403, "link_not_allowed")
    assert (await new.post("/api/domains", {"domainName": "b.customer.com"})).status == 201


async def test_the_document_has_the_bounds(owner: Client) -> None:
    document = (await owner.get("/schema/openapi.json")).json
    labels = document["components"]["schemas"]["NewDomain"]["properties"]["labels"]
    assert labels["propertyNames"] == {"pattern": "^[a-z][a-z0-9_.-]{0,62}$"}
    assert labels["maxProperties"] == 32
    (parameter,) = [each for each in document["paths"]["/api/domains"]["get"]["parameters"] if each["name"] == "label"]
    assert parameter["schema"]["type"] == OpenAPIType.ARRAY
