"""Jobs that write records: whatever goes wrong in between, no record of the customer's is lost or overwritten."""

import asyncio
from collections.abc import Iterator
from typing import cast

import pytest

from dcvd.config import Config
from dcvd.core.domains.domain import Domain, Record
from dcvd.core.domains.observations import CloudflareHostname
from dcvd.core.jobs import Job, JobKind, JobState
from dcvd.core.lifecycle.transitions import Observation
from dcvd.core.records.written_records import WrittenRecord
from dcvd.core.records.zones import DnsWrite
from dcvd.errors import Conflict, InvalidInput, Permanent, RemoteError, Retryable, Unauthorized
from dcvd.kit.clock import ManualClock
from dcvd.services.context import Context
from dcvd.services.domains import additions, queries, removals
from dcvd.services.jobs import queue as jobs
from dcvd.services.lifecycle import checks
from dcvd.services.records import plans, writes
from dcvd.store import connections as stored_connections
from dcvd.store import jobs as stored
from dcvd.store import written_records
from dcvd.store.engine.database import Database
from dcvd.store.organizations import Organization
from tests.conftest import VAULT
from tests.dns_provider import Killed, OneProvider, ZoneAtProvider, connect, lost
from tests.services.memory import MemoryDatabase
from tests.services.views import all_jobs, bodies

NAME = "app.customer.test"
OURS = f"{NAME} CNAME edge.sandbox.test"
THEIRS = f"{NAME} A 192.0.2.1"


class Desk:
    """An organization with a connection, and the zone behind it."""

    def __init__(self, context: Context, clock: ManualClock, org_id: str, connection_id: str) -> None:
        self.context = context
        self.clock = clock
        self.org_id = org_id
        self.connection_id = connection_id
        self.zone = ZoneAtProvider()
        self.access = OneProvider(context, self.zone)

    async def domain(self, name: str = NAME, **options: object) -> Domain:
        """A new one, connected."""
        return await additions.add(self.context, self.org_id, name, connection_id=self.connection_id, **options)  # type: ignore[arg-type]  # as `add` has them

    async def ask(self, domain: Domain, *, replacing: bool = False) -> Job:
        self.clock.advance(1)
        plan = await plans.plan_write(
            self.context, self.access, self.org_id, domain.id, connection_id=self.connection_id, replace=replacing
        )
        return await plans.enqueue_write(
            self.context, self.org_id, domain.id, plan, replace=replacing, actor="operator"
        )

    async def undo(self, domain: Domain) -> Job:
        self.clock.advance(1)
        plan = await plans.plan_undo(self.context, self.access, self.org_id, domain.id)
        return await plans.enqueue_undo(self.context, self.org_id, domain.id, plan, actor="operator")

    async def pending(self) -> list[Job]:
        return [job for job in await self.jobs() if job.state is JobState.PENDING]

    async def jobs(self) -> list[Job]:
        return [job for job in await all_jobs(self.context, self.org_id) if job.kind is JobKind.WRITE_DNS]

    async def work(self) -> Job:
        """One try of the oldest pending job; how it stands then."""
        (job, *_) = await self.pending()
        try:
            await writes.perform(self.context, self.access, job)
        except RemoteError as error:
            await jobs.fail(self.context, job, error)
        return await jobs.get(self.context, self.org_id, job.id)

    async def rows(self, domain: Domain) -> list[WrittenRecord]:
        return await self.context.database.read(lambda snapshot: written_records.list_of_domain(snapshot, domain.id))


@pytest.fixture
def context(config: Config, clock: ManualClock) -> Iterator[Context]:
    """In memory: what a crash leaves is what was committed."""
    database = MemoryDatabase()
    yield Context(cast(Database, database), config, vault=VAULT, clock=clock, random_fraction=lambda: 0.0)
    database.close()


@pytest.fixture
async def desk(context: Context, clock: ManualClock, organization: Organization) -> Desk:
    return Desk(context, clock, organization.id, (await connect(context, organization.id)).id)


async def test_a_connected_domain_has_its_record_written_and_is_looked_at_next(desk: Desk, context: Context) -> None:
    domain = await desk.domain()
    (job,) = await desk.pending()
    assert (job.connection_id, job.dns_write) == (desk.connection_id, DnsWrite(action="write"))
    assert (await desk.work()).state is JobState.DONE
    assert desk.zone.standing == [OURS]
    (row,) = await desk.rows(domain)
    assert (row.state, row.before, row.zone) == ("written", (), "customer.test")
    assert (await queries.get(context, desk.org_id, domain.id)).next_check_at == context.now()


