"""`/api/deliveries` and `/api/webhooks/{id}/deliveries`: what became of what is owed."""

import json

import pytest

from dcvd.api.webhooks.delivery_view import describe_next_attempt
from dcvd.core.events import EventType
from dcvd.core.http.exchanges import FailureReason
from dcvd.core.instants import MINUTE, SECOND
from dcvd.core.webhooks.deliveries import AttemptConsequence, AttemptOutcome, NextAttemptReason
from dcvd.services.context import Context
from tests.api.webhooks.owed import added, domain, given_up, listed, tried
from tests.manual_clock import ManualClock
from tests.served_app.client import Client, problem
from tests.served_app.stand_ins import NOW
from tests.services.webhooks.attempts import happen


async def test_a_new_delivery_says_what_it_is_and_when_it_is_due(owner: Client) -> None:
    webhook, domain_id = await added(owner), await domain(owner)
    [shown] = await listed(owner)
    assert shown.pop("id").startswith("dlv_")
    assert shown.pop("eventId").startswith("evt_")
    assert len(shown.pop("requestId")) == 16
    assert shown == {
        "webhookId": webhook["id"],
        "event": "domain.added",
        "domainId": domain_id,
        "sequence": 1,
        "status": "pending",
        "attempts": 0,
        "nextAttemptAt": "2027-01-15T08:00:00Z",
        "waitsForEarlier": False,
        "waitsFor": None,
        "lastError": None,
        "createdAt": "2027-01-15T08:00:00Z",
        "updatedAt": "2027-01-15T08:00:00Z",
    }


@pytest.mark.parametrize("path", ["/sync", "/diagnosis?refresh=true"])
async def test_what_a_check_on_demand_causes_is_found_by_its_request(owner: Client, path: str) -> None:
    await added(owner, events=["domain.active"])
    domain_id = await domain(owner)
    method = "POST" if path == "/sync" else "GET"
    asked = await owner.call(method, f"/api/domains/{domain_id}{path}")
    assert asked.status == 200, asked.json
    found = await owner.get(f"/api/deliveries?requestId={asked.headers['X-Request-Id']}")
    assert [each["event"] for each in found.json["deliveries"]] == ["domain.active"]
    assert (await owner.get("/api/deliveries?requestId=nobody")).json["deliveries"] == []


async def test_a_delivery_that_waits_for_an_earlier_event_of_its_domain_says_so(owner: Client) -> None:
    await added(owner, events=["domain.added", "domain.removed"])
    domain_id = await domain(owner)
    await owner.delete(f"/api/domains/{domain_id}")
    by_event = {shown["event"]: shown for shown in await listed(owner)}
    assert by_event["domain.added"]["waitsForEarlier"] is False
    assert by_event["domain.removed"]["waitsForEarlier"] is True
    assert by_event["domain.removed"]["nextAttemptAt"] is None
    waits_for = {
        "deliveryId": by_event["domain.added"]["id"],
        "event": "domain.added",
        "status": "pending",
        "nextAttemptAt": "2027-01-15T08:00:00Z",
    }
    assert by_event["domain.removed"]["waitsFor"] == waits_for
    assert by_event["domain.added"]["waitsFor"] is None
    alone = (await owner.get(f"/api/deliveries/{by_event['domain.removed']['id']}")).json["delivery"]
    assert alone["waitsFor"] == waits_for


async def test_a_retry_of_what_waits_names_what_it_waits_for_and_the_way_out(
    owner: Client, context: Context, clock: ManualClock
) -> None:
    webhook = await added(owner, events=["domain.added", "domain.removed"])
    await owner.delete(f"/api/domains/{await domain(owner)}")
    [poison] = await tried(context, webhook["id"], 400)
    waiting = next(shown for shown in await listed(owner) if shown["event"] == "domain.removed")
    answer = await owner.post(f"/api/deliveries/{waiting['id']}/retry")
    problem(answer, 409, "waits_for_earlier")
    assert answer.json["existingId"] == poison.id
    assert f"POST /api/deliveries/{poison.id}/retry" in answer.json["detail"]
    assert f"POST /api/deliveries/{poison.id}/cancel" in answer.json["detail"]
    assert next(shown for shown in await listed(owner) if shown["event"] == "domain.removed") == waiting
    # The first way out leads to the end, and so does the second.
    clock.advance(SECOND)
    await owner.post(f"/api/deliveries/{poison.id}/retry")
    assert [due.id for due in await tried(context, webhook["id"], 400)] == [poison.id]
    await owner.post(f"/api/deliveries/{poison.id}/cancel")
    assert [due.id for due in await tried(context, webhook["id"], 200)] == [waiting["id"]]


