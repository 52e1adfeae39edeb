"""What is in flight, against what a snapshot says of it: whatever happens between a read and its result, no job runs
twice at once, or again after its end, and nobody is told of an end that was none."""

import asyncio
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar, cast

from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from msgspec import Struct

from dcvd.config import Config, Live
from dcvd.core.jobs import NO_PAYLOAD, Job, JobKind, JobState, NoPayload
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.errors import Permanent, Retryable
from dcvd.jobs import JobWorker
from dcvd.metrics import Metrics
from dcvd.services import organizations
from dcvd.services.context import Context
from dcvd.services.jobs import queue
from dcvd.services.jobs.definition import JobDefinition, JobRun
from dcvd.store.engine.database import Database
from dcvd.store.engine.transactions import Snapshot
from tests.conftest import VAULT
from tests.examples import examples
from tests.manual_clock import ManualClock
from tests.providing import access_of
from tests.services.views import bodies
from tests.waiting import until

T = TypeVar("T")

_ERRAND: Final = JobKind("errand", NoPayload)


class _Act(Struct, frozen=True):
    """Something that happens while the worker reads; `which`: of the jobs that it can happen to."""

    what: str
    which: int


_ACTS: Final = st.builds(
    _Act,
    st.sampled_from(["succeeds", "fails", "is refused", "is given up", "is retried", "is wanted"]),
    st.integers(0, 9),
)


class _Interleaved(Database):
    """The real database; a test acts between the snapshot of the worker's selection and its result."""

    between: Callable[[], "asyncio.Future[None]"] | None = None
    at_read: Callable[[], None] | None = None

    async def read(self, query: Callable[[Snapshot], T], *, claimant: str | None = None) -> T:
        is_selection = getattr(query, "__qualname__", "").startswith("JobSelector.select")
        if is_selection and self.at_read is not None:
            self.at_read()
        found = await super().read(query, claimant=claimant)
        if is_selection and self.between is not None:
            await self.between()
        return found


class _Play:
    """A worker at work, whose attempts end when the play says so, and what it is held to."""

    def __init__(self, context: Context, clock: ManualClock, org_id: str, script: list[list[_Act]]) -> None:
        self.context = context
        self.clock = clock
        self.org_id = org_id
        self.script = script
        self.ids: list[str] = []
        self.ends: dict[str, asyncio.Future[str]] = {}
        self.jobs: dict[str, Job] = {}
        self.ended_at_read: frozenset[str] = frozenset()
        self.dead: set[str] = set()
        self.done: set[str] = set()
        self.told: Counter[tuple[str, str]] = Counter()
        self.lock = asyncio.Lock()

    async def perform(self, run: JobRun[NoPayload]) -> None:
        job = run.job
        assert job.id not in self.ends, "it runs twice at once"
        assert job.id not in self.done, "it runs again after it was done"
        assert job.id not in self.ended_at_read, "it runs although it had ended before the worker looked"
        self.jobs[job.id] = job
        self.ends[job.id] = asyncio.get_running_loop().create_future()
        try:
            end = await self.ends[job.id]
        finally:
            del self.ends[job.id]
        match end:
            case "fails":
                raise Retryable("It hiccuped.", code="odd")
            case "is refused":
                raise Permanent("No.", code="no")
            case _:
                await queue.complete(run.context, job)

    def note_read(self) -> None:
        self.ended_at_read = frozenset(self.dead | self.done)

    async def act(self) -> None:
        async with self.lock:
            for act in self.script.pop(0) if self.script else []:
                await self._do(act)

    async def finish(self) -> None:
        """Make due and done whatever is left."""
        async with self.lock:
            for job_id in list(self.ends):
                await self.end(job_id, "succeeds")
            for job_id in self.ids:
                job = await self._get(job_id)
                if job.state is JobState.PENDING and job.attempts and job_id not in self.ends:
                    await self.retry(job_id)

    async def _do(self, act: _Act) -> None:
        match act.what:
            case "is wanted":
                await self.want()
            case "succeeds" | "fails" | "is refused":
                if self.ends:
                    await self.end(sorted(self.ends)[act.which % len(self.ends)], act.what)
            case "is given up":
                job_id = self.ids[act.which % len(self.ids)]
                job = await queue.get(self.context, self.org_id, job_id)
                await queue.fail(self.context, job, Permanent("Its connection was removed.", code="removed"))
                if job_id not in self.done | self.dead:
                    self.dead.add(job_id)
                    self.told.update([("job.failed", job_id), ("job.dlq", job_id)])
            case _:
                await self.retry(self.ids[act.which % len(self.ids)])

    async def want(self) -> None:
        job = await self.context.database.write(
            lambda tx: queue.enqueue(self.context, tx, _ERRAND, NO_PAYLOAD, org_id=self.org_id)
        )
        self.ids.append(job.id)

    async def retry(self, job_id: str) -> None:
        if job_id not in self.done:
            self.dead.discard(job_id)
            # No request comes in the instant in which the attempt began.
            self.clock.advance(1)
            await queue.retry(self.context, self.org_id, job_id)

    async def end(self, job_id: str, how: str) -> None:
        """End an attempt, and wait until its outcome is stored."""
        was_retried = (await self._get(job_id)).next_attempt_at != self.jobs[job_id].next_attempt_at
        before = await self._get(job_id)
        self.ends[job_id].set_result(how)
        if job_id in self.dead:
            while job_id in self.ends:
                await asyncio.sleep(0)
            return
        if how == "succeeds":
            self.done.add(job_id)
        else:
            self.told["job.failed", job_id] += 1
        if how == "is refused" and not was_retried:
            self.dead.add(job_id)
            self.told["job.dlq", job_id] += 1

        async def is_stored() -> bool:
            return await self._get(job_id) != before

        await until(is_stored)
        if was_retried and how != "succeeds":
            after = await self._get(job_id)
            assert after.state is JobState.PENDING, "what a retry answered does not hold"
            assert after.next_attempt_at == before.next_attempt_at, "what a retry answered does not hold"

    async def is_ended(self, job_id: str) -> bool:
        return (await self._get(job_id)).state is not JobState.PENDING and job_id not in self.ends

    async def _get(self, job_id: str) -> Job:
        return await queue.get(self.context, self.org_id, job_id)


