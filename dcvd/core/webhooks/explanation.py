"""Explanations for the receiver's developer: why an attempt ended as it did, and what to do."""

from typing import assert_never

from msgspec import Struct

from dcvd.core.sentences.sentence import Sentence
from dcvd.core.webhooks.answers import responses
from dcvd.core.webhooks.answers.urls import name_host
from dcvd.core.webhooks.deliveries import Attempt, AttemptOutcome
from dcvd.core.webhooks.failures import advise_on_failure, describe_failure
from dcvd.core.webhooks.statements import Statement


class Explanation(Struct, frozen=True):
    """A statement on what happened, and a sentence on what to do; `fix` is None where there is nothing to do."""

    statement: Statement
    fix: Sentence | None


def explain(attempt: Attempt, url: str) -> Explanation:
    """Explain one attempt to `url`, in plain text without control characters."""
    match attempt.outcome:
        case AttemptOutcome.DELIVERED:
            return _explain_answer(*responses.explain_success(attempt, url))
        case AttemptOutcome.HTTP_ERROR | AttemptOutcome.GONE:
            return _explain_answer(*responses.explain_refusal(attempt, url))
        case AttemptOutcome.REDIRECT:
            return _explain_answer(*responses.explain_redirect(attempt, url))
        case (
            AttemptOutcome.REFUSED_BY_POLICY
            | AttemptOutcome.DNS
            | AttemptOutcome.CONNECT
            | AttemptOutcome.TLS
            | AttemptOutcome.TIMEOUT
            | AttemptOutcome.PROTOCOL
            | AttemptOutcome.INTERNAL
        ):
            host = name_host(url)
            return Explanation(describe_failure(attempt, host), advise_on_failure(attempt, host))
        case _:
            assert_never(attempt.outcome)


def _explain_answer(sentence: Sentence, fix: Sentence | None) -> Explanation:
    return Explanation(Statement(sentence), fix)
