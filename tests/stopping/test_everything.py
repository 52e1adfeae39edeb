"""Records, domains, webhooks and connections are at work at once, dcvd stops at any instant, and the next start has all
that it needs: no name is torn, nothing is forgotten, and what was asked for twice is done once."""

import asyncio
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Final

from hypothesis import HealthCheck, example, given
from hypothesis import strategies as st

from dcvd.core.connections.connection import ConnectionStatus
from dcvd.core.instants import HOUR
from dcvd.core.jobs import JobState
from dcvd.kit.http.fetch import Fetcher
from dcvd.store import domains as stored_domains
from dcvd.store import written_records
from tests.connections.provider import serving
from tests.examples import examples
from tests.manual_clock import ManualClock
from tests.services.views import all_jobs, bodies
from tests.stopping.agreement import check_tokens
from tests.stopping.life import TARGET, Life, copy_blank, living, stop_at
from tests.stopping.tenant import DEFINITIONS, KINDS, MANY, NAMES, Tenant, add_many
from tests.stopping.zone import SteppedDrivers, SteppedZone
from tests.unreliable_database import Fate, Strike

_OURS: Final = ("CNAME", TARGET)
_OF_RECORDS: Final = (("replace", 1), ("undo", 0), ("remove records", 0))
_OF_ONE: Final = (
    ("replace", 0),
    ("remove records", 1),
    *((what, n) for what in ("remove", "disconnect") for n in (0, 1)),
)
_OF_ALL: Final = tuple(
    (what, 0) for what in ("remove many", "add many", "delete the webhook", "drop what is held", "replay")
)
_GIVEN_UP: Final = {"connection_removed"}
"""Why a job may be a dead letter: its connection was removed."""

_UNITS: Final = (
    "enqueue_write.",
    "enqueue_undo.",
    "_apply.",
    "_store_undoing.",
    "write.",
    "undo_write.",
    "remove.",
    "fail.",
    "run_next_batch.",
    "_measure_step.",
    "_drop_held_deliveries.",
    "TokenRefresher._store",
    "_erase.",
)
"""What a strike of the disk may hit."""

Works = list[tuple[str, int]]
works = st.lists(st.sampled_from((*_OF_RECORDS * 3, *_OF_ONE, *_OF_ALL)), min_size=1, max_size=3)


def check_names(zone: SteppedZone, asked: Works) -> None:
    """Each name holds what its owner had there, or our record; nothing only where the removal of ours was asked for."""
    for number, name in enumerate(NAMES):
        is_removed = ("remove records", number) in asked or any(what == "remove many" for what, _ in asked)
        whole = [{("A", f"192.0.2.{number}")}, {_OURS}, *([set()] if is_removed else [])]
        assert zone.standing(name) in whole, f"{name} is torn"


async def check_records(life: Life, zone: SteppedZone, tenant: Tenant) -> None:
    """What we put there has a row or was declared, and what we took out is kept while there is a domain."""
    declared = {
        record["name"]
        for body in await bodies(life.context, life.org_id)
        if body["event"] == "domain.removed"
        for record in body["data"]["records_to_remove"]
        if record["written_by_us"] and not record["being_removed"]
    }
    given_up = {
        job.domain_name
        for job in await all_jobs(life.context, life.org_id)
        if job.state is JobState.DEAD and job.action == "remove"
    }
    ids = [domain.id for domain in tenant.domains]
    rows = await life.context.database.read(lambda snapshot: written_records.list_of_domains(snapshot, ids))
    live = await life.context.database.read(
        lambda snapshot: stored_domains.find_owned_by_names(snapshot, life.org_id, NAMES)
    )
    for number, name in enumerate(NAMES):
        of_name = [row for row in rows if row.name == name]
        if _OURS in zone.standing(name):
            assert of_name or name in declared, f"nobody knows of the record at {name}"
            assert name in live or name in declared | given_up, f"nobody removes the record at {name}"
        elif name in live:
            kept = {(each.type, each.value) for row in of_name for each in row.before} | zone.standing(name)
            assert ("A", f"192.0.2.{number}") in kept, f"what stood at {name} is lost"


async def check_deliveries(life: Life) -> None:
    """Of each domain exactly the first pending event is due."""
    rows = await life.context.database.read(
        lambda snapshot: snapshot.fetch_all(
            "SELECT w.id, d.domain_id, d.sequence, d.next_attempt_at FROM webhook_endpoints w"
            " JOIN deliveries d ON d.endpoint_id = w.id AND d.state = 'pending' WHERE w.org_id = ?",
            (life.org_id,),
        )
    )
    pairs: dict[tuple[str, str], dict[int, int | None]] = {}
    for endpoint_id, domain_id, sequence, due_at in rows:
        pairs.setdefault((endpoint_id, domain_id), {})[sequence] = due_at
    for due_by_sequence in pairs.values():
        due = [sequence for sequence, due_at in due_by_sequence.items() if due_at is not None]
        assert due == [min(due_by_sequence)], "the first pending event of a domain is due, and no other"


