"""`POST /api/webhooks/{id}/replay` and `POST /api/deliveries/retry`: a job sends again what has happened."""

from typing import Any

import pytest

from dcvd.core.instants import MINUTE
from dcvd.services.context import Context
from dcvd.services.jobs import queue
from dcvd.services.webhooks import replay_job
from dcvd.store.organizations.organizations import Organization
from tests.api.webhooks.owed import added, domain, given_up, listed, tried
from tests.manual_clock import ManualClock
from tests.served_app.client import Answer, Client, problem

SINCE = "2027-01-15T08:00:00Z"


async def worked_off(context: Context, organization: Organization, answer: Answer) -> None:
    """The job of an answer, as the worker does it."""
    assert answer.status == 202, answer.body
    job = await queue.get(context, organization.id, answer.json["job"]["id"])
    going = await replay_job.run_next_batch(context, job)
    while going is not None:
        going = await replay_job.run_next_batch(context, going)


async def test_every_dead_letter_is_sent_again_by_a_job_that_says_how_many(
    owner: Client, context: Context, organization: Organization
) -> None:
    for _ in range(2):
        await added(owner)
    await domain(owner)
    for webhook in (await owner.get("/api/webhooks")).json["webhooks"]:
        await given_up(context, webhook["id"])
    answer = await owner.post("/api/deliveries/retry", {"status": "dead"})
    job = answer.json["job"]
    assert answer.json["count"] == 2
    assert answer.headers["Location"] == f"/api/jobs/{job['id']}"
    assert job["kind"] == "replay"
    assert job["replay"] == {"webhookId": None, "status": "dead", "count": 2, "progress": 0}
    await worked_off(context, organization, answer)
    assert {shown["status"] for shown in await listed(owner)} == {"pending"}
    done = (await owner.get(f"/api/jobs/{job['id']}")).json["job"]
    assert (done["status"], done["replay"]["progress"]) == ("done", 2)


async def test_the_dead_letters_of_one_webhook_alone_are_sent_again(
    owner: Client, context: Context, organization: Organization
) -> None:
    wanted, other = await added(owner), await added(owner)
    await domain(owner)
    for webhook in (wanted, other):
        await given_up(context, webhook["id"])
    answer = await owner.post("/api/deliveries/retry", {"status": "dead", "webhookId": wanted["id"]})
    assert answer.json["count"] == 1
    await worked_off(context, organization, answer)
    statuses = {shown["webhookId"]: shown["status"] for shown in await listed(owner)}
    assert statuses == {wanted["id"]: "pending", other["id"]: "dead"}


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "invalid_input", "status"),
        ({"status": "held"}, "invalid_input", "status"),
        ({"status": None}, "invalid_input", "status"),
        ({"status": "dead", "webhookId": None}, "invalid_input", "webhookId"),
        ({"status": "dead", "since": SINCE}, "unknown_field", "since"),
    ],
)
async def test_what_is_sent_again_has_to_be_named(owner: Client, body: Any, code: str, field: str) -> None:
    problem(await owner.post("/api/deliveries/retry", body), 400, code, field=field)


async def test_a_status_that_cannot_be_requeued_is_answered_with_the_one_that_can(owner: Client) -> None:
    found = problem(await owner.post("/api/deliveries/retry", {"status": "held"}), 400, "invalid_input")
    assert found["detail"] == "status is 'held', which is none of: dead."


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ({"status": "dead"}, 1),
        ({"status": "missing"}, 1),
        ({"status": "all"}, 3),
        ({"status": "all", "events": ["domain.added"]}, 3),
        ({"status": "all", "events": ["domain.error"]}, 0),
        ({"status": "all", "since": "2027-01-15T08:01:00Z"}, 2),
        ({"status": "all", "until": "2027-01-15T08:02:00Z"}, 2),
        ({"status": "all", "since": "2027-01-15T08:01:00Z", "until": "2027-01-15T08:02:00Z"}, 1),
    ],
)
async def test_a_replay_sends_what_its_filters_name_and_a_dry_run_only_counts_it(
    owner: Client, context: Context, organization: Organization, clock: ManualClock, asked: dict[str, Any], count: int
) -> None:
    await domain(owner, "missed.customer.com")
    clock.advance(MINUTE)
    webhook = await added(owner)
    await domain(owner, "delivered.customer.com")
    await tried(context, webhook["id"], 204)
    clock.advance(MINUTE)
    await domain(owner, "dead.customer.com")
    await given_up(context, webhook["id"])
    body = {"since": SINCE, **asked}
    path = f"/api/webhooks/{webhook['id']}/replay"
    dry = await owner.post(path, {**body, "dryRun": True})
    assert dry.status == 200
    assert dry.json == {"job": None, "count": count}
    assert [job["kind"] for job in (await owner.get("/api/jobs")).json["jobs"]] == ["register"] * 3
    answer = await owner.post(path, body)
    assert answer.json["count"] == count
    expected = {"webhookId": webhook["id"], "status": asked["status"], "count": count, "progress": 0}
    assert answer.json["job"]["replay"] == expected
    await worked_off(context, organization, answer)
    assert len(await listed(owner, "/api/deliveries?status=pending")) == count


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"since": "yesterday"}, "invalid_input", "since"),
        ({"since": None}, "invalid_input", "since"),
        ({"since": "2028-01-01T00:00:00Z"}, "invalid_input", "since"),
        ({"until": "tomorrow"}, "invalid_input", "until"),
        ({"until": SINCE}, "invalid_input", "until"),
        ({"until": None}, "invalid_input", "until"),
        ({"events": []}, "no_events", "events"),
        ({"events": ["domain.activ"]}, "unknown_event", "events[0]"),
        ({"events": None}, "invalid_input", "events"),
        ({"status": "failed"}, "invalid_input", "status"),
        ({"dryRun": "yes"}, "invalid_input", "dryRun"),
    ],
)
async def test_a_replay_of_nothing_that_could_be_is_refused(
    owner: Client, change: dict[str, Any], code: str, field: str
) -> None:
    path = f"/api/webhooks/{(await added(owner))['id']}/replay"
    problem(await owner.post(path, {"since": SINCE, "status": "all", **change}), 400, code, field=field)
    assert (await owner.get("/api/jobs")).json["jobs"] == []


@pytest.mark.parametrize("status", ["dead", "missing", "all"])
async def test_another_organizations_webhook_looks_as_if_it_did_not_exist(
    owner: Client, stranger: Client, status: str
) -> None:
    path = f"/api/webhooks/{(await added(owner))['id']}/replay"
    problem(await stranger.post(path, {"since": SINCE, "status": status}), 404, "not_found")
