"""The official Python library, and a receiver of the predecessor's kind, before, during and after a rotation."""

import hashlib
import hmac
from collections.abc import Sequence

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from dcvd.core.instants import DAY
from dcvd.core.secret import Secret
from dcvd.core.webhooks.signing import to_standard_secret
from dcvd.services.context import Context
from dcvd.services.webhooks import secret_rotation
from tests.delivery.clocks import Shifted
from tests.delivery.conftest import subscribe
from tests.delivery.owing import happen
from tests.delivery.receivers import Received, Receiver
from tests.delivery.views import delivered


def _judge(request: Received, secret: Secret) -> tuple[bool, bool, bool]:
    """Whether a secret fits the Standard Webhooks signature, the predecessor's, and its `-Previous` one."""
    expected = hmac.new(secret.reveal().encode(), request.body, hashlib.sha256).hexdigest()
    return (
        _verifies(to_standard_secret(secret).reveal(), request),
        hmac.compare_digest(request.headers["X-DCVaaS-Signature"], expected),
        hmac.compare_digest(request.headers.get("X-DCVaaS-Signature-Previous", ""), expected),
    )


def _verifies(key: str | bytes, request: Received) -> bool:
    try:
        Webhook(key).verify(request.body, dict(request.headers))
    except WebhookVerificationError:
        return False
    return True


async def _next(context: Context, org: str, receiver: Receiver) -> Received:
    count = len(receiver.received) + 1
    await happen(context, org)
    await delivered(context, count)
    return receiver.received[-1]


def _judged(request: Received, secrets: Sequence[Secret]) -> list[tuple[bool, bool, bool]]:
    return [_judge(request, secret) for secret in secrets]


@pytest.mark.usefixtures("pool")
async def test_the_old_secret_verifies_until_the_grace_ends_and_the_new_one_from_the_rotation_on(
    context: Context, org: str, receiver: Receiver
) -> None:
    context.clock = clock = Shifted()
    endpoint, old = await subscribe(context, org, receiver.url)
    before = await _next(context, org, receiver)
    rotated = await secret_rotation.rotate(context, org, endpoint, grace_ms=60_000)
    during = await _next(context, org, receiver)
    clock.ahead = 61_000
    after = await _next(context, org, receiver)
    secrets = [old, rotated.secret]
    assert _judged(before, secrets) == [(True, True, False), (False, False, False)]
    assert _judged(during, secrets) == [(True, False, True), (True, True, False)]
    assert _judged(after, secrets) == [(False, False, False), (True, True, False)]
    assert "X-DCVaaS-Signature-Previous" not in after.headers


@pytest.mark.usefixtures("pool")
async def test_of_three_secrets_all_verify_and_the_headers_of_the_predecessor_know_the_newest_two(
    context: Context, org: str, receiver: Receiver
) -> None:
    context.clock = clock = Shifted()
    endpoint, first = await subscribe(context, org, receiver.url)
    clock.ahead = 1000
    second = (await secret_rotation.rotate(context, org, endpoint, grace_ms=DAY)).secret
    clock.ahead = 2000
    third = (await secret_rotation.rotate(context, org, endpoint, grace_ms=DAY)).secret
    request = await _next(context, org, receiver)
    assert _judged(request, [first, second, third]) == [
        (True, False, False),
        (True, False, True),
        (True, True, False),
    ]
    signatures = request.headers["webhook-signature"].split(" ")
    assert len(signatures) == 3
    assert all(signature.startswith("v1,") for signature in signatures)


@pytest.mark.usefixtures("pool")
async def test_without_a_grace_no_earlier_secret_counts_any_more(
    context: Context, org: str, receiver: Receiver
) -> None:
    context.clock = clock = Shifted()
    endpoint, first = await subscribe(context, org, receiver.url)
    clock.ahead = 1000
    second = (await secret_rotation.rotate(context, org, endpoint, grace_ms=DAY)).secret
    clock.ahead = 2000
    third = (await secret_rotation.rotate(context, org, endpoint, grace_ms=0)).secret
    request = await _next(context, org, receiver)
    assert _judged(request, [first, second, third]) == [
        (False, False, False),
        (False, False, False),
        (True, True, False),
    ]


@pytest.mark.usefixtures("pool")
async def test_the_key_is_the_decoded_bytes_and_neither_the_encoded_text_nor_the_hex(
    context: Context, org: str, receiver: Receiver
) -> None:
    context.clock = Shifted()
    _, secret = await subscribe(context, org, receiver.url)
    request = await _next(context, org, receiver)
    shown = to_standard_secret(secret).reveal()
    assert _verifies(shown, request)
    assert _verifies(bytes.fromhex(secret.reveal()), request)
    assert not _verifies(shown.encode(), request)
    assert not _verifies(shown.removeprefix("whsec_").encode(), request)
    assert not _verifies(secret.reveal().encode(), request)
