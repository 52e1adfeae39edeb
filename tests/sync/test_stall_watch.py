"""Domains whose DNS is right and that Cloudflare keeps waiting, many at once."""

import pytest
from msgspec.structs import replace

from dcvd.core.domains.domain import DnsState, DomainStatus, Finding
from dcvd.core.domains.stalls import STALLED_AFTER_MS, Stage
from dcvd.core.instants import DAY
from dcvd.services.context import Context
from dcvd.services.domains import additions
from dcvd.store import domains
from dcvd.store.engine.transactions import Transaction
from dcvd.sync.stall_watch import StallWatch
from tests.manual_clock import ManualClock


@pytest.fixture
def watch(context: Context) -> StallWatch:
    return StallWatch(context)


async def waiting(context: Context, org: str, name: str, **members: object) -> None:
    """A domain that waits for its validation from now on."""
    domain = await additions.add(context, org, name)
    changed = replace(
        domain,
        status=DomainStatus.ISSUING,
        dns_state=DnsState.VERIFIED,
        cf_id=f"id-{name}",
        cf_status="pending",
        cf_ssl_status="pending_validation",
        cf_changed_at=context.now(),
    )
    changed = replace(changed, **members)

    def unit(tx: Transaction) -> None:
        domains.update(tx, changed)

    await context.database.write(unit)


async def found(context: Context, watch: StallWatch) -> list[tuple[Stage, int]]:
    await watch.look()
    return [(stall.stage, stall.count) for stall in context.saas_zone.value.stalls]


async def test_five_that_wait_for_a_quarter_of_an_hour_are_many(
    context: Context, clock: ManualClock, org: str, watch: StallWatch
) -> None:
    started = context.now()
    for number in range(5):
        await waiting(context, org, f"app.customer{number}.com")
        await waiting(context, org, f"www.customer{number}.com")
    assert await found(context, watch) == []
    clock.advance(STALLED_AFTER_MS)
    assert await found(context, watch) == [(Stage.VALIDATION, 5)]
    assert context.saas_zone.value.stalls[0].since == started
    clock.advance(DAY)
    assert await found(context, watch) == []


@pytest.mark.parametrize(
    "members",
    [
        {"dns_state": DnsState.FAILED},
        {"cf_id": None},
        {"dormant_since": 1},
        {"validation": "delegated"},
        {"findings": (Finding(code="caa_blocks", severity="error", actor="customer", message="CAA forbids it."),)},
    ],
)
async def test_whoever_has_a_fault_of_their_own_does_not_count(
    context: Context, clock: ManualClock, org: str, watch: StallWatch, members: dict[str, object]
) -> None:
    for number in range(5):
        await waiting(context, org, f"app.customer{number}.com", **(members if number == 0 else {}))
    clock.advance(STALLED_AFTER_MS)
    assert await found(context, watch) == []


async def test_texts_that_differ_in_the_hostname_alone_are_one(
    context: Context, clock: ManualClock, org: str, watch: StallWatch
) -> None:
    for number in range(6):
        name = f"app.customer{number}.com"
        text = f"DNS problem: query timed out looking up CAA for {name if number else 'app.customer9.com'}"
        await waiting(context, org, name, cf_ssl_errors=(text,))
    clock.advance(STALLED_AFTER_MS)
    assert await found(context, watch) == [(Stage.VALIDATION, 6)]
    assert context.saas_zone.value.stalls[0].cause == "caa_unanswered"


async def test_where_others_become_active_meanwhile_nothing_stalls(
    context: Context, clock: ManualClock, org: str, watch: StallWatch
) -> None:
    for number in range(5):
        await waiting(context, org, f"app.customer{number}.com")
    clock.advance(STALLED_AFTER_MS)
    for number in range(5):
        assert await found(context, watch) == [(Stage.VALIDATION, 5)]
        await waiting(context, org, f"app.ready{number}.com", status=DomainStatus.ACTIVE, ready_since=context.now())
    assert await found(context, watch) == []


async def test_an_error_text_without_a_readable_character_ends_nothing(
    context: Context, clock: ManualClock, org: str, watch: StallWatch
) -> None:
    for number in range(5):
        await waiting(context, org, f"app.customer{number}.com", cf_ssl_errors=("\u200b",), cf_errors=("\u200b",))
    clock.advance(STALLED_AFTER_MS)
    assert await found(context, watch) == [(Stage.VALIDATION, 5)]
