"""Jobs that write records: whatever goes wrong in between, no record of the customer's is lost or overwritten."""

import pytest

from dcvd.core.domains.domain import Domain, Record
from dcvd.core.domains.observations import CloudflareHostname
from dcvd.core.jobs import JobState
from dcvd.core.lifecycle.transitions import Observation
from dcvd.core.records.zones import DnsWrite
from dcvd.errors import Conflict, InvalidInput, Permanent, RecordConflict, Retryable, Unauthorized
from dcvd.services.context import Context
from dcvd.services.domains import additions, queries
from dcvd.services.jobs import queue as jobs
from dcvd.services.jobs.dns_writes import WRITE_DNS
from dcvd.services.lifecycle import checks
from dcvd.store.organizations.organizations import Organization
from tests.dns_provider import Killed, lost
from tests.records.writing.conftest import NAME, OURS, THEIRS, Desk
from tests.services.views import bodies
from tests.unreliable_database import Fate


async def test_a_connected_domain_has_its_record_written_and_is_looked_at_next(desk: Desk, context: Context) -> None:
    domain = await desk.domain()
    (job,) = await desk.pending()
    assert (job.connection_id, WRITE_DNS.decode_payload(job)) == (desk.connection_id, DnsWrite(action="write"))
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


@pytest.mark.parametrize("fate", Fate)
async def test_an_answer_that_was_lost_is_healed_by_the_next_try(desk: Desk, fate: Fate) -> None:
    desk.zone.add("A", "192.0.2.1")
    domain = await desk.domain(wildcard=False)
    await desk.work()
    desk.zone.fail_next_change(lost(), fate)
    await desk.ask(domain, replacing=True)
    assert (await desk.work()).last_error_code == "provider_unavailable"
    assert (await desk.work()).state is JobState.DONE
    assert desk.zone.standing == [OURS]
    (row,) = await desk.rows(domain)
    assert (row.state, [each.value for each in row.before]) == ("written", ["192.0.2.1"])


@pytest.mark.parametrize("fate", Fate)
async def test_a_kill_around_the_change_loses_no_value_and_makes_nothing_twice(desk: Desk, fate: Fate) -> None:
    desk.zone.add("A", "192.0.2.1")
    domain = await desk.domain()
    await desk.work()
    await desk.ask(domain, replacing=True)
    desk.zone.fail_next_change(Killed(), fate)
    with pytest.raises(Killed):
        await desk.work()
    (row,) = await desk.rows(domain)
    assert (row.state, [each.value for each in row.before]) == ("writing", ["192.0.2.1"])
    assert (await desk.work()).state is JobState.DONE
    assert desk.zone.standing == [OURS]
    await desk.undo(domain)
    desk.zone.fail_next_change(Killed(), fate)
    with pytest.raises(Killed):
        await desk.work()
    assert (await desk.work()).state is JobState.DONE
    assert desk.zone.standing == [THEIRS]
    assert await desk.rows(domain) == []


async def test_what_came_since_a_plan_that_showed_nothing_in_the_way_is_left_alone_and_said_to_have_come(
    desk: Desk,
) -> None:
    domain = await desk.domain()
    desk.zone.refuses = Permanent("There is no such account.", code="provider_refused")
    await desk.work()
    desk.zone.refuses = None
    await desk.ask(domain, replacing=True)
    desk.zone.add("A", "192.0.2.1")
    job = await desk.work()
    assert (job.state, job.last_error_code) == (JobState.DEAD, "changed_since_plan")
    assert desk.zone.standing == [THEIRS]


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
    job = await desk.work()
    assert (job.state, job.last_error_code) == (JobState.DEAD, "changed_since_plan")
    assert desk.zone.standing == [f"{NAME} A 192.0.2.99"]
    await desk.ask(domain, replacing=True)
    await desk.work()
    (row,) = await desk.rows(domain)
    assert [each.value for each in row.before] == ["192.0.2.99"]


async def test_a_replacement_replaces_what_its_plan_showed_and_nothing_that_came_since_also_when_it_is_retried(
    desk: Desk, context: Context
) -> None:
    desk.zone.add("A", "192.0.2.1")
    desk.zone.add("TXT", "theirs")
    domain = await additions.add(context, desk.org_id, NAME)
    asked = await desk.ask(domain, replacing=True)
    desk.zone.clear()
    desk.zone.add("A", "192.0.2.1")
    desk.zone.add("A", "192.0.2.2")
    for _ in range(2):
        job = await desk.work()
        assert (job.state, job.last_error_code) == (JobState.DEAD, "changed_since_plan")
        assert "A 192.0.2.2, which the plan of this write did not show" in (job.last_error or "")
        assert (len(desk.zone.standing), desk.zone.changes) == (2, 0)
        await jobs.retry(context, desk.org_id, asked.id)
    desk.zone.clear()
    desk.zone.add("A", "192.0.2.1")
    assert (await desk.work()).state is JobState.DONE
    assert desk.zone.standing == [OURS]


async def test_a_conflict_that_meets_every_try_is_given_up_after_the_third(desk: Desk) -> None:
    await desk.domain()
    tries = []
    for _ in range(3):
        desk.zone.fail_next_change(RecordConflict("Somebody was quicker."))
        tries.append(await desk.work())
    assert {job.last_error_code for job in tries} == {"record_conflict"}
    assert [job.state for job in tries] == [JobState.PENDING, JobState.PENDING, JobState.DEAD]
    assert "by hand" in (tries[-1].last_error or "")
    assert desk.zone.standing == []


async def test_a_conflict_after_outages_is_tried_again(desk: Desk) -> None:
    await desk.domain()
    for _ in range(2):
        desk.zone.fail_next_change(lost())
        await desk.work()
    desk.zone.fail_next_change(RecordConflict("Somebody was quicker."))
    job = await desk.work()
    assert (job.state, job.attempts, job.last_error_code) == (JobState.PENDING, 1, "record_conflict")


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
    desk.zone.fail_next_change(Killed(), Fate.DONE_ANYWAY)
    with pytest.raises(Killed):
        await desk.work()
    desk.zone.while_read = lambda: _learn_target(desk.context, domain)
    assert (await desk.work()).id == job.id
    assert len(await desk.pending()) == 1
    await desk.work()
    assert len(desk.zone.standing) == 2


async def test_one_job_at_a_time_and_the_same_wish_is_the_same_job(desk: Desk) -> None:
    domain = await desk.domain()
    (job,) = await desk.pending()
    assert (await desk.ask(domain)).id == job.id
    desk.zone.add("A", "192.0.2.1")
    with pytest.raises(Conflict) as caught:
        await desk.ask(domain, replacing=True)
    assert (caught.value.code, caught.value.existing_id) == ("dns_write_pending", job.id)


async def test_a_connection_that_needs_its_owner_makes_a_dead_letter_and_a_conflict(desk: Desk) -> None:
    domain = await desk.domain()
    desk.zone.refuses = Unauthorized("Connect the account anew.", code="reauth_required")
    job = await desk.work()
    assert (job.state, job.last_error_code) == (JobState.DEAD, "reauth_required")
    with pytest.raises(Conflict) as caught:
        await desk.ask(domain)
    assert caught.value.code == "reauth_required"


async def test_a_provider_that_does_not_answer_holds_no_caller(desk: Desk) -> None:
    domain = await desk.domain()
    desk.zone.is_stuck = True
    with pytest.raises(Retryable) as caught:
        await desk.ask(domain, timeout_s=0.01)
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
