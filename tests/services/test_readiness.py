"""Readiness: rounds of checks that strangers may ask for, without costing more than one in some seconds."""

import asyncio

import structlog

from dcvd.services.context import Context
from dcvd.services.readiness import OverallStatus, PartStatus, Readiness, check_store, judge_readiness
from tests.unreliable_database import Fate, Strike, UnreliableDatabase


class CountedPart:
    """A part that counts how often it is checked."""

    def __init__(self) -> None:
        self.checks = 0
        self.works = True

    async def check(self) -> str | None:
        self.checks += 1
        await asyncio.sleep(0)
        return None if self.works else "It does not work."


async def test_many_who_ask_at_once_get_the_answer_of_one_round() -> None:
    part, readiness = CountedPart(), Readiness(max_age_s=3600)
    readiness.add("part", part.check)
    answers = await asyncio.gather(*(readiness.check() for _ in range(100)))
    assert {answer["part"].status for answer in answers} == {PartStatus.OK}
    part.works = False
    assert (await readiness.check())["part"].status is PartStatus.OK
    assert part.checks == 1


async def test_an_answer_that_is_too_old_is_found_anew_and_a_change_is_logged_once() -> None:
    part, readiness = CountedPart(), Readiness(max_age_s=0)
    readiness.add("part", part.check)
    with structlog.testing.capture_logs() as lines:
        for works in (True, False, False, True, True):
            part.works = works
            report = (await readiness.check())["part"]
            assert report.fault == (None if works else "It does not work.")
    assert [(line["event"], line.get("fault")) for line in lines] == [
        ("ready.failing", "It does not work."),
        ("ready.ok", None),
    ]


async def test_a_check_that_hangs_is_a_part_that_fails() -> None:
    async def hang() -> str | None:
        await asyncio.Event().wait()
        return None

    readiness = Readiness(timeout_s=0.01)
    readiness.add("part", hang)
    report = (await readiness.check())["part"]
    assert report.fault == "It did not tell within 0.01 seconds whether it works."


async def test_whether_the_database_stores_is_found_out_by_a_write(
    context: Context, database: UnreliableDatabase
) -> None:
    readiness = Readiness(max_age_s=0)
    readiness.add("store", lambda: check_store(context))
    assert (await readiness.check())["store"].fault is None
    database.strikes = (Strike("check_store", 1, Fate.LOST),)
    assert (await readiness.check())["store"].fault is not None
    assert (await readiness.check())["store"].fault is None
    assert await database.read(lambda snapshot: snapshot.fetch_all("SELECT id FROM write_checks WHERE id = 1")) == [
        (1,)
    ]


async def test_a_part_that_requests_do_not_need_degrades_and_one_that_they_need_fails() -> None:
    needed, dispensable, readiness = CountedPart(), CountedPart(), Readiness(max_age_s=0)
    readiness.add("store", needed.check)
    readiness.add("mail", dispensable.check, is_dispensable=True)
    assert judge_readiness(await readiness.check()) is OverallStatus.OK
    dispensable.works = False
    reports = await readiness.check()
    assert {part: report.status for part, report in reports.items()} == {
        "store": PartStatus.OK,
        "mail": PartStatus.FAILING,
    }
    assert judge_readiness(reports) is OverallStatus.DEGRADED
    needed.works = False
    assert judge_readiness(await readiness.check()) is OverallStatus.FAILING


async def test_whoever_only_glances_waits_for_no_silent_part_once_anything_is_known() -> None:
    part, readiness = CountedPart(), Readiness(max_age_s=0, timeout_s=3600)
    silent = asyncio.Event()
    silent.set()

    async def answer() -> str | None:
        await silent.wait()
        return None if part.works else "It does not work."

    readiness.add("part", answer)
    assert (await readiness.glance())["part"].fault is None
    silent.clear()
    part.works = False
    assert (await readiness.glance(0.01))["part"].fault is None, "what was known last"
    silent.set()
    assert (await readiness.glance(60))["part"].fault == "It does not work."
    silent.clear()
    await readiness.glance(0.01)
    await readiness.close()


async def test_a_round_that_nobody_asked_for_is_known_for_a_while_and_answers_nobody() -> None:
    part, readiness = CountedPart(), Readiness(max_age_s=3600)
    readiness.add("part", part.check)
    assert readiness.list_reports(max_age_s=3600) == {}
    rounds = asyncio.create_task(readiness.run(interval_s=3600))
    while not part.checks or not readiness.list_reports(max_age_s=3600):  # a round of one turn
        await asyncio.sleep(0)
    assert readiness.list_reports(max_age_s=3600)["part"].status is PartStatus.OK
    assert readiness.list_reports(max_age_s=-1) == {}
    part.works = False
    assert (await readiness.check())["part"].status is PartStatus.FAILING
    assert readiness.list_reports(max_age_s=3600)["part"].status is PartStatus.FAILING
    rounds.cancel()
    await asyncio.wait([rounds])
