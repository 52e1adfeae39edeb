"""Changes of a webhook: nobody overwrites what they have not seen, and headers are merged."""

import asyncio
from typing import Any

import pytest

from dcvd.core.webhooks.health import DisabledReason, disable
from dcvd.services.context import Context
from dcvd.services.webhooks import endpoints
from dcvd.store.webhooks import endpoints as endpoints_table
from tests.api.webhooks.owed import added, domain
from tests.served_app.client import Client, problem


async def _tag(client: Client, webhook_id: str) -> str:
    return (await client.get(f"/api/webhooks/{webhook_id}")).headers["ETag"]


async def test_whoever_read_an_older_state_changes_nothing(owner: Client, admin: Client) -> None:
    webhook = await added(owner)
    path = f"/api/webhooks/{webhook['id']}"
    seen = await _tag(owner, webhook["id"])
    changed = await admin.patch(path, {"maxPerSecond": 5}, headers={"If-Match": seen})
    assert changed.status == 200
    refused = await owner.patch(path, {"maxPerSecond": 9}, headers={"If-Match": seen})
    problem(refused, 412, "precondition_failed")
    assert (await owner.get(path)).json["webhook"]["maxPerSecond"] == 5
    assert changed.headers["ETag"] == await _tag(owner, webhook["id"]) != seen
    again = await owner.patch(path, {"maxPerSecond": 9}, headers={"If-Match": changed.headers["ETag"]})
    assert again.status == 200


async def test_the_answer_that_creates_has_the_tag_that_the_next_one_shows(owner: Client) -> None:
    created = await owner.post("/api/webhooks", {"url": "https://hooks.customer.com/", "events": ["job.dlq"]})
    assert created.headers["ETag"] == await _tag(owner, created.json["webhook"]["id"])


async def test_of_two_at_once_one_is_told(owner: Client) -> None:
    webhook = await added(owner)
    path, seen = f"/api/webhooks/{webhook['id']}", await _tag(owner, webhook["id"])
    answers = await asyncio.gather(
        *(owner.patch(path, {"maxPerSecond": rate}, headers={"If-Match": seen}) for rate in range(1, 6))
    )
    assert sorted(answer.status for answer in answers) == [200, 412, 412, 412, 412]


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Billing"},
        {"timeoutSeconds": 29},
        {"retrySchedule": ["0s", "1m"]},
        {"url": "https://other.customer.com/"},
        {"events": ["job.dlq"]},
        {"headers": {"X-A": "another value"}},
        {"headers": {"X-A": None}},
        {"enabled": False},
        {"ordering": "none"},
        {},
    ],
)
async def test_each_change_has_another_tag(owner: Client, change: dict[str, Any]) -> None:
    """The clock of these tests stands, so that all of it happens within one millisecond."""
    webhook = await added(owner, headers={"X-A": "a"})
    seen = await _tag(owner, webhook["id"])
    answer = await owner.patch(f"/api/webhooks/{webhook['id']}", change)
    assert answer.headers["ETag"] not in ("", seen)
    assert answer.headers["ETag"] == await _tag(owner, webhook["id"])


async def test_that_dcvd_disabled_it_is_a_change_too_and_a_failure_is_none(owner: Client, context: Context) -> None:
    webhook = await added(owner)
    seen = await _tag(owner, webhook["id"])
    endpoint = await endpoints.get(context, webhook["orgId"], webhook["id"])
    health = endpoint.health
    await context.database.write(lambda tx: endpoints_table.update_health(tx, endpoint.id, health))
    assert await _tag(owner, webhook["id"]) == seen
    disabled = disable(health, DisabledReason.GONE)
    await context.database.write(lambda tx: endpoints_table.update_health(tx, endpoint.id, disabled))
    refused = await owner.patch(f"/api/webhooks/{endpoint.id}", {"enabled": True}, headers={"If-Match": seen})
    problem(refused, 412, "precondition_failed")


async def test_what_was_held_is_not_dropped_for_a_change_that_is_refused(owner: Client) -> None:
    webhook = await added(owner)
    path = f"/api/webhooks/{webhook['id']}"
    seen = await _tag(owner, webhook["id"])
    await owner.patch(path, {"enabled": False})
    await domain(owner)
    refused = await owner.patch(path, {"enabled": True, "replay": "none"}, headers={"If-Match": seen})
    problem(refused, 412, "precondition_failed")
    (delivery,) = (await owner.get(f"{path}/deliveries")).json["deliveries"]
    assert delivery["status"] == "held"


async def test_several_lines_of_if_match_are_one_list_and_nonsense_is_refused(owner: Client) -> None:
    webhook = await added(owner)
    path = f"/api/webhooks/{webhook['id']}"
    found = problem(
        await owner.patch(path, {"maxPerSecond": 5}, headers={"If-Match": "no-quotes"}), 400, "invalid_input"
    )
    assert [error["field"] for error in found["errors"]] == ["If-Match"]
    assert (await owner.patch(path, {"maxPerSecond": 5}, headers={"If-Match": "*"})).status == 200


async def _headers(context: Context, webhook: dict[str, Any]) -> dict[str, str]:
    stored = await context.database.read(
        lambda snapshot: endpoints_table.unseal_headers(snapshot, context.vault, webhook["orgId"], webhook["id"])
    )
    return {name: value.reveal() for name, value in stored.items()}


async def test_a_header_is_set_or_removed_without_sending_the_others_again(owner: Client, context: Context) -> None:
    webhook = await added(owner, headers={"X-A": "a", "X-B": "b"})
    path = f"/api/webhooks/{webhook['id']}"
    for change, expected in [
        ({"X-C": "c"}, {"X-A": "a", "X-B": "b", "X-C": "c"}),
        ({"x-b": "new"}, {"X-A": "a", "X-C": "c", "x-b": "new"}),
        ({"X-A": None, "X-Unknown": None}, {"X-C": "c", "x-b": "new"}),
        ({}, {"X-C": "c", "x-b": "new"}),
        (None, {}),
    ]:
        answer = await owner.patch(path, {"headers": change})
        assert answer.status == 200, answer.body
        assert await _headers(context, webhook) == expected
        assert answer.json["webhook"]["headerNames"] == list(expected)


async def test_what_a_merge_comes_to_is_judged_as_a_whole(owner: Client, context: Context) -> None:
    webhook = await added(owner, headers={f"X-{number}": "v" for number in range(20)})
    path = f"/api/webhooks/{webhook['id']}"
    problem(await owner.patch(path, {"headers": {"X-New": "v"}}), 400, "bad_header", field="headers")
    problem(await owner.patch(path, {"headers": {"X-1": "v", "x-1": None}}), 400, "bad_header", field="headers")
    assert (await owner.patch(path, {"headers": {"X-0": None, "X-New": "v"}})).status == 200
    assert len(await _headers(context, webhook)) == 20


async def test_headers_that_cannot_be_read_are_kept_or_all_replaced(owner: Client, context: Context) -> None:
    webhook = await added(owner, headers={"X-A": "a"})
    path = f"/api/webhooks/{webhook['id']}"
    await context.database.write(
        lambda tx: tx.execute("UPDATE webhook_endpoints SET sealed_headers = x'00' WHERE id = ?", (webhook["id"],))
    )
    problem(await owner.patch(path, {"headers": {"X-B": "b"}}), 409, "vault_value_damaged")
    assert (await owner.patch(path, {"headers": None})).status == 200
    assert (await owner.patch(path, {"headers": {"X-B": "b"}})).status == 200
    assert await _headers(context, webhook) == {"X-B": "b"}
