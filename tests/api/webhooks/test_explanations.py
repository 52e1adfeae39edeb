"""`GET /api/deliveries/{id}/explain`."""

import shlex
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from dcvd.api.app import Api
from dcvd.core.http.exchanges import OwnFault
from dcvd.core.instants import MINUTE
from dcvd.core.secret import Secret
from dcvd.core.webhooks.deliveries import AttemptOutcome
from dcvd.core.webhooks.signing import dcvaas_signature
from dcvd.kit.clock import SystemClock
from dcvd.kit.vault.key import VaultKey
from dcvd.kit.vault.sealing import Vault
from dcvd.services.context import Context
from tests.api.webhooks.owed import URL, added, domain, given_up, listed, tried
from tests.manual_clock import ManualClock
from tests.served_app.client import Client


async def explained(client: Client, delivery_id: str) -> tuple[str, str | None]:
    answer = await client.get(f"/api/deliveries/{delivery_id}/explain")
    assert answer.status == 200, answer.body
    explanation = answer.json["explanation"]
    return explanation["sentence"], explanation["fix"]


async def the_only(client: Client) -> str:
    [shown] = await listed(client)
    found: str = shown["id"]
    return found


async def test_a_failed_attempt_is_explained_with_what_to_do_and_when_the_next_is_due(
    owner: Client, member: Client, context: Context
) -> None:
    webhook = await added(owner)
    await domain(owner)
    [due] = await tried(
        context,
        webhook["id"],
        outcome=AttemptOutcome.DNS,
        status_code=None,
        error="The name hooks.customer.com does not exist.",
    )
    sentence, fix = await explained(member, due.id)
    assert sentence == ("The name hooks.customer.com does not exist. The next attempt is due at 2027-01-15T08:00:05Z.")
    assert fix


async def test_what_was_not_tried_yet_says_when_it_is(owner: Client, clock: ManualClock) -> None:
    await added(owner)
    await domain(owner)
    expected = "It is due now, and sent as soon as its turn comes."
    assert await explained(owner, await the_only(owner)) == (expected, None)
    clock.advance(-MINUTE)
    expected = "The first attempt is due at 2027-01-15T08:00:00Z."
    assert await explained(owner, await the_only(owner)) == (expected, None)


async def test_what_waits_for_an_earlier_event_names_its_delivery(owner: Client) -> None:
    await added(owner, events=["domain.added", "domain.removed"])
    await owner.delete(f"/api/domains/{await domain(owner)}")
    by_event = {shown["event"]: shown["id"] for shown in await listed(owner)}
    sentence, fix = await explained(owner, by_event["domain.removed"])
    assert by_event["domain.added"] in sentence
    assert fix is not None
    for way_out in ("explain", "retry", "cancel"):
        assert f"/api/deliveries/{by_event['domain.added']}/{way_out}" in fix


@pytest.mark.parametrize("fault", OwnFault)
async def test_what_waits_for_a_fault_of_our_own_says_so_and_blames_no_receiver(
    app: Api, owner: Client, fault: OwnFault
) -> None:
    webhook = await added(owner)
    await domain(owner)
    app.services.find_own_fault = {webhook["id"]: fault}.get
    sentence, fix = await explained(owner, await the_only(owner))
    assert sentence.startswith("It waits for a fault of dcvd's own to end: ")
    assert sentence.endswith(" It is tried again soon, and no attempt is used up.")
    assert fix == "Your receiver has nothing to do with it; if it lasts, tell your operator."


async def test_a_paused_webhook_is_told_with_the_end_of_its_pause(owner: Client, context: Context) -> None:
    webhook = await added(owner)
    await domain(owner, "one.customer.com")
    await tried(context, webhook["id"], 503, response_headers={"retry-after": "120"}, retry_after_ms=2 * MINUTE)
    await domain(owner, "two.customer.com")
    untried = next(shown["id"] for shown in await listed(owner) if shown["attempts"] == 0)
    sentence, _ = await explained(owner, untried)
    assert sentence.startswith("Nothing is sent to its webhook before 2027-01-15T08:02:00Z")


async def test_what_is_held_says_why_its_webhook_is_disabled(owner: Client) -> None:
    webhook = await added(owner)
    await domain(owner)
    await owner.patch(f"/api/webhooks/{webhook['id']}", {"enabled": False})
    sentence, fix = await explained(owner, await the_only(owner))
    assert sentence == "It is held, because its webhook is disabled: your organization has disabled it."
    assert fix == f'PATCH /api/webhooks/{webhook["id"]} {{"enabled":true}} sends it.'


