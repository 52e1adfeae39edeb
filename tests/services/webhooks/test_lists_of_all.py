"""Lists across organizations: short pages where little matches, and what has not ended is found however old it is."""

from dcvd.core.events import EventDraft, EventType
from dcvd.core.webhooks.deliveries import DeliveryStatus
from dcvd.core.webhooks.health import EndpointCondition
from dcvd.services.context import Context
from dcvd.services.events import across_organizations, lists, recording
from dcvd.services.events.lists import EventFilters
from dcvd.services.events.waiters import EventWaiters
from dcvd.services.jobs import queue
from dcvd.services.webhooks import cancellations, delivery_history, endpoint_lists, endpoints
from dcvd.services.webhooks.endpoint_lists import EndpointFilters
from dcvd.store.organizations.organizations import Organization
from dcvd.store.webhooks.delivery_history import DeliveryFilters
from tests.manual_clock import ManualClock
from tests.stored_events import MADE_UP

DRAFT = EventDraft(EventType.WEBHOOK_TEST, {MADE_UP: True})


async def given(context: Context, clock: ManualClock, *organizations: Organization) -> None:
    """An endpoint of each organization, and an event in each of some milliseconds, in turn."""
    for organization in organizations:
        await endpoints.create(context, organization.id, url="https://hooks.customer.com/", events=["*"])
    for number in range(6):
        clock.advance(1)
        org_id = organizations[number % len(organizations)].id
        await context.database.write(lambda tx, org_id=org_id: recording.record(context, tx, org_id, [DRAFT]))  # type: ignore[misc]


async def test_a_page_that_may_examine_few_is_short_and_goes_on(
    context: Context, clock: ManualClock, organization: Organization, rival: Organization
) -> None:
    await given(context, clock, organization, rival)
    filters = EventFilters(types=[EventType.DOMAIN_ADDED])
    page = await lists.list_newest(context, filters, cursor=None, limit=5, max_examined=4)
    assert page.items == []
    rest = await lists.list_newest(context, filters, cursor=page.next_cursor, limit=5, max_examined=4)
    assert (rest.items, rest.next_cursor) == ([], None)
    followed = await across_organizations.follow(
        context, EventWaiters(context), EventFilters(org_id=rival.id), after=None, last=3, limit=5, max_examined=4
    )
    assert (len(followed.events), followed.has_more) == (2, False), "three match, of which one is too far behind"
    jobs = await queue.list_page(context, None, state=None, kind="none", cursor=None, limit=5, max_examined=1)
    assert (jobs.items, jobs.next_cursor) == ([], None)
    paused = EndpointFilters(condition=EndpointCondition.DISABLED, org_id=rival.id)
    listed = await endpoint_lists.list_page(context, paused, cursor=None, limit=5, max_examined=1)
    assert listed.items == []


async def test_what_is_pending_is_found_behind_however_many_have_ended(
    context: Context, clock: ManualClock, organization: Organization, rival: Organization
) -> None:
    await given(context, clock, organization, rival)

    async def list_all(status: DeliveryStatus | None, max_examined: int = 2_000) -> list[str]:
        filters = DeliveryFilters(status=status)
        page = await delivery_history.list_page(
            context, None, filters, cursor=None, limit=50, max_examined=max_examined
        )
        return [summary.delivery.id for summary in page.items]

    newest_first = await list_all(None)
    assert len(newest_first) == 6
    for summary in newest_first[:4]:
        owner = organization.id if summary in await _ids_of(context, organization) else rival.id
        await cancellations.cancel(context, owner, summary)
    assert await list_all(DeliveryStatus.PENDING, max_examined=3) == newest_first[4:]
    assert await list_all(DeliveryStatus.PENDING, max_examined=2) == [], "they are too many to be sorted"
    assert await list_all(DeliveryStatus.CANCELLED, max_examined=3) == newest_first[:3]


async def _ids_of(context: Context, organization: Organization) -> list[str]:
    page = await delivery_history.list_page(context, organization.id, DeliveryFilters(), cursor=None, limit=50)
    return [summary.delivery.id for summary in page.items]
