"""What is due is found at the same cost however many jobs wait: for their time, each other, or what is busy."""

import sqlite3
from collections.abc import Callable, Iterator
from typing import Final

import pytest
from msgspec.structs import replace

from dcvd.core.jobs import Job, JobState, Predecessor
from dcvd.store.engine.migrate import migrate
from dcvd.store.engine.transactions import Snapshot, Transaction
from dcvd.store.jobs import due_jobs, due_times, jobs, turns
from dcvd.store.jobs.due_jobs import BusySubjects
from tests.sqlite_steps import count_steps

_NOW: Final = 1_800_000_000_000
_ORG: Final = "org_1"
_CONNECTION: Final = "conn_1"
_REMOVAL: Final = Predecessor("deregister")
_FEW, _MANY = 300, 1_500
_STEPS_PER_CALL: Final = 10


def _job(number: int, kind: str = "register", *, org_id: str = _ORG, connection_id: str | None = None) -> Job:
    return Job(
        id=f"job_{kind}_{org_id}_{number:06d}", org_id=org_id, kind=kind, state=JobState.PENDING,
        domain_id=f"dom_{number}", domain_name=f"n{number}.test", next_attempt_at=_NOW, created_at=_NOW,
        updated_at=_NOW, turn=number, connection_id=connection_id,
    )  # fmt: skip


class _Queue:
    """A database that holds jobs, and counts the steps of its statements."""

    def __init__(self) -> None:
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        migrate(self.connection)
        self.tx = Transaction(self.connection)
        for org_id in (_ORG, "org_2", "org_3"):
            self.tx.execute("INSERT INTO organizations (id, name, created_at) VALUES (?1, ?1, 1)", (org_id,))

    def count_steps(self, work: Callable[[Snapshot], object]) -> int:
        return count_steps(self.connection, lambda: work(self.tx), every=_STEPS_PER_CALL)

    def find_next(self, kind: str = "register", **busy: list[str]) -> Job | None:
        waits_for = _REMOVAL if kind == "register" else None
        return due_jobs.find_next(self.tx, kind, BusySubjects(**busy), waits_for=waits_for)


@pytest.fixture
def queue() -> Iterator[_Queue]:
    queue = _Queue()
    yield queue
    queue.connection.close()


def _wait_for_their_time(queue: _Queue, count: int) -> None:
    queue.connection.execute("BEGIN")
    for number in range(count):
        job = _job(number)
        jobs.insert(queue.tx, job)
        jobs.update(queue.tx, replace(job, attempts=1, next_attempt_at=_NOW + 1_000_000))
    queue.connection.execute("COMMIT")


def _wait_for_removals(queue: _Queue, count: int) -> None:
    jobs.insert_all(queue.tx, [_job(number, "deregister") for number in range(count)])
    jobs.insert_all(queue.tx, [_job(number) for number in range(count)], waits_for=_REMOVAL)


def _belong_to_a_busy_organization(queue: _Queue, count: int) -> None:
    jobs.insert_all(queue.tx, [_job(number) for number in range(count)])


def _work_through_a_busy_connection(queue: _Queue, count: int) -> None:
    jobs.insert_all(queue.tx, [_job(number, org_id="org_2", connection_id=_CONNECTION) for number in range(count)])


_FLOODS: Final = [
    _wait_for_their_time, _wait_for_removals, _belong_to_a_busy_organization, _work_through_a_busy_connection,
]  # fmt: skip


@pytest.mark.parametrize("flood", _FLOODS)
@pytest.mark.sampled(2)
def test_jobs_that_have_to_wait_are_not_gone_through(flood: Callable[[_Queue, int], None]) -> None:
    steps = []
    for count in (_FEW, _MANY):
        queue = _Queue()
        flood(queue, count)

        def look(snapshot: Snapshot, queue: _Queue = queue) -> None:
            assert queue.find_next(org_ids=[_ORG], connection_ids=[_CONNECTION]) is None
            due_times.find_next_due_at(snapshot)
            turns.find_next_turn(snapshot, _ORG, "register")
            jobs.list_pending_kinds(snapshot)

        steps.append(queue.count_steps(look))
        queue.connection.close()
    assert steps[1] <= 1.1 * steps[0]


