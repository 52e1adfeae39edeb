"""What of an overview somebody has to know."""

import pytest
from msgspec.structs import replace

from dcvd.core.system.overview import DomainFigures, SystemOverview
from dcvd.core.system.problems import add_problems, find_problems
from dcvd.core.system_conditions import Judgement, SystemCondition
from tests.cli.status.overviews import quiet, troubled


def codes(overview: SystemOverview) -> list[str]:
    return [problem.code for problem in find_problems(overview, {})]


def domains(**members: object) -> SystemOverview:
    changed: DomainFigures = replace(quiet().domains, **members)
    return replace(quiet(), domains=changed)


def test_where_nothing_is_wrong_there_is_no_problem_and_nobody_is_needed() -> None:
    assert codes(quiet()) == []
    assert not add_problems(quiet(), {}).needs_operator


def test_every_problem_says_what_to_do_and_the_worst_come_first() -> None:
    problems = find_problems(troubled(), {})
    assert all(problem.message.endswith(".") and problem.advice for problem in problems)
    weights = [problem.weight for problem in problems]
    assert weights == sorted(weights, key=["bad", "warning", "note"].index)
    assert {"bad", "warning", "note"} == set(weights)


@pytest.mark.parametrize(
    ("overview", "expected", "needs_operator"),
    [
        (replace(quiet(), daemon=None), "no_daemon", True),
        (domains(broken=3, broken_for_operator=0), "domains_broken", False),
        (domains(broken=3, broken_for_operator=1, waiting_for={"operator": 1}), "domains_broken", True),
        (domains(waiting_for={"operator": 2}), "domains_wait_for_operator", True),
        (replace(quiet(), jobs=replace(quiet().jobs, dead={"register": 1})), "jobs_dead", True),
        (replace(quiet(), jobs=replace(quiet().jobs, dead={"write_dns": 1})), "jobs_dead", False),
        (replace(quiet(), deliveries=replace(quiet().deliveries, dead=7)), "deliveries_dead", False),
        (replace(quiet(), endpoints=replace(quiet().endpoints, failing=1)), "endpoints_troubled", False),
        (replace(quiet(), backup=replace(quiet().backup, last_at=None)), "no_backup", False),
    ],
)
def test_one_that_others_have_to_mend_needs_no_operator(
    overview: SystemOverview, expected: str, needs_operator: bool
) -> None:
    assert codes(overview) == [expected]
    assert add_problems(overview, {}).needs_operator is needs_operator


@pytest.mark.parametrize(
    ("failing", "disabled", "message"),
    [
        (1, 0, "1 webhook fails."),
        (0, 1, "1 webhook is disabled."),
        (2, 3, "2 webhooks fail, 3 webhooks are disabled."),
    ],
)
def test_webhooks_in_trouble_are_counted_without_a_nought(failing: int, disabled: int, message: str) -> None:
    endpoints = replace(quiet().endpoints, failing=failing, disabled=disabled)
    assert [problem.message for problem in find_problems(replace(quiet(), endpoints=endpoints), {})] == [message]


@pytest.mark.parametrize(
    ("condition", "weight"),
    [
        (SystemCondition.DISK_LOW, "bad"),
        (SystemCondition.CLOCK_WRONG, "bad"),
        (SystemCondition.BACKUP_LATE, "warning"),
        (SystemCondition.QUOTA_LOW, "warning"),
    ],
)
def test_a_condition_of_the_system_is_a_problem_while_it_is_present(condition: SystemCondition, weight: str) -> None:
    absent = {condition: Judgement(is_present=False, message="All is well.")}
    assert find_problems(quiet(), absent) == []
    present = {condition: Judgement(is_present=True, message="It is so.")}
    (problem,) = find_problems(quiet(), present)
    assert (problem.code, problem.weight, problem.message) == (condition.value, weight, "It is so.")


def test_numbers_and_verbs_agree() -> None:
    (one,) = find_problems(domains(broken=1, broken_for_operator=1, waiting_for={"operator": 1}), {})
    assert one.message == "1 domain served and does not now; 1 of them waits for you."
    (many,) = find_problems(domains(broken=1200, broken_for_operator=0), {})
    assert many.message == "1,200 domains served and do not now; 0 of them wait for you."
