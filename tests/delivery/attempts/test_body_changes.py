"""Receivers in five languages that verify what their library writes, and what the conformance test says of each."""

import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from dcvd.api.webhooks.conformance_view import conformance_view
from dcvd.core.webhooks.body_changes import BODY_CHANGES, BodyChangeKind
from dcvd.core.webhooks.conformance import ProbeKind
from dcvd.core.webhooks.deliveries import AttemptOutcome
from dcvd.core.webhooks.signing import SIGNATURE_HEADER, dcvaas_signature
from dcvd.delivery import DeliveryPool, EndpointTestRunner
from dcvd.metrics import Metrics
from dcvd.services.context import Context
from dcvd.services.webhooks import endpoints
from tests.delivery.attempts.reserializing import RECEIVERS, UNKNOWN, WRONG_ENCODING, ReserializingReceiver
from tests.delivery.conftest import configure, subscribe
from tests.delivery.receivers import Receiver, never, saying
from tests.delivery.views import secret_of
from tests.docs.receivers import running
from tests.manual_clock import RealClock


@pytest.fixture
async def runner(context: Context) -> AsyncIterator[EndpointTestRunner]:
    """At work by the real clock, which is the receivers' too."""
    context.clock = RealClock()
    runner = EndpointTestRunner(context, DeliveryPool(context, Metrics()))
    await runner.start()
    yield runner
    await runner.close()


def build(receiver: ReserializingReceiver, directory: Path) -> None:
    """Write a receiver's file, and compile it. Skips where the language is not installed."""
    for program in receiver.language.programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed, and the receiver in {receiver.language.name} needs it")
    (directory / receiver.language.file).write_text(receiver.source)
    if receiver.language.compile:
        environ = {**os.environ, "GOCACHE": str(directory / "cache"), "GO111MODULE": "off"}
        subprocess.run(receiver.language.compile, cwd=directory, env=environ, check=True)


@pytest.mark.parametrize(
    "receiver",
    # A cold compiler takes its time.
    [pytest.param(each, marks=pytest.mark.sweep) if each.language.compile else each for each in RECEIVERS],
    ids=lambda receiver: receiver.language.name,
)
@pytest.mark.timeout(300)
async def test_a_receiver_that_verifies_what_its_library_writes_is_told_which_library_that_is(
    context: Context,
    org: str,
    runner: EndpointTestRunner,
    receiver: ReserializingReceiver,
    unused_tcp_port: int,
    tmp_path: Path,
) -> None:
    build(receiver, tmp_path)
    base = f"http://127.0.0.1:{unused_tcp_port}"
    endpoint, secret = await endpoints.create(context, org, url=base, events=["*"])
    async with running(receiver.language, tmp_path, secret, unused_tcp_port, tmp_path):
        for path, words in receiver.ways.items():
            change = endpoints.EndpointChange(url=base + path)
            await endpoints.change(context, org, endpoint.id, change)
            report = conformance_view(await runner.check_conformance(org, endpoint.id))
            _, attempt = await runner.send_test(org, endpoint.id)
            good = report.probes[0]
            assert (attempt.attempt.outcome is AttemptOutcome.DELIVERED) is good.passed, "a test has the same text"
            if words is None:
                assert (good.passed, report.body_change) == (True, None), path
                continue
            assert good.passed is False
            assert words in good.verdict, path
            assert "raw bytes" in good.verdict
            assert not report.conforms
            if words == UNKNOWN:
                assert report.body_change is BodyChangeKind.UNKNOWN
            elif words == WRONG_ENCODING:
                assert report.body_change is BodyChangeKind.WRONG_ENCODING
            elif words.startswith("It did not accept"):
                assert report.body_change is None, "nothing is claimed that was not seen"
            else:
                assert report.body_change is BodyChangeKind.RESERIALIZED
                assert "re-serialised the body before it verified the signature" in report.summary


async def test_one_that_refuses_whatever_is_sent_is_not_told_that_it_changes_bodies(
    org: str, endpoint: str, receiver: Receiver, runner: EndpointTestRunner
) -> None:
    receiver.answer = saying(401)
    report = conformance_view(await runner.check_conformance(org, endpoint))
    assert report.body_change is None
    assert "present secret" in report.probes[0].verdict
    assert len(receiver.received) == len(ProbeKind) + len(BODY_CHANGES)
    assert len({request.headers["webhook-id"] for request in receiver.received}) == 3 + len(BODY_CHANGES)


@pytest.mark.parametrize("status", [204, 301, 404, 410, 429, 503])
async def test_where_nobody_refused_a_signature_nothing_further_is_sent(
    org: str, endpoint: str, receiver: Receiver, runner: EndpointTestRunner, status: int
) -> None:
    receiver.answer = saying(status)
    report = conformance_view(await runner.check_conformance(org, endpoint))
    assert report.body_change is None
    assert len(receiver.received) == len(ProbeKind)


async def test_one_that_falls_silent_meanwhile_is_asked_no_further(
    context: Context, org: str, endpoint: str, receiver: Receiver, runner: EndpointTestRunner
) -> None:
    configure(context, timeout=300)

    async def silent_after_the_first_four(request: web.Request) -> web.StreamResponse:
        return await (never if len(receiver.received) > len(ProbeKind) else saying(401))(request)

    receiver.answer = silent_after_the_first_four
    report = conformance_view(await runner.check_conformance(org, endpoint))
    assert report.body_change is None
    assert len(receiver.received) == len(ProbeKind) + 1


async def test_one_that_fails_over_what_it_cannot_verify_is_told_as_one_that_refuses_it(
    context: Context, org: str, receiver: Receiver, runner: EndpointTestRunner
) -> None:
    endpoint, _ = await subscribe(context, org, receiver.url)
    secret = await secret_of(context, endpoint)

    async def fails(request: web.Request) -> web.StreamResponse:
        plain = (await request.read()).decode().encode("ascii", "replace")
        is_right = dcvaas_signature(secret, plain) == request.headers[SIGNATURE_HEADER]
        return web.Response(status=204 if is_right else 500)

    receiver.answer = fails
    report = conformance_view(await runner.check_conformance(org, endpoint))
    assert report.body_change is BodyChangeKind.UNKNOWN
    assert report.summary.startswith("The receiver does not conform: it changed the body")
