"""Sending again what has happened: counted first, in full, in order, and through a crash."""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from dcvd.core.events import EventType
from dcvd.core.instants import DAY, HOUR, SECOND
from dcvd.core.jobs import Job, JobState
from dcvd.core.webhooks.deliveries import DeliveryState
from dcvd.core.webhooks.endpoint import Endpoint
from dcvd.core.webhooks.replays import ReplayStatus
from dcvd.errors import Conflict, InvalidInput, NotFound, Retryable
from dcvd.services.context import Context
from dcvd.services.jobs import queue
from dcvd.services.webhooks import endpoints, replay_job, replays
from dcvd.services.webhooks.deliveries import record_attempts
from dcvd.store.engine.transactions import Topic
from dcvd.store.organizations.organizations import Organization
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
from tests.services.webhooks.replaying import asked_for, worked_off

_ACTIVE, _RENEWED = EventType.DOMAIN_ACTIVE, EventType.DOMAIN_RENEWED


@pytest.fixture
async def endpoint(context: Context, organization: Organization) -> Endpoint:
    return await subscribed(context, organization.id, _ACTIVE, _RENEWED)


async def _history(context: Context, endpoint: Endpoint, clock: ManualClock) -> list[str]:
    """Nine events an hour apart, each of a domain of its own: delivered, dead and pending by turns; their ids."""
    made = []
    last = len(context.config.webhooks.retry_schedule) - 1
    for number in range(9):
        (event,) = await happen(context, endpoint.org_id, (_ACTIVE, _RENEWED)[number % 2], domain=f"dom_{number}")
        made.append(event.id)
        one = next(found for found in await due(context, endpoint) if found.event_id == event.id)
        if number % 3 == 0:
            await record_attempts(context, [delivered(endpoint, one)])
        if number % 3 == 1:
            await record_attempts(context, [failed(endpoint, replace(one, attempts=last))])
        clock.advance(HOUR)
    return made


@pytest.mark.parametrize("types", [None, (_RENEWED,)])
@pytest.mark.parametrize("hours", [(0, None), (3, None), (0, 5), (3, 7), (8, 8.5)])
@pytest.mark.parametrize(
    ("status", "kinds"), [(ReplayStatus.DEAD, {1}), (ReplayStatus.MISSING, set()), (ReplayStatus.ALL, {0, 1})]
)
@pytest.mark.sampled(4)
async def test_a_dry_run_counts_exactly_what_the_job_sends(
    context: Context,
    endpoint: Endpoint,
    clock: ManualClock,
    status: ReplayStatus,
    kinds: set[int],
    hours: tuple[float, float | None],
    types: Sequence[EventType] | None,
) -> None:
    began = clock.now()
    made = await _history(context, endpoint, clock)
    since, until = began + int(hours[0] * HOUR), None if hours[1] is None else began + int(hours[1] * HOUR)
    wanted = {
        made[number]
        for number in range(9)
        if number % 3 in kinds
        and hours[0] <= number < (hours[1] or 9)
        and (types is None or (_ACTIVE, _RENEWED)[number % 2] in types)
    }
    before = {one.event_id for one in await due(context, endpoint)}
    total, job = await asked_for(context, endpoint, status, types=types, since=since, until=until)
    assert {one.event_id for one in await due(context, endpoint)} == before, "counting sends nothing"
    done = await worked_off(context, job)
    assert {one.event_id for one in await due(context, endpoint)} - before == wanted
    assert total == len(wanted)
    assert done.state is JobState.DONE


@pytest.mark.parametrize("status", [ReplayStatus.DEAD, ReplayStatus.ALL, ReplayStatus.MISSING])
@pytest.mark.parametrize("crash_after", range(5))
@pytest.mark.sampled(4)
async def test_a_crash_after_any_batch_sends_nothing_twice_and_loses_nothing(
    context: Context, organization: Organization, endpoint: Endpoint, status: ReplayStatus, crash_after: int
) -> None:
    made = [(await happen(context, organization.id, domain=f"dom_{number}"))[0].id for number in range(7)]
    if status is ReplayStatus.MISSING:
        endpoint = await subscribed(context, organization.id, _ACTIVE)
    elif status is ReplayStatus.DEAD:
        await bury(context, endpoint)
    else:
        await deliver_all(context, endpoint)
    total, first = await asked_for(context, endpoint, status)
    going: Job | None = first
    sent: list[str] = []
    for _ in range(crash_after):
        if going is not None:
            going = await replay_job.run_next_batch(context, going, batch_size=2)
        sent += await deliver_all(context, endpoint)
    if (await queue.get(context, organization.id, first.id)).state is JobState.PENDING:
        # A failure of the first attempt, which knew nothing of the batches, must not set it back.
        await queue.fail(context, first, Retryable("It hiccuped."))
    job = await worked_off(context, await queue.get(context, organization.id, first.id))
    sent += await deliver_all(context, endpoint)
    assert sorted(sent) == sorted(made)
    assert (total, replay_job.REPLAY.decode_payload(job).total) == (7, 7)


