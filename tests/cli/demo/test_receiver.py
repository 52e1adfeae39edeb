"""The demo's receiver believes what official verifiers believe, and nothing else."""

import asyncio
from datetime import UTC, datetime

import aiohttp
import pytest
from standardwebhooks.webhooks import Webhook

from dcvd.cli.demo.receiver import ReceivedWebhook, WebhookReceiver, WebhookSecrets, find_fault
from dcvd.core.secret import Secret
from dcvd.core.webhooks.signing import build_headers, to_standard_secret

SECRET = Secret("5f" * 32)
KEYS = WebhookSecrets(SECRET.reveal(), to_standard_secret(SECRET).reveal())
BODY = '{"event":"domain.active","data":{"domain_name":"bücher.example"}}'.encode()
NOW = 1_800_000_000


def signed(**changed: str) -> dict[str, str]:
    made = build_headers([SECRET], message_id="evt_1", event_type="domain.active", timestamp_s=NOW, body=BODY)
    return {**made, **changed}


def test_what_the_daemon_signs_is_believed() -> None:
    assert find_fault(KEYS, signed(), BODY, NOW + 1.5) is None


def test_what_the_official_library_signs_is_believed() -> None:
    signature = Webhook(KEYS.signing_secret).sign("evt_1", datetime.fromtimestamp(NOW, UTC), BODY.decode())
    assert find_fault(KEYS, signed(**{"webhook-signature": f"v1,bm9uZQ== {signature}"}), BODY, NOW) is None


@pytest.mark.parametrize(
    ("changed", "body", "problem"),
    [
        ({"X-DCVaaS-Signature": "0" * 64}, BODY, "not the HMAC-SHA256"),
        ({"webhook-signature": "v1,bm9uZQ=="}, BODY, "webhook-signature"),
        ({"webhook-id": "evt_2"}, BODY, "webhook-signature"),
        ({"webhook-timestamp": str(NOW - 301)}, BODY, "not within 300 seconds"),
        ({"webhook-timestamp": "yesterday"}, BODY, "not within 300 seconds"),
        ({}, BODY.replace(b"active", b"error!"), "not the HMAC-SHA256"),
        ({}, b"{", "not the HMAC-SHA256"),
    ],
)
def test_what_was_tampered_with_is_not(changed: dict[str, str], body: bytes, problem: str) -> None:
    found = find_fault(KEYS, signed(**changed), body, NOW)
    assert found is not None
    assert problem in found


def test_bytes_that_json_would_not_give_back_are_not_believed() -> None:
    spaced = BODY.replace(b":", b": ")
    made = build_headers([SECRET], message_id="evt_1", event_type="domain.active", timestamp_s=NOW, body=spaced)
    assert find_fault(KEYS, made, spaced, NOW) == "X-DCVaaS-Signature is not the HMAC-SHA256 of the payload"


def test_a_missing_header_is_named() -> None:
    bare = signed()
    del bare["webhook-id"]
    assert find_fault(KEYS, bare, BODY, NOW) == "it has no header webhook-id"


async def test_a_repeat_is_answered_but_handed_on_once_and_a_forgery_is_refused() -> None:
    arrivals: list[ReceivedWebhook] = []
    timestamp = int(datetime.now(UTC).timestamp())
    good = build_headers([SECRET], message_id="evt_1", event_type="domain.active", timestamp_s=timestamp, body=BODY)
    async with WebhookReceiver(arrivals.append) as receiver, aiohttp.ClientSession() as session:

        async def post(**changed: str) -> int:
            async with session.post(receiver.url, data=BODY, headers={**good, **changed}) as response:
                return response.status

        early = asyncio.create_task(post(), name="early")
        receiver.trust(KEYS)
        assert [await early, await post(), await post(**{"webhook-id": "evt_2"})] == [204, 204, 400]
    first, forged = arrivals
    assert (first.event, first.data, first.problem) == ("domain.active", {"domain_name": "bücher.example"}, None)
    assert (forged.event, forged.problem is not None) == ("domain.active", True)
