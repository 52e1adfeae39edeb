"""`/api/webhooks`."""

import base64
from typing import Any

import pytest

from dcvd.core.instants import HOUR, MINUTE
from dcvd.core.webhooks.subscriptions import TENANT_TYPES
from dcvd.services.context import Context
from dcvd.store.organizations.organizations import Organization
from tests.api.webhooks.owed import URL, added, domain, listed, tried
from tests.manual_clock import ManualClock
from tests.served_app.client import Client, problem

HEALTHY = {
    "status": "healthy",
    "reason": None,
    "failedAttempts": 0,
    "failingSince": None,
    "lastError": None,
    "pausedUntil": None,
}
MANUAL = HEALTHY | {"status": "disabled", "reason": "manual"}
NO_RATES = {"delivered": 0, "failedAttempts": 0, "p50Ms": None, "p95Ms": None}


async def test_a_new_webhook_shows_both_forms_of_its_secret(owner: Client, organization: Organization) -> None:
    answer = await owner.post("/api/webhooks", {"url": URL, "events": ["domain.active", "job.dlq", "domain.active"]})
    assert answer.status == 201
    webhook = answer.json["webhook"]
    assert answer.headers["Location"] == f"/api/webhooks/{webhook['id']}"
    secret, signing_secret = webhook.pop("secret"), webhook.pop("signingSecret")
    assert len(bytes.fromhex(secret)) == 32
    assert base64.b64decode(signing_secret.removeprefix("whsec_")) == bytes.fromhex(secret)
    assert webhook.pop("id").startswith("wh_")
    assert webhook == {
        "orgId": organization.id,
        "name": None,
        "url": URL,
        "events": ["domain.active", "job.dlq"],
        "enabled": True,
        "maxPerSecond": None,
        "timeoutSeconds": None,
        "retrySchedule": None,
        "headerNames": [],
        "clientCertificate": None,
        "ordering": "domain",
        "warnings": [],
        "match": None,
        "health": HEALTHY,
        "createdAt": "2027-01-15T08:00:00Z",
        "updatedAt": "2027-01-15T08:00:00Z",
    }


async def test_the_secrets_are_never_shown_again(owner: Client) -> None:
    made = await added(owner)
    answers = [
        await owner.get("/api/webhooks"),
        await owner.get(f"/api/webhooks/{made['id']}"),
        await owner.patch(f"/api/webhooks/{made['id']}", {"enabled": False}),
    ]
    for answer in answers:
        assert answer.status == 200
        assert b"ecret" not in answer.body
        assert made["secret"].encode() not in answer.body


