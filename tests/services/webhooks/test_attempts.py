"""What follows from attempts for their deliveries."""

from collections import Counter

import pytest
from msgspec.structs import replace

from dcvd.core.events import EventDraft, EventType
from dcvd.core.http.exchanges import FailureReason, Timings
from dcvd.core.instants import HOUR, SECOND
from dcvd.core.webhooks.deliveries import (
    AttemptConsequence,
    AttemptOutcome,
    DeliveryState,
    FinishedAttempt,
    NextAttemptReason,
)
from dcvd.core.webhooks.endpoint import Endpoint
from dcvd.services.context import Context
from dcvd.services.webhooks import delivery_history, replays
from dcvd.services.webhooks import endpoints as webhooks
from dcvd.services.webhooks.deliveries import record_attempts
from dcvd.services.webhooks.endpoints import EndpointChange, HeldDeliveries
from dcvd.store.engine.transactions import Topic
from dcvd.store.organizations.organizations import Organization
from tests.manual_clock import ManualClock
from tests.services.views import event_names
from tests.services.webhooks.attempts import (
    attempt,
    bury,
    delivered,
    delivery,
    due,
    failed,
    happen,
    owed,
    states,
    subscribed,
)
from tests.stored_events import MADE_UP


async def _disable_and_drop(context: Context, endpoint: Endpoint) -> None:
    await webhooks.change(context, endpoint.org_id, endpoint.id, EndpointChange(enabled=False))
    await webhooks.change(
        context, endpoint.org_id, endpoint.id, EndpointChange(enabled=True, replay=HeldDeliveries.NONE)
    )


