"""`POST /api/webhooks/{id}/rotate-secret`."""

import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest

from dcvd.core.instants import DAY, SECOND
from dcvd.core.webhooks.endpoint import select_signing_secrets
from dcvd.services.context import Context
from dcvd.services.webhooks import endpoints
from tests.api.webhooks.owed import added
from tests.manual_clock import ManualClock
from tests.served_app.client import Client, problem
from tests.served_app.stand_ins import NOW


async def signing(context: Context, webhook_id: str) -> list[str]:
    """The secrets that sign now, newest first."""
    opened = await context.database.read(lambda snapshot: endpoints.unseal_endpoint(context, snapshot, webhook_id))
    assert opened is not None
    return [secret.reveal() for secret in select_signing_secrets(opened.secrets, context.now())]


async def test_a_new_secret_signs_beside_the_old_one_for_a_day(
    owner: Client, context: Context, clock: ManualClock
) -> None:
    made = await added(owner)
    clock.advance(SECOND)
    answer = await owner.post(f"/api/webhooks/{made['id']}/rotate-secret", {})
    assert answer.status == 200
    assert answer.json["previousExpiresAt"] == "2027-01-16T08:00:01Z"
    webhook = answer.json["webhook"]
    new = webhook.pop("secret")
    assert base64.b64decode(webhook.pop("signingSecret").removeprefix("whsec_")) == bytes.fromhex(new)
    assert webhook == {name: value for name, value in made.items() if "ecret" not in name}
    assert await signing(context, made["id"]) == [new, made["secret"]]
    clock.set(NOW + SECOND + DAY - 1)
    assert await signing(context, made["id"]) == [new, made["secret"]]
    clock.advance(1)
    assert await signing(context, made["id"]) == [new]


async def nothing() -> AsyncIterator[bytes]:
    yield b""


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"headers": {"Content-Type": "application/json"}},
        {"headers": {"Content-Type": "text/plain"}},
        {"data": nothing},
    ],
)
async def test_a_body_of_which_every_member_is_optional_may_be_empty(
    owner: Client, clock: ManualClock, options: dict[str, Any]
) -> None:
    made = await added(owner)
    clock.advance(1)
    sent = {name: value() if callable(value) else value for name, value in options.items()}
    answer = await owner.post(f"/api/webhooks/{made['id']}/rotate-secret", **sent)
    assert answer.status == 200
    assert answer.json["previousExpiresAt"] == "2027-01-16T08:00:00.001Z"


async def test_a_body_that_is_not_empty_is_held_to_what_a_body_is(owner: Client) -> None:
    path = f"/api/webhooks/{(await added(owner))['id']}/rotate-secret"
    problem(
        await owner.post(path, data=b"graceSeconds=5", headers={"Content-Type": "text/plain"}),
        415,
        "unsupported_media_type",
    )
    problem(await owner.post(path, data=b" "), 400, "malformed_json", field="body")
    problem(await owner.post(path, data=b"null"), 400, "invalid_input", field="body")


@pytest.mark.parametrize("seconds", [0, 1, 604_800])
async def test_the_grace_ends_exactly_when_it_was_told_to(
    owner: Client, context: Context, clock: ManualClock, seconds: int
) -> None:
    made = await added(owner)
    clock.advance(1)
    answer = await owner.post(f"/api/webhooks/{made['id']}/rotate-secret", {"graceSeconds": seconds})
    assert answer.status == 200
    new = answer.json["webhook"]["secret"]
    clock.advance(seconds * SECOND)
    assert await signing(context, made["id"]) == [new]


@pytest.mark.parametrize("grace", [-1, 604_801, 10**30, 1.5, "60", True, None, []])
async def test_a_grace_that_is_none_is_refused(owner: Client, context: Context, grace: Any) -> None:
    made = await added(owner)
    answer = await owner.post(f"/api/webhooks/{made['id']}/rotate-secret", {"graceSeconds": grace})
    problem(answer, 400, "invalid_input", field="graceSeconds")
    assert await signing(context, made["id"]) == [made["secret"]]


async def test_so_many_secrets_that_their_signatures_would_not_fit_are_a_conflict(
    owner: Client, clock: ManualClock
) -> None:
    path = f"/api/webhooks/{(await added(owner))['id']}/rotate-secret"
    for _ in range(9):
        clock.advance(1)
        assert (await owner.post(path)).status == 200
    problem(await owner.post(path), 409, "too_many_secrets")
    assert (await owner.post(path, {"graceSeconds": 0})).status == 200


async def test_another_organizations_webhook_looks_as_if_it_did_not_exist(owner: Client, stranger: Client) -> None:
    made = await added(owner)
    problem(await stranger.post(f"/api/webhooks/{made['id']}/rotate-secret"), 404, "not_found")
