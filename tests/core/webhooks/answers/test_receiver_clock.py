"""The receiver's clock is told where it may be why a signature was refused."""

from collections.abc import Mapping

import pytest

from dcvd.core.instants import DAY, HOUR, MINUTE, from_rfc3339
from dcvd.core.webhooks.answers.receiver_clock import describe_difference, measure_difference
from tests.core.webhooks.attempts import URL, Told, answered, explain

NOW = from_rfc3339("2027-01-15T08:00:00Z")
_DATES = {
    10 * MINUTE: "Fri, 15 Jan 2027 08:10:00 GMT",
    -10 * MINUTE: "Friday, 15-Jan-27 07:50:00 GMT",
    -HOUR: "Fri Jan 15 07:00:00 2027",
}


@pytest.mark.parametrize("difference", _DATES)
def test_each_form_of_a_date_is_compared_with_our_clock(difference: int) -> None:
    assert measure_difference({"date": _DATES[difference]}, NOW) == difference


@pytest.mark.parametrize(
    "headers", [{}, {"date": "soon"}, {"date": ""}, {"date": "Fri, 15 Jan 2027 08:00:31 GMT"}, {"date": "0"}]
)
def test_no_date_and_a_small_difference_say_nothing(headers: Mapping[str, str]) -> None:
    assert measure_difference(headers, NOW) is None


@pytest.mark.parametrize(
    ("difference", "said"),
    [
        (2 * MINUTE, "2 min"),
        (-10 * MINUTE, "10 min"),
        (119 * MINUTE, "119 min"),
        (3 * HOUR, "3 h"),
        (-2 * DAY, "2 days"),
    ],
)
def test_a_difference_is_said_in_its_largest_unit(difference: int, said: str) -> None:
    assert describe_difference(difference) == said


def _refused(status: int, date: str, body: bytes = b"") -> Told:
    attempt = answered(status, started_at=NOW, response_headers={"date": date}, response_body=body)
    return explain(attempt, URL)


@pytest.mark.parametrize("status", [400, 401, 403, 422])
def test_a_refusal_that_may_be_of_the_timestamp_names_the_clocks(status: int) -> None:
    ahead, behind = _refused(status, _DATES[10 * MINUTE]), _refused(status, _DATES[-10 * MINUTE], b"stale timestamp")
    assert ahead.sentence.endswith(". Your clock and ours differ by 10 min: yours is ahead.")
    assert behind.sentence.endswith(": “stale timestamp”. Your clock and ours differ by 10 min: yours is behind.")
    assert "receiver's clock by NTP" in ahead.fix
    assert "tell your operator" in ahead.fix


@pytest.mark.parametrize("status", [404, 500, 503])
def test_any_other_refusal_has_nothing_to_do_with_clocks(status: int) -> None:
    assert "clock" not in _refused(status, _DATES[10 * MINUTE]).sentence


def test_clocks_that_agree_within_seconds_are_not_spoken_of() -> None:
    explanation = _refused(400, "Fri, 15 Jan 2027 08:00:07 GMT")
    assert "clock" not in explanation.sentence
