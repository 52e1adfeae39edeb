"""Attempts as the pool would record them, and as they are told."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from dcvd.core.http.exchanges import FailureReason, Timings
from dcvd.core.sentences.rendering import Language, render
from dcvd.core.webhooks import explanation
from dcvd.core.webhooks.answers.status_codes import meaning_of
from dcvd.core.webhooks.deliveries import Attempt, AttemptOutcome
from dcvd.core.webhooks.statements import render_statements
from tests.core.builders import NOW

URL: Final = "https://hooks.customer.com/dcvd"


class Told(Struct, frozen=True):
    """An explanation in the words of a language; `fix` is empty where there is nothing to do."""

    sentence: str
    fix: str


def explain(attempt: Attempt, url: str, language: Language = "en") -> Told:
    explained = explanation.explain(attempt, url)
    fix = "" if explained.fix is None else render((explained.fix,), language)
    return Told(render_statements((explained.statement,), language), fix)


def answered(
    status: int,
    *,
    started_at: int = NOW,
    response_headers: Mapping[str, str] | None = None,
    response_body: bytes = b"",
    retry_after_ms: int | None = None,
    number: int = 1,
) -> Attempt:
    """An attempt that got an answer."""
    outcome = meaning_of(status).outcome
    return Attempt(
        delivery_id="dlv_1",
        number=number,
        started_at=started_at,
        timings=Timings(total_ms=34),
        outcome=outcome,
        status_code=status,
        error=None if outcome is AttemptOutcome.DELIVERED else f"The receiver answered {status}.",
        response_headers=response_headers or {},
        response_body=response_body,
        remote_ip="198.18.0.1",
        retry_after_ms=retry_after_ms,
    )


def unanswered(
    outcome: AttemptOutcome,
    reason: FailureReason | None = None,
    *,
    error: str | None = "It broke.",
    started_at: int = NOW,
    timings: Timings | None = None,
    remote_ip: str | None = None,
    number: int = 1,
) -> Attempt:
    """An attempt that got none."""
    return Attempt(
        delivery_id="dlv_1",
        number=number,
        started_at=started_at,
        timings=timings or Timings(total_ms=5000),
        outcome=outcome,
        reason=reason,
        error=error,
        remote_ip=remote_ip,
    )