async def test_every_event_can_be_subscribed(owner: Client) -> None:
    assert (await added(owner, events=list(TENANT_TYPES)))["events"] == list(TENANT_TYPES)


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"name": ""}, "invalid_input", "name"),
        ({"name": "  "}, "invalid_input", "name"),
        ({"name": "n" * 101}, "invalid_input", "name"),
        ({"name": "a\nb"}, "invalid_input", "name"),
        ({"name": 1}, "invalid_input", "name"),
        ({"maxPerSecond": 0}, "invalid_input", "maxPerSecond"),
        ({"maxPerSecond": 1001}, "invalid_input", "maxPerSecond"),
        ({"maxPerSecond": "1"}, "invalid_input", "maxPerSecond"),
        ({"maxPerSecond": 1.5}, "invalid_input", "maxPerSecond"),
        ({"timeoutSeconds": 0}, "invalid_input", "timeoutSeconds"),
        ({"timeoutSeconds": 31}, "invalid_input", "timeoutSeconds"),
        ({"timeoutSeconds": 2.5}, "invalid_input", "timeoutSeconds"),
        ({"timeoutSeconds": "5s"}, "invalid_input", "timeoutSeconds"),
        ({"retrySchedule": []}, "invalid_input", "retrySchedule"),
        ({"retrySchedule": ["0s"] * 31}, "invalid_input", "retrySchedule"),
        ({"retrySchedule": ["4d", "4d"]}, "invalid_input", "retrySchedule"),
        ({"retrySchedule": ["0s", "5 s"]}, "invalid_input", "retrySchedule[1]"),
        ({"retrySchedule": [0, 5]}, "invalid_input", "retrySchedule[0]"),
        ({"retrySchedule": "5s"}, "invalid_input", "retrySchedule"),
        ({"ordering": "endpoint"}, "invalid_input", "ordering"),
        ({"ordering": None}, "invalid_input", "ordering"),
        ({"headers": {"Host": "other.customer.com"}}, "bad_header", "headers"),
        ({"headers": {"webhook-id": "x"}}, "bad_header", "headers"),
        ({"headers": {"X-DCVaaS-Event": "x"}}, "bad_header", "headers"),
        ({"headers": {"X-A": "a\r\nX-B: b"}}, "bad_header", "headers"),
        ({"headers": {"X A": "a"}}, "bad_header", "headers"),
        ({"headers": {"X-A": "a", "x-a": "b"}}, "bad_header", "headers"),
        ({"headers": {"X-A": 1}}, "invalid_input", "headers"),
        ({"headers": [["X-A", "a"]]}, "invalid_input", "headers"),
        ({"url": "http://hooks.customer.com/"}, "bad_url", "url"),
        ({"url": ""}, "bad_url", "url"),
        ({"url": "nonsense"}, "bad_url", "url"),
        ({"url": "https://127.0.0.1/"}, "bad_url", "url"),
        ({"url": "https://user:pass@hooks.customer.com/"}, "bad_url", "url"),
        ({"url": "https://hooks.customer.com/a\u0000b"}, "bad_url", "url"),
        ({"url": "https://hooks.customer.com:22/"}, "bad_url", "url"),
        ({"url": "https://[::1"}, "bad_url", "url"),
        ({"url": 1}, "invalid_input", "url"),
        ({"url": None}, "invalid_input", "url"),
        ({"events": []}, "no_events", "events"),
        ({"events": ["domain.activ"]}, "unknown_event", "events[0]"),
        ({"events": ["domain.active", ""]}, "unknown_event", "events[1]"),
        ({"events": ["*", "domains.*"]}, "unknown_event", "events[1]"),
        ({"events": ["system.*"]}, "unknown_event", "events[0]"),
        ({"events": "domain.active"}, "invalid_input", "events"),
        ({"events": None}, "invalid_input", "events"),
        ({"events": [["domain.active"]]}, "invalid_input", "events[0]"),
    ],
)
@pytest.mark.sampled(3)
async def test_a_bad_url_or_event_is_refused_when_it_is_made_and_when_it_is_changed(
    owner: Client, change: dict[str, Any], code: str, field: str
) -> None:
    made = await added(owner)
    before = (await owner.get("/api/webhooks")).json
    body = {"url": URL, "events": ["domain.active"], **change}
    problem(await owner.post("/api/webhooks", body), 400, code, field=field)
    problem(await owner.patch(f"/api/webhooks/{made['id']}", change), 400, code, field=field)
    assert (await owner.get("/api/webhooks")).json == before


async def test_a_subscription_to_all_or_to_families_is_shown_as_it_was_typed_and_decides_what_is_sent(
    owner: Client,
) -> None:
    made = (await owner.post("/api/webhooks", {"url": URL, "events": ["dns.*", "domain.removed", "dns.*"]})).json
    path = f"/api/webhooks/{made['webhook']['id']}"
    assert made["webhook"]["events"] == ["dns.*", "domain.removed"]
    assert (await owner.get(path)).json["webhook"]["events"] == ["dns.*", "domain.removed"]
    await owner.post("/api/domains", {"domainName": "one.customer.com"})
    assert (await owner.get(f"{path}/deliveries")).json["deliveries"] == []
    changed = await owner.patch(path, {"events": ["*"]})
    assert changed.json["webhook"]["events"] == ["*"]
    assert (await owner.get(path)).headers["ETag"] == changed.headers["ETag"]
    await owner.post("/api/domains", {"domainName": "two.customer.com"})
    assert [each["event"] for each in (await owner.get(f"{path}/deliveries")).json["deliveries"]] == ["domain.added"]


async def test_an_unknown_family_is_refused_and_the_known_ones_are_named(owner: Client) -> None:
    answer = await owner.post("/api/webhooks", {"url": URL, "events": ["domains.*"]})
    assert "domain.*, dns.*, job.*, delivery.*, endpoint.*, connection.*, webhook.*" in answer.json["detail"]


async def test_a_new_webhook_has_no_headers_to_remove(owner: Client) -> None:
    for headers in (None, {"X-A": None}):
        body = {"url": URL, "events": ["domain.active"], "headers": headers}
        problem(await owner.post("/api/webhooks", body), 400, "invalid_input")


