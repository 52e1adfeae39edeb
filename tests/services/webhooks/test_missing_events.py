"""A replay of what is missing: never what was delivered, however long its delivery is kept."""

from collections.abc import Awaitable, Callable

import pytest
from msgspec.structs import replace

from dcvd.core.events import EventType
from dcvd.core.instants import DAY, HOUR, SECOND
from dcvd.core.webhooks.endpoint import Endpoint
from dcvd.core.webhooks.replays import ReplayStatus
from dcvd.errors import StoreError
from dcvd.janitor import Janitor
from dcvd.metrics import Metrics
from dcvd.services.context import Context
from dcvd.services.tokens.usage import TokenUsage
from dcvd.services.webhooks import endpoints
from dcvd.services.webhooks.deliveries import drop_expired
from dcvd.store.organizations.organizations import Organization
from dcvd.store.webhooks import endpoints as stored_endpoints
from tests.conftest import VAULT
from tests.manual_clock import ManualClock
from tests.services.webhooks.attempts import bury, deliver_all, due, endpoint_now, happen, owed, subscribed
from tests.services.webhooks.replaying import asked_for, worked_off
from tests.unreliable_database import UnreliableDatabase

_ACTIVE = EventType.DOMAIN_ACTIVE


@pytest.fixture
async def endpoint(context: Context, organization: Organization) -> Endpoint:
    return await subscribed(context, organization.id, _ACTIVE)


async def drop_all(context: Context, endpoint: Endpoint) -> None:
    """Drop what is due."""
    await drop_expired(context, await due(context, endpoint))


async def clean_up(context: Context, **retention: int) -> None:
    """Run the janitor while deliveries are kept for as long as `retention` says."""
    usual = context.config
    context.live_config.value = replace(usual, retention=replace(usual.retention, **retention))
    await Janitor(context, TokenUsage(), Metrics()).run_once()
    context.live_config.value = usual


async def count_missing(context: Context, endpoint: Endpoint) -> int:
    """Replay what is missing; how many deliveries that counted, and made due."""
    before = len(await due(context, endpoint))
    total, job = await asked_for(context, endpoint, ReplayStatus.MISSING)
    await worked_off(context, job)
    assert len(await due(context, endpoint)) - before == total
    return total


async def test_what_was_delivered_and_is_deleted_before_the_replay_runs_is_not_missing(
    context: Context, endpoint: Endpoint, clock: ManualClock
) -> None:
    await happen(context, endpoint.org_id)
    await deliver_all(context, endpoint)
    clock.advance(context.config.retention.deliveries - 20 * SECOND)
    late = await subscribed(context, endpoint.org_id, _ACTIVE)
    (kept,) = await happen(context, endpoint.org_id)
    await deliver_all(context, endpoint)
    await endpoints.remove(context, endpoint.org_id, late.id)
    late = await subscribed(context, endpoint.org_id, _ACTIVE)
    jobs = [(await asked_for(context, each, ReplayStatus.MISSING))[1] for each in (endpoint, late)]
    clock.advance(60 * SECOND)  # until it is the jobs' turn
    await clean_up(context)
    assert [one.event_id for one in await owed(context, endpoint)] == [kept.id]
    for job in jobs:
        await worked_off(context, job)
    assert await due(context, endpoint) == []
    assert [one.event_id for one in await due(context, late)] == [kept.id]


class TickingClock(ManualClock):
    """A clock that goes on by a millisecond whenever it is read."""

    def now(self) -> int:
        self.advance(1)
        return super().now()


async def test_what_is_deleted_is_as_old_as_its_event_also_where_time_passes_while_they_are_stored(
    context: Context, endpoint: Endpoint
) -> None:
    ticking = Context(
        context.database, context.live_config, vault=VAULT, clock=TickingClock(), random_fraction=lambda: 0.0
    )
    await happen(ticking, endpoint.org_id)
    await deliver_all(ticking, endpoint)
    await clean_up(ticking, deliveries=0)
    assert await owed(ticking, endpoint) == []
    assert await count_missing(ticking, endpoint) == 0


