"""Whatever an overview may have to tell has words."""

from typing import get_args

import pytest
from msgspec.structs import replace

from dcvd.api.app import Api
from dcvd.core.alerts.messages import Channel
from dcvd.core.diagnosis.awaited import Awaited
from dcvd.core.jobs import JobState
from dcvd.core.lifecycle.schedule import CheckLane
from dcvd.core.sentences.rendering import CATALOGUE, list_placeholders
from dcvd.core.system.overview import Problem, Weight
from dcvd.core.webhooks.deliveries import DeliveryStatus
from dcvd.core.webhooks.health import EndpointCondition
from dcvd.services.readiness import OverallStatus
from dcvd.web.dashboard.operator.problems import WORDED_PROBLEMS, describe_problems

MEMBERS = {
    "operator_weight": get_args(Weight),
    "operator_waits_for": [each.value for each in Awaited],
    "operator_oldest_check": [each.name.lower() for each in CheckLane],
    "operator_serves": [each.value for each in OverallStatus],
    "jobs_state": [each.value for each in JobState],
    "webhooks_status": [each.value for each in DeliveryStatus],
    "webhooks_health": [each.value for each in EndpointCondition],
    "operator_alerts": [each.value for each in Channel],
}


@pytest.mark.parametrize("prefix", MEMBERS)
def test_each_member_of_a_closed_set_has_words(prefix: str) -> None:
    assert {f"{prefix}_{member}" for member in MEMBERS[prefix]} <= CATALOGUE["en"].keys()


async def test_each_problem_is_told_with_its_numbers_and_those_of_one_sentence_once(app: Api) -> None:
    problems = [
        Problem(code=code, weight="note", message=f"{code} {number}", advice="")
        for code in (*WORDED_PROBLEMS, "part_mail")
        for number in range(2)
    ]
    overview = replace(await app.services.overview.read(), problems=problems)
    lines = describe_problems(overview)
    assert len(lines) == len(WORDED_PROBLEMS) + 2
    for line in lines:
        assert line.sentence.params.keys() == list_placeholders(line.sentence.id)
        assert line.is_quoted is (line.place is None)
