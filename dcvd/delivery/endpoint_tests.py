"""Deliveries that a tenant requests and waits for: tests and conformance probes, sent outside the pool."""

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from typing import Final, Protocol

import structlog
from msgspec.structs import replace

from dcvd.core.events import EventType
from dcvd.core.instants import to_seconds
from dcvd.core.numbers import count
from dcvd.core.webhooks import conformance
from dcvd.core.webhooks.body_changes import (
    AWKWARD_TEXT,
    BODY_CHANGES,
    BodyChange,
    may_have_changed_body,
    sign_changed_body,
)
from dcvd.core.webhooks.conformance import ConformanceReport, ProbeKind
from dcvd.core.webhooks.deliveries import Attempt, AttemptOutcome, Delivery, RecordedAttempt
from dcvd.core.webhooks.delivery_settings import choose_timeout_ms
from dcvd.core.webhooks.endpoint import select_signing_secrets
from dcvd.delivery.attempt import make_attempt, send_signed
from dcvd.errors import Retryable
from dcvd.kit.egress.client import EgressClient
from dcvd.kit.egress.control import ControlServer
from dcvd.kit.egress.failures import EgressError
from dcvd.kit.egress.proxying.proxy import HttpProxy
from dcvd.kit.limits.recent_entries import RecentEntries
from dcvd.kit.limits.shared_slots import SharedSlots
from dcvd.kit.limits.sliding_window import SlidingWindow
from dcvd.kit.tasks import run_to_end
from dcvd.kit.tls.trust import TrustStore, load_system_trust
from dcvd.services.context import Context
from dcvd.services.webhooks import endpoint_tests, endpoints
from dcvd.services.webhooks.endpoint_tests import EndpointTest

log = structlog.get_logger(__name__)

_MAX_TESTS: Final = 8
_MAX_TESTS_PER_ORGANIZATION: Final = 2
"""Tests at once, of all and of one organization."""
_MAX_REPORTS: Final = 20
_REPORTS_WINDOW_S: Final = 60.0
"""Within so many seconds an organization gets at most so many reports: each is up to 19 requests to any URL."""
_MAX_ORGANIZATIONS: Final = 1024
_RETRY_AFTER_S: Final = 5.0
_MAX_BODY_PROBES_S: Final = 20.0
"""For how long the further probes go on: whoever asks waits for the answer."""


class OriginLimit(Protocol):
    """The limit of what is in flight to one origin, tests and deliveries together."""

    def hold_origin(self, url: str, org_id: str) -> AbstractContextManager[bool]:
        """Count a request to a URL as in flight as long as the block lasts; False where its origin has no room."""


