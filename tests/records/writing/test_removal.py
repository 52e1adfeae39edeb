"""A domain goes: its records go with it where that was wished, and only those that we wrote."""

import pytest

from dcvd.core.jobs import JobState
from dcvd.core.records.zones import DnsWrite
from dcvd.errors import Retryable
from dcvd.services.context import Context
from dcvd.services.domains import removals
from dcvd.services.jobs import queue as jobs
from dcvd.services.jobs.dns_writes import WRITE_DNS
from dcvd.store.connections import connections as stored_connections
from dcvd.store.jobs import jobs as stored
from tests.dns_provider import lost
from tests.due import list_due
from tests.manual_clock import ManualClock
from tests.performing import perform
from tests.records.writing.conftest import NAME, OURS, Desk


async def test_a_removed_domain_takes_along_what_we_wrote_and_only_that(desk: Desk, context: Context) -> None:
    domain = await desk.domain()
    await desk.work()
    desk.zone.add("TXT", "theirs")
    _, left = await removals.remove(context, desk.org_id, domain.id, remove_records=True)
    assert [(each.written_by_us, each.being_removed) for each in left] == [(True, True)]
    assert (await desk.work()).state is JobState.DONE
    assert desk.zone.standing == [f"{NAME} TXT theirs"]
    assert await desk.rows(domain) == []


async def test_what_was_changed_since_stays_when_its_domain_goes(desk: Desk, context: Context) -> None:
    domain = await desk.domain()
    await desk.work()
    desk.zone.clear()
    desk.zone.add("CNAME", "elsewhere.test")
    await removals.remove(context, desk.org_id, domain.id, remove_records=True)
    assert (await desk.work()).state is JobState.DONE
    assert desk.zone.standing == [f"{NAME} CNAME elsewhere.test"]


async def test_without_the_wish_the_records_stay_and_we_forget_that_we_wrote_them(desk: Desk, context: Context) -> None:
    domain = await desk.domain()
    await desk.work()
    _, left = await removals.remove(context, desk.org_id, domain.id)
    assert [(each.written_by_us, each.being_removed) for each in left] == [(True, False)]
    assert await desk.rows(domain) == []
    assert await desk.pending() == []
    assert desk.zone.standing == [OURS]


async def test_a_name_that_was_added_again_keeps_its_record_and_is_written_after_the_removal(
    desk: Desk, context: Context, clock: ManualClock
) -> None:
    domain = await desk.domain()
    await desk.work()
    await removals.remove(context, desk.org_id, domain.id, remove_records=True)
    clock.advance(1)
    await desk.domain()
    removal, write = await desk.pending()
    assert WRITE_DNS.decode_payload(removal) == DnsWrite(action="remove")
    assert WRITE_DNS.decode_payload(write) == DnsWrite(action="write")
    assert [job.id for job in await list_due(context, WRITE_DNS)] == [removal.id]
    await desk.work()
    assert desk.zone.standing == [OURS]
    assert (await desk.work()).state is JobState.DONE


async def test_a_domain_that_goes_while_it_is_written_is_not_written_after_that(desk: Desk, context: Context) -> None:
    domain = await desk.domain()
    desk.zone.while_read = lambda: removals.remove(context, desk.org_id, domain.id, remove_records=True)
    assert (await desk.work()).state is JobState.DONE
    assert desk.zone.changes == 0


@pytest.mark.parametrize("remove_records", [True, False])
async def test_what_was_still_to_be_written_for_a_domain_that_goes_is_given_up(
    desk: Desk, context: Context, remove_records: bool
) -> None:
    domain = await desk.domain()
    desk.clock.advance(1)
    stays = await desk.domain("www.customer.test")
    (job, other) = await desk.pending()
    await removals.remove(context, desk.org_id, domain.id, remove_records=remove_records)
    assert await desk.pending() == [other]
    ended = await jobs.get(context, desk.org_id, job.id)
    assert (ended.state, ended.next_attempt_at) == (JobState.DONE, None)
    # A worker that had taken it already finds nothing to do.
    await perform(context, desk.access, job)
    assert (desk.zone.changes, await desk.rows(domain)) == (0, [])
    assert (await desk.work()).domain_id == stays.id


async def test_a_write_that_was_ended_while_the_zone_was_read_is_not_made_after_that(
    desk: Desk, context: Context
) -> None:
    domain = await desk.domain()
    (job,) = await desk.pending()
    desk.zone.while_read = lambda: context.database.write(
        lambda tx: stored.end_with_domains(tx, [domain.id], context.now())
    )
    await perform(context, desk.access, job)
    assert (desk.zone.changes, await desk.rows(domain)) == (0, [])


@pytest.mark.parametrize("cut_off", ["ended", "failed"])
async def test_the_failure_of_a_write_whose_domain_has_gone_meanwhile_brings_it_not_back(
    desk: Desk, context: Context, cut_off: str
) -> None:
    domain = await desk.domain()
    (job,) = await desk.pending()
    if cut_off == "failed":
        job = await jobs.fail(context, job, Retryable("It hiccuped.", code="odd"))
    await removals.remove(context, desk.org_id, domain.id)
    await jobs.fail(context, job, Retryable("It hiccuped.", code="odd"))
    assert await desk.pending() == []


async def test_a_connection_that_goes_ends_what_was_to_be_written_and_not_what_is_known_of_it(
    desk: Desk, context: Context
) -> None:
    domain = await desk.domain()
    desk.zone.fail_next_change(lost())
    await desk.work()
    await context.database.write(lambda tx: stored_connections.delete(tx, desk.connection_id))
    assert [(row.connection_id, row.state) for row in await desk.rows(domain)] == [(None, "writing")]
    ended = await desk.work()
    assert (ended.state, ended.last_error_code) == (JobState.DEAD, "connection_removed")
    assert desk.zone.standing == []


async def test_a_removal_names_both_values_of_a_record_that_was_about_to_change(desk: Desk, context: Context) -> None:
    domain = await desk.domain()
    await desk.work()
    await context.database.write(
        lambda tx: tx.execute("UPDATE domains SET cname_target = 'next.sandbox.test' WHERE id = ?", (domain.id,))
    )
    await desk.ask(domain)
    desk.zone.fail_next_change(lost())
    await desk.work()
    _, left = await removals.remove(context, desk.org_id, domain.id)
    assert {each.value for each in left if each.written_by_us} == {"edge.sandbox.test", "next.sandbox.test"}
    assert desk.zone.standing == [OURS]
