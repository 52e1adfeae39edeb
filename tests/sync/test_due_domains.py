"""Which due domains are read: all where few are due, and turn by turn where many are."""

from dcvd.core.domains.domain import DomainStatus
from dcvd.core.lifecycle.schedule import CheckLane
from dcvd.services import organizations
from dcvd.services.context import Context
from dcvd.sync.due_domains import BATCH_SIZE, DueBatch, read_due
from tests.sync.fleet import DAY, fleet


async def read(context: Context, last_org_id: str = "", in_flight: frozenset[str] = frozenset()) -> DueBatch:
    now = context.now()
    return await context.database.read(
        lambda snapshot: read_due(snapshot, CheckLane.WAITING, now, in_flight_ids=in_flight, last_org_id=last_org_id)
    )


async def test_where_few_are_due_all_are_read_the_longest_waiting_first(context: Context, org: str) -> None:
    late = await fleet(context, org, 2, due=2, status=DomainStatus.PENDING_CNAME)
    later = await fleet(context, org, 2, first=10, due=9, status=DomainStatus.PENDING_CNAME)
    await fleet(context, org, 2, first=20, due=-9, status=DomainStatus.PENDING_CNAME)
    batch = await read(context)
    assert {domain.id for domain in batch.domains[:2]} == {domain.id for domain in later}
    assert {domain.id for domain in batch.domains[2:]} == {domain.id for domain in late}
    assert not batch.is_full


async def test_each_organization_has_its_turn_whatever_the_others_have_waiting(context: Context) -> None:
    ids = [(await organizations.create(context, f"org {number}")).id for number in range(20)]
    for number, org_id in enumerate(ids):
        await fleet(context, org_id, 40, first=100 * number, due=DAY if number % 2 else 1, status=DomainStatus.ISSUING)
    seen: set[str] = set()
    last = ""
    for _ in range(20 * 4 // BATCH_SIZE + 1):
        batch = await read(context, last)
        assert batch.is_full
        assert len({domain.id for domain in batch.domains}) == BATCH_SIZE
        seen |= {domain.org_id for domain in batch.domains}
        last = batch.last_org_id
    assert seen == set(ids)


async def test_what_is_in_flight_is_not_read_again(context: Context, org: str) -> None:
    made = await fleet(context, org, 3 * BATCH_SIZE, status=DomainStatus.PENDING_CNAME)
    in_flight = frozenset(domain.id for domain in made[: 2 * BATCH_SIZE])
    batch = await read(context, in_flight=in_flight)
    assert {domain.id for domain in batch.domains} == {domain.id for domain in made} - in_flight


async def test_one_organization_alone_fills_the_batch(context: Context, org: str) -> None:
    await fleet(context, org, 2 * BATCH_SIZE, status=DomainStatus.PENDING_CNAME)
    assert len({domain.id for domain in (await read(context)).domains}) == BATCH_SIZE
