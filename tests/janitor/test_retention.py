"""How long deliveries, their events, secrets and counts are kept."""

import pytest

from dcvd.core.events import EventType
from dcvd.core.instants import DAY, HOUR
from dcvd.core.tokens.token import Role
from dcvd.core.webhooks.endpoint import Endpoint
from dcvd.janitor import Janitor
from dcvd.services.context import Context
from dcvd.services.domains import additions, queries
from dcvd.services.tokens import minting, revocation
from dcvd.services.tokens.usage import RETENTION_DAYS
from dcvd.services.webhooks import cancellations, endpoints, replays, secret_rotation
from dcvd.services.webhooks.deliveries import drop_expired, record_attempts
from dcvd.services.webhooks.endpoints import EndpointChange
from dcvd.store import events
from dcvd.store.tokens import usage
from dcvd.store.webhooks import delivery_endings
from tests.janitor.conftest import Count
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


@pytest.fixture
async def endpoint(context: Context, org: str) -> Endpoint:
    return await subscribed(context, org)


async def _end_in(context: Context, endpoint: Endpoint, state: str) -> None:
    await happen(context, endpoint.org_id)
    match state:
        case "delivered":
            await deliver_all(context, endpoint)
        case "dropped":
            await drop_expired(context, await due(context, endpoint))
        case "dead":
            await bury(context, endpoint)
        case "cancelled":
            (waiting,) = await due(context, endpoint)
            await cancellations.cancel(context, endpoint.org_id, waiting.id)
        case _:
            await endpoints.change(context, endpoint.org_id, endpoint.id, EndpointChange(enabled=False))


@pytest.mark.parametrize(
    ("state", "days"), [("delivered", 30), ("dropped", 30), ("dead", 90), ("cancelled", 90), ("held", 90)]
)
async def test_a_delivery_goes_with_its_attempts_once_its_retention_has_passed(
    context: Context, endpoint: Endpoint, janitor: Janitor, clock: ManualClock, count: Count, state: str, days: int
) -> None:
    await _end_in(context, endpoint, state)
    clock.advance(days * DAY)
    await janitor.run_once()
    assert await count("deliveries") == 1
    clock.advance(1)
    await janitor.run_once()
    assert (await count("deliveries"), await count("attempts")) == (0, 0)


async def test_what_ended_lately_is_kept_however_old_it_is(
    context: Context, endpoint: Endpoint, janitor: Janitor, clock: ManualClock, count: Count
) -> None:
    await _end_in(context, endpoint, "dead")
    clock.advance(89 * DAY)
    (letter,) = await owed(context, endpoint)
    await replays.retry(context, endpoint.org_id, letter.id)
    await bury(context, endpoint)
    clock.advance(30 * DAY)
    await janitor.run_once()
    assert await count("deliveries") == 1
    assert (await replays.retry(context, endpoint.org_id, letter.id)).id == letter.id


async def test_what_is_owed_to_an_enabled_endpoint_is_never_too_old(
    context: Context, endpoint: Endpoint, janitor: Janitor, clock: ManualClock, count: Count
) -> None:
    await happen(context, endpoint.org_id)
    clock.advance(400 * DAY)
    await janitor.run_once()
    assert (await count("deliveries"), await count("events")) == (1, 1)


async def test_when_the_oldest_that_is_held_goes_the_next_of_its_domain_takes_its_place(
    context: Context, endpoint: Endpoint, janitor: Janitor, clock: ManualClock
) -> None:
    await endpoints.change(context, endpoint.org_id, endpoint.id, EndpointChange(enabled=False))
    await happen(context, endpoint.org_id)
    clock.advance(80 * DAY)
    later = [(await happen(context, endpoint.org_id))[0].id for _ in range(2)]
    clock.advance(11 * DAY)
    await janitor.run_once()
    await endpoints.change(context, endpoint.org_id, endpoint.id, EndpointChange(enabled=True))
    assert await deliver_all(context, endpoint) == later


async def test_an_event_stays_as_long_as_a_delivery_needs_it(
    context: Context, endpoint: Endpoint, janitor: Janitor, clock: ManualClock, count: Count
) -> None:
    await happen(context, endpoint.org_id, EventType.DOMAIN_ACTIVE)
    clock.advance(2 * HOUR)
    await bury(context, endpoint)
    clock.advance(90 * DAY - HOUR)
    await janitor.run_once()
    assert (await count("deliveries"), await count("events")) == (1, 2)
    clock.advance(HOUR + 1)
    await janitor.run_once()
    assert (await count("deliveries"), await count("events")) == (0, 0)


