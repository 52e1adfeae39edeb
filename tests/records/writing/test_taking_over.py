"""A domain is removed and added again: whatever we wrote for it stays known."""

import pytest

from dcvd.core.dns.facts import DnsFacts, DnsObservation
from dcvd.core.jobs import JobState
from dcvd.errors import Permanent
from dcvd.services.context import Context
from dcvd.services.domains import additions, removals
from dcvd.services.jobs import queue as jobs
from dcvd.services.lifecycle import checks
from dcvd.store.organizations.organizations import Organization
from tests.dns_provider import lost
from tests.records.writing.conftest import NAME, OURS, THEIRS, Desk


async def _work_off(desk: Desk) -> None:
    while await desk.pending():
        assert (await desk.work()).state is JobState.DONE


@pytest.mark.parametrize("is_connected", [True, False])
async def test_a_domain_that_is_added_again_at_once_keeps_its_record_and_the_next_removal_takes_it_out(
    desk: Desk, context: Context, is_connected: bool
) -> None:
    first = await desk.replace()
    await removals.remove(context, desk.org_id, first.id, remove_records=True)
    desk.clock.advance(1)
    second = await (desk.domain() if is_connected else additions.add(context, desk.org_id, NAME))
    await _work_off(desk)
    assert desk.zone.standing == [OURS]
    (row,) = await desk.rows(second)
    assert ([each.value for each in row.before], row.orphaned_at) == (["192.0.2.1"], None)
    desk.clock.advance(1)
    _, left = await removals.remove(context, desk.org_id, second.id, remove_records=True)
    assert [(each.written_by_us, each.being_removed) for each in left] == [(True, True)]
    await _work_off(desk)
    assert desk.zone.standing == []


async def test_an_undo_after_the_second_addition_puts_back_what_stood_there_before_the_first(
    desk: Desk, context: Context
) -> None:
    first = await desk.replace()
    await removals.remove(context, desk.org_id, first.id, remove_records=True)
    desk.clock.advance(1)
    second = await desk.domain()
    await _work_off(desk)
    await desk.undo(second)
    await _work_off(desk)
    assert desk.zone.standing == [THEIRS]


async def test_an_addition_while_the_zone_is_read_for_the_removal_keeps_the_record(
    desk: Desk, context: Context
) -> None:
    first = await desk.replace()
    await removals.remove(context, desk.org_id, first.id, remove_records=True)
    desk.zone.while_read = desk.domain
    assert (await desk.work()).state is JobState.DONE
    assert desk.zone.standing == [OURS]
    await _work_off(desk)
    assert desk.zone.standing == [OURS]


async def test_a_removal_that_waits_for_its_next_try_does_not_hold_up_the_domain_that_is_added_again(
    desk: Desk, context: Context
) -> None:
    first = await desk.replace()
    await removals.remove(context, desk.org_id, first.id, remove_records=True)
    desk.zone.fail_next_change(lost())
    removal = await desk.work()
    assert (removal.next_attempt_at or 0) > context.now()
    desk.clock.advance(1)
    await desk.domain()
    assert [job.next_attempt_at for job in await desk.pending()] == [context.now()] * 2


async def test_a_dead_removal_that_is_retried_after_the_domain_was_added_again_takes_nothing_out(
    desk: Desk, context: Context
) -> None:
    first = await desk.replace()
    await removals.remove(context, desk.org_id, first.id, remove_records=True)
    desk.zone.refuses = Permanent("There is no such account.", code="provider_refused")
    removal = await desk.work()
    assert removal.state is JobState.DEAD
    desk.zone.refuses = None
    desk.clock.advance(1)
    second = await desk.domain()
    await _work_off(desk)
    await jobs.retry(context, desk.org_id, removal.id)
    await _work_off(desk)
    assert desk.zone.standing == [OURS]
    assert len(await desk.rows(second)) == 1


async def test_a_name_that_another_organization_only_claims_keeps_nobodys_record(
    desk: Desk, context: Context, rival: Organization
) -> None:
    first = await desk.replace()
    await removals.remove(context, desk.org_id, first.id, remove_records=True)
    await additions.add(context, rival.id, NAME)
    assert (await desk.work()).state is JobState.DONE
    assert desk.zone.standing == []


async def test_a_name_that_another_organization_proved_since_keeps_its_record_and_the_removal_says_so(
    desk: Desk, context: Context, rival: Organization
) -> None:
    first = await desk.replace()
    await removals.remove(context, desk.org_id, first.id, remove_records=True)
    desk.clock.advance(1)
    theirs = await additions.add(context, rival.id, NAME)
    seen = DnsFacts(hostname=NAME, target=theirs.cname_target, outcome="answered", chain=(theirs.cname_target,))
    await checks.record(context, theirs.id, [DnsObservation(seen)])
    removal = await desk.work()
    assert (removal.state, removal.last_error_code) == (JobState.DEAD, "record_needed_by_others")
    assert f"{NAME} CNAME edge.sandbox.test stays" in (removal.last_error or "")
    assert desk.zone.standing == [OURS]
    assert await desk.rows(theirs) == []
    await removals.remove(context, rival.id, theirs.id)
    await jobs.retry(context, desk.org_id, removal.id)
    await _work_off(desk)
    assert desk.zone.standing == []