async def check_repeats(life: Life, tenant: Tenant, asked: AbstractSet[str]) -> None:
    """Whoever was cut off asks again, and finds it done once."""
    if "add many" in asked:
        assert {each.outcome for each in await add_many(life)} == {"created"}
        jobs = [job for job in await all_jobs(life.context, life.org_id) if job.domain_name in MANY]
        assert sorted(job.domain_name or "" for job in jobs) == sorted(MANY)
    if "remove many" in asked:
        results = await tenant.remove_many(life)
        assert len(results) == len(NAMES)
        left = await life.context.database.read(
            lambda snapshot: stored_domains.find_owned_by_names(snapshot, life.org_id, NAMES)
        )
        assert left == {}
    if "delete the webhook" in asked:
        await tenant.try_to(life, "delete the webhook", 0)
        rows = await life.context.database.read(
            lambda snapshot: snapshot.fetch_all(
                "SELECT d.id FROM deliveries d WHERE d.endpoint_id = ?", (tenant.endpoint.id,)
            )
        )
        assert rows == []


async def check_jobs(life: Life, tenant: Tenant, asked: AbstractSet[str]) -> None:
    """No job is pending, and none was given up but with its connection; a replay has come to its end."""
    jobs = [job for job in await all_jobs(life.context, life.org_id) if job.kind in KINDS]
    dead = [job for job in jobs if job.state is JobState.DEAD]
    assert {job.state for job in jobs} <= {JobState.DONE, JobState.DEAD}
    assert {job.last_error_code for job in dead} <= (_GIVEN_UP if "disconnect" in asked else set())
    if any(job.kind == "replay" for job in jobs) and not asked & {"delete the webhook", "drop what is held"}:
        states = await life.context.database.read(
            lambda snapshot: snapshot.fetch_column(
                "SELECT d.state FROM deliveries d WHERE d.endpoint_id = ?", (tenant.endpoint.id,)
            )
        )
        assert states == ["pending"] * 8, "a replay was cut off and did not go on"


async def _live(path: Path, asked: Works, step: int, strike: tuple[str, int, Fate] | None, *, is_patient: bool) -> None:
    clock = ManualClock(1_800_000_000_000)
    names = {what for what, _ in asked}
    async with serving() as provider:
        zone = SteppedZone(provider)
        async with living(path, provider, clock, SteppedDrivers(zone), Fetcher(), definitions=()) as life:
            org_id = life.org_id
            tenant = await Tenant.settle(life, zone)
        clock.advance(2 * HOUR)
        async with living(
            path, provider, clock, SteppedDrivers(zone), Fetcher(), org_id=org_id, definitions=DEFINITIONS
        ) as life:
            await stop_at(
                step,
                life,
                provider,
                [tenant.try_to(life, what, which) for what, which in asked],
                kinds=KINDS,
                is_patient=is_patient,
                strike=None if strike is None else Strike(*strike),
            )
        provider.on_step = None
        check_names(zone, asked)
        clock.advance(1)
        async with living(
            path, provider, clock, SteppedDrivers(zone), Fetcher(), org_id=org_id, definitions=DEFINITIONS
        ) as life:
            await life.maintain()
            await check_deliveries(life)
            await life.end_all(KINDS)
            check_names(zone, asked)
            await check_records(life, zone, tenant)
            await check_deliveries(life)
            await check_jobs(life, tenant, names)
            await check_repeats(life, tenant, names)
            kept = await check_tokens(life, provider)
            assert {each.status for each in kept} <= {ConnectionStatus.ACTIVE}, "no pair that was rotated is lost"


@example(asked=[("replace", 1)], step=8, strike=None, is_patient=True)
@example(asked=[("remove many", 0), ("delete the webhook", 0)], step=3, strike=None, is_patient=True)
@given(
    asked=works,
    step=st.integers(1, 30),
    strike=st.none() | st.tuples(st.sampled_from(_UNITS), st.integers(1, 3), st.sampled_from(Fate)),
    is_patient=st.booleans(),
)
@examples(0.5, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_wherever_dcvd_stops_no_name_is_torn_nothing_is_forgotten_and_a_repeat_finds_it_done_once(
    tmp_path: Path,
    blank_database: Path,
    asked: Works,
    step: int,
    strike: tuple[str, int, Fate] | None,
    is_patient: bool,
) -> None:
    """is_patient: else the stop comes at a transaction, and waits for nobody; then only one thing is done at once."""
    path = copy_blank(blank_database, tmp_path)
    asyncio.run(_live(path, asked if is_patient else asked[:1], step, strike, is_patient=is_patient))
