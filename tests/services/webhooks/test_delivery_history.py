"""What became of deliveries, as their tenant asks for it."""

import pytest

from dcvd.core.events import EventType
from dcvd.core.instants import DAY, HOUR, MINUTE
from dcvd.core.webhooks.deliveries import DeliveryStatus
from dcvd.core.webhooks.endpoint import Endpoint
from dcvd.errors import InvalidInput, NotFound
from dcvd.services.context import Context
from dcvd.services.webhooks import delivery_history as history
from dcvd.services.webhooks import endpoints
from dcvd.services.webhooks.deliveries import record_attempts
from dcvd.services.webhooks.endpoints import EndpointChange
from dcvd.store.organizations.organizations import Organization
from dcvd.store.webhooks.delivery_history import DeliveryFilters
from tests.manual_clock import ManualClock
from tests.services.webhooks.attempts import (
    bury,
    deliver_all,
    delivered,
    due,
    endpoint_now,
    failed,
    happen,
    owed,
    subscribed,
)

_ACTIVE, _RENEWED = EventType.DOMAIN_ACTIVE, EventType.DOMAIN_RENEWED


@pytest.fixture
async def endpoint(context: Context, organization: Organization) -> Endpoint:
    return await subscribed(context, organization.id)


async def _sequences(
    context: Context, org_id: str, question: DeliveryFilters, *, limit: int = 50, **options: int
) -> tuple[list[int], list[int]]:
    """The numbers of the events of all that is found, over all pages, and how many each page had."""
    pages: list[int] = []
    found: list[int] = []
    cursor = None
    while True:
        page = await history.list_page(context, org_id, question, cursor=cursor, limit=limit, **options)
        assert len(page.items) <= limit
        found += [seen.delivery.sequence for seen in page.items]
        pages.append(len(page.items))
        cursor = page.next_cursor
        if cursor is None:
            return found, pages


async def test_what_is_due_during_a_pause_of_its_endpoint_is_shown_with_the_end_of_the_pause(
    context: Context, endpoint: Endpoint, clock: ManualClock
) -> None:
    await happen(context, endpoint.org_id, domain="dom_a")
    await happen(context, endpoint.org_id, domain="dom_b")
    first, second = await due(context, endpoint)
    await record_attempts(context, [failed(endpoint, first, 503, retry_after_ms=MINUTE)])
    paused_until = (await endpoint_now(context, endpoint)).health.paused_until
    assert paused_until is not None
    assert paused_until > clock.now()
    retried = await history.retry(context, endpoint.org_id, first.id)
    listed = await history.list_page(context, endpoint.org_id, DeliveryFilters(), cursor=None, limit=10)
    shown = [retried, *listed.items, (await history.get(context, endpoint.org_id, second.id)).summary]
    assert [summary.next_attempt_at for summary in shown] == [paused_until] * 4
    clock.set(paused_until)
    retried = await history.retry(context, endpoint.org_id, first.id)
    assert retried.next_attempt_at == clock.now()
    await endpoints.change(context, endpoint.org_id, endpoint.id, EndpointChange(enabled=False))
    held = (await history.get(context, endpoint.org_id, first.id)).summary
    assert (held.status, held.next_attempt_at) == (DeliveryStatus.HELD, None)


async def test_every_filter_finds_its_own_newest_first(
    context: Context, organization: Organization, endpoint: Endpoint, clock: ManualClock
) -> None:
    await happen(context, organization.id, _ACTIVE)
    clock.advance(1)
    await happen(context, organization.id, _RENEWED)
    await deliver_all(context, endpoint)
    clock.advance(HOUR)
    later = clock.now()
    await happen(context, organization.id, _RENEWED, domain="dom_b")
    await bury(context, endpoint)  # which is event 4, told to nobody
    clock.advance(1)
    disabled = await subscribed(context, organization.id, _ACTIVE)
    await endpoints.change(context, organization.id, disabled.id, EndpointChange(enabled=False))
    await happen(context, organization.id, _ACTIVE)

    async def found(**members: object) -> list[int]:
        question = DeliveryFilters(**members)  # type: ignore[arg-type]  # each caller names real members
        return (await _sequences(context, organization.id, question))[0]

    assert await found() == [5, 5, 3, 2, 1]
    assert await found(endpoint_id=endpoint.id) == [5, 3, 2, 1]
    assert await found(status=DeliveryStatus.DELIVERED) == [2, 1]
    assert await found(status=DeliveryStatus.DEAD) == [3]
    assert await found(status=DeliveryStatus.PENDING) == [5]
    assert await found(status=DeliveryStatus.HELD) == [5]
    assert await found(status=DeliveryStatus.HELD, endpoint_id=endpoint.id) == []
    assert await found(status=DeliveryStatus.DROPPED) == []
    assert await found(status=DeliveryStatus.DELIVERED, endpoint_id=endpoint.id, event_types=[_ACTIVE]) == [1]
    assert await found(event_types=[_RENEWED]) == [3, 2]
    assert await found(domain_id="dom_b") == [3]
    assert await found(domain_id="dom_a", endpoint_id=disabled.id) == [5]
    assert await found(domain_id="dom_a", status=DeliveryStatus.DELIVERED, event_types=[_RENEWED]) == [2]
    assert await found(since=later) == [5, 5, 3]
    assert await found(until=later) == [2, 1]
    assert await found(since=later, until=later + 1) == [3]


