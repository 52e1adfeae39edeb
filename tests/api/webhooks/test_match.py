"""`match` of an endpoint: it gets the events alone whose domain is like that."""

from typing import Any

import pytest

from dcvd.core.events import EventDraft, EventType
from dcvd.services.context import Context
from dcvd.services.events import recording
from dcvd.store.organizations.organizations import Organization
from tests.api.webhooks.owed import URL, given_up
from tests.api.webhooks.test_replays import SINCE, worked_off
from tests.served_app.client import Client, problem
from tests.stored_events import MADE_UP

EVENTS = ["domain.added", "domain.removed", "delivery.dlq"]
GOLD = {"labels": {"tier": "gold"}}


async def added(owner: Client, match: dict[str, Any] | None = None, **members: Any) -> str:
    body = {"url": URL, "events": EVENTS, **({} if match is None else {"match": match}), **members}
    answer = await owner.post("/api/webhooks", body)
    assert answer.status == 201, answer.body
    return str(answer.json["webhook"]["id"])


async def add_domain(owner: Client, name: str, **labels: str) -> str:
    answer = await owner.post("/api/domains", {"domainName": name, "labels": labels})
    assert answer.status == 201, answer.body
    return str(answer.json["domain"]["id"])


async def received(owner: Client, webhook_id: str) -> list[str]:
    """What is sent to it, oldest first: the type, and the name of the domain."""
    bodies = {
        event["id"]: f"{event['event']} {event['data'].get('domain_name')}"
        for event in (await owner.get("/api/events?after=0")).json["events"]
    }
    shown = (await owner.get(f"/api/webhooks/{webhook_id}/deliveries?limit=250")).json["deliveries"]
    return [bodies[each["eventId"]] for each in sorted(shown, key=lambda each: int(each["sequence"]))]


@pytest.mark.parametrize(
    ("match", "names"),
    [
        (None, ["a.acme.com", "acme.com", "shop.com", "xn--bcher-kva.de"]),
        ({"labels": {"tier": "gold"}}, ["a.acme.com", "shop.com"]),
        ({"labels": {"tier": "gold", "eu": ""}}, ["shop.com"]),
        ({"domains": ["*.acme.com"]}, ["a.acme.com"]),
        ({"domains": ["*.ACME.com", "Bücher.de"]}, ["a.acme.com", "xn--bcher-kva.de"]),
        ({"labels": {"tier": "gold"}, "domains": ["*.acme.com", "acme.com"]}, ["a.acme.com"]),
        ({"labels": {"tier": "gold"}, "domains": ["acme.com"]}, []),
    ],
    ids=repr,
)
async def test_an_endpoint_gets_the_events_of_the_domains_that_match(
    owner: Client, match: dict[str, Any] | None, names: list[str]
) -> None:
    webhook_id = await added(owner, match)
    ids = [
        await add_domain(owner, "a.acme.com", tier="gold"),
        await add_domain(owner, "acme.com", tier="iron"),
        await add_domain(owner, "shop.com", tier="gold", eu=""),
        await add_domain(owner, "bücher.de"),
    ]
    for domain_id in ids:
        await owner.delete(f"/api/domains/{domain_id}")
    expected = [f"{event} {name}" for event in ("domain.added", "domain.removed") for name in names]
    assert sorted(await received(owner, webhook_id)) == sorted(expected)


async def test_the_labels_at_the_moment_of_the_event_decide(owner: Client) -> None:
    webhook_id = await added(owner, GOLD)
    early, late = await add_domain(owner, "early.com", tier="gold"), await add_domain(owner, "late.com")
    await owner.patch(f"/api/domains/{early}", {"labels": None})
    await owner.patch(f"/api/domains/{late}", {"labels": {"tier": "gold"}})
    for domain_id in (early, late):
        await owner.delete(f"/api/domains/{domain_id}")
    assert await received(owner, webhook_id) == ["domain.added early.com", "domain.removed late.com"]


async def test_a_match_is_shown_replaced_as_a_whole_audited_and_removed_by_null(owner: Client) -> None:
    webhook_id = await added(owner, GOLD)
    path = f"/api/webhooks/{webhook_id}"
    shown = await owner.get(path)
    assert shown.json["webhook"]["match"] == {"labels": {"tier": "gold"}, "domains": []}
    changed = await owner.patch(path, {"match": {"domains": ["shop.com", "*.Acme.com", "SHOP.com"]}})
    assert changed.json["webhook"]["match"] == {"labels": {}, "domains": ["*.acme.com", "shop.com"]}
    assert changed.headers["ETag"] != shown.headers["ETag"]
    assert (await owner.patch(path, {"maxPerSecond": 5})).json["webhook"]["match"] == changed.json["webhook"]["match"]
    assert (await owner.patch(path, {"match": None})).json["webhook"]["match"] is None
    assert (await owner.get("/api/webhooks")).json["webhooks"][0]["match"] is None
    last, _, first = (await owner.get("/api/audit?action=endpoint.changed")).json["audit"]
    assert first["before"]["match"] == {"labels": {"tier": "gold"}, "domains": []}
    assert (last["before"]["match"]["domains"], last["after"]["match"]) == (["*.acme.com", "shop.com"], None)
    await add_domain(owner, "any.com")
    assert await received(owner, webhook_id) == ["domain.added any.com"]


