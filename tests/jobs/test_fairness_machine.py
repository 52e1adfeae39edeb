"""Whatever is wanted, by whomever, and when: every slot goes to the first in line of those that may have it."""

import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from functools import cache, partial
from typing import Final, cast

from hypothesis import HealthCheck
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec.structs import replace

from dcvd.config import CloudflareConfig, Config, Live
from dcvd.core.instants import HOUR
from dcvd.core.jobs import NO_PAYLOAD, Job, JobKind, JobState, NoPayload
from dcvd.core.secret import Secret
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.errors import DcvdError, Permanent, Retryable
from dcvd.jobs.definitions import JOB_DEFINITIONS
from dcvd.jobs.selector import JobSelector
from dcvd.services import organizations
from dcvd.services.context import Context
from dcvd.services.jobs import queue
from dcvd.services.jobs.definition import ConnectionAccess, JobDefinition, JobRun, JobServices
from dcvd.store.engine.database import Database
from dcvd.store.engine.transactions import Transaction
from dcvd.store.jobs import due_times
from tests.conftest import VAULT
from tests.examples import examples
from tests.manual_clock import ManualClock
from tests.services.memory import MemoryDatabase, run

_KINDS: Final = tuple(definition.kind.name for definition in JOB_DEFINITIONS)
_ONE_PER_CONNECTION: Final = tuple(
    definition.kind.name for definition in JOB_DEFINITIONS if definition.limits.is_one_per_connection
)
_LOOKED_AT_IN_TURN: Final = 66
"""More jobs, one of them in flight, than those among which the next one is looked for before the lanes are."""
_LOOKED_AT_IN_A_LANE: Final = 64
"""Of one organization's jobs that all wait for one name no more are passed over."""
_OUTAGE: Final = "cloudflare_unavailable"
_ERRORS: Final = (None, Retryable("It hiccuped.", code="odd"), Retryable("Away.", code=_OUTAGE), Permanent("No."))


async def _never(run: JobRun[NoPayload]) -> None:
    raise AssertionError("the machine ends jobs itself")


