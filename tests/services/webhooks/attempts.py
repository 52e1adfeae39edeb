"""What happens, is owed, and is tried: short words for the tests of deliveries."""

from typing import Any, Final

from msgspec.structs import replace

from dcvd.core.events import OPERATIONAL_TYPES, Event, EventDraft, EventType
from dcvd.core.http.exchanges import Timings
from dcvd.core.webhooks.answers.status_codes import meaning_of
from dcvd.core.webhooks.deliveries import Attempt, AttemptOutcome, Delivery, DueDelivery, FinishedAttempt
from dcvd.core.webhooks.endpoint import Endpoint
from dcvd.core.webhooks.subscriptions import TENANT_TYPES
from dcvd.services.context import Context
from dcvd.services.events import recording
from dcvd.services.webhooks import delivery_history as told
from dcvd.services.webhooks import endpoints
from dcvd.services.webhooks.deliveries import record_attempts
from dcvd.store.webhooks import deliveries
from dcvd.store.webhooks.delivery_history import DeliveryFilters
from tests.stored_events import MADE_UP

DOMAIN_EVENTS: Final = [event for event in TENANT_TYPES if event not in OPERATIONAL_TYPES]


async def subscribed(context: Context, org_id: str, *types: EventType, port: int = 1) -> Endpoint:
    """A new endpoint; without types it is told everything but what is about deliveries."""
    wanted = list(types or DOMAIN_EVENTS)
    endpoint, _ = await endpoints.create(context, org_id, url=f"http://127.0.0.1:{port}/", events=wanted)
    return endpoint


async def happen(
    context: Context,
    org_id: str,
    *drafts: EventType | EventDraft,
    domain: str | None = "dom_a",
    expires_at: int | None = None,
) -> list[Event]:
    """Events of one change, of one domain unless the draft says otherwise."""
    made = [
        draft if isinstance(draft, EventDraft) else EventDraft(draft, {MADE_UP: domain}, domain, expires_at)
        for draft in drafts or (EventType.DOMAIN_ACTIVE,)
    ]
    return await context.database.write(lambda tx: recording.record(context, tx, org_id, made))


async def due(context: Context, endpoint: Endpoint) -> list[DueDelivery]:
    """What could be sent to an endpoint now, were it enabled."""
    return await context.database.read(
        lambda snapshot: deliveries.list_due(snapshot, endpoint.id, context.now(), 100_000, ())
    )


def attempt(due: DueDelivery, outcome: AttemptOutcome, *, at: int = 0, ms: int = 12, **facts: Any) -> Attempt:
    """The next try of what is due."""
    return Attempt(
        delivery_id=due.id,
        number=due.attempts + 1,
        started_at=at,
        timings=Timings(total_ms=ms),
        outcome=outcome,
        **facts,
    )


def delivered(endpoint: Endpoint, due: DueDelivery, **facts: Any) -> FinishedAttempt:
    """It arrived."""
    made = attempt(due, AttemptOutcome.DELIVERED, status_code=200, **facts)
    return FinishedAttempt(due_delivery=due, org_id=endpoint.org_id, endpoint_id=endpoint.id, attempt=made)


def failed(endpoint: Endpoint, due: DueDelivery, status: int = 500, **facts: Any) -> FinishedAttempt:
    """It was answered with something else than success."""
    made = attempt(due, meaning_of(status).outcome, status_code=status, error=f"It answered {status}.", **facts)
    return FinishedAttempt(due_delivery=due, org_id=endpoint.org_id, endpoint_id=endpoint.id, attempt=made)


async def deliver_all(context: Context, endpoint: Endpoint) -> list[str]:
    """Deliver whatever is due until nothing is; the ids of the events in the order in which they arrived."""
    arrived: list[str] = []
    while found := await due(context, endpoint):
        await record_attempts(context, [delivered(endpoint, one) for one in found])
        arrived += [one.event_id for one in found]
    return arrived


async def bury(context: Context, endpoint: Endpoint) -> None:
    """Make dead letters of what is owed to an endpoint, by failing until the schedule has ended."""
    last = len(context.config.webhooks.retry_schedule)
    while found := await due(context, endpoint):
        for one in found:
            tried = replace(one, attempts=one.attempts_before + last - 1)
            await record_attempts(context, [failed(endpoint, tried)])


async def owed(context: Context, endpoint: Endpoint) -> list[Delivery]:
    """Every delivery of an endpoint, in the order of the events."""
    question = DeliveryFilters(endpoint_id=endpoint.id)
    page = await told.list_page(context, endpoint.org_id, question, cursor=None, limit=100_000)
    return sorted((seen.delivery for seen in page.items), key=lambda delivery: delivery.sequence)


async def states(context: Context, endpoint: Endpoint) -> list[str]:
    """The state of every delivery of an endpoint in the order of the events."""
    return [delivery.state.value for delivery in await owed(context, endpoint)]


async def delivery(context: Context, endpoint: Endpoint, delivery_id: str) -> Delivery:
    """A delivery as it is stored."""
    return (await told.get(context, endpoint.org_id, delivery_id)).summary.delivery


async def endpoint_now(context: Context, endpoint: Endpoint) -> Endpoint:
    """An endpoint as it is stored."""
    return await endpoints.get(context, endpoint.org_id, endpoint.id)