async def test_what_had_ended_and_is_sent_again_behind_an_earlier_one_says_what_it_waits_for(
    owner: Client, context: Context
) -> None:
    webhook = await added(owner, events=["domain.added", "domain.removed"])
    await owner.delete(f"/api/domains/{await domain(owner)}")
    [first] = await tried(context, webhook["id"], 200)
    [second] = await tried(context, webhook["id"], 200)
    await owner.post(f"/api/deliveries/{first.id}/retry")
    answer = await owner.post(f"/api/deliveries/{second.id}/retry")
    assert answer.status == 200
    shown = answer.json["delivery"]
    assert (shown["status"], shown["nextAttemptAt"], shown["waitsForEarlier"]) == ("pending", None, True)
    assert shown["waitsFor"]["deliveryId"] == first.id


async def test_each_of_many_names_the_first_and_one_that_is_held_names_none(owner: Client, context: Context) -> None:
    webhook = await added(owner, events=["job.failed"])
    await happen(context, webhook["orgId"], *[EventType.JOB_FAILED] * 3)
    await happen(context, webhook["orgId"], *[EventType.JOB_FAILED] * 2, domain="dom_b")
    shown = sorted(await listed(owner), key=lambda each: each["sequence"])
    names = [each["waitsFor"] and each["waitsFor"]["deliveryId"] for each in shown]
    assert names == [None, shown[0]["id"], shown[0]["id"], None, shown[3]["id"]]
    await owner.patch(f"/api/webhooks/{webhook['id']}", {"enabled": False})
    assert [each["waitsFor"] for each in await listed(owner)] == [None] * 5
    # A retry changes nothing of it here either, and says so.
    problem(await owner.post(f"/api/deliveries/{shown[1]['id']}/retry"), 409, "waits_for_earlier")


async def test_what_a_disabled_webhook_is_owed_is_held_and_has_no_next_attempt(owner: Client) -> None:
    webhook = await added(owner)
    await domain(owner)
    await owner.patch(f"/api/webhooks/{webhook['id']}", {"enabled": False})
    [shown] = await listed(owner, "/api/deliveries?status=held")
    assert (shown["status"], shown["nextAttemptAt"], shown["waitsForEarlier"]) == ("held", None, False)
    assert await listed(owner, "/api/deliveries?status=pending") == []


@pytest.mark.parametrize("template", ["/api/deliveries?webhookId={}&", "/api/webhooks/{}/deliveries?"])
async def test_each_filter_leaves_only_what_it_names(
    owner: Client, context: Context, clock: ManualClock, template: str
) -> None:
    webhook = await added(owner, events=["domain.added", "domain.removed"])
    await added(owner)
    first = await domain(owner, "first.customer.com")
    clock.advance(MINUTE)
    second = await domain(owner, "second.customer.com")
    clock.advance(1)
    await owner.delete(f"/api/domains/{second}")
    await tried(context, webhook["id"], 204)
    path = template.format(webhook["id"])

    async def found(query: str) -> list[tuple[str, str]]:
        return [(shown["domainId"], shown["event"]) for shown in await listed(owner, path + query)]

    everything = [(second, "domain.removed"), (second, "domain.added"), (first, "domain.added")]
    assert await found("") == everything
    assert await found("status=delivered") == everything[1:]
    assert await found("status=pending") == everything[:1]
    assert await found("status=dead") == []
    assert await found("event=domain.removed") == everything[:1]
    assert await found("event=domain.removed,domain.added") == everything
    assert await found("event=domain.removed&event=domain.added") == everything
    assert await found("event=domain.error") == []
    assert await found(f"domainId={first}") == everything[2:]
    assert await found("domainId=dom_missing") == []
    assert await found("since=2027-01-15T08:01:00Z") == everything[:2]
    assert await found("until=2027-01-15T08:01:00Z") == everything[2:]
    assert await found(f"status=delivered&event=domain.added&domainId={second}&since=2027-01-15T08:00:30Z") == [
        (second, "domain.added")
    ]


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ("status=failed", "invalid_input", "status"),
        ("event=domain.activ", "unknown_event", "event"),
        ("event=", "unknown_event", "event"),
        ("event=domain.added,,domain.removed", "unknown_event", "event"),
        ("since=yesterday", "invalid_input", "since"),
        ("until=2027-01-15", "invalid_input", "until"),
        ("limit=0", "invalid_input", "limit"),
        ("cursor=%21", "invalid_input", "cursor"),
    ],
)
@pytest.mark.parametrize("where", ["/api/deliveries", "/api/webhooks/{}/deliveries"])
@pytest.mark.sampled(3)
async def test_a_filter_that_means_nothing_is_refused(
    owner: Client, where: str, query: str, code: str, field: str
) -> None:
    path = where.format((await added(owner))["id"])
    problem(await owner.get(f"{path}?{query}"), 400, code, field=field)


