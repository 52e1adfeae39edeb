"""Whatever happens in whichever order, what we put into a customer's zone is known, and what we took out is kept."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, Final, TypeVar, cast

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from dcvd.config import CloudflareConfig, Config, Live
from dcvd.config.sections import DomainsConfig
from dcvd.core.domains.domain import Domain, LeftoverRecord
from dcvd.core.jobs import Job, JobState
from dcvd.core.records.written_records import WrittenRecord
from dcvd.core.records.zones import Zone, ZoneRecord
from dcvd.core.secret import Secret
from dcvd.errors import DcvdError, Permanent, RecordConflict
from dcvd.services import organizations
from dcvd.services.connections import removal
from dcvd.services.context import Context
from dcvd.services.domains import additions, removals
from dcvd.services.jobs import queue
from dcvd.store import domains as stored_domains
from dcvd.store import written_records
from dcvd.store.engine.database import Database
from tests.conftest import VAULT
from tests.dns_provider import Killed, ZoneAtProvider, connect, lost
from tests.examples import examples
from tests.manual_clock import ManualClock
from tests.providing import access_of
from tests.records.writing.conftest import NAME, Desk
from tests.services.memory import MemoryDatabase, run
from tests.unreliable_database import Fate

T = TypeVar("T")

_FATES: Final = st.sampled_from((*Fate, "half done"))
_TARGET: Final = "edge.sandbox.test"
_CONFIG: Final = Config(
    cloudflare=CloudflareConfig(api_token=Secret("x"), zone_id="z", cname_target=_TARGET),
    domains=DomainsConfig(allow_reserved_tlds=("test",)),
)
_FAULTS: Final[dict[str, Callable[[], BaseException]]] = {
    "lost": lost,
    "killed": Killed,
    "conflict": lambda: RecordConflict("Somebody was quicker."),
    "refused": lambda: Permanent("No.", code="provider_refused"),
}
_THEN: Final = st.sampled_from((*["it waits"] * 2, *["it fails once"] * 2, *["all is done"] * 3, "it is refused"))
"""What becomes of a job that was asked for."""
_ACTS: Final = st.sampled_from(
    (*["write", "replace", "replace", "undo", "undo"] * 2, "remove", "remove records", "remove records and add")
)
"""What a tenant asks for; where there is no domain, it is added first."""
_CHANGES: Final = st.sampled_from(
    (*[None] * 24, "addresses", "an address", "nothing", "another alias", "as dcvd writes", "target", "connection")
)
"""What the owner has in the zone from now on, or what else changes."""


class _WatchedZone(ZoneAtProvider):
    """A zone that notes whose each record is.

    ours: what dcvd put there and still stands. owed: values of others that dcvd took out, and their owner did not
    change since. find_known: finds the values that dcvd has noted as its own. check_wanted: called before each change,
    raises AssertionError where nobody wants it any more. shown: the values of others that the plan of the job at work
    said would be replaced. is_writing: whether that job writes, and does not put back. is_torn: the next change stops
    when it has taken out what it takes out. reads: how often somebody has looked. meanwhile: what happens in the middle
    of a look, by the number of the look.
    """

    def __init__(self, find_known: Callable[[], set[str]], check_wanted: Callable[[], None]) -> None:
        super().__init__()
        self.ours: set[ZoneRecord] = set()
        self.owed: set[str] = set()
        self.shown: set[str] = set()
        self.is_writing = False
        self.is_torn = False
        self.reads = 0
        self.meanwhile: dict[int, Callable[[], Awaitable[object]]] = {}
        self._find_known = find_known
        self._check_wanted = check_wanted

    def values(self) -> set[str]:
        return {record.value for record in self.records}

    def edit(self, *records: tuple[str, str]) -> None:
        """As the owner does it: these records, of a type and a value, in the place of all that stands there."""
        self.clear()
        for kind, value in records:
            self.add(kind, value)
        self.ours, self.owed = set(), set()

    async def read(self, zone: Zone, name: str) -> list[ZoneRecord]:
        self.reads += 1
        self.while_read = self.meanwhile.pop(self.reads, None)
        return await super().read(zone, name)

    async def change(self, zone: Zone, remove: Sequence[ZoneRecord], add: Sequence[ZoneRecord]) -> None:
        self._check_wanted()
        before, known = set(self.records), self._find_known()
        try:
            await super().change(zone, remove, () if self.is_torn else add)
        finally:
            after = set(self.records)
            taken = {record.value for record in before - after}
            assert taken <= self.shown | known, f"{taken - known} went, and no plan had shown it"
            self.owed |= {record.value for record in before - after - self.ours} - known
            self.ours = (self.ours & after) | (after - before if self.is_writing else set())


class WrittenRecordsMachine(RuleBasedStateMachine):
    """One organization, one name, one customer who edits it, and every job that writes there."""

    @initialize(history=st.sampled_from(("none", "a record was replaced", "an undo was given up")))
    def begin(self, history: str) -> None:
        """history: what dcvd has done before; an undo that was given up stays a dead letter beside a later write."""
        self.runner = asyncio.Runner()
        self.database = MemoryDatabase()
        self.clock = ManualClock()
        self.context = Context(
            cast("Database", self.database),
            Live(_CONFIG),
            vault=VAULT,
            clock=self.clock,
            random_bytes=random.Random(7).randbytes,
            random_fraction=lambda: 0.0,
        )
        self.org_id = self._run(organizations.create(self.context, "Acme")).id
        self.zone = _WatchedZone(self._find_known, self._check_wanted)
        self.job_id = ""
        self.desk = Desk(self.context, self.clock, self.org_id, self._run(connect(self.context, self.org_id)).id)
        self.desk.lead_to(self.zone)
        self.declared: set[str] = set()
        self.shown: dict[str, set[str]] = {}
        self.count = 0
        if history != "none":
            self._change("an address")
            for what in ("add", "replace"):
                self.somebody_asks_for_something(what, "all is done", None, "lost", Fate.LOST)
        if history == "an undo was given up":
            self.somebody_asks_for_something("undo", "it is refused", None, "lost", Fate.LOST)
            self.somebody_asks_for_something("write", "all is done", None, "lost", Fate.LOST)

    @rule(what=_ACTS, then=_THEN, meanwhile=_CHANGES, fault=st.sampled_from(tuple(_FAULTS)), fate=_FATES)
    def somebody_asks_for_something(
        self, what: str, then: str, meanwhile: str | None, fault: str, fate: Fate | str
    ) -> None:
        """meanwhile: what else changes before the job is done. fault, fate: how it fails if it fails once."""
        with suppress(DcvdError):
            self._run(self._ask(what))
            self._change(meanwhile)
            if then == "it fails once":
                self._try_failing(fault, fate)
            self._go_on(then)

    @precondition(lambda self: self._count_jobs(JobState.DEAD))
    @rule(data=st.data(), then=_THEN)
    def a_dead_job_is_retried(self, data: st.DataObject, then: str) -> None:
        self._retry(data.draw(st.sampled_from(self._list_dead())))
        self._go_on(then)

    @precondition(lambda self: self._count_jobs(JobState.PENDING))
    @rule()
    def all_jobs_are_done(self) -> None:
        self._work_off()

    @precondition(lambda self: self._count_jobs(JobState.PENDING))
    @rule(
        fault=st.sampled_from((None, None, *_FAULTS)),
        fate=_FATES,
        meanwhile=st.sampled_from((None, None, None, "remove", "remove_records", "add", "again", "disconnect")),
        look=st.integers(1, 2),
    )
    def the_oldest_job_is_tried(self, fault: str | None, fate: Fate | str, meanwhile: str | None, look: int) -> None:
        """meanwhile: what happens in the middle of a look at the zone, before the change or after it."""
        if meanwhile is not None:
            self.zone.meanwhile[self.zone.reads + look] = self._happenings()[meanwhile]
        self._try_failing(fault, fate)
        self.zone.meanwhile.clear()

    @invariant()
    def what_we_put_there_has_a_row_or_was_declared(self) -> None:
        assert {record.value for record in self.zone.ours} <= self._find_known() | self.declared

    @invariant()
    def what_we_took_out_is_kept_as_long_as_there_is_a_domain(self) -> None:
        kept = {record.value for row in self._rows() for record in row.before} | self.zone.values()
        if self.domain is None:
            self.zone.owed &= kept
        assert self.zone.owed <= kept, f"{self.zone.owed - kept} is lost; there stands {self.zone.standing}"

    def teardown(self) -> None:
        """In quiet times all jobs end, also dead ones that are retried, and a removal leaves only what it says."""
        try:
            self._end_quietly()
            self._run(self._remove(remove_records=True))
            self._end_quietly()
            given_up = {job.domain_id for job in self._list_dead() if job.action == "remove"}
            rows = [row for row in self._rows() if row.domain_id in given_up]
            kept = {value for row in rows for value in row.our_values}
            assert {record.value for record in self.zone.ours} <= self.declared | kept
        finally:
            self.runner.close()
            self.database.close()

    def _end_quietly(self) -> None:
        self._work_off()
        for job in self._list_dead():
            self._retry(job)
            self._work_off()
            self.what_we_put_there_has_a_row_or_was_declared()
            self.what_we_took_out_is_kept_as_long_as_there_is_a_domain()

    def _change(self, what: str | None) -> None:
        self.count += what is not None
        number, domain = self.count, self.domain
        match what:
            case "addresses":
                self.zone.edit(("A", f"192.0.2.{number % 200}"), ("A", f"198.51.100.{number % 200}"))
            case "an address":
                self.zone.edit(("A", f"192.0.2.{number % 200}"))
            case "nothing":
                self.zone.edit()
            case "another alias":
                self.zone.edit(("CNAME", f"elsewhere{number}.test"))
            case "as dcvd writes":
                self.zone.edit(("CNAME", _TARGET if domain is None else domain.cname_target))
            case "target" if domain is not None:
                self.database.connection.execute(
                    "UPDATE domains SET cname_target = ? WHERE id = ?", (f"edge{number}.sandbox.test", domain.id)
                )
            case "connection":
                self._run(self._reconnect())
            case _:
                return

    async def _ask(self, what: str) -> None:
        domain = self.domain
        if domain is None:
            return await self._add(is_connected=what != "remove")
        match what:
            case "undo":
                await self.desk.undo(domain)
            case "remove" | "remove records":
                await self._remove(remove_records=what == "remove records")
            case "remove records and add":
                await self._remove_and_add()
            case _:
                standing = self.zone.values()
                job = await self.desk.ask(domain, replacing=what == "replace")
                if what == "replace":
                    self.shown.setdefault(job.id, standing)
        return None

    def _happenings(self) -> dict[str, Callable[[], Awaitable[object]]]:
        return {
            "remove": lambda: self._remove(remove_records=False),
            "remove_records": lambda: self._remove(remove_records=True),
            "add": lambda: self._add(is_connected=True),
            "again": self._remove_and_add,
            "disconnect": self._reconnect,
        }

    async def _remove_and_add(self) -> None:
        await self._remove(remove_records=True)
        await self._add(is_connected=True)

    async def _add(self, is_connected: bool) -> None:
        if self.domain is None:
            self.clock.advance(1)
            connection_id = self.desk.connection_id if is_connected else None
            await additions.add(self.context, self.org_id, NAME, connection_id=connection_id)

    async def _remove(self, remove_records: bool) -> None:
        domain = self.domain
        if domain is not None:
            self.clock.advance(1)
            _, left = await removals.remove(self.context, self.org_id, domain.id, remove_records=remove_records)
            self.declared |= {each.value for each in left if _is_left_behind(each)}
            if not remove_records:
                self.zone.owed = set()

    async def _reconnect(self) -> None:
        access = access_of(self.context)
        await removal.disconnect(self.context, access, self.org_id, self.desk.connection_id, actor="operator")
        self.desk.connection_id = (await connect(self.context, self.org_id)).id

    def _go_on(self, then: str) -> None:
        if then == "all is done":
            self._work_off()
        elif then == "it is refused":
            self.zone.refuses = Permanent("There is no such account.", code="provider_refused")
            self._work_off()
            self.zone.refuses = None

    def _retry(self, job: Job) -> None:
        self.clock.advance(1)
        self._run(queue.retry(self.context, self.org_id, job.id))

    def _try_failing(self, fault: str | None, fate: Fate | str) -> None:
        """Try the oldest job, whose first change fails so; None: it does not fail."""
        if fault is not None:
            self.zone.is_torn = fate == "half done"
            self.zone.fail_next_change(_FAULTS[fault](), Fate.LOST if fate is Fate.LOST else Fate.DONE_ANYWAY)
        self._try_oldest()
        self.zone.is_torn = False
        self.zone.fail_no_change()

    def _try_oldest(self) -> None:
        pending = self._run(self.desk.pending())
        if not pending:
            return
        self.clock.advance(1)
        job, was_wanted, reads = pending[0], _is_wanted(pending[0], self.domain), self.zone.reads
        self.job_id = job.id
        self.zone.shown, self.zone.is_writing = self.shown.get(job.id, set()), job.action == "write"
        with suppress(Killed):
            self._run(self.desk.work())
        if not was_wanted:
            assert self.zone.reads == reads, f"{job.action} asked the provider for what nobody wanted any more"
            # A removal finds nothing to do, whatever has become of its connection.
            is_given_up = job.action != "remove" and job.connection_id != self.desk.connection_id
            ended = self._get_job()
            assert ended.state is (JobState.DEAD if is_given_up else JobState.DONE)
            assert not is_given_up or ended.last_error_code == "connection_removed"

    def _check_wanted(self) -> None:
        job = self._get_job()
        assert job.state is JobState.PENDING, f"{job.action} goes on after its end"
        assert _is_wanted(job, self.domain), f"{job.action} does what nobody wants any more"

    def _get_job(self) -> Job:
        """The job at work, as it is stored."""
        return run(queue.get(self.context, self.org_id, self.job_id))

    def _find_known(self) -> set[str]:
        return {value for row in self._rows() for value in row.our_values}

    def _work_off(self) -> None:
        for _ in range(100):
            if not self._run(self.desk.pending()):
                return
            self._try_oldest()
        raise AssertionError("the jobs do not end")

    @property
    def domain(self) -> Domain | None:
        """The domain, as long as there is one."""
        return run(self.database.read(lambda snapshot: stored_domains.find_by_name(snapshot, NAME)))

    def _count_jobs(self, state: JobState) -> int:
        query = "SELECT count(*) FROM jobs WHERE kind = 'write_dns' AND state = ?"
        count: int = self.database.connection.execute(query, (state,)).fetchone()[0]
        return count

    def _list_dead(self) -> list[Job]:
        return [job for job in self._run(self.desk.jobs()) if job.state is JobState.DEAD]

    def _rows(self) -> list[WrittenRecord]:
        ids = [row[0] for row in self.database.connection.execute("SELECT DISTINCT domain_id FROM written_records")]
        return run(self.database.read(lambda snapshot: written_records.list_of_domains(snapshot, ids)))

    def _run(self, steps: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(steps)


def _is_left_behind(record: LeftoverRecord) -> bool:
    return record.written_by_us and not record.being_removed


def _is_wanted(job: Job, domain: Domain | None) -> bool:
    """Whether what a job was asked for still holds; `domain` is who has the name by now."""
    own = domain if domain is not None and domain.id == job.domain_id else None
    match job.action:
        case "write":
            return own is not None and own.connection_id == job.connection_id
        case "undo":
            return own is not None and own.connection_id is None
        case _:
            return domain is None


WrittenRecordsMachine.TestCase.settings = examples(0.5, stateful_step_count=30)


class TestWhateverHappens(WrittenRecordsMachine.TestCase):  # type: ignore[valid-type,misc]  # made by hypothesis
    pass
