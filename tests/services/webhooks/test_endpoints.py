"""Endpoints changed, switched, and removed."""

import asyncio
import itertools

import pytest
from msgspec.structs import replace

from dcvd.core.events import EventType
from dcvd.core.webhooks.deliveries import DeliveryState
from dcvd.core.webhooks.endpoint import Endpoint
from dcvd.core.webhooks.health import DisabledReason, EndpointHealth, HealthState
from dcvd.errors import InvalidInput, NotFound, StoreError
from dcvd.services.context import Context
from dcvd.services.webhooks import endpoints as webhooks
from dcvd.services.webhooks.deliveries import record_attempts
from dcvd.services.webhooks.endpoints import DROPPED_WHEN_ENABLED, EndpointChange, HeldDeliveries
from dcvd.store.engine.transactions import Topic
from dcvd.store.organizations.organizations import Organization
from dcvd.store.webhooks import endpoints
from tests.services.webhooks.attempts import deliver_all, due, endpoint_now, failed, happen, owed, states, subscribed
from tests.unreliable_database import UnreliableDatabase
from tests.waiting import until


@pytest.fixture
async def endpoint(context: Context, organization: Organization) -> Endpoint:
    return await subscribed(context, organization.id)


async def _change(context: Context, endpoint: Endpoint, **members: object) -> Endpoint:
    change = EndpointChange(**members)  # type: ignore[arg-type]  # each caller names real members
    return await webhooks.change(context, endpoint.org_id, endpoint.id, change)


async def _fill(context: Context, endpoint: Endpoint, count: int) -> None:
    for start in range(0, count, 500):
        await happen(context, endpoint.org_id, *[EventType.DOMAIN_ACTIVE] * min(500, count - start))


async def _commits(context: Context) -> list[str]:
    commits: list[str] = []
    await context.database.maintain(
        lambda connection: connection.set_trace_callback(
            lambda statement: commits.append(statement) if statement == "COMMIT" else None
        )
    )
    return commits


async def test_disabling_holds_what_is_owed_and_enabling_sends_it_in_order(
    context: Context, endpoint: Endpoint
) -> None:
    made = [(await happen(context, endpoint.org_id))[0].id for _ in range(3)]
    disabled = await _change(context, endpoint, enabled=False)
    assert (disabled.health.state, disabled.health.reason) == (HealthState.DISABLED, DisabledReason.MANUAL)
    enabled = await _change(context, endpoint, enabled=True)
    assert enabled.health == EndpointHealth()
    assert await deliver_all(context, endpoint) == made


async def test_enabling_without_what_was_missed_drops_it_and_starts_the_health_anew(
    context: Context, endpoint: Endpoint
) -> None:
    await happen(context, endpoint.org_id)
    (one,) = await due(context, endpoint)
    await record_attempts(context, [failed(endpoint, one, 410)])
    await _fill(context, endpoint, 1203)
    enabled = await _change(context, endpoint, enabled=True, replay=HeldDeliveries.NONE)
    assert enabled.health == EndpointHealth()
    stored = await owed(context, endpoint)
    assert {(one.state, one.last_error) for one in stored[1:]} == {(DeliveryState.DROPPED, DROPPED_WHEN_ENABLED)}
    (event,) = await happen(context, endpoint.org_id)
    assert await deliver_all(context, endpoint) == [event.id]


async def test_dropping_that_a_crash_cut_off_leaves_the_rest_held_in_order(
    context: Context, database: UnreliableDatabase, endpoint: Endpoint
) -> None:
    await _fill(context, endpoint, 503)
    await _change(context, endpoint, enabled=False)
    refusals = iter([None, StoreError("The daemon is killed.")])

    async def crash_at_the_second() -> None:
        for refusal in refusals:
            if refusal is None:
                return
            raise refusal

    database.before_write = crash_at_the_second
    with pytest.raises(StoreError):
        await _change(context, endpoint, enabled=True, replay=HeldDeliveries.NONE)
    database.before_write = None
    # Identifiers of one millisecond have no order among them.
    stored = await owed(context, endpoint)
    kept = [one.event_id for one in stored if one.state is not DeliveryState.DROPPED]
    await _change(context, endpoint, enabled=True)
    assert await deliver_all(context, endpoint) == kept
    assert (len(stored), len(kept)) == (503, 483)


