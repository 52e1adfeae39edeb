"""What follows from an attempt: every schedule ends, and a fault uses up none of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcvd.core.alerts.messages import Channel, Message, Purpose, choose_by_turns
from dcvd.core.alerts.sending import (
    MessageState,
    SendConsequence,
    SendOutcome,
    SendResult,
    SmtpStage,
    decide_after_attempt,
    judge_reply,
)
from dcvd.core.instants import MINUTE

SCHEDULES = st.lists(st.integers(0, 10**9), min_size=1, max_size=12).map(tuple)


def decide(
    outcome: SendOutcome, attempts: int, faults: int, schedule: tuple[int, ...], *, is_general: bool = True
) -> SendConsequence:
    return decide_after_attempt(
        SendResult(outcome, is_general=is_general),
        attempts=attempts,
        faults=faults,
        retry_schedule=schedule,
        now=1000,
        random_fraction=0.5,
    )


@given(SCHEDULES, st.lists(st.sampled_from(SendOutcome), max_size=100))
def test_a_message_ends_after_its_schedule_and_faults_do_not_count(
    schedule: tuple[int, ...], outcomes: list[SendOutcome]
) -> None:
    attempts = faults = counted = 0
    for outcome in outcomes:
        done = decide(outcome, attempts, faults, schedule)
        counted += outcome is not SendOutcome.FAULT
        assert done.attempts == counted
        assert (done.next_attempt_at is None) == (done.state is not MessageState.PENDING)
        assert done.next_attempt_at is None or done.next_attempt_at >= 1000
        if done.state is not MessageState.PENDING:
            assert outcome is not SendOutcome.FAULT
            assert (done.state is MessageState.SENT) == (outcome is SendOutcome.SENT)
            return
        attempts, faults = done.attempts, done.faults
    assert counted < len(schedule)


def test_pauses_after_faults_grow_to_a_bound() -> None:
    times = [decide(SendOutcome.FAULT, 0, faults, (0,)).next_attempt_at or 0 for faults in range(60)]
    assert times == sorted(times)
    assert times[0] < MINUTE
    assert times[-1] < 30 * MINUTE


def test_a_message_that_the_server_cannot_bear_is_given_up_in_the_end() -> None:
    attempts = faults = tries = 0
    state = MessageState.PENDING
    while state is MessageState.PENDING:
        done = decide(SendOutcome.FAULT, attempts, faults, (0, 0, 0), is_general=False)
        state, attempts, faults, tries = done.state, done.attempts, done.faults, tries + 1
    assert (state, attempts, tries) == (MessageState.DEAD, 3, 53)


@given(st.sampled_from(SmtpStage), st.integers(400, 599), st.text(max_size=2000))
def test_any_reply_is_judged_and_told_in_one_line(stage: SmtpStage, code: int, text: str) -> None:
    result = judge_reply(stage, code, text)
    assert result.outcome is not SendOutcome.SENT
    assert result.detail.isprintable()
    assert len(result.detail) <= 300
    assert result.is_general == (result.outcome is SendOutcome.FAULT)


@pytest.mark.parametrize("text", ["5.1.1 no", "5.2.1 off", "unknown", "4.7.1 odd", "5.7 not one"])
def test_only_a_refused_recipient_is_the_recipients(text: str) -> None:
    expected = SendOutcome.REFUSED if text.startswith("4.7.1") else SendOutcome.UNKNOWN_RECIPIENT
    assert judge_reply(SmtpStage.RECIPIENT, 550, text).outcome is expected
    assert judge_reply(SmtpStage.DATA, 550, text).outcome is SendOutcome.REFUSED


def message(number: int, org_id: str | None) -> Message:
    return Message(
        id=f"msg_{number}",
        org_id=org_id,
        contact_id=None,
        channel=Channel.MAIL,
        purpose=Purpose.ALERT,
        recipient="a@example.com",
        subject="",
        text="",
        next_attempt_at=0,
        created_at=0,
        updated_at=0,
    )


@given(st.lists(st.sampled_from([None, "loud", "quiet"]), max_size=40), st.integers(0, 10))
def test_organizations_take_turns_and_the_operator_comes_first(orgs: list[str | None], limit: int) -> None:
    due = [message(number, org_id) for number, org_id in enumerate(orgs)]
    counts: dict[str, int] = {}
    chosen = choose_by_turns(due, counts, limit)
    assert len(chosen) == min(limit, len(due))
    names = [each.org_id for each in chosen]
    assert names == sorted(names, key=lambda name: name is not None)
    left = [each.org_id for each in due if each not in chosen]
    if "quiet" in left and "loud" in left:
        assert abs(counts.get("quiet", 0) - counts.get("loud", 0)) <= 1