async def test_whoever_knows_only_how_a_replay_began_does_not_set_it_back(context: Context, endpoint: Endpoint) -> None:
    made = [(await happen(context, endpoint.org_id, domain=f"dom_{number}"))[0].id for number in range(4)]
    await deliver_all(context, endpoint)
    _, began = await asked_for(context, endpoint, ReplayStatus.ALL)
    sent: list[str] = []
    for _ in range(4):
        await replay_job.run_next_batch(context, began, batch_size=2)
        sent += await deliver_all(context, endpoint)
    assert sorted(sent) == sorted(made)


async def test_what_is_replayed_has_its_full_schedule_and_the_same_bytes(context: Context, endpoint: Endpoint) -> None:
    (event,) = await happen(context, endpoint.org_id)
    await bury(context, endpoint)
    _, job = await asked_for(context, endpoint, ReplayStatus.DEAD)
    await worked_off(context, job)
    for number, delay in enumerate(context.config.webhooks.retry_schedule[1:]):
        (one,) = await due(context, endpoint)
        assert (one.attempts - one.attempts_before, one.body) == (number, event.body)
        (follows,) = await record_attempts(context, [failed(endpoint, one)])
        assert follows.next_attempt_at == context.now() + delay
        await replays.retry(context, endpoint.org_id, one.id)


async def test_an_endpoint_made_later_gets_what_it_missed_in_order(
    context: Context, organization: Organization, clock: ManualClock
) -> None:
    made = [(await happen(context, organization.id, _ACTIVE))[0].id for _ in range(3)]
    await happen(context, organization.id, _RENEWED)
    await happen(context, organization.id, EventType.ENDPOINT_RECOVERED, domain=None)
    clock.advance(DAY)
    late = await subscribed(context, organization.id, _ACTIVE, EventType.ENDPOINT_RECOVERED)
    (new,) = await happen(context, organization.id, _ACTIVE)
    total, job = await asked_for(context, late, ReplayStatus.MISSING)
    await worked_off(context, job)
    assert total == 3
    assert await deliver_all(context, late) == [*made, new.id]


async def test_naming_events_replays_also_those_that_were_not_subscribed_to(
    context: Context, organization: Organization
) -> None:
    endpoint = await subscribed(context, organization.id, _ACTIVE)
    (renewed,) = await happen(context, organization.id, _RENEWED)
    total, job = await asked_for(context, endpoint, ReplayStatus.MISSING, types=[_RENEWED])
    await worked_off(context, job)
    assert (total, await deliver_all(context, endpoint)) == (1, [renewed.id])


async def test_an_endpoint_that_is_removed_in_the_middle_ends_its_replay(context: Context, endpoint: Endpoint) -> None:
    for status in (ReplayStatus.ALL, ReplayStatus.DEAD):
        doomed = await subscribed(context, endpoint.org_id)
        await happen(context, endpoint.org_id, *[_ACTIVE] * 5, domain=None)
        await bury(context, doomed)
        _, job = await asked_for(context, doomed, status)
        going = await replay_job.run_next_batch(context, job, batch_size=2)
        assert going is not None
        await endpoints.remove(context, endpoint.org_id, doomed.id)
        assert await replay_job.run_next_batch(context, going, batch_size=2) is None
        assert (await queue.get(context, job.org_id, job.id)).state is JobState.DONE