@pytest.mark.parametrize("missing", ["url", "events"])
async def test_both_url_and_events_are_needed(owner: Client, missing: str) -> None:
    body = {name: value for name, value in {"url": URL, "events": ["domain.active"]}.items() if name != missing}
    problem(await owner.post("/api/webhooks", body), 400, "invalid_input", field=missing)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Billing → gold"},
        {"name": None},
        {"url": "https://other.customer.com/"},
        {"events": ["domain.error"]},
        {"enabled": False, "health": MANUAL},
        {"maxPerSecond": 7},
        {"maxPerSecond": None},
        {"timeoutSeconds": 30},
        {"timeoutSeconds": None},
        {"retrySchedule": ["0s", "250ms", "90m", "1d"]},
        {"retrySchedule": None},
        {"ordering": "none"},
        {"headers": {"X-New": "n"}, "headerNames": ["X-Api-Key", "X-New"]},
        {"headers": {"X-Api-Key": None}, "headerNames": []},
        {"headers": None, "headerNames": []},
        {},
    ],
)
async def test_a_change_touches_only_what_it_names(owner: Client, clock: ManualClock, change: dict[str, Any]) -> None:
    made = await added(
        owner, name="First", maxPerSecond=5, timeoutSeconds=7, retrySchedule=["0s", "5s"], headers={"X-Api-Key": "k"}
    )
    clock.advance(MINUTE)
    sent = {name: value for name, value in change.items() if name not in ("health", "headerNames")}
    answer = await owner.patch(f"/api/webhooks/{made['id']}", sent)
    assert answer.status == 200
    expected = {name: value for name, value in made.items() if "ecret" not in name} | change
    expected.pop("headers", None)
    expected["updatedAt"] = "2027-01-15T08:01:00Z"
    assert answer.json["webhook"] == expected
    assert (await owner.get("/api/webhooks")).json["webhooks"] == [expected]
    week = dict.fromkeys(("hour", "day", "week"), NO_RATES)
    alone = expected | {"rates": week, "health": expected["health"] | {"refusedEvents": []}}
    assert (await owner.get(f"/api/webhooks/{made['id']}")).json["webhook"] == alone


@pytest.mark.parametrize("value", [None, "false", 0, [], {}])
async def test_enabled_is_true_or_false_and_nothing_like_it(owner: Client, value: Any) -> None:
    made = await added(owner)
    answer = await owner.patch(f"/api/webhooks/{made['id']}", {"enabled": value})
    found = problem(answer, 400, "invalid_input", field="enabled")
    assert "has to be true or false" in found["detail"]
    assert (await owner.get(f"/api/webhooks/{made['id']}")).json["webhook"]["enabled"] is True


@pytest.mark.parametrize("name", ["secret", "id", "orgId", "createdAt"])
async def test_what_cannot_be_changed_is_refused_and_not_ignored(owner: Client, name: str) -> None:
    made = await added(owner)
    answer = await owner.patch(f"/api/webhooks/{made['id']}", {name: "x"})
    found = problem(answer, 400, "unknown_field", field=name)
    names = (
        "name, url, events, maxPerSecond, timeoutSeconds, retrySchedule, headers, clientCertificate, match, enabled, "
        "ordering, replay"
    )
    assert names in found["detail"]


async def test_a_removed_webhook_is_gone(owner: Client) -> None:
    made = await added(owner)
    assert (await owner.delete(f"/api/webhooks/{made['id']}")).status == 204
    problem(await owner.get(f"/api/webhooks/{made['id']}"), 404, "not_found")
    problem(await owner.delete(f"/api/webhooks/{made['id']}"), 404, "not_found")
    assert (await owner.get("/api/webhooks")).json == {"webhooks": [], "nextCursor": None}


async def test_another_organizations_webhook_looks_as_if_it_did_not_exist(owner: Client, stranger: Client) -> None:
    made = await added(owner)
    path = f"/api/webhooks/{made['id']}"
    problem(await stranger.get(path), 404, "not_found")
    problem(await stranger.patch(path, {"enabled": False}), 404, "not_found")
    problem(await stranger.delete(path), 404, "not_found")
    assert (await stranger.get("/api/webhooks")).json["webhooks"] == []
    assert (await owner.get(path)).json["webhook"]["enabled"] is True


async def test_pages_go_through_the_whole_list_once(owner: Client, clock: ManualClock) -> None:
    wanted: list[str] = []
    for _ in range(3):
        clock.advance(1)
        wanted.append((await added(owner))["id"])
    first = (await owner.get("/api/webhooks?limit=2")).json
    last = (await owner.get(f"/api/webhooks?limit=2&cursor={first['nextCursor']}")).json
    assert [webhook["id"] for webhook in first["webhooks"] + last["webhooks"]] == wanted[::-1]
    assert last["nextCursor"] is None


async def test_the_values_of_a_webhooks_own_headers_are_never_shown(owner: Client) -> None:
    answer = await owner.post(
        "/api/webhooks",
        {"url": URL, "events": ["domain.added"], "headers": {"X-Api-Key": "in-confidence"}, "maxPerSecond": 1000},
    )
    made = answer.json["webhook"]
    assert (made["headerNames"], made["maxPerSecond"]) == (["X-Api-Key"], 1000)
    answers = [answer, await owner.get("/api/webhooks"), await owner.get(f"/api/webhooks/{made['id']}")]
    assert all(b"in-confidence" not in shown.body for shown in answers)


