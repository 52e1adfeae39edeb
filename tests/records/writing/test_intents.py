"""A job that is retried long after it was asked for does only what is still wanted."""

from dcvd.core.jobs import JobState
from dcvd.errors import Permanent, Retryable
from dcvd.services.context import Context
from dcvd.services.domains import queries, removals
from dcvd.services.jobs import queue as jobs
from tests.dns_provider import connect
from tests.records.writing.conftest import NAME, OURS, THEIRS, Desk

_REFUSED = Permanent("There is no such account.", code="provider_refused")


async def test_an_old_undo_that_is_retried_after_a_later_write_leaves_the_written_record(
    desk: Desk, context: Context
) -> None:
    domain = await desk.replace()
    undoing = await desk.undo(domain)
    desk.zone.refuses = _REFUSED
    assert (await desk.work()).state is JobState.DEAD
    desk.zone.refuses = None
    await desk.ask(domain)
    assert (await desk.work()).state is JobState.DONE
    await jobs.retry(context, desk.org_id, undoing.id)
    assert (await desk.work()).state is JobState.DONE
    assert desk.zone.standing == [OURS]
    assert (await queries.get(context, desk.org_id, domain.id)).connection_id == desk.connection_id
    await desk.undo(domain)
    await desk.work()
    assert desk.zone.standing == [THEIRS]


async def test_an_undo_that_is_retried_and_still_wanted_is_done(desk: Desk, context: Context) -> None:
    domain = await desk.domain()
    await desk.work()
    undoing = await desk.undo(domain)
    desk.zone.refuses = _REFUSED
    await desk.work()
    desk.zone.refuses = None
    await jobs.retry(context, desk.org_id, undoing.id)
    assert (await desk.work()).state is JobState.DONE
    assert desk.zone.standing == []


async def test_an_undo_whose_domain_is_removed_while_the_zone_is_read_changes_nothing(
    desk: Desk, context: Context
) -> None:
    domain = await desk.domain()
    await desk.work()
    await desk.undo(domain)
    desk.zone.while_read = lambda: removals.remove(context, desk.org_id, domain.id)
    await desk.work()
    assert (desk.zone.standing, desk.zone.changes) == ([OURS], 1)


async def test_an_undo_of_a_removed_domain_does_not_put_back_what_its_removal_took_away(
    desk: Desk, context: Context
) -> None:
    domain = await desk.replace()
    undoing = await desk.undo(domain)
    desk.zone.refuses = _REFUSED
    await desk.work()
    await removals.remove(context, desk.org_id, domain.id, remove_records=True)
    await desk.work()
    desk.zone.refuses = None
    await jobs.retry(context, desk.org_id, undoing.id)
    assert (await desk.work()).state is JobState.DONE
    assert desk.zone.standing == [OURS]


async def test_a_write_that_is_retried_after_an_undo_writes_nothing(desk: Desk, context: Context) -> None:
    domain = await desk.domain()
    desk.zone.refuses = _REFUSED
    written = await desk.work()
    desk.zone.refuses = None
    await desk.ask(domain)
    await desk.work()
    await desk.undo(domain)
    await desk.work()
    await jobs.retry(context, desk.org_id, written.id)
    assert (await desk.work()).state is JobState.DONE
    assert desk.zone.standing == []


async def test_a_write_that_is_retried_after_the_domain_has_another_connection_writes_nothing(
    desk: Desk, context: Context
) -> None:
    domain = await desk.domain()
    desk.zone.refuses = _REFUSED
    written = await desk.work()
    desk.zone.refuses = None
    desk.connection_id = (await connect(context, desk.org_id)).id
    desk.zone.add("A", "192.0.2.1")
    await desk.ask(domain, replacing=True)
    await desk.work()
    await jobs.retry(context, desk.org_id, written.id)
    changes = desk.zone.changes
    assert (await desk.work()).state is JobState.DONE
    assert desk.zone.changes == changes


async def test_a_write_that_the_provider_left_half_done_can_be_undone(desk: Desk) -> None:
    desk.zone.add("A", "192.0.2.1")
    domain = await desk.domain()
    await desk.work()
    await desk.ask(domain, replacing=True)
    desk.zone.fail_next_change(Retryable("It was not put back.", code="provider_half_done"))
    await desk.work()
    desk.zone.clear()
    await desk.undo(domain)
    while await desk.pending():
        await desk.work()
    assert desk.zone.standing == [THEIRS]
    assert [f"{NAME} A {each.value}" for each in desk.zone.records] == [THEIRS]
