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

_CONFIG: Final = Config(
    cloudflare=CloudflareConfig(api_token=Secret("x"), zone_id="z", cname_target="edge.sandbox.test"),
    domains=DomainsConfig(allow_reserved_tlds=("test",)),
)
_FAULTS: Final[dict[str, Callable[[], BaseException]]] = {
    "lost": lost,
    "killed": Killed,
    "conflict": lambda: RecordConflict("Somebody was quicker."),
    "refused": lambda: Permanent("No.", code="provider_refused"),
}
_THEN: Final = st.sampled_from(("it waits", "all is done", "it is refused"))
"""What becomes of a job that was asked for."""


class _WatchedZone(ZoneAtProvider):
    """A zone that notes whose each record is.

    ours: what dcvd put there and still stands. shown: the values of others that accepted plans said would be replaced.
    owed: values of others that dcvd took out, and their owner did not change since.
    """

    def __init__(self) -> None:
        super().__init__()
        self.ours: set[ZoneRecord] = set()
        self.shown: set[str] = set()
        self.owed: set[str] = set()

    def values(self) -> set[str]:
        return {record.value for record in self.records}

    def edit(self, *values: str) -> None:
        """As the owner does it: these A records in the place of all that stands there."""
        self.clear()
        for value in values:
            self.add("A", value)
        self.ours, self.owed = set(), set()

    async def change(self, zone: Zone, remove: Sequence[ZoneRecord], add: Sequence[ZoneRecord]) -> None:
        before = set(self.records)
        try:
            await super().change(zone, remove, add)
        finally:
            after = set(self.records)
            taken = {record.value for record in before - after - self.ours}
            assert taken <= self.shown, f"{taken} went, and no plan had shown it"
            self.owed |= taken
            self.ours = (self.ours & after) | {record for record in after - before if record.type == "CNAME"}


