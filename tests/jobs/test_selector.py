"""Which due jobs may start: kinds by their rank, each within its limits."""

from typing import cast

import pytest

from dcvd.core.instants import HOUR
from dcvd.core.jobs import NO_PAYLOAD, Job, JobKind, NoPayload, Predecessor
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.jobs.selector import JobSelector
from dcvd.services import organizations
from dcvd.services.context import Context
from dcvd.services.jobs import queue
from dcvd.services.jobs.definition import Awaited, JobDefinition, JobLimits, JobRun, JobServices
from tests.manual_clock import ManualClock
from tests.providing import access_of

_SLOTS = 8
_NO_CLOUDFLARE = cast(CloudflareClient, None)


async def _complete(run: JobRun[NoPayload]) -> None:
    await queue.complete(run.context, run.job)


def _define(
    name: str, rank: int = 1, limits: JobLimits | None = None, waits_for: Predecessor | None = None
) -> JobDefinition[NoPayload]:
    kind = JobKind(name, NoPayload, waits_for=waits_for)
    return JobDefinition(kind=kind, perform=_complete, rank=rank, limits=limits or JobLimits())


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


def _kinds(selected: list[Job]) -> list[str]:
    return [job.kind for job in selected]


async def test_kinds_take_turns_by_their_rank_and_get_no_more_than_there_are_slots(context: Context, org: str) -> None:
    last, first = _define("last", 2), _define("first", 1)
    selector = _select_from(context, first, last)
    await _enqueue(context, last, org, count=5)
    await _enqueue(context, first, org, count=1)
    assert _kinds(await selector.select(3, ())) == ["first", "last", "last"]


async def test_the_kind_that_holds_fewest_slots_goes_first_and_of_two_the_one_that_waited_longer(
    context: Context, org: str
) -> None:
    first, second = _define("first", 1), _define("second", 2)
    selector = _select_from(context, first, second)
    await _enqueue(context, first, org, count=9)
    await _enqueue(context, second, org, count=9)
    one, two = await selector.select(2, ())
    assert _kinds([one, two]) == ["first", "second"]
    assert _kinds(await selector.select(1, [one.id])) == ["second"]
    (three,) = await selector.select(1, [])
    assert three.kind == "first"
    assert _kinds(await selector.select(1, [])) == ["second"]


async def test_a_kind_has_its_share_of_the_slots_also_with_those_that_run_already(context: Context, org: str) -> None:
    few = _define("few", limits=JobLimits(share=1 / 4))
    selector = _select_from(context, few)
    await _enqueue(context, few, org, count=5)
    running, _ = await selector.select(_SLOTS, ())
    assert len(await selector.select(_SLOTS, [running.id])) == 1
    assert len(await selector.select(_SLOTS, ())) == 2


async def test_a_share_of_few_slots_is_one_slot_at_least(context: Context, org: str) -> None:
    rare = _define("rare", limits=JobLimits(share=1 / 100))
    await _enqueue(context, rare, org, count=2)
    assert len(await _select_from(context, rare).select(_SLOTS, ())) == 1


@pytest.mark.parametrize(("free", "expected"), [(None, 3), (3, 2), (1, 0), (0, 0)])
async def test_a_capacity_that_changes_is_asked_each_time(
    context: Context, org: str, free: int | None, expected: int
) -> None:
    counts: list[int | None] = [1, free]
    bounded = _define("bounded", limits=JobLimits(count_free=lambda services: counts.pop(0)))
    selector = _select_from(context, bounded)
    await _enqueue(context, bounded, org, count=6)
    (running,) = await selector.select(_SLOTS, ())
    assert len(await selector.select(_SLOTS, [running.id])) == expected


async def test_kinds_that_say_so_work_on_a_name_one_at_a_time_whoever_has_it(
    context: Context, org: str, rival_org: str
) -> None:
    single = JobLimits(is_one_per_name=True)
    register, remove, other = _define("register", 1, single), _define("remove", 2, single), _define("other", 3)
    selector = _select_from(context, register, remove, other)
    (first,) = await _enqueue(context, register, org, name="www.customer.test")
    (second,) = await _enqueue(context, register, rival_org, name="www.customer.test")
    (third,) = await _enqueue(context, remove, org, name="www.customer.test")
    free = [
        *await _enqueue(context, other, org, name="www.customer.test"),
        *await _enqueue(context, remove, org, name="shop.customer.test"),
        *await _enqueue(context, remove, org),
    ]
    assert {job.id for job in await selector.select(_SLOTS, ())} == {first.id, *(job.id for job in free)}
    running = [first.id, *(job.id for job in free)]
    assert await selector.select(_SLOTS, running) == []
    await queue.complete(context, first)
    assert await selector.select(_SLOTS, running) == [], "it has ended in the database, and its attempt goes on"
    (next_one,) = await selector.select(_SLOTS, running[1:])
    assert next_one.id in (second.id, third.id)