async def test_pages_go_through_the_whole_list_once(owner: Client, clock: ManualClock) -> None:
    webhook = await added(owner)
    for number in range(3):
        clock.advance(1)
        await domain(owner, f"app{number}.customer.com")
    path = f"/api/webhooks/{webhook['id']}/deliveries?limit=2"
    first = (await owner.get(path)).json
    last = (await owner.get(f"{path}&cursor={first['nextCursor']}")).json
    assert [shown["sequence"] for shown in first["deliveries"] + last["deliveries"]] == [3, 2, 1]
    assert last["nextCursor"] is None


async def test_a_delivery_is_shown_with_its_exact_body_and_every_attempt(
    owner: Client, context: Context, clock: ManualClock
) -> None:
    webhook = await added(owner)
    domain_id = await domain(owner)
    [due] = await tried(context, webhook["id"], 503, response_headers={"retry-after": "60"}, retry_after_ms=MINUTE)
    clock.advance(MINUTE)
    await tried(
        context,
        webhook["id"],
        500,
        number=2,
        outcome=AttemptOutcome.TLS,
        reason=FailureReason.CERTIFICATE_EXPIRED,
        status_code=None,
        error="The certificate has expired.",
        response_headers={},
        response_body=b"\xffok",
    )
    clock.advance(MINUTE)
    await tried(context, webhook["id"], 204, number=3, remote_ip="10.20.0.7")
    answer = (await owner.get(f"/api/deliveries/{due.id}")).json
    body = answer["delivery"].pop("body")
    assert body.encode() == due.body
    assert json.loads(body)["data"]["domain_id"] == domain_id
    assert answer["delivery"] == (await listed(owner))[0]
    assert (answer["delivery"]["status"], answer["delivery"]["attempts"]) == ("delivered", 3)
    first, second, third = answer["attempts"]
    assert first == {
        "number": 1,
        "counted": True,
        "startedAt": "2027-01-15T08:00:00Z",
        "timings": {"dnsMs": 1, "connectMs": 2, "tlsMs": 3, "firstByteMs": 4, "totalMs": 10},
        "remoteIp": "93.184.216.34",
        "statusCode": 503,
        "errorClass": "http_error",
        "reason": None,
        "error": "The receiver answered 503.",
        "responseHeaders": {"retry-after": "60"},
        "response": "so be it",
        "bodyFault": None,
        "nextAttemptAt": "2027-01-15T08:01:00Z",
        "next": "To be tried again at 2027-01-15T08:01:00Z because the receiver's Retry-After asked for it.",
    }
    assert (second["statusCode"], second["errorClass"], second["reason"]) == (None, "tls", "certificate_expired")
    assert second["response"] == "\ufffdok"
    assert second["next"] == "To be tried again at 2027-01-15T08:01:30Z by the retry schedule."
    assert (third["statusCode"], third["errorClass"], third["error"]) == (204, None, None)
    assert third["remoteIp"] is None  # the operator allows it, and it is none of the tenant's business
    assert third["next"] == "No more: it was delivered."


@pytest.mark.parametrize("reason", [*NextAttemptReason, None])
def test_why_there_is_a_next_attempt_or_none_is_a_sentence(reason: NextAttemptReason | None) -> None:
    planned = reason in (NextAttemptReason.SCHEDULE, NextAttemptReason.RETRY_AFTER, NextAttemptReason.REQUESTED)
    due_at = NOW if planned else None
    sentence = describe_next_attempt(
        None if reason is None else AttemptConsequence(reason=reason, next_attempt_at=due_at)
    )
    assert sentence.endswith(".")
    assert ("2027-01-15T08:00:00Z" in sentence) is planned