async def test_a_secret_goes_when_it_has_expired_and_the_present_one_stays(
    context: Context, endpoint: Endpoint, janitor: Janitor, clock: ManualClock, count: Count
) -> None:
    await secret_rotation.rotate(context, endpoint.org_id, endpoint.id, grace_ms=DAY)
    clock.advance(DAY)
    await janitor.run_once()
    assert await count("webhook_secrets") == 2
    clock.advance(1)
    await janitor.run_once()
    assert await count("webhook_secrets") == 1
    opened = await context.database.read(lambda snapshot: endpoints.unseal_endpoint(context, snapshot, endpoint.id))
    assert opened is not None
    assert [secret.expires_at for secret in opened.secrets] == [None]


async def test_counts_are_kept_for_the_week_that_rates_reach_back(
    context: Context, endpoint: Endpoint, janitor: Janitor, clock: ManualClock, count: Count
) -> None:
    await happen(context, endpoint.org_id)
    (one,) = await due(context, endpoint)
    await record_attempts(context, [failed(endpoint, one, at=clock.now())])
    clock.advance(8 * DAY)
    await janitor.run_once()
    assert await count("endpoint_rates") == 1
    clock.advance(HOUR)
    await janitor.run_once()
    assert await count("endpoint_rates") == 0


async def test_a_pause_that_a_wrong_clock_made_ends(
    context: Context, endpoint: Endpoint, janitor: Janitor, clock: ManualClock
) -> None:
    began = clock.now()
    await happen(context, endpoint.org_id)
    clock.advance(900 * DAY)
    (one,) = await due(context, endpoint)
    await record_attempts(context, [failed(endpoint, one, 503, retry_after_ms=HOUR)])
    clock.set(began)
    await janitor.run_once()
    assert (await endpoint_now(context, endpoint)).health.paused_until is None
    (one,) = await due(context, endpoint)
    await record_attempts(context, [delivered(endpoint, one)])


async def test_what_is_wanted_again_between_being_found_and_being_removed_stays(
    context: Context, endpoint: Endpoint, clock: ManualClock, count: Count
) -> None:
    await _end_in(context, endpoint, "dead")
    clock.advance(91 * DAY)
    (letter,) = await owed(context, endpoint)
    await replays.retry(context, endpoint.org_id, letter.id)
    # Held it would be old enough, but its endpoint is enabled; ended it would be, but it is owed.
    later = clock.now() + 1
    assert await context.database.write(lambda tx: delivery_endings.delete_ended(tx, [letter.id], later)) == 0
    assert await context.database.write(lambda tx: delivery_endings.delete_held(tx, [letter.id], later, later)) == 0
    assert await context.database.write(lambda tx: events.delete(tx, [letter.event_id])) == 0
    assert await count("deliveries") == 1


async def test_a_timeline_goes_with_its_retention_also_of_a_domain_that_is_still_there(
    context: Context, org: str, janitor: Janitor, clock: ManualClock, count: Count
) -> None:
    domain = await additions.add(context, org, "app.customer.test")
    clock.advance(365 * DAY)
    await janitor.run_once()
    assert await count("timeline") == 1
    clock.advance(1)
    await janitor.run_once()
    assert await count("timeline") == 0
    assert (await queries.get(context, org, domain.id)).name == "app.customer.test"


async def test_the_usage_of_a_revoked_token_goes_by_its_age_and_not_with_it_all_at_once(
    context: Context, org: str, janitor: Janitor, count: Count, clock: ManualClock
) -> None:
    token = (await minting.create(context, org, name="ci", role=Role.OWNER, expires_at=None)).token
    today = context.now() // DAY
    used = [
        usage.UsageCount(token_id=token.id, day=day, operation="GET /api/domains", requests=1, errors=0)
        for day in (today - 1, today)
    ]
    await context.database.write(lambda tx: usage.add(tx, used))
    await revocation.revoke(context, org, token.id)
    assert await count("token_usage") == 2
    clock.advance(RETENTION_DAYS * DAY)
    await janitor.run_once()
    assert await count("token_usage") == 1
