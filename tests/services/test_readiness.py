"""Readiness: rounds of checks that strangers may ask for, without costing more than one in some seconds."""

import asyncio

import structlog

from dcvd.services.context import Context
from dcvd.services.readiness import PartStatus, Readiness, check_store
from tests.unreliable_database import Fate, Strike, UnreliableDatabase


class CountedPart:
    """A part that counts how often it is checked."""

    def __init__(self) -> None:
        self.checks = 0
        self.works = True

    async def check(self) -> bool:
        self.checks += 1
        await asyncio.sleep(0)
        return self.works


async def test_many_who_ask_at_once_get_the_answer_of_one_round() -> None:
    part, readiness = CountedPart(), Readiness(max_age_s=3600)
    readiness.add("part", part.check)
    answers = await asyncio.gather(*(readiness.check() for _ in range(100)))
    assert {answer["part"] for answer in answers} == {PartStatus.OK}
    part.works = False
    assert (await readiness.check())["part"] is PartStatus.OK
    assert part.checks == 1


async def test_an_answer_that_is_too_old_is_found_anew_and_a_change_is_logged_once() -> None:
    part, readiness = CountedPart(), Readiness(max_age_s=0)
    readiness.add("part", part.check)
    with structlog.testing.capture_logs() as lines:
        for works in (True, False, False, True, True):
            part.works = works
            assert (await readiness.check())["part"] is (PartStatus.OK if works else PartStatus.FAILING)
    assert [line["event"] for line in lines] == ["ready.failing", "ready.ok"]


async def test_a_check_that_hangs_is_a_part_that_fails() -> None:
    async def hang() -> bool:
        await asyncio.Event().wait()
        return True

    readiness = Readiness(timeout_s=0.01)
    readiness.add("part", hang)
    assert await readiness.check() == {"part": PartStatus.FAILING}


async def test_whether_the_database_stores_is_found_out_by_a_write(
    context: Context, database: UnreliableDatabase
) -> None:
    readiness = Readiness(max_age_s=0)
    readiness.add("store", lambda: check_store(context))
    assert await readiness.check() == {"store": PartStatus.OK}
    database.strikes = (Strike("check_store", 1, Fate.LOST),)
    assert await readiness.check() == {"store": PartStatus.FAILING}
    assert await readiness.check() == {"store": PartStatus.OK}
    assert await database.read(lambda snapshot: snapshot.fetch_all("SELECT id FROM write_checks WHERE id = 1")) == [
        (1,)
    ]
