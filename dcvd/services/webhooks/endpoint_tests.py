"""Tests of an endpoint at its tenant's request: a `webhook.test` event for it alone, sent once."""

from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from dcvd.core.events import Event, EventDraft, EventType, build_body
from dcvd.core.ids import IdPrefix
from dcvd.core.webhooks.conformance import ConformanceReport
from dcvd.core.webhooks.deliveries import (
    Attempt,
    AttemptConsequence,
    AttemptOutcome,
    Delivery,
    DueDelivery,
    NextAttemptReason,
    RecordedAttempt,
    status_of,
)
from dcvd.core.webhooks.endpoint import UnsealedEndpoint
from dcvd.core.webhooks.explanation import Explanation, explain
from dcvd.errors import Conflict
from dcvd.services.context import Context
from dcvd.services.events import recording
from dcvd.services.webhooks import endpoints as endpoint_service
from dcvd.services.webhooks.delivery_history import DeliverySummary
from dcvd.store.engine.transactions import Transaction
from dcvd.store.webhooks import attempts, deliveries, endpoints


class EndpointTest(Struct, frozen=True, kw_only=True):
    """A test that is to be sent. Its event is stored; its delivery only with the attempt, which is never repeated."""

    unsealed_endpoint: UnsealedEndpoint
    event: Event
    due_delivery: DueDelivery


class EndpointTester(Protocol):
    """Sends requests to an endpoint now, beside its deliveries. Its calls may be cancelled at any await.

    Both raise NotFound, Conflict when the endpoint's secrets cannot be read, Retryable when too many tests run.
    """

    async def send_test(self, org_id: str, endpoint_id: str) -> tuple[Delivery, RecordedAttempt]:
        """Send one `webhook.test`, and store it."""

    async def check_conformance(self, org_id: str, endpoint_id: str) -> ConformanceReport:
        """Report how the endpoint answers good, repeated, forged and stale deliveries."""


class EndpointTestResult(Struct, frozen=True, kw_only=True):
    """A test's delivery with its only attempt, and an explanation where there is something to do."""

    summary: DeliverySummary
    attempt: RecordedAttempt
    explanation: Explanation | None


async def run_test(context: Context, tester: EndpointTester, org_id: str, endpoint_id: str) -> EndpointTestResult:
    """Send a test now, and explain its outcome. Raises what the tester raises."""
    endpoint = await endpoint_service.get(context, org_id, endpoint_id)
    delivery, recorded_attempt = await tester.send_test(org_id, endpoint_id)
    attempt = recorded_attempt.attempt
    explanation = explain(attempt, endpoint.url)
    return EndpointTestResult(
        summary=DeliverySummary(
            delivery=delivery,
            status=status_of(delivery.state, is_enabled=endpoint.health.is_enabled),
            next_attempt_at=None,
        ),
        attempt=recorded_attempt,
        explanation=explanation if explanation.fix or attempt.outcome is not AttemptOutcome.DELIVERED else None,
    )


async def start_test(context: Context, org_id: str, endpoint_id: str, text: str) -> EndpointTest:
    """Make a test event without a delivery. Raises NotFound, Conflict when the endpoint's secrets cannot be read."""

    def unit(tx: Transaction) -> EndpointTest:
        endpoint_service.get_owned(tx, org_id, endpoint_id)
        unsealed_endpoint = endpoint_service.unseal_endpoint(context, tx, endpoint_id)
        if unsealed_endpoint is None:
            message = f"The secrets of {endpoint_id} cannot be read; rotate its secret, or ask your operator."
            raise Conflict(message, code="secrets_unreadable")
        draft = EventDraft(EventType.WEBHOOK_TEST, {"endpoint_id": endpoint_id, "message": text})
        (event,) = recording.record_without_deliveries(context, tx, org_id, [draft])
        due_delivery = DueDelivery(
            id=context.new_id(IdPrefix.DELIVERY),
            event_id=event.id,
            event_type=event.type,
            domain_id=None,
            attempts=0,
            attempts_before=0,
            requests=0,
            expires_at=None,
            body=event.body,
        )
        return EndpointTest(unsealed_endpoint=unsealed_endpoint, event=event, due_delivery=due_delivery)

    return await context.database.write(unit)


def imitate_event(context: Context, endpoint_test: EndpointTest, text: str) -> Event:
    """Make an event like a test's, with an id of its own, that is stored nowhere: a receiver should refuse it."""
    event_id = context.new_id(IdPrefix.EVENT)
    draft = EventDraft(
        EventType.WEBHOOK_TEST, {"endpoint_id": endpoint_test.unsealed_endpoint.endpoint.id, "message": text}
    )
    body = build_body(draft, event_id=event_id, sequence=endpoint_test.event.sequence, now=context.now())
    return replace(endpoint_test.event, id=event_id, body=body)


async def record_result(
    context: Context, endpoint_test: EndpointTest, attempt: Attempt
) -> tuple[Delivery, RecordedAttempt]:
    """Store a test's only attempt. It does not change the endpoint's health: a disabled one may be tested as well."""
    now = context.now()
    is_delivered = attempt.outcome is AttemptOutcome.DELIVERED
    consequence = AttemptConsequence(reason=NextAttemptReason.DELIVERED if is_delivered else NextAttemptReason.ONCE)
    recorded_attempt = RecordedAttempt(attempt=attempt, consequence=consequence)
    delivery = Delivery(
        id=endpoint_test.due_delivery.id,
        org_id=endpoint_test.event.org_id,
        endpoint_id=endpoint_test.unsealed_endpoint.endpoint.id,
        event_id=endpoint_test.event.id,
        event_type=endpoint_test.event.type,
        domain_id=None,
        sequence=endpoint_test.event.sequence,
        state=consequence.state,
        attempts=attempt.number,
        attempts_before=0,
        next_attempt_at=None,
        last_error=attempt.error,
        created_at=attempt.started_at,
        updated_at=now,
    )

    def unit(tx: Transaction) -> None:
        if endpoints.get(tx, delivery.endpoint_id) is None:
            # The endpoint was removed while the test was in flight; its tenant gets the answer all the same.
            return
        deliveries.insert_finished(tx, delivery)
        attempts.insert(tx, [recorded_attempt])

    await context.database.write(unit)
    return delivery, recorded_attempt
