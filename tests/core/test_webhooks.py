"""What an HTTP status means for a delivery."""

from dcvd.core.webhooks import AttemptOutcome, outcome_of


def test_only_a_2xx_is_a_success_and_only_410_ends_a_delivery() -> None:
    by_outcome: dict[AttemptOutcome, set[int]] = {}
    for status in range(100, 600):
        by_outcome.setdefault(outcome_of(status), set()).add(status)
    assert by_outcome == {
        AttemptOutcome.DELIVERED: set(range(200, 300)),
        AttemptOutcome.REDIRECT: set(range(300, 400)),
        AttemptOutcome.GONE: {410},
        AttemptOutcome.HTTP_ERROR: {*range(100, 200), *range(400, 600)} - {410},
    }
