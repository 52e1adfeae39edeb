"""Which due jobs may start: kinds by their rank, each within its limits."""

from typing import cast

import pytest

from dcvd.core.ids import IdPrefix
from dcvd.core.jobs import NO_PAYLOAD, Job, JobKind, NoPayload, Predecessor
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.jobs.selector import JobSelector
from dcvd.services import organizations
from dcvd.services.context import Context
from dcvd.services.jobs import queue
from dcvd.services.jobs.definition import JobDefinition, JobLimits, JobRun, JobServices
from tests.manual_clock import ManualClock
from tests.providing import access_of

_SLOTS = 8
_NO_CLOUDFLARE = cast(CloudflareClient, None)


async def _complete(run: JobRun[NoPayload]) -> None:
    await queue.complete(run.context, run.job)


def _define(
    name: str, rank: int = 1, limits: JobLimits | None = None, waits_for: Predecessor | None = None
) -> JobDefinition[NoPayload]:
    return JobDefinition(
        kind=JobKind(name, NoPayload), perform=_complete, rank=rank, limits=limits or JobLimits(), waits_for=waits_for
    )


def _select_from(context: Context, *definitions: JobDefinition[NoPayload]) -> JobSelector:
    return JobSelector(JobServices(context, _NO_CLOUDFLARE, access_of(context)), definitions, _SLOTS)


async def _enqueue(
    context: Context,
    definition: JobDefinition[NoPayload],
    org_id: str,
    *,
    count: int = 1,
    connection_id: str | None = None,
    name: str | None = None,
) -> list[Job]:
    return [
        await context.database.write(
            lambda tx: queue.enqueue(
                context, tx, definition.kind, NO_PAYLOAD, org_id=org_id, domain_name=name, connection_id=connection_id
            )
        )
        for _ in range(count)
    ]


@pytest.fixture
async def rival_org(context: Context) -> str:
    return (await organizations.create(context, "Rival")).id


async def test_kinds_are_taken_by_their_rank_and_no_more_than_there_are_slots(context: Context, org: str) -> None:
    last, first = _define("last", 2), _define("first", 1)
    selector = _select_from(context, first, last)
    await _enqueue(context, last, org, count=5)
    await _enqueue(context, first, org, count=2)
    assert [job.kind for job in await selector.select(4, ())] == ["first", "first", "last", "last"]


async def test_a_kind_has_its_share_of_the_slots_also_with_those_that_run_already(context: Context, org: str) -> None:
    few = _define("few", limits=JobLimits(share=1 / 4))
    selector = _select_from(context, few)
    running, *_ = await _enqueue(context, few, org, count=5)
    assert len(await selector.select(_SLOTS, ())) == 2
    with selector.track(running):
        assert len(await selector.select(_SLOTS, [running.id])) == 1
    assert len(await selector.select(_SLOTS, ())) == 2


async def test_a_share_of_few_slots_is_one_slot_at_least(context: Context, org: str) -> None:
    rare = _define("rare", limits=JobLimits(share=1 / 100))
    await _enqueue(context, rare, org, count=2)
    assert len(await _select_from(context, rare).select(_SLOTS, ())) == 1


@pytest.mark.parametrize(("free", "expected"), [(None, 5), (3, 2), (1, 0), (0, 0)])
async def test_a_capacity_that_changes_is_asked_each_time(
    context: Context, org: str, free: int | None, expected: int
) -> None:
    bounded = _define("bounded", limits=JobLimits(count_free=lambda services: free))
    selector = _select_from(context, bounded)
    running, *_ = await _enqueue(context, bounded, org, count=6)
    with selector.track(running):
        assert len(await selector.select(_SLOTS, [running.id])) == expected


async def test_a_connection_does_one_thing_at_a_time(context: Context, org: str) -> None:
    single = _define("single", limits=JobLimits(is_one_per_connection=True))
    selector = _select_from(context, single)
    running, second = await _enqueue(context, single, org, count=2, connection_id="conn_1")
    await _enqueue(context, single, org, count=2, connection_id="conn_2")
    await _enqueue(context, single, org, count=2)
    assert [job.connection_id for job in await selector.select(_SLOTS, ())] == ["conn_1", "conn_2", None, None]
    with selector.track(running):
        selected = await selector.select(_SLOTS, [running.id])
    assert [job.connection_id for job in selected] == ["conn_2", None, None]
    assert second.id not in {job.id for job in selected}


async def test_one_organization_leaves_room_for_the_others(context: Context, org: str, rival_org: str) -> None:
    shared = _define("shared", limits=JobLimits(share_per_org=1 / 4))
    selector = _select_from(context, shared)
    await _enqueue(context, shared, org, count=5)
    await _enqueue(context, shared, rival_org, count=1)
    selected = await selector.select(_SLOTS, ())
    assert sorted(job.org_id for job in selected) == sorted([org, org, rival_org])


async def test_one_slot_is_never_given_to_kinds_that_wait_on_customers(context: Context, org: str) -> None:
    slow = [_define(name, limits=JobLimits(waits_on_customers=True)) for name in ("slow", "slower")]
    own = _define("own", 2)
    selector = _select_from(context, *slow, own)
    for definition in (*slow, own):
        await _enqueue(context, definition, org, count=_SLOTS)
    kinds = [job.kind for job in await selector.select(_SLOTS, ())]
    assert kinds == [*["slow"] * (_SLOTS - 1), "own"]


@pytest.mark.parametrize(
    ("waits_for", "expected"),
    [
        (Predecessor("removal"), []),
        (Predecessor("removal", is_same_org=True), ["theirs"]),
        (Predecessor("removal", is_same_org=True, is_earlier=True), ["theirs"]),
        (Predecessor("removal", is_earlier=True), []),
        (Predecessor("other"), ["ours", "theirs"]),
        (None, ["ours", "theirs"]),
    ],
)
async def test_a_job_waits_for_pending_jobs_of_the_same_name(
    context: Context,
    clock: ManualClock,
    org: str,
    rival_org: str,
    waits_for: Predecessor | None,
    expected: list[str],
) -> None:
    removal, addition = _define("removal"), _define("addition", waits_for=waits_for)
    selector = _select_from(context, addition)
    await _enqueue(context, removal, org, name="app.customer.test")
    clock.advance(1)
    by_id = {
        (await _enqueue(context, addition, org_id, name="app.customer.test"))[0].id: whose
        for whose, org_id in (("ours", org), ("theirs", rival_org))
    }
    assert sorted(by_id[job.id] for job in await selector.select(_SLOTS, ())) == expected


async def test_of_jobs_that_wait_for_earlier_ones_of_their_kind_the_first_goes_alone(
    context: Context, org: str
) -> None:
    ordered = _define("ordered", waits_for=Predecessor("ordered", is_same_org=True, is_earlier=True))
    selector = _select_from(context, ordered)
    enqueued = await _enqueue(context, ordered, org, count=3, name="app.customer.test")
    first = min(enqueued, key=lambda job: job.id)
    assert [job.id for job in await selector.select(_SLOTS, ())] == [first.id]
    assert first.id.startswith(IdPrefix.JOB)