async def test_a_connection_of_somebody_else_or_of_nobody_is_refused(
    desk: Desk, context: Context, rival: Organization
) -> None:
    for org_id, connection_id in ((rival.id, desk.connection_id), (desk.org_id, "conn_x")):
        with pytest.raises(InvalidInput, match="There is no connection") as caught:
            await additions.add(context, org_id, NAME, connection_id=connection_id)
        assert caught.value.field == "connectionId"
    assert await desk.jobs() == []


async def test_what_is_in_the_way_makes_a_dead_letter_that_says_so_and_stays(desk: Desk) -> None:
    desk.zone.add("A", "192.0.2.1")
    domain = await desk.domain()
    job = await desk.work()
    assert (job.state, job.last_error_code) == (JobState.DEAD, "record_in_the_way")
    assert "A 192.0.2.1" in (job.last_error or "")
    assert (desk.zone.standing, desk.zone.changes) == ([THEIRS], 0)
    assert await desk.rows(domain) == []
    told = [body["data"] for body in await bodies(desk.context, desk.org_id) if body["event"] == "job.dlq"]
    assert (told[0]["connection_id"], told[0]["action"]) == (desk.connection_id, "write")


async def test_one_record_that_is_in_the_way_does_not_keep_the_other_from_being_written(desk: Desk) -> None:
    desk.zone.add("A", "192.0.2.1")
    domain = await desk.domain(validation="delegated")
    await _learn_target(desk.context, domain)
    assert (await desk.work()).last_error_code == "record_in_the_way"
    assert desk.zone.standing == [f"_acme-challenge.{NAME} CNAME {NAME}.uuid.dcv.cloudflare.com", THEIRS]
    assert [row.state for row in await desk.rows(domain)] == ["written"]


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


async def test_nothing_is_enqueued_for_a_plan_that_is_blocked(desk: Desk, context: Context) -> None:
    desk.zone.add("A", "192.0.2.1")
    domain = await additions.add(context, desk.org_id, NAME)
    with pytest.raises(Conflict, match='"replace": true') as caught:
        await desk.ask(domain)
    assert caught.value.code == "record_in_the_way"
    assert await desk.jobs() == []
    assert (await queries.get(context, desk.org_id, domain.id)).connection_id is None


async def test_a_name_outside_of_the_connections_zone_is_refused_and_a_job_for_it_is_dead(desk: Desk) -> None:
    domain = await desk.domain("app.elsewhere.test")
    job = await desk.work()
    assert (job.state, job.last_error_code) == (JobState.DEAD, "zone_not_found")
    with pytest.raises(Conflict) as caught:
        await desk.ask(domain)
    assert caught.value.code == "zone_not_found"


async def test_a_provider_that_says_yes_and_does_nothing_is_found_out_and_given_up(desk: Desk) -> None:
    desk.zone.says_yes_and_does_nothing = True
    await desk.domain()
    tries = [await desk.work() for _ in range(3)]
    assert [job.state for job in tries] == [JobState.PENDING, JobState.PENDING, JobState.DEAD]
    assert {job.last_error_code for job in tries} == {"not_written"}
    assert "nothing stands there now" in (tries[-1].last_error or "")


@pytest.mark.parametrize("lost_at", ["fails_before", "fails_after"])
async def test_an_answer_that_was_lost_is_healed_by_the_next_try(desk: Desk, lost_at: str) -> None:
    desk.zone.add("A", "192.0.2.1")
    domain = await desk.domain(wildcard=False)
    await desk.work()
    setattr(desk.zone, lost_at, lost())
    await desk.ask(domain, replacing=True)
    assert (await desk.work()).last_error_code == "provider_unavailable"
    assert (await desk.work()).state is JobState.DONE
    assert desk.zone.standing == [OURS]
    (row,) = await desk.rows(domain)
    assert (row.state, [each.value for each in row.before]) == ("written", ["192.0.2.1"])


