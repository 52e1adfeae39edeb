"""Receivers on a socket that check what they are sent, or do not, and what the real probes find out about each."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from dcvd.api.webhooks.conformance_view import ConformanceAnswer, conformance_view
from dcvd.core.secret import Secret
from dcvd.core.webhooks.conformance import ProbeKind
from dcvd.core.webhooks.signing import to_standard_secret
from dcvd.delivery import DeliveryPool, EndpointTestRunner
from dcvd.errors import NotFound, Retryable
from dcvd.metrics import Metrics
from dcvd.services.context import Context
from dcvd.services.webhooks import endpoints
from dcvd.services.webhooks.endpoints import EndpointChange
from tests.delivery.conftest import configure, subscribe
from tests.delivery.receivers import Answer, Gate, Receiver, never, ok, saying
from tests.delivery.views import attempts, health_of, secret_of, states
from tests.manual_clock import RealClock

GOOD, DUPLICATE, FORGED, STALE = ProbeKind


class Checking:
    """An answer that verifies as the official library does, but for what it is told to leave out.

    With `refuses_repeats` the second delivery of a `webhook-id` meets a unique key of its database, as it were.
    """

    def __init__(
        self, secret: Secret, *, signature: bool = True, timestamp: bool = True, refuses_repeats: bool = False
    ) -> None:
        self._webhook = Webhook(to_standard_secret(secret).reveal())
        self._signature = signature
        self._timestamp = timestamp
        self._refuses_repeats = refuses_repeats
        self.known: set[str] = set()

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        body, sent_id = await request.read(), request.headers["webhook-id"]
        timestamp = datetime.fromtimestamp(int(request.headers["webhook-timestamp"]), UTC)
        if self._signature:
            expected = self._webhook.sign(sent_id, timestamp, body.decode())
            if expected not in request.headers["webhook-signature"].split():
                return web.Response(status=401)
        if self._timestamp and abs(datetime.now(UTC) - timestamp) > timedelta(minutes=5):
            return web.Response(status=400)
        if sent_id in self.known and self._refuses_repeats:
            return web.Response(status=500)
        self.known.add(sent_id)
        return web.Response(status=204)


@pytest.fixture
async def prober(context: Context) -> AsyncIterator[EndpointTestRunner]:
    """At work by the real clock, which is the receivers' too."""
    context.clock = RealClock()
    async with probing(context) as found:
        yield found


@asynccontextmanager
async def probing(context: Context) -> AsyncIterator[EndpointTestRunner]:
    """With the settings that the context has now."""
    prober = EndpointTestRunner(context, DeliveryPool(context, Metrics()))
    await prober.start()
    try:
        yield prober
    finally:
        await prober.close()


def passed(report: ConformanceAnswer) -> dict[ProbeKind, bool | None]:
    return {probe.kind: probe.passed for probe in report.probes}


def statuses(report: ConformanceAnswer) -> list[int | None]:
    return [probe.status_code for probe in report.probes]


async def test_a_receiver_that_verifies_all_conforms_and_acts_on_one_event(
    context: Context, org: str, endpoint: str, receiver: Receiver, prober: EndpointTestRunner
) -> None:
    checking = Checking(await secret_of(context, endpoint))
    receiver.answer = checking
    report = conformance_view(await prober.check_conformance(org, endpoint))
    assert report.conforms
    assert statuses(report) == [204, 204, 401, 400]
    good, duplicate, forged, stale = receiver.received
    assert checking.known == {good.headers["webhook-id"]}
    assert (duplicate.body, duplicate.headers["webhook-id"]) == (good.body, good.headers["webhook-id"])
    assert len({request.headers["webhook-id"] for request in (good, forged, stale)}) == 3
    assert len({len(request.body) for request in receiver.received}) == 1, "only a check can tell them apart"


async def test_the_official_verifier_takes_what_is_good_and_refuses_the_rest_for_its_own_reasons(
    context: Context, org: str, endpoint: str, receiver: Receiver, prober: EndpointTestRunner
) -> None:
    await prober.check_conformance(org, endpoint)
    official = Webhook(to_standard_secret(await secret_of(context, endpoint)).reveal())
    good, duplicate, forged, stale = receiver.received
    for request in (good, duplicate):
        assert official.verify(request.body, dict(request.headers))
    with pytest.raises(WebhookVerificationError, match="No matching signature"):
        official.verify(forged.body, dict(forged.headers))
    with pytest.raises(WebhookVerificationError, match="timestamp too old"):
        official.verify(stale.body, dict(stale.headers))


async def test_a_receiver_that_accepts_forged_signatures_is_told_so(
    context: Context, org: str, endpoint: str, receiver: Receiver, prober: EndpointTestRunner
) -> None:
    receiver.answer = Checking(await secret_of(context, endpoint), signature=False)
    report = conformance_view(await prober.check_conformance(org, endpoint))
    assert not report.conforms
    assert passed(report) == {GOOD: True, DUPLICATE: True, FORGED: False, STALE: True}
    assert report.summary == "The receiver does not conform: it accepts a forged signature."


async def test_a_receiver_that_accepts_stale_timestamps_is_told_so(
    context: Context, org: str, endpoint: str, receiver: Receiver, prober: EndpointTestRunner
) -> None:
    receiver.answer = Checking(await secret_of(context, endpoint), timestamp=False)
    report = conformance_view(await prober.check_conformance(org, endpoint))
    assert not report.conforms
    assert passed(report) == {GOOD: True, DUPLICATE: True, FORGED: True, STALE: False}
    assert report.summary == "The receiver does not conform: it accepts an old timestamp."


