"""Which answers refuse a type of event for good."""

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from dcvd.core.events import EventType
from dcvd.core.webhooks.advice import word_advice, word_as_call
from dcvd.core.webhooks.deliveries import Attempt, AttemptOutcome
from dcvd.core.webhooks.event_refusals import (
    MAX_ANSWERS,
    SAME_ANSWERS,
    EventRefusal,
    advise_on_refusal,
    apply_refusal,
    is_refusal,
)
from tests.core.builders import NOW
from tests.core.webhooks.attempts import answered, unanswered

NEW: Final = EventRefusal(endpoint_id="wh_1", event_type=EventType.DOMAIN_ADDED)


def _after(*attempts: Attempt) -> EventRefusal:
    refusal = NEW
    for at, attempt in enumerate(attempts):
        refusal = apply_refusal(refusal, attempt, NOW + at)
    return refusal


@pytest.mark.parametrize("status", [200, 204, 301, 400, 401, 403, 404, 409, 410, 413, 415, 422, 429, 500, 503])
def test_only_400_and_422_say_that_what_was_sent_is_wrong(status: int) -> None:
    assert is_refusal(answered(status)) is (status in (400, 422))


def test_no_answer_is_no_refusal() -> None:
    assert not is_refusal(unanswered(AttemptOutcome.TIMEOUT))


def test_the_third_of_the_same_answers_is_for_good_and_says_how_many_and_since_when() -> None:
    same = answered(422, response_body=b'{"error":"unknown event"}')
    assert _after(same, same).lasting_answer is None
    answer = _after(same, same, replace(same, delivery_id="dlv_2")).lasting_answer
    assert answer is not None
    assert (answer.status_code, answer.attempts, answer.delivery_id) == (422, 3, "dlv_2")
    assert (answer.first_at, answer.last_at) == (NOW, NOW + 2)
    assert answer.excerpt == '{"error":"unknown event"}'


@pytest.mark.parametrize("other", [answered(422, response_body=b"no"), answered(400, response_body=b"No")])
def test_another_status_or_another_body_is_another_answer(other: Attempt) -> None:
    same = answered(400, response_body=b"no")
    assert _after(same, other, same).lasting_answer is None
    assert _after(same, other, same, same).lasting_answer is not None


def test_an_excerpt_is_one_line_of_printable_characters_and_short() -> None:
    (answer,) = _after(answered(400, response_body=b"\x00a\r\nb\xff " + b"x" * 1000)).answers
    assert answer.excerpt.isprintable()
    assert len(answer.excerpt) == 200
    assert answer.excerpt.startswith("a b")


def test_the_way_out_names_the_type_and_the_delivery() -> None:
    (answer,) = _after(answered(400)).answers
    sentence = word_advice(advise_on_refusal(EventType.DOMAIN_ADDED, answer), word_as_call)
    assert "domain.added" in sentence
    assert "POST /api/deliveries/dlv_1/cancel" in sentence


@given(st.lists(st.tuples(st.sampled_from([400, 422]), st.integers(0, 11)), max_size=60))
def test_whatever_comes_few_answers_are_kept_and_each_counts_no_more_than_came(
    given_answers: list[tuple[int, int]],
) -> None:
    attempts = [answered(status, response_body=bytes([number])) for status, number in given_answers]
    refusal = _after(*attempts)
    assert len(refusal.answers) <= MAX_ANSWERS
    assert len({(answer.status_code, answer.digest) for answer in refusal.answers}) == len(refusal.answers)
    assert [answer.last_at for answer in refusal.answers] == sorted(
        (answer.last_at for answer in refusal.answers), reverse=True
    )
    counts = [given_answers.count(each) for each in given_answers]
    assert sum(answer.attempts for answer in refusal.answers) <= len(given_answers)
    if len(set(given_answers)) <= MAX_ANSWERS:
        assert sum(answer.attempts for answer in refusal.answers) == len(given_answers)
        assert (refusal.lasting_answer is not None) is any(count >= SAME_ANSWERS for count in counts)
