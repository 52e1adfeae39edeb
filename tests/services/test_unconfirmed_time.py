"""By a time that nothing confirms, however far ahead it is, nothing is deleted, disabled or ended for good."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from dcvd.core.domains.additions import DomainRequest
from dcvd.core.domains.bulk import AddLine
from dcvd.core.domains.domain import DomainStatus
from dcvd.core.instants import DAY, HOUR, MINUTE
from dcvd.core.tokens.token import Role
from dcvd.core.webhooks.health import EXHAUSTED_ATTEMPTS, HealthState
from dcvd.janitor import Janitor
from dcvd.metrics import Metrics
from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.services.domains.bulk import BulkRequest
from dcvd.services.domains.bulk_additions import BulkAdditions
from dcvd.services.lifecycle import checks
from dcvd.services.links import creation as link_creation
from dcvd.services.tokens import expiry, minting
from dcvd.services.tokens.usage import TokenUsage
from dcvd.services.webhooks import endpoints, secret_rotation
from dcvd.services.webhooks.deliveries import record_attempts
from dcvd.services.webhooks.endpoints import EndpointChange
from dcvd.store.engine.transactions import Transaction
from dcvd.store.tokens import tokens
from tests.core.builders import certificate, seen
from tests.manual_clock import ManualClock
from tests.services.views import event_names
from tests.services.webhooks.attempts import bury, deliver_all, due, endpoint_now, failed, happen, subscribed
from tests.signed_in import begin_session

YEAR = 365 * DAY
TABLES = (
    "events", "deliveries", "attempts", "webhook_secrets", "api_tokens", "links", "sessions", "jobs", "audit_entries",
    "timeline", "bulk_lines",
)  # fmt: skip


async def count(context: Context) -> dict[str, int]:
    """How many rows there are of everything that has an age."""
    return {
        table: await context.database.maintain(
            lambda connection, table=table: int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # type: ignore[misc]
        )
        for table in TABLES
    }


@pytest.fixture
def jump(clock: ManualClock) -> Callable[[int], None]:
    """Put the clock ahead, so that nothing confirms it."""

    def put(milliseconds: int) -> None:
        clock.advance(milliseconds)
        clock.is_confirmed = False

    return put


async def add_bulk(context: Context, call: BulkRequest) -> list[str]:
    """The outcomes of a bulk call of one line."""
    wanted = additions.validate(context, DomainRequest(domain_name="bulk.customer.test"))
    line = AddLine(number=1, fingerprint="one", name=None, content=wanted)
    return [added.outcome async for portion in BulkAdditions(context, call).add_lines([line]) for added in portion]


async def fill(context: Context, org: str) -> None:
    """Something of everything that the janitor deletes by its age."""
    sent, dead, held = [await subscribed(context, org) for _ in range(3)]
    await endpoints.change(context, org, held.id, EndpointChange(enabled=False))
    await happen(context, org)
    await deliver_all(context, sent)
    await bury(context, dead)
    await secret_rotation.rotate(context, org, sent.id, grace_ms=DAY)
    await minting.create(context, org, name="ci", role=Role.MEMBER, expires_at=context.now() + HOUR)
    await begin_session(context, await minting.create(context, org, name="web", role=Role.MEMBER, expires_at=None))
    await link_creation.create(context, org, domain_id=None, lifetime_ms=MINUTE)
    await additions.add(context, org, "app.customer.test")
    keyed = BulkRequest(org_id=org, actor="operator", idempotency_key="key")
    await add_bulk(context, keyed)


async def test_a_round_of_the_janitor_deletes_nothing_and_says_so_once(
    context: Context, org: str, clock: ManualClock, jump: Callable[[int], None]
) -> None:
    metrics = Metrics()
    janitor = Janitor(context, TokenUsage(), metrics)
    await fill(context, org)
    before = await count(context)
    assert all(before.values()), before
    jump(3 * YEAR)
    for _ in range(3):
        await janitor.run_once()
    assert await count(context) == before
    assert metrics.registry.get_sample_value("dcvd_janitor_refused_rounds_total") == 3
    clock.is_confirmed = True
    await janitor.run_once()
    after = await count(context)
    assert [table for table in TABLES if after[table] < before[table]]


async def test_an_endpoint_that_fails_is_neither_called_so_nor_disabled(
    context: Context, org: str, clock: ManualClock, jump: Callable[[int], None]
) -> None:
    endpoint = await subscribed(context, org)
    await happen(context, org)
    (one,) = await due(context, endpoint)
    for _ in range(EXHAUSTED_ATTEMPTS):
        await record_attempts(context, [failed(endpoint, one)])
    jump(100 * DAY)
    await record_attempts(context, [failed(endpoint, one)])
    await Janitor(context, TokenUsage(), Metrics()).run_once()
    health = (await endpoint_now(context, endpoint)).health
    assert (health.state, health.failures) == (HealthState.HEALTHY, EXHAUSTED_ATTEMPTS + 1)
    clock.is_confirmed = True
    await record_attempts(context, [failed(endpoint, one)])
    assert (await endpoint_now(context, endpoint)).health.state is HealthState.DISABLED


async def test_expired_tokens_that_are_more_than_are_kept_stay(
    context: Context, org: str, jump: Callable[[int], None]
) -> None:
    first = (await minting.create(context, org, name="ci", role=Role.MEMBER, expires_at=context.now() + DAY)).token

    def insert(tx: Transaction) -> None:
        for number in range(expiry.MAX_EXPIRED + 5):
            tokens.insert(tx, replace(first, id=f"token_{number:03}"), f"hash {number}")

    await context.database.write(insert)
    jump(YEAR)
    before = (await count(context))["api_tokens"]
    await minting.create(context, org, name="new", role=Role.MEMBER, expires_at=None)
    await link_creation.create(context, org, domain_id=None, lifetime_ms=MINUTE)
    assert (await count(context))["api_tokens"] == before + 1


async def test_no_certificate_has_expired_or_is_warned_of(
    context: Context, org: str, clock: ManualClock, jump: Callable[[int], None]
) -> None:
    domain = await additions.add(context, org, "app.customer.test")
    answer = replace(seen("active", "active", certificate("01", issued_at=clock.now())), hostname="app.customer.test")
    active = await checks.record(context, domain.id, [answer])
    assert active is not None
    assert active.status is DomainStatus.ACTIVE
    before = await event_names(context, org)
    for ahead_ms in (80 * DAY, YEAR):
        jump(ahead_ms)
        still = await checks.record(context, domain.id, [answer])
        assert still is not None
        assert (still.status, still.error) == (DomainStatus.ACTIVE, None)
    assert await event_names(context, org) == before
    clock.is_confirmed = True
    expired = await checks.record(context, domain.id, [answer])
    assert expired is not None
    assert expired.status is DomainStatus.ERROR
    clock.is_confirmed = False
    assert await checks.record(context, domain.id, [answer]) is not None
    assert (await event_names(context, org))[-1] == "domain.error", "what was known to be over does not come back"


async def test_a_bulk_call_under_a_known_key_does_nothing_again(
    context: Context, org: str, jump: Callable[[int], None]
) -> None:
    keyed = BulkRequest(org_id=org, actor="operator", idempotency_key="key")
    first = await add_bulk(context, keyed)
    jump(YEAR)
    assert await add_bulk(context, keyed) == first == ["created"]