async def test_health_tells_what_fails_and_how_long_nothing_is_sent(
    owner: Client, context: Context, clock: ManualClock
) -> None:
    made = await added(owner)
    await domain(owner)
    await tried(context, made["id"], 503, response_headers={"retry-after": "120"}, retry_after_ms=2 * MINUTE)
    path = f"/api/webhooks/{made['id']}"
    shown = (await owner.get(path)).json["webhook"]
    assert shown["enabled"] is True
    assert shown["health"] == {
        "status": "healthy",
        "reason": None,
        "failedAttempts": 1,
        "failingSince": "2027-01-15T08:00:00Z",
        "lastError": "The receiver answered 503.",
        "pausedUntil": "2027-01-15T08:02:00Z",
        "refusedEvents": [],
    }
    clock.advance(2 * MINUTE)
    assert (await owner.get(path)).json["webhook"]["health"]["pausedUntil"] is None


async def test_a_410_disables_a_webhook_and_enabling_it_starts_its_health_anew(owner: Client, context: Context) -> None:
    made = await added(owner)
    await domain(owner)
    await tried(context, made["id"], 410)
    path = f"/api/webhooks/{made['id']}"
    shown = (await owner.get(path)).json["webhook"]
    assert (shown["enabled"], shown["health"]["status"], shown["health"]["reason"]) == (False, "disabled", "gone")
    assert (await owner.patch(path, {"enabled": True})).json["webhook"]["health"] == HEALTHY


async def test_rates_count_the_attempts_of_the_last_hour_day_and_week(
    owner: Client, context: Context, clock: ManualClock
) -> None:
    made = await added(owner)
    await domain(owner, "one.customer.com")
    await tried(context, made["id"], 204)
    clock.advance(3 * HOUR)
    await domain(owner, "two.customer.com")
    await tried(context, made["id"], started_at=clock.now())
    clock.advance(MINUTE)
    rates = (await owner.get(f"/api/webhooks/{made['id']}")).json["webhook"]["rates"]
    counts = {name: (rate["delivered"], rate["failedAttempts"]) for name, rate in rates.items()}
    assert counts == {"hour": (0, 1), "day": (1, 1), "week": (1, 1)}
    assert all(8 <= rate["p50Ms"] <= rate["p95Ms"] <= 12 for rate in rates.values())


@pytest.mark.parametrize(
    ("replay", "status"), [({}, "pending"), ({"replay": "held"}, "pending"), ({"replay": "none"}, "dropped")]
)
async def test_what_was_held_is_sent_when_a_webhook_is_enabled_unless_it_is_not_wanted(
    owner: Client, replay: dict[str, str], status: str
) -> None:
    path = f"/api/webhooks/{(await added(owner))['id']}"
    await owner.patch(path, {"enabled": False})
    await domain(owner)
    assert (await listed(owner))[0]["status"] == "held"
    assert (await owner.patch(path, {"enabled": True, **replay})).status == 200
    assert (await listed(owner))[0]["status"] == status


@pytest.mark.parametrize("body", [{"replay": "none"}, {"replay": "none", "enabled": False}, {"replay": "all"}])
async def test_replay_goes_with_enabling_and_nothing_else(owner: Client, body: dict[str, Any]) -> None:
    path = f"/api/webhooks/{(await added(owner))['id']}"
    problem(await owner.patch(path, body), 400, "invalid_input", field="replay")


async def test_a_type_that_is_refused_for_good_is_shown_with_the_way_out(owner: Client, context: Context) -> None:
    webhook = await added(owner)
    path = f"/api/webhooks/{webhook['id']}"
    refused_ids: list[str] = []
    for name in ("one", "two", "three"):
        assert (await owner.get(path)).json["webhook"]["health"]["refusedEvents"] == []
        await domain(owner, f"{name}.customer.com")
        [due] = await tried(context, webhook["id"], 422, response_body=b'{"error": "unknown \xe2\x86\x92"}\n')
        refused_ids.append(due.id)
    [refused] = (await owner.get(path)).json["webhook"]["health"]["refusedEvents"]
    parts, fix = refused.pop("fixParts"), refused.pop("fix")
    assert f"POST /api/deliveries/{refused_ids[-1]}/cancel" in fix
    assert "".join(part["text"] for part in parts) == fix
    assert [(each["action"], each["targetId"]) for each in parts if each["action"]] == [
        ("cancel_delivery", refused_ids[-1])
    ]
    assert refused == {
        "event": "domain.added",
        "statusCode": 422,
        "attempts": 3,
        "since": "2027-01-15T08:00:00Z",
        "answer": '{"error": "unknown →"}',
        "deliveryId": refused_ids[-1],
    }
