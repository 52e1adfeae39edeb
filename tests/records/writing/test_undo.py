"""What was written is taken back, and what stood there before stands there again."""

import pytest

from dcvd.core.jobs import JobState
from dcvd.errors import Conflict, Permanent
from dcvd.services.context import Context
from dcvd.services.domains import queries, removals
from dcvd.store.connections import connections as stored_connections
from dcvd.store.organizations.organizations import Organization
from tests.dns_provider import connect, lost
from tests.records.writing.conftest import NAME, THEIRS, Desk


async def test_a_replacement_and_its_undo_leave_the_zone_as_it_was(desk: Desk, context: Context) -> None:
    domain = await desk.domain("other.customer.test")
    await desk.work()
    desk.zone.clear()
    desk.zone.add("A", "192.0.2.1", "other.customer.test", ttl=77)
    desk.zone.add("TXT", "v=spf1 -all", "other.customer.test", ttl=3600)
    before = [(each.type, each.name, each.value, each.ttl, each.raw) for each in desk.zone.records]
    await desk.ask(domain, replacing=True)
    assert (await desk.work()).state is JobState.DONE
    assert desk.zone.standing == ["other.customer.test CNAME edge.sandbox.test"]
    await desk.undo(domain)
    assert (await desk.work()).state is JobState.DONE
    assert [(each.type, each.name, each.value, each.ttl, each.raw) for each in desk.zone.records] == before
    assert await desk.rows(domain) == []
    assert (await queries.get(context, desk.org_id, domain.id)).connection_id is None
    with pytest.raises(Conflict) as caught:
        await desk.undo(domain)
    assert caught.value.code == "nothing_to_undo"


async def test_a_write_after_an_undo_that_was_cut_off_half_way_keeps_all_that_stood_there_before(desk: Desk) -> None:
    desk.zone.add("A", "192.0.2.1")
    desk.zone.add("A", "192.0.2.2")
    domain = await desk.domain()
    await desk.work()
    await desk.ask(domain, replacing=True)
    await desk.work()
    undoing = await desk.undo(domain)
    desk.zone.fail_next_change(Permanent("No.", code="provider_refused"))
    assert (await desk.work()).id == undoing.id
    desk.zone.clear()
    desk.zone.add("A", "192.0.2.1")
    await desk.ask(domain, replacing=True)
    await desk.work()
    (row,) = await desk.rows(domain)
    assert [each.value for each in row.before] == ["192.0.2.1", "192.0.2.2"]


async def test_an_undo_leaves_alone_what_its_owner_made_of_the_record(desk: Desk) -> None:
    domain = await desk.domain()
    await desk.work()
    await desk.undo(domain)
    desk.zone.clear()
    desk.zone.add("CNAME", "elsewhere.test")
    job = await desk.work()
    assert (job.state, job.last_error_code) == (JobState.DEAD, "record_changed")
    with pytest.raises(Conflict) as caught:
        await desk.undo(domain)
    assert caught.value.code == "record_changed"
    assert desk.zone.standing == [f"{NAME} CNAME elsewhere.test"]


async def test_a_value_of_ours_makes_way_for_the_next_and_the_undo_goes_back_to_the_first(
    desk: Desk, context: Context
) -> None:
    domain = await desk.replace()
    await context.database.write(
        lambda tx: tx.execute("UPDATE domains SET cname_target = 'next.sandbox.test' WHERE id = ?", (domain.id,))
    )
    await desk.ask(domain)
    desk.zone.fail_next_change(lost())
    await desk.work()
    assert (await desk.rows(domain))[0].replaced == "edge.sandbox.test"
    await desk.work()
    assert desk.zone.standing == [f"{NAME} CNAME next.sandbox.test"]
    await desk.undo(domain)
    await desk.work()
    assert desk.zone.standing == [THEIRS]


async def test_an_undo_goes_past_a_write_that_hangs_on(desk: Desk) -> None:
    domain = await desk.domain()
    await desk.work()
    await desk.ask(domain)
    undoing = await desk.undo(domain)
    assert (await desk.work()).state is JobState.DONE
    assert [job.id for job in await desk.pending()] == [undoing.id]
    assert (await desk.work()).state is JobState.DONE
    assert desk.zone.standing == []


async def test_a_connection_that_takes_anothers_place_has_the_undo_too(
    desk: Desk, context: Context, organization: Organization
) -> None:
    desk.zone.add("A", "192.0.2.1", ttl=77)
    domain = await desk.domain()
    await desk.work()
    await desk.ask(domain, replacing=True)
    await desk.work()
    (before,) = await desk.rows(domain)
    await _removed(context, desk.connection_id)
    with pytest.raises(Conflict) as caught:
        await desk.undo(domain)
    assert caught.value.code == "connection_removed"
    desk.connection_id = (await connect(context, organization.id)).id
    await desk.ask(domain)
    assert (await desk.work()).state is JobState.DONE
    (row,) = await desk.rows(domain)
    assert (row.connection_id, row.value, len(row.before)) == (desk.connection_id, before.value, 1)
    await desk.undo(domain)
    assert (await desk.work()).state is JobState.DONE
    assert desk.zone.standing == [THEIRS]
    assert [record.ttl for record in desk.zone.records] == [77]


async def test_a_domain_whose_connection_is_gone_promises_to_take_nothing_out(desk: Desk, context: Context) -> None:
    domain = await desk.domain()
    await desk.work()
    await _removed(context, desk.connection_id)
    _, left = await removals.remove(context, desk.org_id, domain.id, remove_records=True)
    assert [(record.written_by_us, record.being_removed) for record in left] == [(True, False)]
    assert await desk.pending() == []


async def _removed(context: Context, connection_id: str) -> None:
    await context.database.write(lambda tx: stored_connections.delete(tx, connection_id))
