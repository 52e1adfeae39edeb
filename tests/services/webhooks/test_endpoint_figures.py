"""Figures of endpoints: the same as the API's rates, in spans without a gap, and never counted without end."""

from itertools import pairwise

import pytest

from dcvd.core.events import EventType
from dcvd.core.instants import DAY, HOUR, MINUTE
from dcvd.core.webhooks.deliveries import AttemptOutcome
from dcvd.services.context import Context
from dcvd.services.webhooks import delivery_history, endpoint_figures
from dcvd.services.webhooks.deliveries import record_attempts
from dcvd.services.webhooks.endpoint_figures import RateWindow
from dcvd.store.organizations.organizations import Organization
from dcvd.store.webhooks import endpoint_figures as stored_figures
from dcvd.store.webhooks.endpoint_figures import AnswerCount, EndpointBacklog
from tests.manual_clock import ManualClock
from tests.services.webhooks.attempts import bury, delivered, due, failed, happen, subscribed


@pytest.mark.parametrize(("window", "spans"), [(RateWindow.HOUR, 13), (RateWindow.DAY, 25), (RateWindow.WEEK, 29)])
async def test_a_window_has_the_rates_of_the_api_and_all_of_its_spans(
    context: Context, organization: Organization, clock: ManualClock, window: RateWindow, spans: int
) -> None:
    endpoint = await subscribed(context, organization.id)
    clock.advance(7 * MINUTE)
    for step_ms in (DAY, 3 * DAY, 20 * HOUR, 3 * HOUR, 50 * MINUTE, 9 * MINUTE, 0):
        await happen(context, organization.id, domain=None)
        for one in (await due(context, endpoint))[:1]:
            ended = failed if step_ms == DAY else delivered
            await record_attempts(context, [ended(endpoint, one, at=context.now(), ms=10 + step_ms // HOUR)])
        clock.advance(step_ms)
    figures = await endpoint_figures.get(context, organization.id, endpoint.id, window)
    rates = await delivery_history.compute_rates(context, endpoint.id)
    assert figures.rates == rates[window]
    assert len(figures.spans) == spans
    starts = [span.started_at for span in figures.spans]
    assert len({later - earlier for earlier, later in pairwise(starts)}) == 1
    assert starts[-1] <= context.now()
    assert sum(span.rates.delivered_count for span in figures.spans) == figures.rates.delivered_count
    assert sum(span.rates.failed_count for span in figures.spans) == figures.rates.failed_count


async def test_answers_are_those_of_the_latest_deliveries_and_of_the_window(
    context: Context, organization: Organization, clock: ManualClock
) -> None:
    endpoint = await subscribed(context, organization.id)
    for status in (500, 503, 503):
        await happen(context, organization.id, domain=None)
        [*_, one] = sorted(await due(context, endpoint), key=lambda each: each.id)
        await record_attempts(context, [failed(endpoint, one, status, at=context.now())])
        clock.advance(1)

    async def count(since_at: int, latest: int) -> list[AnswerCount]:
        return await context.database.read(
            lambda snapshot: stored_figures.count_answers(snapshot, endpoint.id, since_at, latest)
        )

    assert await count(0, 2) == [AnswerCount(AttemptOutcome.HTTP_ERROR, 503, 2)]
    assert len(await count(0, 100)) == 2
    assert await count(context.now() + 1, 100) == []


async def test_what_is_not_done_is_counted_up_to_a_limit(
    context: Context, organization: Organization, clock: ManualClock
) -> None:
    endpoint = await subscribed(context, organization.id)
    clock.advance(1)
    idle = await subscribed(context, organization.id, EventType.JOB_DLQ, port=2)
    await happen(context, organization.id, domain=None)
    await bury(context, endpoint)
    await happen(context, organization.id, *[EventType.DOMAIN_ACTIVE] * 5)

    async def count(limit: int) -> dict[str, EndpointBacklog]:
        ids = [endpoint.id, idle.id]
        return await context.database.read(lambda snapshot: stored_figures.count_backlogs(snapshot, ids, limit))

    assert await count(100) == {endpoint.id: EndpointBacklog(1, 4, 1), idle.id: EndpointBacklog()}
    assert (await count(3))[endpoint.id].waiting == 3
    listed = await endpoint_figures.list_page(context, organization.id, cursor=None, limit=1)
    assert [each.endpoint.id for each in listed.page.items] == [idle.id]
    assert listed.page.next_cursor is not None
    assert listed.dead_letters == 1
