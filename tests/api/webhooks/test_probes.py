"""`POST /api/webhooks/{id}/test` and `…/conformance`: a webhook is tried now."""

import pytest

from dcvd.core.events import EventType
from dcvd.errors import Conflict, Retryable
from dcvd.store.organizations.organizations import Organization
from tests.api.webhooks.owed import added, listed
from tests.served_app.client import Client, problem
from tests.served_app.stand_ins import FakeProber


async def test_a_test_is_answered_with_its_attempt_and_kept(owner: Client) -> None:
    webhook = await added(owner)
    answer = await owner.post(f"/api/webhooks/{webhook['id']}/test")
    assert answer.status == 200
    assert answer.json["explanation"] is None
    delivery = answer.json["delivery"]
    assert (delivery["event"], delivery["status"], delivery["attempts"]) == ("webhook.test", "delivered", 1)
    assert (answer.json["attempt"]["statusCode"], answer.json["attempt"]["errorClass"]) == (204, None)
    assert await listed(owner) == [delivery]
    assert (await owner.get(f"/api/deliveries/{delivery['id']}")).json["attempts"] == [answer.json["attempt"]]


async def test_a_test_that_failed_is_explained(owner: Client, prober: FakeProber) -> None:
    webhook = await added(owner)
    prober.fails_with = 403
    answer = (await owner.post(f"/api/webhooks/{webhook['id']}/test")).json
    assert answer["delivery"]["status"] == "dead"
    assert answer["attempt"]["next"] == "No more: a test is sent once."
    assert "403" in answer["explanation"]["sentence"]
    assert answer["explanation"]["fix"]


async def test_a_disabled_webhook_can_be_tested(owner: Client) -> None:
    webhook = await added(owner)
    await owner.patch(f"/api/webhooks/{webhook['id']}", {"enabled": False})
    answer = await owner.post(f"/api/webhooks/{webhook['id']}/test")
    assert answer.status == 200
    assert answer.json["delivery"]["status"] == "delivered"


async def test_conformance_is_reported_probe_by_probe(
    owner: Client, prober: FakeProber, organization: Organization
) -> None:
    webhook = await added(owner)
    answer = await owner.post(f"/api/webhooks/{webhook['id']}/conformance")
    assert answer.status == 200
    assert prober.probed == [(organization.id, webhook["id"])]
    report = answer.json
    assert report["conforms"] is False
    assert "accepts a forged signature" in report["summary"]
    assert [probe["kind"] for probe in report["probes"]] == ["good", "duplicate", "forged", "stale"]
    assert [probe["passed"] for probe in report["probes"]] == [True, True, False, False]
    assert report["bodyChange"] is None
    forged = report["probes"][2]
    assert set(forged) == {"kind", "expected", "statusCode", "error", "passed", "verdict"}
    assert (forged["statusCode"], forged["error"]) == (204, None)
    assert "accepted a forged signature" in forged["verdict"]


@pytest.mark.parametrize("call", ["test", "conformance"])
async def test_who_asks_while_too_many_tries_are_under_way_is_told_when_to_come_again(
    owner: Client, prober: FakeProber, call: str
) -> None:
    webhook = await added(owner)
    prober.raises = Retryable("Other tests are under way.", code="too_many_tests", retry_after_s=5.0)
    answer = await owner.post(f"/api/webhooks/{webhook['id']}/{call}")
    problem(answer, 503, "too_many_tests")
    assert answer.headers["Retry-After"] == "5"


@pytest.mark.parametrize("call", ["test", "conformance"])
async def test_secrets_that_cannot_be_read_are_a_conflict(owner: Client, prober: FakeProber, call: str) -> None:
    webhook = await added(owner)
    prober.raises = Conflict("The secrets cannot be read.", code="secrets_unreadable")
    problem(await owner.post(f"/api/webhooks/{webhook['id']}/{call}"), 409, "secrets_unreadable")


@pytest.mark.parametrize("call", ["test", "conformance"])
async def test_another_organizations_webhook_looks_as_if_it_did_not_exist(
    owner: Client, stranger: Client, prober: FakeProber, call: str
) -> None:
    webhook = await added(owner)
    problem(await stranger.post(f"/api/webhooks/{webhook['id']}/{call}"), 404, "not_found")
    assert prober.probed == []
    assert await listed(owner) == []


async def test_an_example_of_any_event_is_sent_and_nothing_of_it_is_kept_or_counted(owner: Client) -> None:
    webhook = await added(owner)
    path = f"/api/webhooks/{webhook['id']}/test"
    answer = await owner.post(path, {"event": "domain.renewed"})
    assert answer.status == 200
    delivery = answer.json["delivery"]
    assert (delivery["event"], delivery["status"], delivery["sequence"]) == ("domain.renewed", "delivered", 0)
    assert answer.json["attempt"]["statusCode"] == 204
    assert await listed(owner) == []
    problem(await owner.get(f"/api/deliveries/{delivery['id']}"), 404, "not_found")
    assert (await owner.get("/api/events")).json["events"] == []
    other = (await owner.post(path, {"event": "domain.renewed"})).json["delivery"]
    assert other["eventId"] != delivery["eventId"]
    await owner.post(path, {"event": "webhook.test"})
    assert [event["sequence"] for event in (await owner.get("/api/events")).json["events"]] == [1]


async def test_a_type_that_is_none_is_refused_naming_those_that_are(owner: Client, prober: FakeProber) -> None:
    webhook = await added(owner)
    path = f"/api/webhooks/{webhook['id']}/test"
    for name in ("domain.renewd", "domain.*", "*", ""):
        found = problem(await owner.post(path, {"event": name}), 400, "unknown_event", field="event")
        assert all(event_type in found["detail"] for event_type in EventType)
    problem(await owner.post(path, {"event": None}), 400, "invalid_input", field="event")
    problem(await owner.post(path, {"events": ["domain.active"]}), 400, "unknown_field", field="events")
    problem(await owner.post("/api/webhooks/wh_x/test", {"event": "domain.renewed"}), 404, "not_found")
    assert await listed(owner) == []
