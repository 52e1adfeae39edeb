"""The receivers of docs/webhooks.md, started as they stand there, with what dcvd signs and sends."""

import os
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import aiohttp
import pytest

from dcvd.core.events import EventDraft, EventType, build_body
from dcvd.core.ids import IdPrefix, new_id
from dcvd.core.secret import Secret
from dcvd.core.webhooks.signing import build_headers, new_secret, to_standard_secret
from dcvd.delivery import DeliveryPool, EndpointTestRunner
from dcvd.kit.clock import SystemClock
from dcvd.metrics import Metrics
from dcvd.services.context import Context
from dcvd.services.webhooks import endpoints
from tests.docs.markdown import read_page
from tests.docs.receivers import LANGUAGES, WEBHOOKS, Language, RunningReceiver, build, documented_files, running
from tests.waiting import until

# A cold compiler on a busy machine takes its time.
pytestmark = [pytest.mark.sweep, pytest.mark.timeout(300)]

OLD, NEW = new_secret(os.urandom), new_secret(os.urandom)
HOUR_S = 3600


@pytest.fixture(scope="module", params=LANGUAGES, ids=lambda language: language.name)
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Language, Path]:
    """A receiver that was compiled once."""
    language: Language = request.param
    return language, build(language, tmp_path_factory.mktemp("receiver"))


@pytest.fixture(params=["standard", "dcvaas"])
def scheme(request: pytest.FixtureRequest) -> str:
    """Which of the two signatures the receiver verifies."""
    return str(request.param)


@pytest.fixture
async def receiver(
    built: tuple[Language, Path], scheme: str, unused_tcp_port: int, tmp_path: Path
) -> AsyncIterator[RunningReceiver]:
    """The receiver at work with the secret OLD."""
    secret = to_standard_secret(OLD) if scheme == "standard" else OLD
    async with running(*built, secret, unused_tcp_port, tmp_path) as started:
        yield started


def event(text: str = "bücher.example \U0001f600 </script> \u2028") -> tuple[str, bytes]:
    """An event's id and the bytes that are sent, with what other JSON libraries would write in another way."""
    now = time.time_ns() // 1_000_000
    event_id = new_id(IdPrefix.EVENT, now, os.urandom)
    draft = EventDraft(EventType.DOMAIN_ACTIVE, {"domain_name": text, "expires_at": None})
    return event_id, build_body(draft, event_id=event_id, sequence=41, now=now)


def sign(event_id: str, body: bytes, secrets: Sequence[Secret], *, age_s: int = 0) -> dict[str, str]:
    """The headers that dcvd sends, signed `age_s` seconds ago."""
    return build_headers(
        secrets, message_id=event_id, event_type="domain.active", timestamp_s=int(time.time()) - age_s, body=body
    )


async def post(receiver: RunningReceiver, headers: Mapping[str, str], body: bytes) -> int:
    """The status of the receiver's answer."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(receiver.url, data=body, headers={"Content-Type": "application/json", **headers}) as response,
    ):
        return response.status


async def printed(receiver: RunningReceiver, *event_ids: str) -> None:
    """Waits until the receiver has printed these events, each once, and nothing else."""

    async def complete() -> bool:
        return len(receiver.lines) >= len(event_ids)

    await until(complete)
    assert receiver.lines == [f"domain.active {event_id}" for event_id in event_ids]


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
    context.clock = SystemClock()
    url = f"http://127.0.0.1:{unused_tcp_port}/hooks"
    endpoint, secret = await endpoints.create(context, org, url=url, events=[*EventType])
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


def test_every_type_of_event_and_only_these_stand_in_the_page() -> None:
    described = {
        word.strip("`")
        for line in read_page(WEBHOOKS).section("Types of events").splitlines()
        if line.startswith("| `")
        for word in line.split("|")[1].split(", ")
    }
    assert {word.strip(" `") for word in described} == set(EventType)
