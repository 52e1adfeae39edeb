"""Both signatures, against the official verifier and against the HMAC computed independently."""

import base64
import hashlib
import hmac
import re
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from dcvd.core.secret import Secret
from dcvd.core.webhooks.signing import (
    build_headers,
    dcvaas_signature,
    new_secret,
    standard_signature,
    to_standard_secret,
)
from tests.core.builders import counting_bytes

BODY = '{"event":"webhook.test","data":{"text":"grüße \u2028 😀"}}'.encode()
SECRETS = st.binary(min_size=32, max_size=32).map(lambda key: Secret(key.hex()))


def signed(secrets: list[Secret]) -> dict[str, str]:
    return build_headers(
        secrets, message_id="evt_1", event_type="webhook.test", timestamp_s=int(time.time()), body=BODY
    )


def test_a_secret_is_64_hex_characters_and_the_same_key_under_whsec() -> None:
    secret = new_secret(counting_bytes())
    assert secret.reveal() == bytes(range(32)).hex()
    assert to_standard_secret(secret).reveal() == "whsec_" + base64.b64encode(bytes(range(32))).decode()
    assert secret.reveal() not in f"{secret} {to_standard_secret(secret)}"


@given(SECRETS, st.binary(max_size=200))
def test_the_predecessors_signature_is_keyed_with_the_secret_as_text(secret: Secret, body: bytes) -> None:
    expected = hmac.new(secret.reveal().encode("ascii"), body, "sha256").hexdigest()
    assert dcvaas_signature(secret, body) == expected


@given(SECRETS, st.integers(0, 2**40), st.binary(max_size=200))
def test_the_standard_signature_is_keyed_with_the_32_bytes(secret: Secret, timestamp: int, body: bytes) -> None:
    content = f"evt_1.{timestamp}.".encode() + body
    digest = hmac.new(bytes.fromhex(secret.reveal()), content, hashlib.sha256).digest()
    assert standard_signature([secret], "evt_1", timestamp, body) == "v1," + base64.b64encode(digest).decode()


@given(SECRETS, st.text(max_size=50), st.integers(0, 2**53 - 1))
def test_the_official_package_signs_alike(secret: Secret, text: str, number: int) -> None:
    body = f'{{"text":"{number}"}}'.encode() + text.encode()
    moment = datetime(2026, 11, 23, 10, 0, 0, tzinfo=UTC)
    official = Webhook(to_standard_secret(secret).reveal()).sign("evt_1", moment, body.decode())
    assert official == standard_signature([secret], "evt_1", int(moment.timestamp()), body)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_official_verifier_accepts_a_delivery_under_each_of_its_secrets(count: int) -> None:
    secrets = [new_secret(counting_bytes(40 * number)) for number in range(count)]
    sent = signed(secrets)
    for secret in secrets:
        assert Webhook(to_standard_secret(secret).reveal()).verify(BODY, sent)["event"] == "webhook.test"
    with pytest.raises(WebhookVerificationError):
        Webhook(to_standard_secret(new_secret(counting_bytes(200))).reveal()).verify(BODY, sent)


def test_the_official_verifier_refuses_a_changed_delivery() -> None:
    secret = new_secret(counting_bytes())
    sent = signed([secret])
    verifier = Webhook(to_standard_secret(secret).reveal())
    for forged_body, forged_headers in (
        (BODY.replace(b"test", b"tost"), sent),
        (BODY, sent | {"webhook-id": "evt_2"}),
        (BODY, sent | {"webhook-timestamp": str(int(sent["webhook-timestamp"]) + 1)}),
    ):
        with pytest.raises(WebhookVerificationError):
            verifier.verify(forged_body, forged_headers)


@given(st.lists(SECRETS, min_size=1, max_size=4), st.binary(max_size=50))
def test_one_space_and_nothing_else_stands_between_signatures(secrets: list[Secret], body: bytes) -> None:
    parts = standard_signature(secrets, "evt_1", 1, body).split(" ")
    assert parts == [standard_signature([secret], "evt_1", 1, body) for secret in secrets]
    assert all(re.fullmatch(r"v1,[A-Za-z0-9+/]{43}=", part) for part in parts)


def test_the_headers_of_a_webhook_are_exactly_these() -> None:
    secret = new_secret(counting_bytes())
    assert build_headers(
        [secret], message_id="evt_1", event_type="domain.active", timestamp_s=1_768_473_000, body=b"{}"
    ) == {
        "X-DCVaaS-Signature": dcvaas_signature(secret, b"{}"),
        "X-DCVaaS-Event": "domain.active",
        "webhook-id": "evt_1",
        "webhook-timestamp": "1768473000",
        "webhook-signature": standard_signature([secret], "evt_1", 1_768_473_000, b"{}"),
    }


def test_during_a_rotation_the_predecessors_headers_carry_the_newest_two() -> None:
    newest, older, oldest = (new_secret(counting_bytes(40 * number)) for number in range(3))
    alone = signed([newest])
    for secrets in ([newest, older], [newest, older, oldest]):
        sent = signed(secrets)
        assert sent.keys() - alone.keys() == {"X-DCVaaS-Signature-Previous"}
        assert sent["X-DCVaaS-Signature"] == alone["X-DCVaaS-Signature"] == dcvaas_signature(newest, BODY)
        assert sent["X-DCVaaS-Signature-Previous"] == dcvaas_signature(older, BODY)


@pytest.mark.parametrize("text", ["kürzer", "0123456789abcdef", "ab" * 31, "ab" * 33, "zz" * 32, " "])
def test_a_secret_of_another_form_keys_both_signatures_as_text(text: str) -> None:
    headers = build_headers([Secret(text)], message_id="evt_1", event_type="x", timestamp_s=7, body=b"{}")
    key = base64.b64decode(to_standard_secret(Secret(text)).reveal().removeprefix("whsec_"))
    assert key == text.encode()
    expected = base64.b64encode(hmac.new(key, b"evt_1.7.{}", hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert headers["X-DCVaaS-Signature"] == hmac.new(text.encode(), b"{}", hashlib.sha256).hexdigest()