@pytest.mark.parametrize("killed_at", ["fails_before", "fails_after"])
async def test_a_kill_around_the_change_loses_no_value_and_makes_nothing_twice(desk: Desk, killed_at: str) -> None:
    desk.zone.add("A", "192.0.2.1")
    domain = await desk.domain()
    await desk.work()
    await desk.ask(domain, replacing=True)
    setattr(desk.zone, killed_at, Killed())
    with pytest.raises(Killed):
        await desk.work()
    (row,) = await desk.rows(domain)
    assert (row.state, [each.value for each in row.before]) == ("writing", ["192.0.2.1"])
    assert (await desk.work()).state is JobState.DONE
    assert desk.zone.standing == [OURS]
    await desk.undo(domain)
    setattr(desk.zone, killed_at, Killed())
    with pytest.raises(Killed):
        await desk.work()
    assert (await desk.work()).state is JobState.DONE
    assert desk.zone.standing == [THEIRS]
    assert await desk.rows(domain) == []


async def test_a_write_after_an_undo_that_was_cut_off_half_way_keeps_all_that_stood_there_before(desk: Desk) -> None:
    desk.zone.add("A", "192.0.2.1")
    desk.zone.add("A", "192.0.2.2")
    domain = await desk.domain()
    await desk.work()
    await desk.ask(domain, replacing=True)
    await desk.work()
    undoing = await desk.undo(domain)
    desk.zone.fails_before = Permanent("No.", code="provider_refused")
    assert (await desk.work()).id == undoing.id
    desk.zone.clear()
    desk.zone.add("A", "192.0.2.1")
    await desk.ask(domain, replacing=True)
    await desk.work()
    (row,) = await desk.rows(domain)
    assert [each.value for each in row.before] == ["192.0.2.1", "192.0.2.2"]


async def test_a_record_that_changes_between_the_look_and_the_change_is_not_overwritten(desk: Desk) -> None:
    desk.zone.add("A", "192.0.2.1")
    domain = await desk.domain()
    await desk.work()
    await desk.ask(domain, replacing=True)

    def changed_by_its_owner() -> None:
        desk.zone.clear()
        desk.zone.add("A", "192.0.2.99")

    desk.zone.between = changed_by_its_owner
    job = await desk.work()
    assert (job.state, job.last_error_code) == (JobState.PENDING, "record_conflict")
    assert desk.zone.standing == [f"{NAME} A 192.0.2.99"]
    await desk.work()
    (row,) = await desk.rows(domain)
    assert [each.value for each in row.before] == ["192.0.2.99"]


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


async def test_a_target_that_becomes_known_is_written_by_itself(desk: Desk) -> None:
    domain = await desk.domain(validation="delegated")
    await desk.work()
    assert desk.zone.standing == [OURS]
    await _learn_target(desk.context, domain)
    assert (await desk.work()).state is JobState.DONE
    assert desk.zone.standing == [f"_acme-challenge.{NAME} CNAME {NAME}.uuid.dcv.cloudflare.com", OURS]
    await _learn_target(desk.context, domain)
    assert await desk.pending() == []


async def test_a_target_that_becomes_known_while_the_records_are_written_is_written_next(desk: Desk) -> None:
    domain = await desk.domain(validation="delegated")
    (job,) = await desk.pending()
    desk.zone.fails_after = Killed()
    with pytest.raises(Killed):
        await desk.work()
    reading = desk.zone.read

    async def learns(*asked: object) -> object:
        await _learn_target(desk.context, domain)
        desk.zone.read = reading  # type: ignore[method-assign]  # once
        return await reading(*asked)  # type: ignore[arg-type]  # as it was called

    desk.zone.read = learns  # type: ignore[method-assign,assignment]  # in the middle of a try
    assert (await desk.work()).id == job.id
    assert len(await desk.pending()) == 1
    await desk.work()
    assert len(desk.zone.standing) == 2


async def test_a_value_of_ours_makes_way_for_the_next_and_the_undo_goes_back_to_the_first(
    desk: Desk, context: Context
) -> None:
    desk.zone.add("A", "192.0.2.1")
    domain = await desk.domain()
    await desk.work()
    await desk.ask(domain, replacing=True)
    await desk.work()
    await context.database.write(
        lambda tx: tx.execute("UPDATE domains SET cname_target = 'next.sandbox.test' WHERE id = ?", (domain.id,))
    )
    await desk.ask(domain)
    desk.zone.fails_before = lost()
    await desk.work()
    assert (await desk.rows(domain))[0].replaced == "edge.sandbox.test"
    await desk.work()
    assert desk.zone.standing == [f"{NAME} CNAME next.sandbox.test"]
    await desk.undo(domain)
    await desk.work()
    assert desk.zone.standing == [THEIRS]


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
    assert removal.dns_write == DnsWrite(action="remove")
    assert write.dns_write == DnsWrite(action="write")
    due = await context.database.read(
        lambda snapshot: stored.list_due(snapshot, JobKind.WRITE_DNS, context.now(), 10, [removal.id])
    )
    assert due == []
    await desk.work()
    assert desk.zone.standing == [OURS]
    assert (await desk.work()).state is JobState.DONE