class WrittenRecordsMachine(RuleBasedStateMachine):
    """One organization, one name, one customer who edits it, and every job that writes there."""

    @initialize()
    def begin(self) -> None:
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
        self.zone = _WatchedZone()
        self.desk = Desk(self.context, self.clock, self.org_id, self._run(connect(self.context, self.org_id)).id)
        self.desk.lead_to(self.zone)
        self.declared: set[str] = set()
        self.count = 0

    @precondition(lambda self: self.domain is None)
    @rule(is_connected=st.booleans())
    def a_domain_is_added(self, is_connected: bool) -> None:
        self._run(self._add(is_connected))

    @precondition(lambda self: self.domain is not None)
    @rule(replacing=st.booleans(), then=_THEN)
    def somebody_asks_for_a_write(self, replacing: bool, then: str) -> None:
        before = self.zone.values() - {record.value for record in self.zone.ours}
        with suppress(DcvdError):
            self._run(self.desk.ask(self._require_domain(), replacing=replacing))
            if replacing:
                self.zone.shown |= before
            self._go_on(then)

    @precondition(lambda self: self.domain is not None)
    @rule(then=_THEN)
    def somebody_asks_for_an_undo(self, then: str) -> None:
        with suppress(DcvdError):
            self._run(self.desk.undo(self._require_domain()))
            self._go_on(then)

    @precondition(lambda self: self.domain is not None)
    @rule(remove_records=st.booleans(), is_added_again=st.booleans())
    def the_domain_is_removed(self, remove_records: bool, is_added_again: bool) -> None:
        self._run(self._remove(remove_records))
        if is_added_again:
            self._run(self._add(is_connected=True))

    @precondition(lambda self: self.domain is not None)
    @rule()
    def the_target_of_the_domain_changes(self) -> None:
        self.count += 1
        self.database.connection.execute(
            "UPDATE domains SET cname_target = ? WHERE id = ?",
            (f"edge{self.count}.sandbox.test", self._require_domain().id),
        )

    @precondition(lambda self: self.domain is not None)
    @rule(count=st.integers(0, 2))
    def the_owner_edits_the_zone(self, count: int) -> None:
        self.count += count
        self.zone.edit(*(f"192.0.2.{self.count - number}" for number in range(count)))

    @precondition(lambda self: self.domain is not None)
    @rule()
    def the_connection_is_removed_and_another_made(self) -> None:
        self._run(self._reconnect())

    @precondition(lambda self: self._count_jobs(JobState.DEAD))
    @rule(data=st.data(), then=_THEN)
    def a_dead_job_is_retried(self, data: st.DataObject, then: str) -> None:
        dead = [job.id for job in self._run(self.desk.jobs()) if job.state is JobState.DEAD]
        self.clock.advance(1)
        self._run(queue.retry(self.context, self.org_id, data.draw(st.sampled_from(dead))))
        self._go_on(then)

    @precondition(lambda self: self._count_jobs(JobState.PENDING))
    @rule()
    def all_jobs_are_done(self) -> None:
        self._work_off()

    @precondition(lambda self: self._count_jobs(JobState.PENDING))
    @rule(
        fault=st.sampled_from((None, None, *_FAULTS)),
        fate=st.sampled_from(Fate),
        meanwhile=st.sampled_from((None, None, None, "remove", "remove_records", "add", "again", "disconnect")),
    )
    def the_oldest_job_is_tried(self, fault: str | None, fate: Fate, meanwhile: str | None) -> None:
        """meanwhile: what happens in the middle of its first look at the zone."""
        if fault is not None:
            self.zone.fail_next_change(_FAULTS[fault](), fate)
        if meanwhile is not None:
            self.zone.while_read = self._happenings()[meanwhile]
        self._try_oldest()
        self.zone.while_read = None
        self.zone.fail_no_change()

    @invariant()
    def what_we_put_there_has_a_row_or_was_declared(self) -> None:
        known = {value for row in self._rows() for value in row.our_values} | self.declared
        assert {record.value for record in self.zone.ours} <= known

    @invariant()
    def what_we_took_out_is_kept_as_long_as_there_is_a_domain(self) -> None:
        kept = {record.value for row in self._rows() for record in row.before} | self.zone.values()
        if self.domain is None:
            self.zone.owed &= kept
        assert self.zone.owed <= kept, f"{self.zone.owed - kept} is lost; there stands {self.zone.standing}"

    def teardown(self) -> None:
        """In quiet times all jobs end, and a removal leaves nothing of ours but what it says."""
        try:
            self._work_off()
            self.what_we_put_there_has_a_row_or_was_declared()
            self.what_we_took_out_is_kept_as_long_as_there_is_a_domain()
            self._run(self._remove(remove_records=True))
            self._work_off()
            left = {record.value for record in self.zone.ours}
            removals_given_up = [job for job in self._run(self.desk.jobs()) if _is_dead_removal(job)]
            assert left <= self.declared or removals_given_up
        finally:
            self.runner.close()
            self.database.close()

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

    def _try_oldest(self) -> None:
        pending = self._run(self.desk.pending())
        if not pending:
            return
        self.clock.advance(1)
        domain, before, is_quiet = self.domain, set(self.zone.records), self.zone.while_read is None
        with suppress(Killed):
            self._run(self.desk.work())
        if is_quiet and _contradicts(pending[0], domain):
            assert set(self.zone.records) == before, f"{pending[0].action} did what nobody wanted any more"

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

    def _require_domain(self) -> Domain:
        domain = self.domain
        assert domain is not None, "a precondition of the rule"
        return domain

    def _count_jobs(self, state: JobState) -> int:
        query = "SELECT count(*) FROM jobs WHERE kind = 'write_dns' AND state = ?"
        count: int = self.database.connection.execute(query, (state,)).fetchone()[0]
        return count

    def _rows(self) -> list[WrittenRecord]:
        ids = [row[0] for row in self.database.connection.execute("SELECT DISTINCT domain_id FROM written_records")]
        return run(self.database.read(lambda snapshot: written_records.list_of_domains(snapshot, ids)))

    def _run(self, steps: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(steps)


def _is_left_behind(record: LeftoverRecord) -> bool:
    return record.written_by_us and not record.being_removed


def _is_dead_removal(job: Job) -> bool:
    return job.action == "remove" and job.state is JobState.DEAD


def _contradicts(job: Job, domain: Domain | None) -> bool:
    """Whether a job would take out what the domain wants to have by now."""
    return domain is not None and (
        job.action == "remove" or (job.action == "undo" and domain.connection_id is not None)
    )


WrittenRecordsMachine.TestCase.settings = examples(0.5, stateful_step_count=30)


class TestWhateverHappens(WrittenRecordsMachine.TestCase):  # type: ignore[valid-type,misc]  # made by hypothesis
    pass
