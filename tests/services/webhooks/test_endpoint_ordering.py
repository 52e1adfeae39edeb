"""Whether the events of a domain wait for each other at an endpoint, and what a change means for what waits."""

import pytest

from dcvd.core.events import EventType
from dcvd.core.http.entity_tags import Precondition
from dcvd.core.webhooks.endpoint import Endpoint
from dcvd.core.webhooks.ordering import Ordering
from dcvd.core.webhooks.replays import ReplayStatus
from dcvd.errors import PreconditionFailed
from dcvd.services.context import Context
from dcvd.services.webhooks import endpoints, replay_job, replays
from dcvd.services.webhooks.deliveries import record_attempts
from dcvd.services.webhooks.delivery_order import repair_delivery_order
from dcvd.services.webhooks.endpoints import EndpointChange
from dcvd.store.engine.transactions import Topic
from dcvd.store.organizations.organizations import Organization
from dcvd.store.webhooks import delivery_order
from tests.manual_clock import ManualClock
from tests.services.webhooks.attempts import deliver_all, due, failed, happen, owed, subscribed

_THREE = [EventType.DOMAIN_ACTIVE] * 3


@pytest.fixture
async def endpoint(context: Context, organization: Organization) -> Endpoint:
    return await subscribed(context, organization.id)


async def _order(context: Context, endpoint: Endpoint, ordering: Ordering, batch_size: int = 500) -> None:
    change = EndpointChange(ordering=ordering)
    await endpoints.change(context, endpoint.org_id, endpoint.id, change, batch_size=batch_size)


async def _due_numbers(context: Context, endpoint: Endpoint) -> list[int]:
    return [one.sequence for one in await owed(context, endpoint) if one.next_attempt_at is not None]


async def test_without_ordering_nothing_waits_neither_events_of_one_change_nor_of_several(
    context: Context, endpoint: Endpoint
) -> None:
    ordered = await subscribed(context, endpoint.org_id)
    await _order(context, endpoint, Ordering.NONE)
    await happen(context, endpoint.org_id, *_THREE)
    await happen(context, endpoint.org_id)
    assert await _due_numbers(context, endpoint) == [1, 2, 3, 4]
    assert await _due_numbers(context, ordered) == [1]


async def test_without_ordering_one_that_fails_is_tried_again_and_the_others_do_not_wait(
    context: Context, endpoint: Endpoint, clock: ManualClock
) -> None:
    await _order(context, endpoint, Ordering.NONE)
    await happen(context, endpoint.org_id, *_THREE)
    await record_attempts(context, [failed(endpoint, one) for one in await due(context, endpoint)])
    assert {one.next_attempt_at for one in await owed(context, endpoint)} == {clock.now() + 5_000}


async def test_without_ordering_a_retry_and_a_replay_wait_for_nothing(context: Context, endpoint: Endpoint) -> None:
    await _order(context, endpoint, Ordering.NONE)
    await happen(context, endpoint.org_id, *_THREE)
    await deliver_all(context, endpoint)
    first, second, _ = await owed(context, endpoint)
    for one in (second, first):
        assert (await replays.retry(context, endpoint.org_id, one.id)).next_attempt_at is not None
        assert (await replays.retry(context, endpoint.org_id, one.id)).next_attempt_at is not None
    await deliver_all(context, endpoint)
    replay = await replays.prepare_replay(context, endpoint.org_id, endpoint.id, status=ReplayStatus.ALL)
    job = await replay_job.start_replay(context, endpoint.org_id, replay)
    await replay_job.run_next_batch(context, job)
    assert await _due_numbers(context, endpoint) == [1, 2, 3]


@pytest.mark.parametrize("batch_size", [1, 2, 500])
async def test_what_waits_is_due_at_once_where_order_no_longer_matters(
    context: Context, endpoint: Endpoint, clock: ManualClock, batch_size: int
) -> None:
    other = await subscribed(context, endpoint.org_id)
    for domain in ("dom_a", "dom_b"):
        await happen(context, endpoint.org_id, *_THREE, domain=domain)
    clock.advance(1)
    announced: list[str] = []
    context.database.subscribe(Topic.DELIVERIES, announced.append)
    await _order(context, endpoint, Ordering.NONE, batch_size)
    assert await _due_numbers(context, endpoint) == [1, 2, 3, 4, 5, 6]
    assert {one.next_attempt_at for one in await owed(context, endpoint)} == {clock.now() - 1, clock.now()}
    assert endpoint.id in announced
    assert await _due_numbers(context, other) == [1, 4]


@pytest.mark.parametrize("batch_size", [1, 2, 500])
async def test_only_the_first_of_each_domain_stays_due_where_order_matters_again(
    context: Context, endpoint: Endpoint, batch_size: int
) -> None:
    await _order(context, endpoint, Ordering.NONE)
    for domain in ("dom_a", "dom_b", None):
        await happen(context, endpoint.org_id, *_THREE, domain=domain)
    announced: list[str] = []
    context.database.subscribe(Topic.ENDPOINTS, announced.append)
    await _order(context, endpoint, Ordering.DOMAIN, batch_size)
    assert await _due_numbers(context, endpoint) == [1, 4, 7, 8, 9]
    assert announced  # what was read ahead is read again
    assert len(await deliver_all(context, endpoint)) == 9


async def test_a_change_of_an_endpoint_that_is_no_longer_as_it_was_seen_changes_no_order(
    context: Context, endpoint: Endpoint
) -> None:
    await _order(context, endpoint, Ordering.NONE)
    await happen(context, endpoint.org_id, *_THREE)
    change = EndpointChange(ordering=Ordering.DOMAIN)
    seen = Precondition(frozenset({endpoint.entity_tag}))
    with pytest.raises(PreconditionFailed):
        await endpoints.change(context, endpoint.org_id, endpoint.id, change, precondition=seen)
    assert await _due_numbers(context, endpoint) == [1, 2, 3]


async def test_a_change_that_was_cut_off_is_made_good_at_the_next_start(context: Context, endpoint: Endpoint) -> None:
    unordered = [endpoint, *[await subscribed(context, endpoint.org_id) for _ in range(2)]]
    await happen(context, endpoint.org_id, *_THREE)
    for each in unordered:
        # As if the process had ended after the first transaction.
        await context.database.write(
            lambda tx, each=each: tx.execute(  # type: ignore[misc]
                "UPDATE webhook_endpoints SET ordering = 'none' WHERE id = ?", (each.id,)
            )
        )
    await repair_delivery_order(context, batch_size=2)
    for each in unordered:
        assert await _due_numbers(context, each) == [1, 2, 3]


async def test_a_page_of_what_is_due_goes_on_where_the_one_before_it_ended(
    context: Context, endpoint: Endpoint
) -> None:
    await _order(context, endpoint, Ordering.NONE)
    await happen(context, endpoint.org_id, *_THREE)  # all due at the same instant
    position: delivery_order.DuePosition | None = delivery_order.FIRST_DUE
    pages = 0
    while position is not None:
        position = await context.database.write(
            lambda tx, start=position: delivery_order.hold_back_later(tx, endpoint.id, start, 1)  # type: ignore[misc]
        )
        pages += 1
    assert pages == 4
    assert await _due_numbers(context, endpoint) == [1]