async def test_a_receiver_that_breaks_on_a_repeat_is_told_so(
    context: Context, org: str, endpoint: str, receiver: Receiver, prober: EndpointTestRunner
) -> None:
    receiver.answer = Checking(await secret_of(context, endpoint), refuses_repeats=True)
    report = conformance_view(await prober.check_conformance(org, endpoint))
    assert not report.conforms
    assert passed(report) == {GOOD: True, DUPLICATE: False, FORGED: True, STALE: True}
    assert report.summary == "The receiver does not conform: it does not accept a repeat."
    assert statuses(report)[1] == 500


async def test_a_receiver_that_accepts_everything_is_told_of_both_faults(
    org: str, endpoint: str, receiver: Receiver, prober: EndpointTestRunner
) -> None:
    receiver.answer = ok
    report = conformance_view(await prober.check_conformance(org, endpoint))
    assert passed(report) == {GOOD: True, DUPLICATE: True, FORGED: False, STALE: False}
    assert "accepts a forged signature, accepts an old timestamp" in report.summary


async def test_a_receiver_with_another_secret_is_told_that_it_refuses_what_is_right(
    org: str, endpoint: str, receiver: Receiver, prober: EndpointTestRunner
) -> None:
    receiver.answer = Checking(Secret("0" * 64))
    report = conformance_view(await prober.check_conformance(org, endpoint))
    assert passed(report) == {GOOD: False, DUPLICATE: None, FORGED: None, STALE: None}
    assert "present secret" in report.probes[0].verdict


@pytest.mark.parametrize("answer", [saying(429, retry_after="60"), saying(503)])
async def test_a_receiver_that_is_busy_proves_nothing_of_what_it_refuses(
    org: str, endpoint: str, receiver: Receiver, prober: EndpointTestRunner, answer: Answer
) -> None:
    receiver.answer = answer
    report = conformance_view(await prober.check_conformance(org, endpoint))
    assert not report.conforms
    assert passed(report) == {GOOD: False, DUPLICATE: None, FORGED: None, STALE: None}
    assert len(receiver.received) == 4, "a Retry-After holds up no probe"


async def test_a_receiver_that_never_answers_costs_the_timeout_for_each_probe_and_is_told_so(
    context: Context, org: str, endpoint: str, receiver: Receiver
) -> None:
    context.clock = RealClock()
    configure(context, timeout=100)
    receiver.answer = never
    async with asyncio.timeout(10), probing(context) as prober:
        report = conformance_view(await prober.check_conformance(org, endpoint))
    assert not report.conforms
    assert passed(report) == {GOOD: False, DUPLICATE: False, FORGED: None, STALE: None}
    assert statuses(report) == [None] * 4
    assert all(probe.error for probe in report.probes)
    assert len(receiver.received) == 4


async def test_a_receiver_that_is_not_there_is_told_so(
    context: Context, org: str, receiver: Receiver, prober: EndpointTestRunner
) -> None:
    closed = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = closed.sockets[0].getsockname()[1]
    closed.close()
    await closed.wait_closed()
    gone, _ = await subscribe(context, org, f"http://127.0.0.1:{port}/hooks")
    report = conformance_view(await prober.check_conformance(org, gone))
    assert not report.conforms
    assert passed(report) == {GOOD: False, DUPLICATE: False, FORGED: None, STALE: None}
    assert statuses(report) == [None] * 4
    assert receiver.received == []


async def test_nothing_of_it_is_kept_but_one_event_and_the_endpoints_health_is_as_it_was(
    context: Context, org: str, endpoint: str, receiver: Receiver, prober: EndpointTestRunner
) -> None:
    receiver.answer = saying(500)
    await endpoints.change(context, org, endpoint, EndpointChange(enabled=False))
    before = await health_of(context, endpoint)
    await prober.check_conformance(org, endpoint)
    assert await health_of(context, endpoint) == before
    assert await states(context) == []
    assert await attempts(context) == []
    stored = await context.database.read(
        lambda snapshot: snapshot.fetch_all("SELECT id, body FROM events WHERE org_id = ? ORDER BY sequence", (org,))
    )
    good = receiver.received[0]
    assert [(row[0], bytes(row[1])) for row in stored] == [(good.headers["webhook-id"], good.body)]


async def test_probes_count_as_tests_under_way_and_give_their_place_back(
    org: str, endpoint: str, receiver: Receiver, prober: EndpointTestRunner
) -> None:
    gate = Gate()
    receiver.answer = gate
    under_way = [asyncio.create_task(prober.check_conformance(org, endpoint)) for _ in range(2)]
    await receiver.holds(2)
    for call in (prober.check_conformance, prober.send_test):
        with pytest.raises(Retryable) as caught:
            await call(org, endpoint)
        assert caught.value.code == "too_many_tests"
    under_way[0].cancel()
    await asyncio.wait(under_way[:1])
    gate.opened.set()
    await prober.check_conformance(org, endpoint)
    assert len((await under_way[1]).probes) == 4


async def test_another_organizations_endpoint_is_not_found_and_nothing_is_sent(
    rival_org: str, endpoint: str, receiver: Receiver, prober: EndpointTestRunner
) -> None:
    for _ in range(3):
        with pytest.raises(NotFound):
            await prober.check_conformance(rival_org, endpoint)
    assert receiver.received == []