@pytest.mark.parametrize("end", [deliver_all, drop_all])
async def test_what_ended_and_was_deleted_is_not_missing_where_deliveries_are_kept_longer_afterwards(
    context: Context, endpoint: Endpoint, clock: ManualClock, end: Callable[[Context, Endpoint], Awaitable[object]]
) -> None:
    await happen(context, endpoint.org_id)
    await end(context, endpoint)
    clock.advance(2 * HOUR)
    await clean_up(context, deliveries=HOUR)
    assert await owed(context, endpoint) == []
    assert await count_missing(context, endpoint) == 0
    late = await subscribed(context, endpoint.org_id, _ACTIVE)
    assert await count_missing(context, late) == 1, "nothing of its own was deleted"


async def test_a_deleted_dead_letter_was_not_delivered_and_is_missing(
    context: Context, endpoint: Endpoint, clock: ManualClock
) -> None:
    await happen(context, endpoint.org_id)
    await bury(context, endpoint)
    clock.advance(2 * HOUR)
    await clean_up(context, dead_letters=HOUR)
    assert await owed(context, endpoint) == []
    assert await count_missing(context, endpoint) == 1


async def test_a_history_starts_after_the_latest_delivery_that_was_deleted_wherever_the_clock_was_then(
    context: Context, endpoint: Endpoint, clock: ManualClock
) -> None:
    await happen(context, endpoint.org_id, domain=None)
    clock.advance(HOUR)
    (latest,) = await happen(context, endpoint.org_id, domain=None)
    started_at = latest.created_at + 1
    await clean_up(context, deliveries=HOUR)
    assert (await endpoint_now(context, endpoint)).history_starts_at == 0
    await deliver_all(context, endpoint)
    clock.advance(400 * DAY)
    await clean_up(context, deliveries=HOUR)
    assert (await endpoint_now(context, endpoint)).history_starts_at == started_at
    clock.set(started_at)
    for earlier in (started_at - 2, started_at - 1):
        await context.database.write(
            lambda tx, at=earlier: stored_endpoints.shorten_histories(tx, [(endpoint.id, at)])  # type: ignore[misc]
        )
        assert (await endpoint_now(context, endpoint)).history_starts_at == started_at
    await happen(context, endpoint.org_id, EventType.DOMAIN_RENEWED)
    total, _ = await asked_for(context, endpoint, ReplayStatus.MISSING, types=[EventType.DOMAIN_RENEWED])
    assert total == 1, "a clock that was ahead hides nothing that happens after it was put back"


async def test_what_was_delivered_to_an_endpoint_whose_removal_was_cut_off_is_not_missing(
    context: Context, database: UnreliableDatabase, endpoint: Endpoint
) -> None:
    await happen(context, endpoint.org_id, *[_ACTIVE] * 4, domain=None)
    await deliver_all(context, endpoint)

    async def cut() -> None:
        if len(await owed(context, endpoint)) < 4:
            raise StoreError("The disk is full.")

    database.before_write = cut
    with pytest.raises(StoreError):
        await endpoints.remove(context, endpoint.org_id, endpoint.id, batch_size=3)
    database.before_write = None
    assert len(await owed(context, endpoint)) == 1
    assert await count_missing(context, endpoint) == 0


async def test_what_a_family_or_all_covers_is_missing_as_what_is_named_is(
    context: Context, organization: Organization
) -> None:
    await happen(context, organization.id, EventType.DOMAIN_ADDED, EventType.DNS_VERIFIED, domain=None)
    counts = []
    for events in (["*"], ["domain.*", "job.*"], ["job.*"]):
        late, _ = await endpoints.create(context, organization.id, url="http://127.0.0.1:9/", events=events)
        counts.append(await count_missing(context, late))
    assert counts == [2, 1, 0]
