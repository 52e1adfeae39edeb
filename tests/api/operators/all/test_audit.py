"""The audit of all organizations and of the daemon itself."""

from typing import Any

from dcvd.core.audit import AuditAction
from dcvd.core.instants import to_rfc3339
from dcvd.services import audit
from dcvd.services.context import Context
from dcvd.store.organizations.organizations import Organization
from tests.api.operators.all.lists import read, read_by_pages
from tests.api.webhooks.owed import URL, domain
from tests.manual_clock import ManualClock
from tests.served_app.client import Client, problem


def _summary(entry: dict[str, Any]) -> tuple[str, str | None]:
    return entry["action"], None if entry["organization"] is None else entry["organization"]["name"]


async def test_it_is_listed_newest_first_and_says_whom_each_change_concerns(
    operator: Client, owner: Client, stranger: Client, organization: Organization, clock: ManualClock
) -> None:
    for work in (domain(owner), domain(stranger, "app.stranger.com")):
        clock.advance(1000)
        await work
    clock.advance(1000)
    await operator.post("/operator/webhooks", {"url": URL, "events": ["*"]})
    listed = await read(operator, "/audit")
    assert [_summary(each) for each in listed][:3] == [
        ("endpoint.created", None),
        ("domain.added", "others"),
        ("domain.added", organization.name),
    ]
    tenants = (await owner.get("/api/audit?action=domain.added")).json["audit"]
    whose = {"organization": {"id": organization.id, "name": organization.name}}
    assert [each | whose for each in tenants] == [listed[2]]


async def test_it_is_filtered_by_organization_actor_action_object_and_time_page_by_page(
    operator: Client, owner: Client, stranger: Client, organization: Organization, clock: ManualClock
) -> None:
    # All in one millisecond.
    first = await domain(owner)
    await domain(stranger, "app.stranger.com")
    await owner.delete(f"/api/domains/{first}")
    await operator.post("/operator/webhooks", {"url": URL, "events": ["*"]})
    clock.advance(1000)
    later = to_rfc3339(clock.now())
    await domain(stranger, "www.stranger.com")
    (actor,) = {each["actor"] for each in await read(operator, f"/audit?objectId={first}")}
    for query, expected in {
        "?action=domain.added": ["domain.added"] * 3,
        f"?objectId={first}": ["domain.added", "domain.removed"],
        f"?actor={actor}": ["domain.added", "domain.removed"],
        f"?actor={actor}&action=domain.added": ["domain.added"],
        "?organization=others&action=domain.added": ["domain.added"] * 2,
        f"?since={later}": ["domain.added"],
        f"?until={later}&action=domain.added": ["domain.added"] * 2,
        "?own=true": ["endpoint.created"],
        f"?own=true&objectId={first}": [],
    }.items():
        listed = await read(operator, f"/audit{query}")
        assert sorted(each["action"] for each in listed) == expected, query
        pages = await read_by_pages(operator, f"/audit{query}")
        assert [each for page in pages for each in page] == [each["id"] for each in listed], query
    everything = await read(operator, "/audit")
    assert await read_by_pages(operator, "/audit") == [[each["id"]] for each in everything]
    assert [each["id"] for each in await read(operator, f"/audit?organization={organization.id}")] == [
        each["id"] for each in (await owner.get("/api/audit")).json["audit"]
    ]


async def test_an_entry_whose_organization_is_gone_is_shown_with_its_id(operator: Client, context: Context) -> None:
    await context.database.write(lambda tx: audit.record(context, tx, "org_gone", AuditAction.DOMAIN_ADDED, "dom_x"))
    (entry,) = await read(operator, "/audit?objectId=dom_x")
    assert entry["organization"] == {"id": "org_gone", "name": "org_gone"}


async def test_what_cannot_be_meant_is_refused(operator: Client, organization: Organization) -> None:
    problem(await operator.get("/operator/all/audit?organization=nobody"), 404, "not_found")
    both = await operator.get(f"/operator/all/audit?own=true&organization={organization.id}")
    problem(both, 400, "invalid_input", field="own")
    for cursor in ("!", "eA", "MSB4", "LTE"):
        problem(await operator.get(f"/operator/all/audit?cursor={cursor}"), 400, "invalid_input", field="cursor")