class FairnessMachine(RuleBasedStateMachine):
    """Plays the worker: what ends frees its slot, and free slots are filled at once."""

    @initialize(slots=st.integers(1, 16))
    def begin(self, slots: int) -> None:
        self.slots = slots
        self.clock = ManualClock()
        self.database = MemoryDatabase()
        self.context = Context(
            cast("Database", self.database),
            Live(Config(cloudflare=CloudflareConfig(api_token=Secret("x"), zone_id="z", cname_target="edge.test"))),
            vault=VAULT,
            clock=self.clock,
            random_bytes=random.Random(7).randbytes,
            random_fraction=lambda: 0.0,
        )
        self.orgs = [run(organizations.create(self.context, name)).id for name in ("A", "B", "C", "D")]
        self.free_creates: int | None = None
        self.definitions = {
            definition.kind.name: JobDefinition(
                kind=JobKind(definition.kind.name, NoPayload, waits_for=definition.kind.waits_for),
                perform=_never,
                rank=definition.rank,
                limits=replace(
                    definition.limits,
                    count_free=None if definition.limits.count_free is None else lambda _: self.free_creates,
                ),
                outages=definition.outages,
            )
            for definition in JOB_DEFINITIONS
        }
        services = JobServices(self.context, cast(CloudflareClient, None), cast(ConnectionAccess, None))
        self.selector = JobSelector(services, list(self.definitions.values()), slots)
        self.in_flight: dict[str, Job] = {}
        self.pending: dict[str, Job] = {}

    @rule(
        kind=st.sampled_from(_KINDS),
        org=st.integers(0, 3),
        count=st.sampled_from([1, 2, 3, 5, 70]),
        connection=st.sampled_from([None, "conn_1", "conn_2"]),
        names=st.integers(1, 100),
    )
    def something_is_wanted(self, kind: str, org: int, count: int, connection: str | None, names: int) -> None:
        self._want(kind, org, connection, [f"n{number % names}.test" for number in range(count)])
        self._fill()

    @rule(
        kind=st.sampled_from(_ONE_PER_CONNECTION),
        orgs=st.lists(st.integers(0, 3), min_size=1, max_size=2, unique=True),
        behind=st.lists(st.sampled_from([None, "conn_2", "conn_3"]), min_size=2, max_size=4),
    )
    def one_connection_has_more_to_do_than_is_looked_at_in_turn(
        self, kind: str, orgs: list[int], behind: list[str | None]
    ) -> None:
        for org in orgs:
            self._want(kind, org, "conn_1", [f"first{number}.test" for number in range(_LOOKED_AT_IN_TURN)])
            for number, connection in enumerate(behind):
                self._want(kind, org, connection, [f"behind{number}.test"])
        self._fill()

    def _want(self, kind: str, org: int, connection: str | None, names: Sequence[str]) -> None:
        org_id = self.orgs[org]

        def unit(tx: Transaction) -> list[Job]:
            return [
                queue.enqueue(
                    self.context,
                    tx,
                    self.definitions[kind].kind,
                    NO_PAYLOAD,
                    org_id=org_id,
                    domain_name=name,
                    connection_id=None if connection is None else f"{connection}_{org_id}",
                )
                for name in names
            ]

        self.clock.advance(1)
        last_turn = max(
            (job.turn for job in self.pending.values() if (job.kind, job.org_id) == (kind, org_id)), default=0
        )
        new_jobs = run(self.context.database.write(unit))
        for job in new_jobs:
            assert job.turn > last_turn, "it is in line before an earlier one of its organization"
            last_turn = job.turn
        self.pending |= {job.id: job for job in new_jobs}

    @rule(error=st.sampled_from(_ERRORS), count=st.integers(1, 4), data=st.data())
    def attempts_end(self, error: DcvdError | None, count: int, data: st.DataObject) -> None:
        for _ in range(min(count, len(self.in_flight))):
            job = self.in_flight.pop(data.draw(st.sampled_from(sorted(self.in_flight))))
            if error is None:
                run(queue.complete(self.context, job))
            else:
                run(queue.fail(self.context, job, error, self.definitions[job.kind].outages))
            stored = run(queue.get(self.context, job.org_id, job.id))
            if stored.state is JobState.PENDING:
                self.pending[job.id] = stored
            else:
                del self.pending[job.id]
        self._fill()

    @rule(milliseconds=st.sampled_from([1_000, 60_000, 2 * HOUR]))
    def time_passes(self, milliseconds: int) -> None:
        self.clock.advance(milliseconds)
        self._fill()

    @rule(free_creates=st.none() | st.integers(0, 5))
    def cloudflare_allows_so_many_registrations(self, free_creates: int | None) -> None:
        self.free_creates = free_creates
        self._fill()

    @rule(data=st.data())
    def one_is_retried(self, data: st.DataObject) -> None:
        idle = sorted(self.pending.keys() - self.in_flight.keys())
        if idle:
            job = self.pending[data.draw(st.sampled_from(idle))]
            self.pending[job.id] = run(queue.retry(self.context, job.org_id, job.id))
            self._fill()

    @invariant()
    def no_more_is_in_flight_than_the_shares_allow(self) -> None:
        if not hasattr(self, "in_flight"):
            return
        assert len(self.in_flight) <= self.slots
        by_org = Counter(job.org_id for job in self.in_flight.values())
        assert max(by_org.values(), default=0) <= max(self.slots // 2, 1)

    def teardown(self) -> None:
        """In the end everything that was wanted is done."""
        if hasattr(self, "database"):
            try:
                if hasattr(self, "in_flight"):
                    self._finish()
            finally:
                self.database.close()

    def _finish(self) -> None:
        self.free_creates = None
        self.clock.advance(2 * HOUR)
        self._fill(is_checked=False)
        while self.in_flight:
            for job in self.in_flight.values():
                run(queue.complete(self.context, job))
                del self.pending[job.id]
            self.in_flight.clear()
            self._fill(is_checked=False)
        assert self.pending == {}

    def _fill(self, *, is_checked: bool = True) -> None:
        """Select as the worker does, until nothing more may start, and compare each choice with the rules."""
        while True:
            made_ready = run(self.context.database.read(due_times.find_next_due_at))
            selected = run(self.selector.select(self.slots - len(self.in_flight), list(self.in_flight)))
            for job in selected:
                if is_checked:
                    assert (job.turn, job.id) == min((each.turn, each.id) for each in self._list_able(job.kind))
                self.in_flight[job.id] = job
            is_more_due = made_ready is not None and made_ready <= self.clock.now()
            if not selected and not is_more_due:
                break
        if is_checked:
            assert [job for kind in _KINDS for job in self._list_able(kind)] == []

    def _list_able(self, kind: str) -> list[Job]:
        """List the jobs of a kind that may start beside those in flight, by the rules as they are declared."""
        may_start = cache(partial(self._may_start, list(self.in_flight.values()), kind))
        busy_names = self._find_busy_names(kind)
        return [
            job
            for lane in self._list_lanes(kind)
            for job in lane[:_LOOKED_AT_IN_A_LANE]
            if job.id not in self.in_flight
            and may_start(job.org_id, job.connection_id)
            and job.domain_name not in busy_names
        ]

    def _list_lanes(self, kind: str) -> list[list[Job]]:
        """List the ready jobs of a kind, those in flight too, by the lanes in which they wait."""
        now = self.clock.now()
        awaited = self._find_awaited(kind)
        lanes = defaultdict[tuple[str, str | None], list[Job]](list)
        for job in self.pending.values():
            if job.kind == kind and (job.next_attempt_at or 0) <= now and not self._is_behind(job, awaited):
                lanes[job.org_id, job.connection_id].append(job)
        return [sorted(lane, key=lambda job: (job.turn, job.id)) for lane in lanes.values()]

    def _find_busy_names(self, kind: str) -> set[str | None]:
        """Find the names on which a job works beside which none of the kind may."""
        if not self.definitions[kind].limits.is_one_per_name:
            return set()
        flying = self.in_flight.values()
        return {job.domain_name for job in flying if self.definitions[job.kind].limits.is_one_per_name}

    def _find_awaited(self, kind: str) -> Mapping[str | None, Sequence[Job]]:
        """Return the pending jobs for which jobs of a kind wait, by their domains' names."""
        waits_for = self.definitions[kind].kind.waits_for
        awaited = defaultdict[str | None, list[Job]](list)
        for job in self.pending.values():
            if waits_for is not None and job.kind == waits_for.kind_name:
                awaited[job.domain_name].append(job)
        return awaited

    def _is_behind(self, job: Job, awaited: Mapping[str | None, Sequence[Job]]) -> bool:
        waits_for = self.definitions[job.kind].kind.waits_for
        return waits_for is not None and any(
            not waits_for.is_earlier or (each.org_id == job.org_id and (each.turn, each.id) < (job.turn, job.id))
            for each in awaited.get(job.domain_name, ())
        )

    def _may_start(self, flying: Sequence[Job], kind: str, org_id: str, connection_id: str | None) -> bool:
        definition = self.definitions[kind]
        limits = definition.limits
        of_kind = [each for each in flying if each.kind == kind]
        awaited = Counter(self.definitions[each.kind].limits.awaited for each in flying)
        idle_others = {each.limits.awaited for each in self.definitions.values()} - awaited.keys() - {limits.awaited}
        free_slots = self.slots - len(flying)
        return (
            free_slots > (len(idle_others) if awaited[limits.awaited] else 0)
            and len(of_kind) < max(int(self.slots * limits.share), 1)
            and (limits.count_free is None or self.free_creates is None or len(of_kind) < self.free_creates)
            and sum(each.org_id == org_id for each in flying) < max(self.slots // 2, 1)
            and sum(each.org_id == org_id for each in of_kind) < max(int(self.slots * limits.share_per_org), 1)
            and not (limits.is_one_per_connection and connection_id in {e.connection_id for e in of_kind} - {None})
        )


TestFairness = FairnessMachine.TestCase
TestFairness.settings = examples(
    0.5, stateful_step_count=12, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
