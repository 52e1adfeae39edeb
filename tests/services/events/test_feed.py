"""The feed: every event, in order, its exact bytes, and no wait longer than asked for."""

import asyncio
import time

import pytest

from dcvd.core.events import Event, EventType
from dcvd.core.instants import DAY
from dcvd.errors import Gone, InvalidInput
from dcvd.janitor import Janitor
from dcvd.metrics import Metrics
from dcvd.services.context import Context
from dcvd.services.events.feed import EventFeed, FeedPage
from dcvd.services.tokens.usage import TokenUsage
from dcvd.store.organizations.organizations import Organization
from tests.manual_clock import ManualClock
from tests.services.webhooks.attempts import bury, happen, subscribed
from tests.waiting import until

_ACTIVE, _RENEWED = EventType.DOMAIN_ACTIVE, EventType.DOMAIN_RENEWED


@pytest.fixture
def feed(context: Context) -> EventFeed:
    return EventFeed(context)


async def _read(
    feed: EventFeed,
    org_id: str,
    after: int | None = None,
    *,
    types: tuple[EventType, ...] | None = None,
    limit: int = 50,
) -> FeedPage:
    return await feed.read(org_id, after=after, types=types, limit=limit)


def _waiting(feed: EventFeed) -> int:
    return sum(feed.waiter_counts.values())


async def _wait(feed: EventFeed, org_id: str, seconds: float = 30, *, after: int = 0) -> "asyncio.Task[FeedPage]":
    """A request that waits by now."""
    before = _waiting(feed)
    task = asyncio.create_task(feed.read(org_id, after=after, types=None, limit=10, wait_s=seconds))

    async def waits() -> bool:
        return _waiting(feed) > before or task.done()

    await until(waits)
    return task


async def test_a_consumer_sees_every_event_in_order_while_many_write(
    context: Context, feed: EventFeed, organization: Organization, rival: Organization
) -> None:
    stored: dict[int, bytes] = {}

    async def write(org_id: str) -> None:
        for _ in range(15):
            made = await happen(context, org_id, _ACTIVE, _RENEWED)
            if org_id == organization.id:
                stored.update({event.sequence: event.body for event in made})

    async def consume() -> list[Event]:
        seen: list[Event] = []
        while len(seen) < 300:
            after = seen[-1].sequence if seen else 0
            seen += (await feed.read(organization.id, after=after, types=None, limit=7, wait_s=5)).events
        return seen

    consumer = asyncio.create_task(consume())
    await asyncio.gather(*(write(org.id) for org in (organization, rival) for _ in range(10)))
    seen = await consumer
    assert [event.sequence for event in seen] == list(range(1, 301))
    assert {event.sequence: event.body for event in seen} == stored


async def test_a_filter_goes_past_what_it_leaves_out(context: Context, organization: Organization) -> None:
    feed = EventFeed(context, max_examined=10)
    await happen(context, organization.id, *[_ACTIVE] * 25, _RENEWED, *[_ACTIVE] * 5)
    pages = []
    after, more = 0, True
    while more:
        page = await _read(feed, organization.id, after, types=(_RENEWED,))
        pages.append(([event.sequence for event in page.events], page.position))
        after, more = page.position, page.has_more
    assert pages == [([], 10), ([], 20), ([26], 30), ([], 31)]


async def test_a_page_ends_at_its_limit_and_the_next_one_goes_on_behind_it(
    context: Context, feed: EventFeed, organization: Organization
) -> None:
    await happen(context, organization.id, _ACTIVE, _RENEWED, _ACTIVE, _ACTIVE, _RENEWED)
    first = await _read(feed, organization.id, types=(_ACTIVE,), limit=2)
    assert ([event.sequence for event in first.events], first.has_more) == ([1, 3], True)
    second = await _read(feed, organization.id, first.position, types=(_ACTIVE,), limit=2)
    assert ([event.sequence for event in second.events], second.position, second.has_more) == ([4], 5, False)


