"""Looks that end within a moment are stored together."""

import asyncio

import pytest

from dcvd.core.domains.domain import Domain
from dcvd.core.lifecycle.schedule import CheckLane
from dcvd.errors import StoreError
from dcvd.services import organizations
from dcvd.services.context import Context
from dcvd.services.lifecycle.checks import DomainCheck
from dcvd.store import domains
from dcvd.store.engine.transactions import Transaction
from dcvd.sync.recorder import CheckRecorder
from tests.sync.fleet import DAY, fleet, hostname, verified
from tests.unreliable_database import Fate, UnreliableDatabase, strike


@pytest.fixture
async def made(context: Context) -> list[Domain]:
    return await fleet(context, (await organizations.create(context, "Acme")).id, 40)


@pytest.fixture
def units(database: UnreliableDatabase, context: Context, made: list[Domain]) -> list[int]:
    """How many looks each unit of work stored."""
    held: list[int] = []

    def note(tx: Transaction) -> None:
        found = [domains.get(tx, domain.id) for domain in made]
        stored = sum(domain is not None and domain.dns_checked_at == context.now() for domain in found)
        held.append(stored - sum(held))

    database.before_commit = note
    return held


def _look(domain: Domain) -> DomainCheck:
    return DomainCheck(domain.id, [verified(domain), hostname(domain)])


async def test_looks_that_end_together_share_a_few_units(
    context: Context, made: list[Domain], units: list[int]
) -> None:
    recorder = CheckRecorder(context)
    await asyncio.gather(*(recorder.record(_look(domain)) for domain in made))
    assert units == [32, 8]
    now = context.now()
    later = await context.database.read(
        lambda snapshot: domains.find_by_ids(
            snapshot, domains.list_due_ids(snapshot, CheckLane.ROUTINE, now + 10 * DAY, 50)
        )
    )
    assert [domain.dns_checked_at for domain in later.values()] == [now] * 40


async def test_half_of_the_checks_that_may_run_at_once_wait_for_no_more(
    context: Context, made: list[Domain], units: list[int]
) -> None:
    recorder = CheckRecorder(context, gather_s=60.0)
    async with asyncio.timeout(30):
        await asyncio.gather(*(recorder.record(_look(domain)) for domain in made[:16]))
    assert units == [16]


async def test_one_that_cannot_be_stored_takes_no_other_with_it(context: Context, made: list[Domain]) -> None:
    recorder = CheckRecorder(context)
    broken = DomainCheck(made[0].id, ["no observation at all"])  # type: ignore[list-item]  # a fault of ours
    results = await asyncio.gather(
        recorder.record(broken), *(recorder.record(_look(domain)) for domain in made[1:5]), return_exceptions=True
    )
    assert isinstance(results[0], AssertionError)
    assert results[1:] == [None] * 4


async def test_a_database_that_fails_is_told_to_every_look(context: Context, made: list[Domain]) -> None:
    strike(context.database, "record_many", 1, Fate.LOST)
    recorder = CheckRecorder(context)
    results = await asyncio.gather(*(recorder.record(_look(domain)) for domain in made[:3]), return_exceptions=True)
    assert [type(each) for each in results] == [StoreError] * 3


async def test_a_look_that_was_given_up_is_not_stored(context: Context, made: list[Domain], units: list[int]) -> None:
    recorder = CheckRecorder(context)
    given_up = asyncio.create_task(recorder.record(_look(made[0])))
    kept = asyncio.create_task(recorder.record(_look(made[1])))
    await asyncio.sleep(0)
    given_up.cancel()
    await kept
    assert units == [1]
