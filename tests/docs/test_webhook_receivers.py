"""The receivers of docs/webhooks.md, started as they stand there, with what dcvd signs and sends."""

import time
from pathlib import Path

import pytest

from dcvd.core.webhooks.signing import to_standard_secret
from dcvd.core.webhooks.subscriptions import TENANT_TYPES
from dcvd.delivery import DeliveryPool, EndpointTestRunner
from dcvd.metrics import Metrics
from dcvd.services.context import Context
from dcvd.services.webhooks import endpoints
from tests.docs.markdown import read_page
from tests.docs.receivers import LANGUAGES, WEBHOOKS, Language, RunningReceiver, documented_files, running
from tests.docs.signed_deliveries import NEW, OLD, event, post, printed, sign
from tests.manual_clock import RealClock

# A cold compiler on a busy machine takes its time.
pytestmark = [pytest.mark.sweep, pytest.mark.timeout(300)]

HOUR_S = 3600


async def test_a_genuine_delivery_is_accepted_and_its_repeat_does_nothing(receiver: RunningReceiver) -> None:
    (first, body), (second, other) = event(), event("another")
    assert await post(receiver, sign(first, body, [OLD]), body) == 204
    assert await post(receiver, sign(first, body, [OLD], age_s=60), body) == 204
    assert await post(receiver, sign(second, other, [OLD]), other) == 204
    await printed(receiver, first, second)


async def test_what_is_not_signed_with_the_secret_is_refused(receiver: RunningReceiver) -> None:
    event_id, body = event()
    genuine = sign(event_id, body, [OLD])
    unsigned = {name: value for name, value in genuine.items() if "signature" not in name.lower()}
    cut_off = {name: value[:-1] if "signature" in name.lower() else value for name, value in genuine.items()}
    for headers, sent in [
        (sign(event_id, body, [NEW]), body),
        (genuine, body.replace(b"another", b"other") + b" "),
        (genuine, body[:-1]),
        (unsigned, body),
        (cut_off, body),
        ({**genuine, "webhook-signature": "v1,", "X-DCVaaS-Signature": ""}, body),
    ]:
        assert await post(receiver, headers, sent) == 401
    good, other = event("another")
    assert await post(receiver, sign(good, other, [OLD]), other) == 204
    await printed(receiver, good)


async def test_during_a_rotation_the_earlier_secret_is_still_accepted(receiver: RunningReceiver) -> None:
    event_id, body = event()
    assert await post(receiver, sign(event_id, body, [NEW, OLD]), body) == 204
    next_id, body = event()
    assert await post(receiver, sign(next_id, body, [OLD, NEW]), body) == 204
    await printed(receiver, event_id, next_id)


@pytest.mark.parametrize("scheme", ["standard"], indirect=True)
async def test_a_timestamp_that_is_far_off_or_was_changed_is_refused(receiver: RunningReceiver) -> None:
    event_id, body = event()
    old = sign(event_id, body, [OLD], age_s=HOUR_S)
    assert await post(receiver, old, body) == 401
    assert await post(receiver, sign(event_id, body, [OLD], age_s=-HOUR_S), body) == 401
    assert await post(receiver, {**old, "webhook-timestamp": str(int(time.time()))}, body) == 401
    assert await post(receiver, {**old, "webhook-timestamp": "soon"}, body) == 401
    assert await post(receiver, {**sign(event_id, body, [OLD]), "webhook-id": "evt_other"}, body) == 401
    assert await post(receiver, sign(event_id, body, [OLD]), body) == 204
    await printed(receiver, event_id)


async def test_dcvds_own_conformance_test_finds_no_fault_in_it(
    built: tuple[Language, Path], context: Context, org: str, unused_tcp_port: int, tmp_path: Path
) -> None:
    context.clock = RealClock()
    url = f"http://127.0.0.1:{unused_tcp_port}/hooks"
    endpoint, secret = await endpoints.create(context, org, url=url, events=["*"])
    runner = EndpointTestRunner(context, DeliveryPool(context, Metrics()))
    await runner.start()
    try:
        async with running(*built, to_standard_secret(secret), unused_tcp_port, tmp_path):
            report = await runner.check_conformance(org, endpoint.id)
    finally:
        await runner.close()
    assert report.conforms, report.summary


def test_each_language_has_a_whole_file_of_its_own() -> None:
    assert set(documented_files()) == {language.file for language in LANGUAGES}


def test_every_type_of_event_that_a_tenant_gets_and_only_these_stand_in_the_page() -> None:
    described = {
        word.strip("`")
        for line in read_page(WEBHOOKS).section("Types of events").splitlines()
        if line.startswith("| `")
        for word in line.split("|")[1].split(", ")
    }
    assert {word.strip(" `") for word in described} == set(TENANT_TYPES)