async def test_a_domain_that_goes_while_it_is_written_is_not_written_after_that(desk: Desk, context: Context) -> None:
    domain = await desk.domain()
    reading = desk.zone.read

    async def removed_meanwhile(*asked: object) -> object:
        await removals.remove(context, desk.org_id, domain.id, remove_records=True)
        return await reading(*asked)  # type: ignore[arg-type]  # as it was called

    desk.zone.read = removed_meanwhile  # type: ignore[method-assign,assignment]  # in the middle of a try
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
    await writes.perform(context, desk.access, job)
    assert (desk.zone.changes, await desk.rows(domain)) == (0, [])
    assert (await desk.work()).domain_id == stays.id


async def test_a_write_that_was_ended_while_the_zone_was_read_is_not_made_after_that(
    desk: Desk, context: Context
) -> None:
    domain = await desk.domain()
    (job,) = await desk.pending()
    reading = desk.zone.read

    async def ended_meanwhile(*asked: object) -> object:
        await context.database.write(
            lambda tx: stored.end_pending_of_domains(tx, [domain.id], [JobKind.WRITE_DNS], context.now())
        )
        return await reading(*asked)  # type: ignore[arg-type]  # as it was called

    desk.zone.read = ended_meanwhile  # type: ignore[method-assign,assignment]  # in the middle of a try
    await writes.perform(context, desk.access, job)
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


async def test_one_job_at_a_time_and_the_same_wish_is_the_same_job(desk: Desk) -> None:
    domain = await desk.domain()
    (job,) = await desk.pending()
    assert (await desk.ask(domain)).id == job.id
    with pytest.raises(Conflict) as caught:
        await desk.ask(domain, replacing=True)
    assert (caught.value.code, caught.value.existing_id) == ("dns_write_pending", job.id)


async def test_an_undo_goes_past_a_write_that_hangs_on(desk: Desk) -> None:
    domain = await desk.domain()
    await desk.work()
    await desk.ask(domain)
    undoing = await desk.undo(domain)
    assert (await desk.work()).state is JobState.DONE
    assert [job.id for job in await desk.pending()] == [undoing.id]
    assert (await desk.work()).state is JobState.DONE
    assert desk.zone.standing == []


async def test_a_connection_that_needs_its_owner_makes_a_dead_letter_and_a_conflict(desk: Desk) -> None:
    domain = await desk.domain()
    desk.zone.refuses = Unauthorized("Connect the account anew.", code="reauth_required")
    job = await desk.work()
    assert (job.state, job.last_error_code) == (JobState.DEAD, "reauth_required")
    with pytest.raises(Conflict) as caught:
        await desk.ask(domain)
    assert caught.value.code == "reauth_required"


async def test_a_connection_that_goes_ends_what_was_to_be_written_and_not_what_is_known_of_it(
    desk: Desk, context: Context
) -> None:
    domain = await desk.domain()
    desk.zone.fails_before = lost()
    await desk.work()
    await context.database.write(lambda tx: stored_connections.delete(tx, desk.connection_id))
    assert [(row.connection_id, row.state) for row in await desk.rows(domain)] == [(None, "writing")]
    assert (await desk.work()).state is JobState.DONE
    assert desk.zone.standing == []


async def test_a_provider_that_does_not_answer_holds_no_caller(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    domain = await desk.domain()
    monkeypatch.setattr(plans, "PROVIDER_TIMEOUT_S", 0.01)

    async def never(_: object) -> None:
        await asyncio.Event().wait()

    desk.zone.find_zone = never  # type: ignore[method-assign,assignment]  # a provider that is stuck
    with pytest.raises(Retryable) as caught:
        await desk.ask(domain)
    assert caught.value.code == "provider_slow"


async def _learn_target(context: Context, domain: Domain) -> None:
    """Cloudflare names where the challenge has to point."""
    seen: list[Observation] = [
        CloudflareHostname(
            id="cf-1",
            hostname=domain.name,
            status="pending",
            ssl_status="pending_validation",
            delegation_record=Record(
                "CNAME", f"_acme-challenge.{domain.name}", f"{domain.name}.uuid.dcv.cloudflare.com"
            ),
        )
    ]
    await checks.record(context, domain.id, seen)


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