async def test_a_dead_letter_says_how_to_send_it_again(owner: Client, context: Context) -> None:
    webhook = await added(owner)
    await domain(owner)
    [due] = await given_up(context, webhook["id"])
    sentence, fix = await explained(owner, due.id)
    assert sentence.endswith("It is a dead letter: it is not tried again by itself.")
    assert fix is not None
    assert fix.endswith(f"Then POST /api/deliveries/{due.id}/retry sends it again.")


async def test_a_dead_letter_of_a_webhook_that_is_gone_says_that_first(owner: Client, context: Context) -> None:
    webhook = await added(owner)
    await domain(owner)
    [due] = await tried(context, webhook["id"], 410)
    sentence, fix = await explained(owner, due.id)
    assert "its webhook is disabled: it answered 410 Gone." in sentence
    assert fix is not None
    assert f'PATCH /api/webhooks/{webhook["id"]} {{"enabled":true}} and POST' in fix


async def test_what_was_dropped_says_why(owner: Client) -> None:
    webhook = await added(owner)
    await owner.patch(f"/api/webhooks/{webhook['id']}", {"enabled": False})
    await domain(owner)
    await owner.patch(f"/api/webhooks/{webhook['id']}", {"enabled": True, "replay": "none"})
    sentence, _ = await explained(owner, await the_only(owner))
    assert sentence == "It was dropped. Its webhook was enabled again without what it had missed."


async def test_what_was_delivered_needs_nothing(owner: Client, context: Context) -> None:
    webhook = await added(owner)
    await domain(owner)
    [due] = await tried(context, webhook["id"], 204)
    sentence, fix = await explained(owner, due.id)
    assert "204" in sentence
    assert fix is None


def parsed(command: str) -> tuple[str, dict[str, str], bytes]:
    """The URL, the headers and the body that a shell would hand to curl."""
    words = shlex.split(command)
    assert words[0] == "curl"
    headers = dict(words[at + 1].split(": ", 1) for at, word in enumerate(words) if word == "-H")
    return words[words.index("POST") + 1], headers, words[words.index("--data-raw") + 1].encode()


async def test_the_command_repeats_the_delivery_with_signatures_that_verify_now(
    owner: Client, context: Context, clock: ManualClock
) -> None:
    clock.set(SystemClock().now())
    webhook = await added(owner, headers={"X-Api-Key": "in-confidence"})
    clock.advance(1)
    rotated = (await owner.post(f"/api/webhooks/{webhook['id']}/rotate-secret")).json["webhook"]
    await domain(owner)
    delivery_id = await the_only(owner)
    answer = await owner.get(f"/api/deliveries/{delivery_id}/explain")
    assert b"in-confidence" not in answer.body
    url, headers, body = parsed(answer.json["curl"])
    full = (await owner.get(f"/api/deliveries/{delivery_id}")).json["delivery"]
    assert (url, body.decode()) == (URL, full["body"])
    assert headers["X-Api-Key"] == "<value of X-Api-Key>"
    assert headers["Content-Type"] == "application/json"
    assert headers["webhook-id"] == full["eventId"]
    assert headers["X-DCVaaS-Signature"] == dcvaas_signature(Secret(rotated["secret"]), body)
    assert headers["X-DCVaaS-Signature-Previous"] == dcvaas_signature(Secret(webhook["secret"]), body)
    for secret in (webhook["signingSecret"], rotated["signingSecret"]):
        Webhook(secret).verify(body, headers)


async def test_the_command_says_until_when_its_signature_is_taken(owner: Client) -> None:
    await added(owner)
    await domain(owner)
    answer = (await owner.get(f"/api/deliveries/{await the_only(owner)}/explain")).json
    assert answer["validUntil"] == "2027-01-15T08:05:00Z"
    _, headers, _ = parsed(answer["curl"])
    assert headers["webhook-timestamp"] == "1800000000"


async def test_secrets_that_cannot_be_read_leave_the_explanation_without_a_command(
    app: Api, owner: Client, context: Context
) -> None:
    await added(owner)
    await domain(owner)

    def random(size: int) -> bytes:
        return b"\x07" * size

    vault = Vault(VaultKey.generate(random))
    app.services.context = Context(context.database, context.live_config, vault=vault, clock=context.clock)
    answer: dict[str, Any] = (await owner.get(f"/api/deliveries/{await the_only(owner)}/explain")).json
    assert (answer["curl"], answer["validUntil"]) == (None, None)
    assert answer["explanation"]["sentence"].endswith("The secrets of its webhook cannot be read.")