class EndpointTestRunner:
    """Runs a few tests at once, and fewer for one organization: a request beyond that is answered with Retryable.

    So is one whose receiver has as many deliveries and tests in flight as it may.
    """

    def __init__(
        self,
        context: Context,
        origins: OriginLimit,
        control: ControlServer | None = None,
        get_trust: Callable[[], TrustStore] = load_system_trust,
        proxy: HttpProxy | None = None,
    ) -> None:
        self._context = context
        self._origins = origins
        self._egress = EgressClient(
            endpoints.build_egress_policy(context),
            max_connections=_MAX_TESTS,
            get_trust=get_trust,
            control=control,
            proxy=proxy,
        )
        self._slots = SharedSlots[str](_MAX_TESTS, _MAX_TESTS_PER_ORGANIZATION)
        self._reports = RecentEntries[str, SlidingWindow](_MAX_ORGANIZATIONS, lambda window: window.is_idle)

    async def start(self) -> None:
        """Open the outgoing connections."""
        await self._egress.start()

    async def close(self) -> None:
        """Close the outgoing connections."""
        await self._egress.close()

    async def send_test(
        self, org_id: str, endpoint_id: str, event_type: EventType = EventType.WEBHOOK_TEST
    ) -> tuple[Delivery, RecordedAttempt]:
        """Send `webhook.test` to an endpoint now, or an example of another type.

        Raises NotFound, Retryable when too many tests run, or when our own machine cannot send.
        """
        async with self._admit(org_id, endpoint_id):
            if event_type is EventType.WEBHOOK_TEST:
                endpoint_test = await endpoint_tests.start_test(self._context, org_id, endpoint_id, AWKWARD_TEXT)
            else:
                endpoint_test = await endpoint_tests.start_example(self._context, org_id, endpoint_id, event_type)
            with _own_faults_passed_on():
                attempt = await make_attempt(
                    self._egress,
                    endpoint_test.unsealed_endpoint,
                    endpoint_test.due_delivery,
                    clock=self._context.clock,
                    timeout_s=self._choose_timeout_s(endpoint_test),
                )
            # The caller may be gone by now; the attempt is stored all the same.
            return await run_to_end(
                "delivery.test", endpoint_tests.record_result(self._context, endpoint_test, attempt)
            )

    async def check_conformance(self, org_id: str, endpoint_id: str) -> ConformanceReport:
        """Send good, repeated, forged and stale deliveries, one after the other, and evaluate the answers.

        Where the good one is refused, further ones find out whether the receiver changes bodies before it verifies.
        Raises what `send_test` raises. Nothing is stored except the event of the good delivery.
        """
        async with self._admit(org_id, endpoint_id):
            self._count_report(org_id)
            endpoint_test = await endpoint_tests.start_test(self._context, org_id, endpoint_id, AWKWARD_TEXT)
            forged, stale = (endpoint_tests.imitate_event(self._context, endpoint_test, AWKWARD_TEXT) for _ in range(2))
            now = self._context.now()
            requests = conformance.build_probes(
                select_signing_secrets(endpoint_test.unsealed_endpoint.secrets, now),
                endpoint_test.event,
                forged,
                stale,
                now=now,
                random=self._context.random_bytes,
            )
            results: dict[ProbeKind, Attempt] = {}
            for request in requests:
                results[request.kind] = await self._send(endpoint_test, request.body, request.headers, now)
            body_change = None
            if may_have_changed_body(results[ProbeKind.GOOD]):
                body_change = await self._find_body_change(endpoint_test)
            return conformance.evaluate_receiver(results, endpoint_test.unsealed_endpoint.endpoint.url, body_change)

    def _count_report(self, org_id: str) -> None:
        """Count a report. Raises Retryable where the organization had enough of them of late."""
        monotonic = asyncio.get_running_loop().time
        reports = self._reports.use(org_id, lambda: SlidingWindow(_MAX_REPORTS, _REPORTS_WINDOW_S, monotonic))
        if (wait_s := reports.get_wait_s()) > 0:
            reason = f"Receivers of your organization were tested {_MAX_REPORTS} times within a minute"
            raise _too_many_tests(reason, retry_after_s=wait_s)
        reports.take()

    async def _find_body_change(self, endpoint_test: EndpointTest) -> BodyChange | None:
        """Find out what a receiver does to bodies that it then refuses; None where that is not found in time."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _MAX_BODY_PROBES_S
        for change in BODY_CHANGES:
            now = self._context.now()
            event = endpoint_tests.imitate_event(self._context, endpoint_test, change.text)
            secrets = select_signing_secrets(endpoint_test.unsealed_endpoint.secrets, now)
            headers = sign_changed_body(change, secrets, event, now=now)
            attempt = await self._send(endpoint_test, event.body, headers, now)
            if attempt.outcome is AttemptOutcome.DELIVERED:
                return change
            if not may_have_changed_body(attempt) or loop.time() > deadline:
                return None
        return None

    async def _send(self, endpoint_test: EndpointTest, body: bytes, headers: Mapping[str, str], now: int) -> Attempt:
        """Send one probe. Raises Retryable when our own machine cannot."""
        with _own_faults_passed_on():
            return await send_signed(
                self._egress,
                endpoint_test.unsealed_endpoint,
                replace(endpoint_test.due_delivery, body=body),
                headers,
                started_at=now,
                timeout_s=self._choose_timeout_s(endpoint_test),
            )

    def _choose_timeout_s(self, endpoint_test: EndpointTest) -> float:
        endpoint = endpoint_test.unsealed_endpoint.endpoint
        return to_seconds(choose_timeout_ms(endpoint, self._context.config.webhooks.timeout))

    @asynccontextmanager
    async def _admit(self, org_id: str, endpoint_id: str) -> AsyncIterator[None]:
        if not self._slots.has_room(org_id):
            raise _too_many_tests("Other tests of webhooks are under way")
        with self._slots.take(org_id):
            endpoint = await endpoints.get(self._context, org_id, endpoint_id)
            with self._origins.hold_origin(endpoint.url, org_id) as is_held:
                if not is_held:
                    raise _too_many_tests("As many deliveries and tests are under way to this receiver as may be")
                yield


def _too_many_tests(reason: str, *, retry_after_s: float = _RETRY_AFTER_S) -> Retryable:
    message = f"{reason}; ask again in {count(math.ceil(retry_after_s), 'second')}."
    return Retryable(message, code="too_many_tests", retry_after_s=retry_after_s)


@contextmanager
def _own_faults_passed_on() -> Iterator[None]:
    """Answer a fault of our own as one: the endpoint has no part in it, so nothing is stored about it."""
    try:
        yield
    except EgressError as error:
        log.error("endpoint_test.own_fault", fault=error.own_fault, error=error.message)  # noqa: TRY400
        message = "Nothing was sent, because of a fault of dcvd's own, which its log names; ask again in a few seconds."
        raise Retryable(message, code="sending_failed", retry_after_s=_RETRY_AFTER_S) from error