@pytest.mark.parametrize(
    "reason", [NextAttemptReason.SCHEDULE, NextAttemptReason.RETRY_AFTER, NextAttemptReason.REQUESTED]
)
def test_a_delivery_that_waits_behind_another_is_said_to_be_tried_after_that(reason: NextAttemptReason) -> None:
    sentence = describe_next_attempt(AttemptConsequence(reason=reason))
    assert sentence.startswith("To be tried again after earlier events of its domain")


async def test_a_dead_letter_can_be_tried_again_with_its_full_schedule(
    owner: Client, context: Context, clock: ManualClock
) -> None:
    webhook = await added(owner)
    await domain(owner)
    [due] = await given_up(context, webhook["id"])
    [dead] = await listed(owner, "/api/deliveries?status=dead")
    assert dead["id"] == due.id
    assert dead["lastError"] == "The receiver answered 500."
    clock.advance(MINUTE)
    answer = await owner.post(f"/api/deliveries/{due.id}/retry")
    assert answer.status == 200
    shown = answer.json["delivery"]
    assert (shown["status"], shown["nextAttemptAt"]) == ("pending", "2027-01-15T08:01:00Z")
    await tried(context, webhook["id"], number=12)
    full = (await owner.get(f"/api/deliveries/{due.id}")).json
    assert full["delivery"]["status"] == "pending"
    assert full["attempts"][-1]["nextAttemptAt"] == "2027-01-15T08:01:05Z"


async def test_what_waits_for_its_next_attempt_can_be_had_at_once(
    owner: Client, context: Context, clock: ManualClock
) -> None:
    webhook = await added(owner)
    await domain(owner)
    [due] = await tried(context, webhook["id"])
    clock.advance(SECOND)
    assert (await listed(owner))[0]["nextAttemptAt"] == "2027-01-15T08:00:05Z"
    shown = (await owner.post(f"/api/deliveries/{due.id}/retry")).json["delivery"]
    assert (shown["nextAttemptAt"], shown["attempts"]) == ("2027-01-15T08:00:01Z", 1)


async def test_what_belongs_to_another_organization_looks_as_if_it_did_not_exist(
    owner: Client, stranger: Client
) -> None:
    webhook = await added(owner)
    await domain(owner)
    [shown] = await listed(owner)
    for path in (f"/api/deliveries/{shown['id']}", f"/api/deliveries/{shown['id']}/explain"):
        problem(await stranger.get(path), 404, "not_found")
    problem(await stranger.post(f"/api/deliveries/{shown['id']}/retry"), 404, "not_found")
    problem(await stranger.get(f"/api/webhooks/{webhook['id']}/deliveries"), 404, "not_found")
    problem(await stranger.get(f"/api/deliveries?webhookId={webhook['id']}"), 404, "not_found")
    problem(
        await stranger.post("/api/deliveries/retry", {"status": "dead", "webhookId": webhook["id"]}), 404, "not_found"
    )
    assert await listed(stranger) == []
    assert await listed(stranger, f"/api/deliveries?domainId={shown['domainId']}") == []
    assert await listed(owner) == [shown]


async def test_where_order_does_not_matter_nothing_waits_from_the_beginning_or_from_a_change_on(owner: Client) -> None:
    events = ["domain.added", "domain.removed"]
    ordered, unordered = await added(owner, events=events), await added(owner, events=events, ordering="none")
    await owner.delete(f"/api/domains/{await domain(owner)}")
    waits = {(shown["webhookId"], shown["event"]): shown["waitsForEarlier"] for shown in await listed(owner)}
    assert [waiting for waiting, waits_for_earlier in waits.items() if waits_for_earlier] == [
        (ordered["id"], "domain.removed")
    ]
    answer = await owner.patch(f"/api/webhooks/{ordered['id']}", {"ordering": "none"})
    assert answer.json["webhook"]["ordering"] == "none"
    assert {shown["nextAttemptAt"] for shown in await listed(owner)} == {"2027-01-15T08:00:00Z"}
    await owner.patch(f"/api/webhooks/{unordered['id']}", {"ordering": "domain"})
    waits = {(shown["webhookId"], shown["event"]): shown["waitsForEarlier"] for shown in await listed(owner)}
    assert [waiting for waiting, waits_for_earlier in waits.items() if waits_for_earlier] == [
        (unordered["id"], "domain.removed")
    ]