async def test_what_is_owed_to_an_enabled_endpoint_is_not_dropped(context: Context, endpoint: Endpoint) -> None:
    await happen(context, endpoint.org_id)
    await _change(context, endpoint, enabled=True, replay=HeldDeliveries.NONE)
    assert await states(context, endpoint) == ["pending"]


@pytest.mark.parametrize("members", [{}, {"enabled": False}, {"url": "http://127.0.0.1/"}])
async def test_dropping_goes_with_enabling_alone(
    context: Context, endpoint: Endpoint, members: dict[str, object]
) -> None:
    with pytest.raises(InvalidInput, match='goes with "enabled": true') as caught:
        await _change(context, endpoint, replay=HeldDeliveries.NONE, **members)
    assert caught.value.field == "replay"


async def test_enabling_what_is_failing_does_not_hide_that_it_fails(context: Context, endpoint: Endpoint) -> None:
    failing = EndpointHealth(state=HealthState.FAILING, failures=7, failing_since=1, last_error="x")
    await context.database.write(lambda tx: endpoints.update_health(tx, endpoint.id, failing))
    assert (await _change(context, endpoint, enabled=True)).health == failing


async def test_disabling_keeps_the_reason_of_what_was_disabled_already(context: Context, endpoint: Endpoint) -> None:
    await happen(context, endpoint.org_id)
    (one,) = await due(context, endpoint)
    await record_attempts(context, [failed(endpoint, one, 410)])
    assert (await _change(context, endpoint, enabled=False)).health.reason is DisabledReason.GONE


async def test_a_new_address_is_used_for_what_waits_already_and_the_pool_is_told(
    context: Context, endpoint: Endpoint
) -> None:
    told: list[str] = []
    context.database.subscribe(Topic.ENDPOINTS, told.append)
    await happen(context, endpoint.org_id)
    await _change(context, endpoint, url="http://127.0.0.1:2/new")
    opened = await context.database.read(lambda snapshot: webhooks.unseal_endpoint(context, snapshot, endpoint.id))
    assert opened is not None
    assert opened.endpoint.url == "http://127.0.0.1:2/new"
    assert len(await due(context, endpoint)) == 1
    assert told == [endpoint.id]


async def test_what_is_not_named_stays_as_it_is(context: Context, endpoint: Endpoint) -> None:
    await _change(context, endpoint, headers={"X-Key": "k"}, max_per_second=7)
    before = await endpoint_now(context, endpoint)
    unchanged = await _change(context, endpoint)
    assert replace(unchanged, updated_at=before.updated_at) == before
    assert (await _change(context, endpoint, headers={})).header_names == ("X-Key",)
    cleared = await _change(context, endpoint, headers=None, max_per_second=None)
    assert (cleared.header_names, cleared.max_per_second) == ((), None)


@pytest.mark.parametrize("rate", [1, 1000, None])
async def test_a_rate_within_its_bounds_is_kept(context: Context, endpoint: Endpoint, rate: int | None) -> None:
    assert (await _change(context, endpoint, max_per_second=rate)).max_per_second == rate
    assert (await endpoint_now(context, endpoint)).max_per_second == rate


@pytest.mark.parametrize("rate", [0, -1, 1001])
async def test_a_rate_out_of_bounds_is_refused(context: Context, endpoint: Endpoint, rate: int) -> None:
    with pytest.raises(InvalidInput, match="from 1 to 1000") as caught:
        await _change(context, endpoint, max_per_second=rate)
    assert caught.value.field == "maxPerSecond"


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "x"},
        {"content-length": "1"},
        {"Transfer-Encoding": "chunked"},
        {"Connection": "close"},
        {"Content-Type": "text/plain"},
        {"User-Agent": "x"},
        {"Cookie": "a=b"},
        {"Accept-Encoding": "gzip"},
        {"Webhook-Id": "x"},
        {"x-dcvaas-signature": "x"},
        {"X-Key": "a\r\nX-Other: b"},
        {"X Key": "a"},
        {"X-Key": "a", "x-key": "b"},
        {"X-Key": "a" * 4100},
        {f"X-{number}": "a" for number in range(21)},
    ],
)
async def test_headers_that_are_ours_bad_or_too_many_are_refused(
    context: Context, endpoint: Endpoint, headers: dict[str, str]
) -> None:
    with pytest.raises(InvalidInput) as caught:
        await _change(context, endpoint, headers=headers)
    assert (caught.value.field, caught.value.code) == ("headers", "bad_header")
    assert (await endpoint_now(context, endpoint)).header_names == ()


