"""Deliveries that a tenant requests and waits for: tests and conformance probes, sent outside the pool."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from typing import Final, Protocol

import structlog
from msgspec.structs import replace

from dcvd.core.instants import to_seconds
from dcvd.core.webhooks import conformance
from dcvd.core.webhooks.conformance import ConformanceReport, ProbeKind
from dcvd.core.webhooks.deliveries import Attempt, Delivery, RecordedAttempt
from dcvd.core.webhooks.endpoint import select_signing_secrets
from dcvd.delivery.attempt import make_attempt, send_signed
from dcvd.errors import Retryable
from dcvd.kit.egress.client import EgressClient
from dcvd.kit.egress.failures import EgressError
from dcvd.kit.limits.shared_slots import SharedSlots
from dcvd.kit.tasks import run_to_end
from dcvd.services.context import Context
from dcvd.services.webhooks import endpoint_tests, endpoints

log = structlog.get_logger(__name__)

_MAX_TESTS: Final = 8
_MAX_TESTS_PER_ORGANIZATION: Final = 2
"""Tests at once, of all and of one organization."""
_RETRY_AFTER_S: Final = 5.0


class OriginLimit(Protocol):
    """The limit of what is in flight to one origin, tests and deliveries together."""

    def hold_origin(self, url: str, org_id: str) -> AbstractContextManager[bool]:
        """Count a request to a URL as in flight as long as the block lasts; False where its origin has no room."""


class EndpointTestRunner:
    """Runs a few tests at once, and fewer for one organization: a request beyond that is answered with Retryable.

    So is one whose receiver has as many deliveries and tests in flight as it may.
    """

    def __init__(self, context: Context, origins: OriginLimit) -> None:
        self._context = context
        self._origins = origins
        self._egress = EgressClient(endpoints.build_egress_policy(context), max_connections=_MAX_TESTS)
        self._slots = SharedSlots[str](_MAX_TESTS, _MAX_TESTS_PER_ORGANIZATION)

    async def start(self) -> None:
        """Open the outgoing connections."""
        await self._egress.start()

    async def close(self) -> None:
        """Close the outgoing connections."""
        await self._egress.close()

    async def send_test(self, org_id: str, endpoint_id: str) -> tuple[Delivery, RecordedAttempt]:
        """Send `webhook.test` to an endpoint now.

        Raises NotFound, Retryable when too many tests run, or when our own machine cannot send.
        """
        async with self._admit(org_id, endpoint_id):
            text = "This is a test. Nothing happened."
            endpoint_test = await endpoint_tests.start_test(self._context, org_id, endpoint_id, text)
            with _own_faults_passed_on():
                attempt = await make_attempt(
                    self._egress,
                    endpoint_test.unsealed_endpoint,
                    endpoint_test.due_delivery,
                    clock=self._context.clock,
                    timeout_s=self._timeout_s,
                )
            # The caller may be gone by now; the attempt is stored all the same.
            return await run_to_end(
                "delivery.test", endpoint_tests.record_result(self._context, endpoint_test, attempt)
            )

    async def check_conformance(self, org_id: str, endpoint_id: str) -> ConformanceReport:
        """Send good, repeated, forged and stale deliveries, one after the other, and evaluate the answers.

        Raises what `send_test` raises. Nothing is stored except the event of the good delivery.
        """
        async with self._admit(org_id, endpoint_id):
            text = "This tests whether deliveries are verified. Nothing happened."
            endpoint_test = await endpoint_tests.start_test(self._context, org_id, endpoint_id, text)
            forged, stale = (endpoint_tests.imitate_event(self._context, endpoint_test, text) for _ in range(2))
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
                due_delivery = replace(endpoint_test.due_delivery, body=request.body)
                with _own_faults_passed_on():
                    results[request.kind] = await send_signed(
                        self._egress,
                        endpoint_test.unsealed_endpoint,
                        due_delivery,
                        request.headers,
                        started_at=now,
                        timeout_s=self._timeout_s,
                    )
            return conformance.evaluate_receiver(results)

    @property
    def _timeout_s(self) -> float:
        return to_seconds(self._context.config.webhooks.timeout)

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


def _too_many_tests(reason: str) -> Retryable:
    return Retryable(f"{reason}; ask again in a few seconds.", code="too_many_tests", retry_after_s=_RETRY_AFTER_S)


@contextmanager
def _own_faults_passed_on() -> Iterator[None]:
    """Answer a fault of our own as one: the endpoint has no part in it, so nothing is stored about it."""
    try:
        yield
    except EgressError as error:
        log.error("endpoint_test.own_fault", reason=error.reason, error=error.message)  # noqa: TRY400
        message = "Nothing was sent, because of a fault of dcvd's own, which its log names; ask again in a few seconds."
        raise Retryable(message, code="sending_failed", retry_after_s=_RETRY_AFTER_S) from error
