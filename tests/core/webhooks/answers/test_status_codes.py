"""A status has one meaning, on which everything that reacts to it agrees."""

from hypothesis import given
from hypothesis import strategies as st

from dcvd.core.instants import MINUTE
from dcvd.core.webhooks.answers.status_codes import StatusMeaning, describe_status, meaning_of
from dcvd.core.webhooks.conformance import ProbeKind, evaluate_receiver
from dcvd.core.webhooks.deliveries import AttemptOutcome, DeliveryState, decide_next_attempt
from dcvd.core.webhooks.health import DisabledReason, EndpointHealth, apply_attempt
from tests.core.builders import NOW
from tests.core.webhooks.attempts import URL, answered, explain

STATUSES = range(100, 600)


def _select(flag: str) -> set[int]:
    return {status for status in STATUSES if getattr(meaning_of(status), flag)}


def test_the_statuses_with_a_consequence_of_their_own_are_those_of_standard_webhooks_and_of_hosts() -> None:
    assert _select("pauses_endpoint") == {429, 502, 503, 504} | {509, 521, 522, 523, 524, 525, 526, 530}
    assert _select("may_refuse_signature") == {400, 401, 403, 422}
    assert _select("refuses_access") == {401, 403}
    assert _select("refuses_request") == set(range(400, 500))


def test_every_status_has_a_meaning_and_all_that_react_to_it_agree() -> None:
    for status in STATUSES:
        meaning = meaning_of(status)
        attempt = answered(status)
        assert attempt.outcome is meaning.outcome, status
        is_success, is_gone = meaning.outcome is AttemptOutcome.DELIVERED, meaning.outcome is AttemptOutcome.GONE

        explanation = explain(attempt, URL)
        assert describe_status(status) in explanation.sentence
        assert (meaning.error is None, explanation.fix == "", meaning.fix_id == "") == (is_success,) * 3

        ended_state = (
            DeliveryState.DELIVERED if is_success else DeliveryState.DEAD if is_gone else DeliveryState.PENDING
        )
        assert decide_next_attempt(attempt, 0, (0, MINUTE), NOW, 0.0).state is ended_state

        health, _ = apply_attempt(EndpointHealth(), attempt, MINUTE, NOW)
        assert health.failures == (0 if is_success else 1)
        assert health.reason is (DisabledReason.GONE if is_gone else None)
        assert (health.paused_until is not None) is meaning.pauses_endpoint

        accepting = {kind: answered(204) for kind in ProbeKind}
        duplicate = evaluate_receiver({**accepting, ProbeKind.DUPLICATE: attempt}, URL).probes[1]
        assert duplicate.passed is (True if is_success else None if meaning.pauses_endpoint else False)


@given(st.integers(-1, 10_000))
def test_a_status_that_no_standard_knows_has_a_meaning_too(status: int) -> None:
    meaning = meaning_of(status)
    assert isinstance(meaning, StatusMeaning)
    if meaning.error is not None:
        assert str(status) in meaning.error.format(status=status, location="https://example.net/")