async def test_what_is_past_its_retention_is_gone_and_never_silently_left_out(
    context: Context, feed: EventFeed, organization: Organization, clock: ManualClock
) -> None:
    endpoint = await subscribed(context, organization.id, _ACTIVE)
    for kind in (_ACTIVE, _RENEWED, _RENEWED):
        await happen(context, organization.id, kind)
    clock.advance(DAY)
    # The dead letter is younger than its event, which outlives the retention for it while later ones go.
    await bury(context, endpoint)
    await happen(context, organization.id, _RENEWED)
    clock.advance(90 * DAY - 1)
    await Janitor(context, TokenUsage(), Metrics()).run_once()
    assert [event.sequence for event in (await _read(feed, organization.id)).events] == [4, 5]
    for after in (0, 1, 2):
        with pytest.raises(Gone, match=f"from number {after + 1} to 3") as caught:
            await _read(feed, organization.id, after)
        assert caught.value.code == "events_past_retention"
    assert [event.sequence for event in (await _read(feed, organization.id, 3)).events] == [4, 5]
    clock.advance(DAY)
    await Janitor(context, TokenUsage(), Metrics()).run_once()
    assert (await _read(feed, organization.id)).position == 5
    assert (await _read(feed, organization.id, 5)).events == []


async def test_a_number_that_was_never_given_is_refused(
    context: Context, feed: EventFeed, organization: Organization
) -> None:
    await happen(context, organization.id)
    assert (await _read(feed, organization.id, 1)).events == []
    with pytest.raises(InvalidInput) as caught:
        await _read(feed, organization.id, 2)
    assert (caught.value.field, caught.value.code) == ("after", "after_the_last_event")


async def test_a_wait_ends_with_the_event_and_with_no_other_organizations(
    context: Context, feed: EventFeed, organization: Organization, rival: Organization
) -> None:
    task = await _wait(feed, organization.id)
    await happen(context, rival.id)
    assert not task.done()
    (event,) = await happen(context, organization.id)
    assert [found.body for found in (await task).events] == [event.body]
    assert _waiting(feed) == 0


async def test_a_wait_ends_in_time_with_the_position_that_it_has_come_to(
    context: Context, feed: EventFeed, organization: Organization
) -> None:
    await happen(context, organization.id, _ACTIVE, _ACTIVE)
    began = time.monotonic()
    page = await feed.read(organization.id, after=0, types=(_RENEWED,), limit=10, wait_s=0.05)
    assert 0.04 < time.monotonic() - began < 5
    assert (page.events, page.position, page.has_more) == ([], 2, False)


async def test_closing_answers_all_who_wait_and_nobody_waits_any_more(
    feed: EventFeed, organization: Organization, rival: Organization
) -> None:
    tasks = [await _wait(feed, org.id) for org in (organization, rival)]
    feed.close()
    async with asyncio.timeout(10):
        assert [page.events for page in await asyncio.gather(*tasks)] == [[], []]
        await feed.read(organization.id, after=0, types=None, limit=10, wait_s=30)
    assert _waiting(feed) == 0


async def test_a_client_that_goes_away_leaves_nobody_waiting(feed: EventFeed, organization: Organization) -> None:
    task = await _wait(feed, organization.id)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert feed.waiter_counts == {}


async def test_those_beyond_the_most_that_may_wait_are_answered_at_once(
    context: Context, feed: EventFeed, organization: Organization, rival: Organization
) -> None:
    tasks = [await _wait(feed, organization.id) for _ in range(32)]
    async with asyncio.timeout(10):
        assert (await feed.read(organization.id, after=0, types=None, limit=10, wait_s=30)).events == []
    assert not any(task.done() for task in tasks)
    other = await _wait(feed, rival.id)
    assert not other.done()
    await happen(context, organization.id)
    await happen(context, rival.id)
    assert {len(page.events) for page in await asyncio.gather(*tasks, other)} == {1}
