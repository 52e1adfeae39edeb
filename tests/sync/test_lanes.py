"""No domain delays another: the loop with a real store, and a looker that never comes back from some."""

import pytest
from msgspec.structs import replace

from dcvd.core.domains.domain import Domain, DomainStatus
from dcvd.core.lifecycle.schedule import CheckLane
from dcvd.services.context import Context
from dcvd.services.lifecycle import checks
from dcvd.store import domains
from dcvd.store.organizations.organizations import Organization
from tests.sync.fleet import DAY, Noting, Pages, fleet, hostname, looking, names, verified
from tests.waiting import until


@pytest.fixture(autouse=True)
def _ticks_are_short(context: Context) -> None:
    config = context.config
    context.live_config.value = replace(config, sync=replace(config.sync, tick=20))


def _fails(domain: Domain) -> bool:
    return int(domain.id.removeprefix("dom_")) < 10_000


async def _looked_at(looker: Noting, wanted: set[str]) -> None:
    async def all_of_them() -> bool:
        return set(looker.looked) >= wanted

    await until(all_of_them)


async def test_one_domain_that_never_ends_delays_no_other(context: Context, org: str) -> None:
    stuck = await fleet(context, org, 1, due=DAY)
    others = await fleet(context, org, 60, first=10_000)
    looker = Noting(context, hanging=_fails)
    async with looking(context, looker, Pages()):
        await _looked_at(looker, names(others))
    assert looker.hung == [stuck[0].name]


@pytest.mark.sweep
async def test_ten_thousand_that_always_fail_delay_no_other(context: Context, org: str) -> None:
    await fleet(context, org, 10_000, due=DAY, incomplete_checks=9)
    routine = await fleet(context, org, 90, first=10_000)
    waiting = await fleet(context, org, 40, first=11_000, status=DomainStatus.PENDING_CNAME)
    looker = Noting(context, hanging=_fails)
    async with looking(context, looker, Pages()) as loop:
        await _looked_at(looker, names([*routine, *waiting]))
        assert len(looker.hung) == loop.pool.limit // 4


async def test_failing_ones_get_their_turn_beside_any_number_of_others(context: Context, org: str) -> None:
    failing = await fleet(context, org, 30, due=DAY, incomplete_checks=9)
    await fleet(context, org, 2_000, first=10_000, status=DomainStatus.PENDING_CNAME)
    looker = Noting(context)
    async with looking(context, looker, Pages()):
        await _looked_at(looker, names(failing))
    assert len(looker.looked) < 1_000


async def test_a_customer_who_waits_comes_before_thousands_of_routine_looks(context: Context, org: str) -> None:
    await fleet(context, org, 2_000, due=DAY)
    waiting = await fleet(context, org, 10, first=10_000, status=DomainStatus.PENDING_CNAME)
    looker = Noting(context)
    async with looking(context, looker, Pages()):
        await _looked_at(looker, names(waiting))
    assert len(looker.looked) < 100


@pytest.mark.parametrize("status", [DomainStatus.PENDING_CNAME, DomainStatus.ISSUING])
@pytest.mark.sampled(2)
async def test_thousands_of_one_organization_delay_no_other(
    context: Context, org: str, rival: Organization, status: DomainStatus
) -> None:
    """They have all been due for longer."""
    await fleet(context, org, 3_000, due=DAY, status=status)
    others = await fleet(context, rival.id, 20, first=10_000, status=status)
    looker = Noting(context)
    async with looking(context, looker, Pages()):
        await _looked_at(looker, names(others))
    assert len(looker.looked) < 300


async def test_failing_domains_of_one_organization_delay_no_failing_one_of_another(
    context: Context, org: str, rival: Organization
) -> None:
    await fleet(context, org, 1_000, due=DAY, incomplete_checks=9)
    others = await fleet(context, rival.id, 3, first=10_000, incomplete_checks=9)
    looker = Noting(context)
    async with looking(context, looker, Pages()):
        await _looked_at(looker, names(others))
    assert len(looker.looked) < 200


async def test_a_domain_that_somebody_asked_for_is_looked_at_before_the_routine(context: Context, org: str) -> None:
    (asked, *_) = await fleet(context, org, 2_000, due=DAY)
    await context.database.write(lambda tx: domains.set_next_check(tx, asked.id, context.now() + DAY))
    await checks.check_now(context, asked.id)
    looker = Noting(context)
    async with looking(context, looker, Pages()):
        await _looked_at(looker, {asked.name})
    assert len(looker.looked) < 100


async def test_looks_that_miss_something_lead_into_the_lane_of_the_failing_and_one_that_does_not_out_of_it(
    context: Context, org: str
) -> None:
    (domain,) = await fleet(context, org, 1)
    lanes = []
    for answered in (False, False, False, True):
        await checks.record(context, domain.id, [verified(domain, answered=answered), hostname(domain)])
        lanes.append(await _lane(context, domain))
    assert lanes == [CheckLane.ROUTINE, CheckLane.FAILING, CheckLane.FAILING, CheckLane.ROUTINE]


async def test_what_could_not_be_looked_at_at_all_is_put_off_and_counts_as_a_miss(context: Context, org: str) -> None:
    (domain,) = await fleet(context, org, 1)
    for _ in range(2):
        await checks.postpone(context, domain, context.now() + 1000)
    assert await _lane(context, domain) is CheckLane.FAILING
    stored = await context.database.read(lambda snapshot: domains.get(snapshot, domain.id))
    assert stored is not None
    assert (stored.incomplete_checks, stored.next_check_at) == (2, context.now() + 1000)


async def _lane(context: Context, domain: Domain) -> CheckLane:
    """The one in which the store has a domain wait."""
    far = context.now() + 10 * DAY
    found = await context.database.read(
        lambda snapshot: [kind for kind in CheckLane if domains.list_due_ids(snapshot, kind, far, 1)]
    )
    (kind,) = found
    return kind