async def test_static_headers_are_sealed_and_only_their_names_are_shown(context: Context, endpoint: Endpoint) -> None:
    headers = {"Authorization": "Bearer tops3cret-value", "X-Tenant": "acme-plain-text"}
    changed = await _change(context, endpoint, headers=headers)
    assert changed.header_names == ("Authorization", "X-Tenant")
    opened = await context.database.read(lambda snapshot: webhooks.unseal_endpoint(context, snapshot, endpoint.id))
    assert opened is not None
    assert {name: value.reveal() for name, value in opened.headers.items()} == headers
    stored = await context.database.read(
        lambda snapshot: repr(snapshot.fetch_all("SELECT * FROM webhook_endpoints WHERE id = ?", (endpoint.id,)))
    )
    assert "tops3cret" not in stored
    assert "acme-plain" not in stored


async def test_headers_moved_to_another_endpoint_cannot_be_opened(
    context: Context, endpoint: Endpoint, organization: Organization
) -> None:
    await _change(context, endpoint, headers={"X-Key": "k"})
    thief = await subscribed(context, organization.id)
    await context.database.maintain(
        lambda connection: connection.execute(
            "UPDATE webhook_endpoints SET sealed_headers = (SELECT sealed_headers FROM webhook_endpoints WHERE id = ?)"
            " WHERE id = ?",
            (endpoint.id, thief.id),
        ).fetchall()
    )
    assert await context.database.read(lambda snapshot: webhooks.unseal_endpoint(context, snapshot, thief.id)) is None


async def test_an_endpoint_with_a_long_history_is_removed_in_batches(context: Context, endpoint: Endpoint) -> None:
    await _fill(context, endpoint, 2100)
    commits = await _commits(context)
    await webhooks.remove(context, endpoint.org_id, endpoint.id)
    assert len(commits) >= 5  # of 500 at most, and of fewer where a batch takes long
    left = await context.database.maintain(
        lambda connection: connection.execute(
            "SELECT (SELECT count(*) FROM deliveries), (SELECT count(*) FROM webhook_secrets),"
            " (SELECT count(*) FROM webhook_endpoints)"
        ).fetchone()
    )
    assert left == (0, 0, 0)
    with pytest.raises(NotFound):
        await webhooks.remove(context, endpoint.org_id, endpoint.id)


async def test_nothing_is_sent_to_an_endpoint_whose_removal_has_begun(context: Context, endpoint: Endpoint) -> None:
    await _fill(context, endpoint, 3000)
    removal = asyncio.create_task(webhooks.remove(context, endpoint.org_id, endpoint.id))

    async def begun() -> bool:
        return not (await endpoint_now(context, endpoint)).health.is_enabled

    await until(begun)
    removal.cancel()
    await asyncio.wait([removal])
    assert await owed(context, endpoint)
    await webhooks.remove(context, endpoint.org_id, endpoint.id)


async def test_another_organizations_endpoint_looks_like_none(
    context: Context, endpoint: Endpoint, rival: Organization
) -> None:
    with pytest.raises(NotFound):
        await webhooks.get(context, rival.id, endpoint.id)
    with pytest.raises(NotFound):
        await webhooks.change(context, rival.id, endpoint.id, EndpointChange(enabled=False))
    with pytest.raises(NotFound):
        await webhooks.change(context, rival.id, endpoint.id, EndpointChange(enabled=True, replay=HeldDeliveries.NONE))
    with pytest.raises(NotFound):
        await webhooks.remove(context, rival.id, endpoint.id)
    assert await endpoint_now(context, endpoint) == endpoint


@pytest.mark.parametrize("how", [StoreError("The disk is full."), asyncio.CancelledError()])
@pytest.mark.sampled(2)
async def test_a_removal_that_is_cut_off_leaves_the_rest_in_order_and_it_is_sent_once_the_endpoint_is_enabled(
    context: Context, database: UnreliableDatabase, endpoint: Endpoint, how: BaseException
) -> None:
    await _fill(context, endpoint, 700)
    transactions = itertools.count(1)

    async def cut() -> None:
        if next(transactions) == 2:
            raise how

    database.before_write = cut
    with pytest.raises(type(how)):
        await webhooks.remove(context, endpoint.org_id, endpoint.id)
    database.before_write = None
    left = await owed(context, endpoint)
    assert len(left) == 680
    await _change(context, endpoint, enabled=True)
    assert await deliver_all(context, endpoint) == [one.event_id for one in left]