async def _play(script: list[list[_Act]], blank_database: Path, folder: Path) -> None:
    database = await _Interleaved.open(Path(shutil.copy(blank_database, folder)))
    clock = ManualClock()
    context = Context(
        database,
        Live(Config()),
        vault=VAULT,
        clock=clock,
        random_bytes=random.Random(7).randbytes,
        random_fraction=lambda: 0.0,
    )
    org = await organizations.create(context, "Acme")
    play = _Play(context, clock, org.id, script)
    for _ in range(3):
        await play.want()
    database.at_read, database.between = play.note_read, play.act  # type: ignore[assignment]
    definition = JobDefinition(kind=_ERRAND, perform=play.perform, rank=1)
    worker = JobWorker(
        context, cast(CloudflareClient, None), access_of(context), Metrics(), definitions=[definition], cool_down_s=0.01
    )
    task = asyncio.create_task(worker.run())

    async def all_ended() -> bool:
        await play.finish()
        return all([await play.is_ended(job_id) for job_id in play.ids])

    async def script_is_over() -> bool:
        if script:
            await play.want()
        return not script

    async def nothing_runs() -> bool:
        return worker.pool.running_count == 0

    try:
        await until(script_is_over)
        await until(all_ended)
        # Also what came of attempts at jobs that had ended meanwhile is stored then.
        await until(nothing_runs)
        assert worker.pool.failure_count == 0
        told = Counter((body["event"], body["data"]["job_id"]) for body in await bodies(context, org.id))
        assert told == play.told
        states = {job_id: (await queue.get(context, org.id, job_id)).state for job_id in play.ids}
        assert states == {job_id: JobState.DEAD if job_id in play.dead else JobState.DONE for job_id in play.ids}
    finally:
        database.between = None
        task.cancel()
        await asyncio.wait([task])
        await worker.pool.drain(1)
        await database.close()


@examples(0.4, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(script=st.lists(st.lists(_ACTS, max_size=3), min_size=1, max_size=6))
def test_no_job_runs_twice_at_once_or_after_its_end_whatever_happens_while_the_worker_reads(
    blank_database: Path, script: list[list[_Act]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_play(script, blank_database, Path(folder)))