async def test_all_dead_letters_of_an_organization_are_requeued_and_no_others(
    context: Context, organization: Organization, rival: Organization
) -> None:
    mine = [await subscribed(context, organization.id) for _ in range(2)]
    foreign = await subscribed(context, rival.id)
    for org in (organization, rival):
        await happen(context, org.id, _ACTIVE, _RENEWED)
    for endpoint in (*mine, foreign):
        await bury(context, endpoint)
    asked = await replays.prepare_replay(context, organization.id, None, status=ReplayStatus.DEAD)
    assert asked.total == 4
    await worked_off(context, await replay_job.start_replay(context, organization.id, asked))
    for endpoint in mine:
        assert {one.state for one in await owed(context, endpoint)} == {DeliveryState.PENDING}
        assert len(await deliver_all(context, endpoint)) == 2
    assert {one.state for one in await owed(context, foreign)} == {DeliveryState.DEAD}


async def test_an_earlier_event_of_a_domain_that_is_replayed_goes_before_a_later_one_that_waits(
    context: Context, endpoint: Endpoint
) -> None:
    (first,) = await happen(context, endpoint.org_id)
    await bury(context, endpoint)
    (second,) = await happen(context, endpoint.org_id)
    assert [one.event_id for one in await due(context, endpoint)] == [second.id]
    (letter, _) = await owed(context, endpoint)
    await replays.retry(context, endpoint.org_id, letter.id)
    assert [one.event_id for one in await due(context, endpoint)] == [first.id]
    assert await deliver_all(context, endpoint) == [first.id, second.id]


async def test_asking_for_what_waits_behind_an_earlier_event_is_refused_by_its_name_and_leaves_it_waiting(
    context: Context, endpoint: Endpoint
) -> None:
    first, second = [(await happen(context, endpoint.org_id))[0] for _ in range(2)]
    (earlier, waiting) = await owed(context, endpoint)
    with pytest.raises(Conflict) as refused:
        await replays.retry(context, endpoint.org_id, waiting.id)
    assert (refused.value.code, refused.value.existing_id) == ("waits_for_earlier", earlier.id)
    assert (await owed(context, endpoint))[1] == waiting
    assert [one.event_id for one in await due(context, endpoint)] == [first.id]
    assert await deliver_all(context, endpoint) == [first.id, second.id]


async def test_asking_for_what_is_owed_tells_the_pool_of_it(context: Context, endpoint: Endpoint) -> None:
    await happen(context, endpoint.org_id)
    (one,) = await due(context, endpoint)
    woken: list[str] = []
    # It may be in flight, so the pool has to hear of a change, and not only of something new.
    context.database.subscribe(Topic.ENDPOINTS, woken.append)
    await record_attempts(context, [failed(endpoint, one)])
    woken.clear()
    await replays.retry(context, endpoint.org_id, one.id)
    assert woken == [endpoint.id]
    await bury(context, endpoint)
    woken.clear()
    await replays.retry(context, endpoint.org_id, one.id)
    assert endpoint.id in woken


async def test_what_is_held_is_not_sent_by_a_replay_to_a_disabled_endpoint_but_waits_with_the_rest(
    context: Context, endpoint: Endpoint
) -> None:
    await happen(context, endpoint.org_id)
    (one,) = await due(context, endpoint)
    await record_attempts(context, [failed(endpoint, one, 410)])
    _, job = await asked_for(context, endpoint, ReplayStatus.DEAD)
    await worked_off(context, job)
    assert not (await endpoint_now(context, endpoint)).health.is_enabled
    assert [one.state for one in await owed(context, endpoint)] == [DeliveryState.PENDING]


async def test_a_replay_of_nothing_at_all_is_refused(context: Context, endpoint: Endpoint) -> None:
    with pytest.raises(InvalidInput) as caught:
        await asked_for(context, endpoint, ReplayStatus.ALL, since=5 * SECOND, until=5 * SECOND)
    assert caught.value.field == "until"


@pytest.mark.parametrize("status", ReplayStatus)
async def test_another_organizations_endpoint_and_delivery_are_not_found(
    context: Context, endpoint: Endpoint, rival: Organization, status: ReplayStatus
) -> None:
    await happen(context, endpoint.org_id)
    (one,) = await due(context, endpoint)
    with pytest.raises(NotFound):
        await replays.retry(context, rival.id, one.id)
    with pytest.raises(NotFound):
        await replays.prepare_replay(context, rival.id, endpoint.id, status=status)
    asked = await replays.prepare_replay(context, endpoint.org_id, endpoint.id, status=status)
    with pytest.raises(NotFound):
        await replay_job.start_replay(context, rival.id, asked)
