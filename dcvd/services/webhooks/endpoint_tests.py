"""Tests of an endpoint at its tenant's request: a `webhook.test` event for it alone, sent once."""

from typing import Final, Protocol

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from dcvd.core.event_schemas.examples import draft_example
from dcvd.core.events import Event, EventDraft, EventType, build_body
from dcvd.core.ids import IdPrefix
from dcvd.core.operators import OPERATOR_ORG_ID
from dcvd.core.sentences.wording import word
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
from dcvd.core.webhooks.subscriptions import TENANT_TYPES
from dcvd.errors import Conflict, InvalidInput
from dcvd.services.context import Context
from dcvd.services.events import recording
from dcvd.services.webhooks import endpoints as endpoint_service
from dcvd.services.webhooks.delivery_history import DeliverySummary
from dcvd.store.engine.transactions import Snapshot, Transaction
from dcvd.store.webhooks import attempts, deliveries, endpoints

_EXAMPLE_ORG: Final = "org_example"


class EndpointTest(Struct, frozen=True, kw_only=True):
    """A test that is to be sent. Its event is stored; its delivery only with the attempt, which is never repeated.

    is_stored: False for an example of an event, of which nothing is stored.
    """

    unsealed_endpoint: UnsealedEndpoint
    event: Event
    due_delivery: DueDelivery
    is_stored: bool = True


class EndpointTester(Protocol):
    """Sends requests to an endpoint now, beside its deliveries. Its calls may be cancelled at any await.

    Both raise NotFound, Conflict when the endpoint's secrets cannot be read, Retryable when too many tests run.
    """

    async def send_test(
        self, org_id: str, endpoint_id: str, event_type: EventType = EventType.WEBHOOK_TEST
    ) -> tuple[Delivery, RecordedAttempt]:
        """Send one `webhook.test`, and store it; of another type an example, of which nothing is stored."""

    async def check_conformance(self, org_id: str, endpoint_id: str) -> ConformanceReport:
        """Report how the endpoint answers good, repeated, forged and stale deliveries, and what it does to bodies."""


class EndpointTestResult(Struct, frozen=True, kw_only=True):
    """A test's delivery with its only attempt, and an explanation where there is something to do."""

    summary: DeliverySummary
    attempt: RecordedAttempt
    explanation: Explanation | None


async def run_test(
    context: Context,
    tester: EndpointTester,
    org_id: str,
    endpoint_id: str,
    event_type: EventType = EventType.WEBHOOK_TEST,
) -> EndpointTestResult:
    """Send a test, or an example of an event, now, and explain its outcome. Raises what the tester raises."""
    endpoint = await endpoint_service.get(context, org_id, endpoint_id)
    delivery, recorded_attempt = await tester.send_test(org_id, endpoint_id, event_type)
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
        unsealed_endpoint = _unseal(context, tx, org_id, endpoint_id)
        draft = EventDraft(EventType.WEBHOOK_TEST, {"endpoint_id": endpoint_id, "message": text})
        (event,) = recording.record_without_deliveries(context, tx, org_id, [draft])
        due_delivery = _build_delivery(context, event)
        return EndpointTest(unsealed_endpoint=unsealed_endpoint, event=event, due_delivery=due_delivery)

    return await context.database.write(unit)


async def start_example(context: Context, org_id: str, endpoint_id: str, event_type: EventType) -> EndpointTest:
    """Make an example of an event with an id of its own, and store nothing. Raises what `start_test` raises.

    Raises InvalidInput too, for a type that only the operator gets.
    """
    is_operators = org_id == OPERATOR_ORG_ID
    if event_type not in TENANT_TYPES and not is_operators:
        message = f"event is {event_type.value!r}, which is sent to the operator alone; give one of: "
        raise InvalidInput("event", f"{message}{', '.join(TENANT_TYPES)}.", code="unknown_event")
    unsealed_endpoint = await context.database.read(lambda snapshot: _unseal(context, snapshot, org_id, endpoint_id))
    now, event_id, draft = context.now(), context.new_id(IdPrefix.EVENT), draft_example(event_type)
    event = Event(
        id=event_id,
        org_id=org_id,
        sequence=0,
        type=event_type,
        domain_id=None,
        body=build_body(draft, event_id=event_id, sequence=0, now=now, org_id=_choose_example_org(org_id, event_type)),
        created_at=now,
    )
    due_delivery = _build_delivery(context, event)
    return EndpointTest(unsealed_endpoint=unsealed_endpoint, event=event, due_delivery=due_delivery, is_stored=False)


def _choose_example_org(org_id: str, event_type: EventType) -> str | UnsetType | None:
    """Return what an example says of its organization, which the operator's events alone do."""
    if org_id != OPERATOR_ORG_ID:
        return UNSET
    return _EXAMPLE_ORG if event_type in TENANT_TYPES else None


def _unseal(context: Context, snapshot: Snapshot, org_id: str, endpoint_id: str) -> UnsealedEndpoint:
    endpoint_service.get_owned(snapshot, org_id, endpoint_id)
    unsealed_endpoint = endpoint_service.unseal_endpoint(context, snapshot, endpoint_id)
    if unsealed_endpoint is None:
        message = word("secrets_unreadable", endpoint=endpoint_id)
        raise Conflict(message, code="secrets_unreadable")
    return unsealed_endpoint


def _build_delivery(context: Context, event: Event) -> DueDelivery:
    return DueDelivery(
        id=context.new_id(IdPrefix.DELIVERY),
        event_id=event.id,
        event_type=event.type,
        domain_id=None,
        attempts=0,
        attempts_before=0,
        requests=0,
        expires_at=None,
        body=event.body,
        request_id=event.request_id,
    )


def imitate_event(context: Context, endpoint_test: EndpointTest, text: str) -> Event:
    """Make an event like a test's, with an id of its own, that is stored nowhere: a receiver should refuse it."""
    event_id = context.new_id(IdPrefix.EVENT)
    draft = EventDraft(
        EventType.WEBHOOK_TEST, {"endpoint_id": endpoint_test.unsealed_endpoint.endpoint.id, "message": text}
    )
    org_id = None if endpoint_test.event.org_id == OPERATOR_ORG_ID else UNSET
    body = build_body(draft, event_id=event_id, sequence=endpoint_test.event.sequence, now=context.now(), org_id=org_id)
    return replace(endpoint_test.event, id=event_id, body=body)


async def record_result(
    context: Context, endpoint_test: EndpointTest, attempt: Attempt
) -> tuple[Delivery, RecordedAttempt]:
    """Store a test's only attempt, but not that of an example.

    It does not change the endpoint's health: a disabled one may be tested as well.
    """
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

    if not endpoint_test.is_stored:
        return delivery, recorded_attempt

    def unit(tx: Transaction) -> None:
        if endpoints.get(tx, delivery.endpoint_id) is None:
            # The endpoint was removed while the test was in flight; its tenant gets the answer all the same.
            return
        deliveries.insert_finished(tx, delivery)
        attempts.insert(tx, [recorded_attempt])

    await context.database.write(unit)
    return delivery, recorded_attempt