@pytest.mark.parametrize(
    ("match", "field"),
    [
        ({}, "match"),
        ({"labels": {}, "domains": []}, "match"),
        ({"labels": {"Tier": "x"}}, "match.labels"),
        ({"labels": {"tier": None}}, "match.labels"),
        ({"domains": ["acme.com", "*"]}, "match.domains[1]"),
        ({"domains": ["*.com"]}, "match.domains[0]"),
        ({"domains": ["a.com"] * 101}, "match.domains"),
    ],
)
async def test_a_match_that_can_hold_for_nothing_is_refused(owner: Client, match: dict[str, Any], field: str) -> None:
    answer = await owner.post("/api/webhooks", {"url": URL, "events": EVENTS, "match": match})
    assert answer.status == 400
    assert answer.json["errors"][0]["field"].startswith(field)
    webhook_id = await added(owner, GOLD)
    assert (await owner.patch(f"/api/webhooks/{webhook_id}", {"match": match})).status == 400
    problem(await owner.patch(f"/api/webhooks/{webhook_id}", {"match": {"names": ["a.com"]}}), 400, "unknown_field")
    assert (await owner.get(f"/api/webhooks/{webhook_id}")).json["webhook"]["match"]["labels"] == {"tier": "gold"}


async def test_what_is_about_no_domain_goes_to_endpoints_without_a_match_alone(owner: Client, context: Context) -> None:
    narrow, wide = await added(owner, GOLD), await added(owner)
    failing = await added(owner, events=["domain.added"])
    await add_domain(owner, "a.com", tier="gold")
    await given_up(context, failing)
    assert await received(owner, wide) == ["domain.added a.com", "delivery.dlq None"]
    assert await received(owner, narrow) == ["domain.added a.com"]
    await owner.post(f"/api/webhooks/{narrow}/test", {})
    assert (await received(owner, narrow))[1:] == ["webhook.test None"]


@pytest.mark.parametrize("status", ["missing", "all"])
async def test_a_replay_keeps_to_the_match_of_now_for_what_was_never_sent(
    owner: Client, context: Context, organization: Organization, status: str
) -> None:
    webhook_id = await added(owner, {"labels": {"tier": "iron"}})
    gold = await add_domain(owner, "gold.com", tier="gold")
    await add_domain(owner, "iron.com", tier="iron")
    await add_domain(owner, "plain.com")
    await given_up(context, webhook_id)
    await owner.patch(f"/api/webhooks/{webhook_id}", {"match": GOLD})
    await owner.patch(f"/api/domains/{gold}", {"labels": None})
    body = {"since": SINCE, "status": status, "events": ["domain.added"]}
    counted = await owner.post(f"/api/webhooks/{webhook_id}/replay", {**body, "dryRun": True})
    answer = await owner.post(f"/api/webhooks/{webhook_id}/replay", body)
    assert answer.json["count"] == counted.json["count"] == {"missing": 1, "all": 2}[status]
    await worked_off(context, organization, answer)
    assert sorted(await received(owner, webhook_id)) == ["domain.added gold.com", "domain.added iron.com"]
    states = {each["status"] for each in (await owner.get(f"/api/webhooks/{webhook_id}/deliveries")).json["deliveries"]}
    # What was sent once was meant for it then, and is sent again by `all`.
    assert states == ({"pending", "dead"} if status == "missing" else {"pending"})


async def test_an_event_that_an_earlier_version_stored_has_no_labels(
    owner: Client, context: Context, organization: Organization
) -> None:
    """Its body has neither member; the names in it still count."""
    data = {"domain_id": "dom_a", "domain_name": "a.com", "status": "active", "expires_at": None}
    # Marked, because no event of today is without them.
    draft = EventDraft(EventType.DOMAIN_ACTIVE, data | {MADE_UP: True}, "dom_a")
    await context.database.write(lambda tx: recording.record(context, tx, organization.id, [draft]))
    by_label = await added(owner, GOLD, events=["domain.active"])
    by_name = await added(owner, {"domains": ["a.com"]}, events=["domain.active"])
    body = {"since": SINCE, "status": "missing"}
    counts = [
        (await owner.post(f"/api/webhooks/{each}/replay", {**body, "dryRun": True})).json["count"]
        for each in (by_label, by_name)
    ]
    assert counts == [0, 1]