async def test_a_connection_does_one_thing_at_a_time(context: Context, org: str) -> None:
    single = _define("single", limits=JobLimits(is_one_per_connection=True))
    selector = _select_from(context, single)
    await _enqueue(context, single, org, count=2, connection_id="conn_1")
    await _enqueue(context, single, org, count=2, connection_id="conn_2")
    await _enqueue(context, single, org, count=2)
    selected = await selector.select(_SLOTS, ())
    assert [job.connection_id for job in selected] == ["conn_1", "conn_2", None, None]
    selected = await selector.select(_SLOTS, [selected[0].id])
    assert [job.connection_id for job in selected] == ["conn_2", None, None]


async def test_one_organization_leaves_room_for_the_others(context: Context, org: str, rival_org: str) -> None:
    shared = _define("shared", limits=JobLimits(share_per_org=1 / 4))
    selector = _select_from(context, shared)
    await _enqueue(context, shared, org, count=5)
    await _enqueue(context, shared, rival_org, count=1)
    selected = await selector.select(_SLOTS, ())
    assert sorted(job.org_id for job in selected) == sorted([org, org, rival_org])


async def test_an_organization_leaves_half_of_the_slots_to_others_whatever_it_wants(
    context: Context, org: str, rival_org: str
) -> None:
    kinds = [_define(name) for name in ("one", "other")]
    selector = _select_from(context, *kinds)
    for definition in kinds:
        await _enqueue(context, definition, org, count=_SLOTS)
    flood = await selector.select(_SLOTS, ())
    assert len(flood) == _SLOTS / 2
    await _enqueue(context, kinds[0], rival_org)
    assert [job.org_id for job in await selector.select(_SLOTS, [job.id for job in flood])] == [rival_org]


@pytest.mark.parametrize("slots", [3, _SLOTS, 64])
@pytest.mark.parametrize("flood", Awaited)
@pytest.mark.sampled(3)
async def test_kinds_that_wait_for_the_same_leave_a_slot_to_those_that_wait_for_something_else(
    context: Context, flood: Awaited, slots: int
) -> None:
    definitions = {awaited: _define(awaited, limits=JobLimits(awaited=awaited)) for awaited in Awaited}
    services = JobServices(context, _NO_CLOUDFLARE, access_of(context))
    selector = JobSelector(services, list(definitions.values()), slots)
    for number in range(slots):
        await _enqueue(context, definitions[flood], (await organizations.create(context, f"Flood {number}")).id)
    held = await selector.select(slots, ())
    for awaited in Awaited:
        if awaited is not flood:
            owner = await organizations.create(context, f"Owner of {awaited}")
            await _enqueue(context, definitions[awaited], owner.id)
    held += await selector.select(slots - len(held), [job.id for job in held])
    assert set(_kinds(held)) == set(Awaited)


async def test_a_single_slot_goes_to_every_kind_in_turn(context: Context, org: str) -> None:
    definitions = [_define(awaited, limits=JobLimits(awaited=awaited)) for awaited in Awaited]
    selector = JobSelector(JobServices(context, _NO_CLOUDFLARE, access_of(context)), definitions, 1)
    for definition in definitions:
        await _enqueue(context, definition, org, count=3)
    kinds = []
    for _ in range(6):
        (job,) = await selector.select(1, ())
        kinds.append(job.kind)
        await queue.complete(context, job)
    assert kinds == ["cloudflare", "customers", "nothing"] * 2


@pytest.mark.parametrize(
    ("waits_for", "expected"),
    [
        (Predecessor("removal"), []),
        (Predecessor("removal", is_earlier=True), ["theirs"]),
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
    ordered = _define("ordered", waits_for=Predecessor("ordered", is_earlier=True))
    selector = _select_from(context, ordered)
    enqueued = await _enqueue(context, ordered, org, count=3, name="app.customer.test")
    assert [job.id for job in await selector.select(_SLOTS, ())] == [enqueued[0].id]


async def test_jobs_about_one_name_go_in_the_order_in_which_they_came_whatever_the_clock_does(
    context: Context, clock: ManualClock, org: str
) -> None:
    """Ids follow the clock, and those of one millisecond follow chance."""
    ordered = _define("ordered", waits_for=Predecessor("ordered", is_earlier=True))
    selector = _select_from(context, ordered)
    enqueued = await _enqueue(context, ordered, org, count=70, name="app.customer.test")
    clock.advance(-HOUR)
    enqueued += await _enqueue(context, ordered, org, count=2, name="app.customer.test")
    clock.advance(HOUR)
    gone: list[str] = []
    while jobs := await selector.select(_SLOTS, ()):
        gone += [job.id for job in jobs]
        for job in jobs:
            await queue.complete(context, job)
    assert gone == [job.id for job in enqueued]