@pytest.mark.parametrize("flood", _FLOODS)
def test_what_may_start_is_found_behind_all_that_has_to_wait(
    queue: _Queue, flood: Callable[[_Queue, int], None]
) -> None:
    flood(queue, _FEW)
    last = _job(_FEW + 1, org_id="org_3")
    jobs.insert_all(queue.tx, [_job(_FEW + 2, org_id="org_3"), last])
    assert queue.find_next(org_ids=[_ORG], connection_ids=[_CONNECTION]) == last


def test_a_job_that_waited_for_its_time_is_found_once_that_has_come(queue: _Queue) -> None:
    _wait_for_their_time(queue, 3)
    assert due_times.find_next_due_at(queue.tx) == _NOW + 1_000_000
    assert due_times.make_ready(queue.tx, _NOW + 999_999) == 0
    assert queue.find_next() is None
    assert due_times.make_ready(queue.tx, _NOW + 1_000_000) == 3
    found = queue.find_next()
    assert found is not None
    assert found.turn == 0
    assert due_times.find_next_due_at(queue.tx) is None


def _end_by_success(queue: _Queue, removal: Job) -> None:
    jobs.update(queue.tx, replace(removal, state=JobState.DONE, next_attempt_at=None))


def _end_by_death(queue: _Queue, removal: Job) -> None:
    jobs.update(queue.tx, replace(removal, state=JobState.DEAD, next_attempt_at=None))


def _end_with_connection(queue: _Queue, removal: Job) -> None:
    jobs.end_pending_of_connection(queue.tx, _CONNECTION, removal.kind, _NOW)


def _end_with_organization(queue: _Queue, removal: Job) -> None:
    queue.tx.execute("PRAGMA foreign_keys = ON")
    queue.tx.execute("DELETE FROM organizations WHERE id = ?", (removal.org_id,))


@pytest.mark.parametrize("end", [_end_by_success, _end_by_death, _end_with_connection, _end_with_organization])
def test_whatever_ends_a_job_lets_go_on_what_waited_for_it(queue: _Queue, end: Callable[[_Queue, Job], None]) -> None:
    removal = _job(1, "deregister", org_id="org_2", connection_id=_CONNECTION)
    jobs.insert(queue.tx, removal)
    jobs.insert(queue.tx, _job(1), waits_for=_REMOVAL)
    assert queue.find_next() is None
    end(queue, removal)
    assert queue.find_next() == _job(1)


def test_an_earlier_job_that_is_pending_again_is_waited_for_again(queue: _Queue) -> None:
    removal = _job(1, "deregister")
    dead = replace(removal, state=JobState.DEAD, next_attempt_at=None)
    jobs.insert(queue.tx, removal)
    jobs.insert(queue.tx, _job(1), waits_for=_REMOVAL)
    jobs.update(queue.tx, dead)
    jobs.update(queue.tx, removal, expected_state=JobState.DEAD)
    assert queue.find_next() is None


def test_a_place_in_a_long_line_is_estimated_at_the_cost_of_one_in_a_shorter_line(queue: _Queue) -> None:
    count = 14_000
    jobs.insert_all(queue.tx, [_job(number) for number in range(count // 2)])
    jobs.insert_all(queue.tx, [_job(number, org_id="org_2") for number in range(count // 2)])

    def count_before(turn: int) -> int:
        return turns.count_ready_between(queue.tx, "register", (0, ""), (turn, ""))

    assert count_before(4_999) == 9_998, "it is exact in the first ten thousand"
    for turn in (5_500, 6_000, 7_000):
        assert count_before(turn) == pytest.approx(2 * turn, abs=2)
    middle, end = (queue.count_steps(lambda _, turn=turn: count_before(turn)) for turn in (5_500, 7_000))  # type: ignore[misc]
    assert end <= 1.1 * middle