@pytest.mark.parametrize("limit", [1, 2, 50])
@pytest.mark.parametrize(
    "question", [DeliveryFilters(), DeliveryFilters(event_types=[_RENEWED]), DeliveryFilters(domain_id="dom_b")]
)
async def test_pages_that_come_short_lead_to_the_end_all_the_same(
    context: Context,
    organization: Organization,
    endpoint: Endpoint,
    question: DeliveryFilters,
    limit: int,
    clock: ManualClock,
) -> None:
    for number in range(16):
        clock.advance(1)
        rare = number % 8 == 7
        kind = _RENEWED if rare else _ACTIVE
        await happen(context, organization.id, kind, domain="dom_b" if rare else "dom_a")
    expected = list(range(16, 0, -1)) if question == DeliveryFilters() else [16, 8]
    found, pages = await _sequences(context, organization.id, question, limit=limit, max_examined=3)
    assert found == expected
    if question.event_types:
        assert 0 in pages


async def test_a_page_reads_no_delivery_that_comes_after_it(
    context: Context, organization: Organization, endpoint: Endpoint, clock: ManualClock
) -> None:
    for _ in range(3):
        clock.advance(1)
        await happen(context, organization.id, domain=None)
    oldest = (await owed(context, endpoint))[0]
    # Whatever is wrong with a delivery is no page's concern before its own.
    await context.database.write(
        lambda tx: tx.execute("UPDATE deliveries SET event_type = 'domain.unheard_of' WHERE id = ?", (oldest.id,))
    )
    page = await history.list_page(context, organization.id, DeliveryFilters(), cursor=None, limit=1)
    assert [seen.delivery.sequence for seen in page.items] == [3]
    assert page.next_cursor is not None


async def test_another_organization_finds_nothing_not_even_an_id(
    context: Context, organization: Organization, endpoint: Endpoint, rival: Organization
) -> None:
    await happen(context, organization.id, *[_ACTIVE] * 5)
    (one,) = await due(context, endpoint)
    for question in (DeliveryFilters(), DeliveryFilters(domain_id="dom_a")):
        page = await history.list_page(context, rival.id, question, cursor=None, limit=10, max_examined=2)
        assert (page.items, page.next_cursor) == ([], None)
    with pytest.raises(NotFound):
        await history.list_page(context, rival.id, DeliveryFilters(endpoint_id=endpoint.id), cursor=None, limit=10)
    with pytest.raises(NotFound):
        await history.get(context, rival.id, one.id)


async def test_a_cursor_that_is_none_of_ours_is_refused(context: Context, organization: Organization) -> None:
    with pytest.raises(InvalidInput, match="cursor"):
        await history.list_page(context, organization.id, DeliveryFilters(), cursor="!!", limit=2)


async def test_one_delivery_in_full_has_its_event_its_endpoint_and_every_attempt_in_order(
    context: Context, organization: Organization, endpoint: Endpoint, clock: ManualClock
) -> None:
    (event,) = await happen(context, organization.id)
    (first,) = await due(context, endpoint)
    for made in (failed, failed, delivered):
        (one,) = await due(context, endpoint)
        await record_attempts(context, [made(endpoint, one)])
        clock.advance(HOUR)
    full = await history.get(context, organization.id, first.id)
    assert (full.event.body, full.endpoint.id, full.summary.status) == (
        event.body,
        endpoint.id,
        DeliveryStatus.DELIVERED,
    )
    assert [made.attempt.status_code for made in full.attempts] == [500, 500, 200]
    assert [made.consequence and made.consequence.reason for made in full.attempts] == [
        "schedule",
        "schedule",
        "delivered",
    ]


async def test_rates_count_the_attempts_of_an_hour_a_day_and_a_week(
    context: Context, organization: Organization, endpoint: Endpoint, clock: ManualClock
) -> None:
    async def tried(ms: int, *, well: bool) -> None:
        await happen(context, organization.id, domain=None)
        one = (await due(context, endpoint))[-1]
        made = delivered if well else failed
        await record_attempts(context, [made(endpoint, one, at=clock.now(), ms=ms)])

    began = clock.now()
    await tried(4000, well=False)
    clock.set(began + 5 * DAY)
    await tried(2000, well=True)
    clock.set(began + 7 * DAY - 10 * MINUTE)
    for ms in (10, 10, 10, 100):
        await tried(ms, well=True)
    await tried(5000, well=False)
    clock.set(began + 7 * DAY)
    found = await history.compute_rates(context, endpoint.id)
    assert {name: (rates.delivered_count, rates.failed_count) for name, rates in found.items()} == {
        "hour": (4, 1),
        "day": (4, 1),
        "week": (5, 2),
    }
    assert found["hour"].p50_ms == pytest.approx(10, rel=0.1)
    assert found["hour"].p95_ms == pytest.approx(5000, rel=0.1)
    assert found["week"].p50_ms == pytest.approx(100, rel=0.1)
    clock.set(began + 15 * DAY)
    empty = (await history.compute_rates(context, endpoint.id))["week"]
    assert (empty.delivered_count, empty.failed_count, empty.p50_ms, empty.p95_ms) == (0, 0, None, None)