async def test_failed_attempts_follow_the_schedule_to_the_dead_letter(
    context: Context, organization: Organization, clock: ManualClock
) -> None:
    endpoint = await subscribed(context, organization.id)
    await happen(context, organization.id)
    waits, reasons = [], []
    for _ in range(11):
        (one,) = await due(context, endpoint)
        (follows,) = await record_attempts(context, [failed(endpoint, one)])
        reasons.append(follows.reason)
        if follows.next_attempt_at is not None:
            waits.append((follows.next_attempt_at - clock.now()) // SECOND)
            clock.set(follows.next_attempt_at)
    assert waits == [5, 30, 120, 600, 3600, 4 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600]
    assert reasons == [NextAttemptReason.SCHEDULE] * 10 + [NextAttemptReason.SCHEDULE_ENDED]
    assert await states(context, endpoint) == ["dead"]
    assert await due(context, endpoint) == []


@pytest.mark.parametrize("is_first", [True, False])
async def test_where_an_earlier_event_that_was_asked_for_again_arrives_the_later_one_that_fails_keeps_its_schedule(
    context: Context, organization: Organization, *, is_first: bool
) -> None:
    endpoint = await subscribed(context, organization.id)
    await happen(context, organization.id, EventType.DOMAIN_ADDED)
    await bury(context, endpoint)
    await happen(context, organization.id, EventType.DOMAIN_ACTIVE)
    (later,) = await due(context, endpoint)
    (earlier_id,) = [each.id for each in await owed(context, endpoint) if each.id != later.id]
    await replays.retry(context, organization.id, earlier_id)
    (earlier,) = await due(context, endpoint)
    made = [delivered(endpoint, earlier), failed(endpoint, later)]
    await record_attempts(context, made if is_first else made[::-1])
    stored = await delivery(context, endpoint, later.id)
    assert stored.next_attempt_at == context.now() + 5 * SECOND


async def test_jitter_only_puts_off_and_a_fifth_at_most(context: Context, organization: Organization) -> None:
    context.random_fraction = lambda: 0.999
    endpoint = await subscribed(context, organization.id)
    await happen(context, organization.id)
    (one,) = await due(context, endpoint)
    (follows,) = await record_attempts(context, [failed(endpoint, one)])
    assert follows.next_attempt_at is not None
    assert 5 * SECOND < follows.next_attempt_at - context.now() <= 6 * SECOND


async def test_retry_after_puts_the_next_attempt_off_and_never_brings_it_forward(
    context: Context, organization: Organization
) -> None:
    endpoint = await subscribed(context, organization.id)
    await happen(context, organization.id)
    (one,) = await due(context, endpoint)
    (later,) = await record_attempts(context, [failed(endpoint, one, 503, retry_after_ms=90_000)])
    assert (later.next_attempt_at, later.reason) == (context.now() + 90_000, NextAttemptReason.RETRY_AFTER)
    (sooner,) = await record_attempts(context, [failed(endpoint, replace(one, attempts=1), 503, retry_after_ms=1)])
    assert (sooner.next_attempt_at, sooner.reason) == (context.now() + 30_000, NextAttemptReason.SCHEDULE)


async def test_attempts_of_many_endpoints_are_stored_in_one_transaction_in_full(
    context: Context, organization: Organization
) -> None:
    endpoints = [await subscribed(context, organization.id) for _ in range(3)]
    await happen(context, organization.id, EventType.DOMAIN_ADDED, EventType.DOMAIN_ACTIVE)
    (well,), (ill,), (silent,) = [await due(context, endpoint) for endpoint in endpoints]
    commits: list[str] = []
    await context.database.maintain(
        lambda connection: connection.set_trace_callback(
            lambda statement: commits.append(statement) if statement == "COMMIT" else None
        )
    )
    timings = Timings(dns_ms=1, connect_ms=2, tls_ms=3, first_byte_ms=4, total_ms=11)
    answer = failed(
        endpoints[1],
        ill,
        418,
        at=5,
        response_headers={"server": 'té"apot'},
        response_body=b"I'm a \xff\0 teapot",
        remote_ip="::1",
    )
    answer = replace(answer, attempt=replace(answer.attempt, timings=timings))
    none = attempt(silent, AttemptOutcome.DNS, reason=FailureReason.NAME_NOT_PUBLIC, error="No such name.")
    await record_attempts(
        context,
        [
            delivered(endpoints[0], well),
            answer,
            FinishedAttempt(due_delivery=silent, org_id=endpoints[2].org_id, endpoint_id=endpoints[2].id, attempt=none),
        ],
    )
    assert len(commits) == 1
    assert [await states(context, endpoint) for endpoint in endpoints] == [
        ["delivered", "pending"],
        ["pending", "pending"],
        ["pending", "pending"],
    ]
    (stored,) = (await delivery_history.get(context, organization.id, ill.id)).attempts
    assert stored.attempt == answer.attempt
    assert stored.consequence == AttemptConsequence(
        reason=NextAttemptReason.SCHEDULE, next_attempt_at=context.now() + 5 * SECOND
    )
    (stored,) = (await delivery_history.get(context, organization.id, silent.id)).attempts
    assert stored.attempt == none


async def test_the_next_event_of_a_domain_is_due_as_soon_as_the_first_has_ended(
    context: Context, organization: Organization
) -> None:
    endpoint = await subscribed(context, organization.id)
    woken: list[str] = []
    await happen(context, organization.id)
    (second,) = await happen(context, organization.id)
    (one,) = await due(context, endpoint)
    await record_attempts(context, [failed(endpoint, one)])
    assert await due(context, endpoint) == []
    context.database.subscribe(Topic.DELIVERIES, woken.append)
    await record_attempts(context, [delivered(endpoint, replace(one, attempts=1))])
    assert [found.event_id for found in await due(context, endpoint)] == [second.id]
    assert woken == [endpoint.id]


async def test_a_removed_endpoint_leaves_no_trace_and_fails_no_other(
    context: Context, organization: Organization
) -> None:
    gone, stays = await subscribed(context, organization.id), await subscribed(context, organization.id)
    await happen(context, organization.id)
    (lost,), (one,) = await due(context, gone), await due(context, stays)
    await webhooks.remove(context, organization.id, gone.id)
    await record_attempts(context, [failed(gone, lost, 410), delivered(stays, one)])
    await record_attempts(context, [delivered(gone, lost)])
    assert await states(context, stays) == ["delivered"]
    assert await event_names(context, organization.id) == ["domain.active"]
    left = await context.database.maintain(
        lambda connection: connection.execute(
            "SELECT (SELECT count(*) FROM attempts WHERE delivery_id = ?),"
            " (SELECT count(*) FROM endpoint_rates WHERE endpoint_id = ?)",
            (lost.id, gone.id),
        ).fetchone()
    )
    assert left == (0, 0)


async def test_what_was_dropped_meanwhile_stays_so_when_its_attempt_fails(
    context: Context, organization: Organization
) -> None:
    endpoint = await subscribed(context, organization.id)
    other = await subscribed(context, organization.id, EventType.DELIVERY_DLQ)
    await happen(context, organization.id)
    (one,) = await due(context, endpoint)
    last = replace(one, attempts=len(context.config.webhooks.retry_schedule) - 1)
    await _disable_and_drop(context, endpoint)
    await record_attempts(context, [failed(endpoint, one)])
    await record_attempts(context, [failed(endpoint, last)])
    (dropped,) = await owed(context, endpoint)
    assert (dropped.state, dropped.next_attempt_at) == (DeliveryState.DROPPED, None)
    # It is no dead letter, so nobody is told of one.
    assert await states(context, other) == []


async def test_what_was_dropped_meanwhile_and_has_arrived_is_delivered(
    context: Context, organization: Organization
) -> None:
    endpoint = await subscribed(context, organization.id)
    await happen(context, organization.id)
    (one,) = await due(context, endpoint)
    await _disable_and_drop(context, endpoint)
    await record_attempts(context, [delivered(endpoint, one)])
    assert await states(context, endpoint) == ["delivered"]


async def test_a_retry_pressed_during_an_attempt_that_fails_is_due_as_it_was_answered(
    context: Context, organization: Organization
) -> None:
    endpoint = await subscribed(context, organization.id)
    await happen(context, organization.id)
    (one,) = await due(context, endpoint)
    pressed = await replays.retry(context, organization.id, one.id)
    assert (pressed.state, pressed.next_attempt_at) == (DeliveryState.PENDING, context.now())
    (follows,) = await record_attempts(context, [failed(endpoint, one)])
    stored = await delivery(context, endpoint, one.id)
    assert (stored.attempts, stored.next_attempt_at) == (1, context.now())
    assert follows == AttemptConsequence(reason=NextAttemptReason.REQUESTED, next_attempt_at=context.now())
    # The next one follows the schedule again.
    (again,) = await due(context, endpoint)
    (follows,) = await record_attempts(context, [failed(endpoint, again)])
    assert follows == AttemptConsequence(
        reason=NextAttemptReason.SCHEDULE, next_attempt_at=context.now() + context.config.webhooks.retry_schedule[2]
    )


async def test_what_was_asked_for_again_keeps_its_full_schedule_though_an_older_attempt_was_the_last(
    context: Context, organization: Organization, clock: ManualClock
) -> None:
    endpoint = await subscribed(context, organization.id)
    other = await subscribed(context, organization.id, EventType.DELIVERY_DLQ)
    await happen(context, organization.id)
    schedule = context.config.webhooks.retry_schedule
    for _ in schedule[1:]:
        (one,) = await due(context, endpoint)
        await record_attempts(context, [failed(endpoint, one)])
        clock.advance(24 * HOUR)
    (in_flight,) = await due(context, endpoint)
    await _disable_and_drop(context, endpoint)
    await replays.retry(context, organization.id, in_flight.id)
    (follows,) = await record_attempts(context, [failed(endpoint, in_flight)])
    assert follows == AttemptConsequence(reason=NextAttemptReason.REQUESTED, next_attempt_at=context.now())
    (again,) = await due(context, endpoint)
    assert (again.attempts, again.attempts_before) == (len(schedule), len(schedule) - 1)
    assert await states(context, other) == []


async def test_another_try_of_what_ended_has_the_full_schedule(context: Context, organization: Organization) -> None:
    endpoint = await subscribed(context, organization.id)
    await happen(context, organization.id)
    (one,) = await due(context, endpoint)
    await record_attempts(context, [delivered(endpoint, one)])
    await replays.retry(context, organization.id, one.id)
    (again,) = await due(context, endpoint)
    assert (again.attempts, again.attempts_before, again.body) == (1, 1, one.body)
    (follows,) = await record_attempts(context, [failed(endpoint, again)])
    assert follows.next_attempt_at == context.now() + 5 * SECOND


@pytest.mark.parametrize("count", [255, 256, 257, 513])
async def test_more_outcomes_than_go_into_one_statement_are_all_stored_and_let_the_next_events_go(
    context: Context, organization: Organization, count: int
) -> None:
    endpoint = await subscribed(context, organization.id)
    for _ in range(2):
        drafts = [EventDraft(EventType.DOMAIN_ACTIVE, {MADE_UP: number}, f"dom_{number}") for number in range(count)]
        await happen(context, organization.id, *drafts)
    first = await due(context, endpoint)
    assert len(first) == count
    await record_attempts(context, [delivered(endpoint, one) for one in first])
    assert Counter(await states(context, endpoint)) == {"delivered": count, "pending": count}
    second = await due(context, endpoint)
    assert {one.domain_id for one in second} == {one.domain_id for one in first}
    await record_attempts(context, [failed(endpoint, one) for one in second])
    assert {one.attempts for one in await owed(context, endpoint)} == {1}


async def test_an_outcome_that_is_stored_twice_counts_as_one_attempt(
    context: Context, organization: Organization
) -> None:
    endpoint = await subscribed(context, organization.id)
    await happen(context, organization.id)
    await happen(context, organization.id, domain="dom_b")
    first, second = await due(context, endpoint)
    await record_attempts(context, [failed(endpoint, first)])
    await record_attempts(context, [failed(endpoint, first), delivered(endpoint, second)])
    full = await delivery_history.get(context, organization.id, first.id)
    assert (full.summary.delivery.attempts, len(full.attempts)) == (1, 1)
    assert (await delivery(context, endpoint, second.id)).state is DeliveryState.DELIVERED
