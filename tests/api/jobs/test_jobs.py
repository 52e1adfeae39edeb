"""`/api/jobs`."""

from typing import Any

import pytest

from dcvd.core.instants import MINUTE
from dcvd.errors import Permanent
from dcvd.services.context import Context
from dcvd.services.jobs import queue
from dcvd.store.organizations.organizations import Organization
from tests.manual_clock import ManualClock
from tests.served_app.client import Client, problem


@pytest.fixture
async def job(owner: Client) -> dict[str, Any]:
    """The job that registers a domain which was just added."""
    await owner.post("/api/domains", {"domainName": "app.customer.com"})
    found: dict[str, Any] = (await owner.get("/api/jobs")).json["jobs"][0]
    return found


async def test_a_job_says_what_it_is_for_and_when_it_is_due(
    owner: Client, job: dict[str, Any], organization: Organization
) -> None:
    shown = (await owner.get(f"/api/jobs/{job['id']}")).json["job"]
    assert shown == job
    assert shown.pop("id").startswith("job_")
    assert shown.pop("domainId").startswith("dom_")
    assert len(shown.pop("requestId")) == 16
    assert shown == {
        "orgId": organization.id,
        "kind": "register",
        "status": "pending",
        "domainName": "app.customer.com",
        "connectionId": None,
        "action": None,
        "replay": None,
        "attempts": 0,
        "nextAttemptAt": "2027-01-15T08:00:00Z",
        "lastError": None,
        "createdAt": "2027-01-15T08:00:00Z",
        "updatedAt": "2027-01-15T08:00:00Z",
    }


async def test_a_dead_letter_shows_its_error_and_can_be_tried_again(
    owner: Client, job: dict[str, Any], organization: Organization, context: Context, clock: ManualClock
) -> None:
    stored = await queue.get(context, organization.id, job["id"])
    refusal = Permanent("Cloudflare refuses the name.", code="cloudflare_refused")
    await queue.fail(context, stored, refusal)
    dead = (await owner.get("/api/jobs?status=dead")).json["jobs"][0]
    assert dead["status"] == "dead"
    assert dead["attempts"] == 1
    assert dead["nextAttemptAt"] is None
    assert dead["lastError"] == {"code": "cloudflare_refused", "message": "Cloudflare refuses the name."}
    clock.advance(MINUTE)
    answer = await owner.post(f"/api/jobs/{job['id']}/retry")
    assert answer.status == 200
    assert answer.json["job"]["status"] == "pending"
    assert answer.json["job"]["attempts"] == 0
    assert answer.json["job"]["nextAttemptAt"] == "2027-01-15T08:01:00Z"
    assert (await owner.get("/api/jobs?status=dead")).json["jobs"] == []


async def test_a_job_that_is_done_is_not_tried_again(
    owner: Client, job: dict[str, Any], organization: Organization, context: Context
) -> None:
    stored = await queue.get(context, organization.id, job["id"])
    await context.database.write(lambda tx: queue.succeed(context, tx, stored))
    problem(await owner.post(f"/api/jobs/{job['id']}/retry"), 409, "job_done")
    assert [found["id"] for found in (await owner.get("/api/jobs?status=done")).json["jobs"]] == [job["id"]]


async def test_another_organizations_job_looks_as_if_it_did_not_exist(stranger: Client, job: dict[str, Any]) -> None:
    problem(await stranger.get(f"/api/jobs/{job['id']}"), 404, "not_found")
    problem(await stranger.post(f"/api/jobs/{job['id']}/retry"), 404, "not_found")
    problem(await stranger.post("/api/jobs/job_missing/retry"), 404, "not_found")
    assert (await stranger.get("/api/jobs")).json == {"jobs": [], "nextCursor": None}


async def test_a_body_that_is_not_asked_for_is_ignored(owner: Client, job: dict[str, Any]) -> None:
    answer = await owner.post(f"/api/jobs/{job['id']}/retry", data=b"\xff", headers={"Content-Type": "text/plain"})
    assert answer.status == 200


async def test_pages_go_through_the_whole_list_once(owner: Client, clock: ManualClock) -> None:
    for number in range(3):
        clock.advance(1)
        await owner.post("/api/domains", {"domainName": f"app{number}.customer.com"})
    first = (await owner.get("/api/jobs?limit=2")).json
    last = (await owner.get(f"/api/jobs?limit=2&cursor={first['nextCursor']}")).json
    names = [found["domainName"] for found in first["jobs"] + last["jobs"]]
    assert names == ["app2.customer.com", "app1.customer.com", "app0.customer.com"]
    assert last["nextCursor"] is None
