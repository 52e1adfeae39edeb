"""One attempt: sign, send, and say how it went."""

from dcvd.core import signing
from dcvd.core.instants import SECOND
from dcvd.core.retry_after import parse_retry_after
from dcvd.core.webhooks import Attempt, AttemptOutcome, DueDelivery, outcome_of
from dcvd.kit.clock import Clock
from dcvd.kit.egress import Egress, EgressAnswer, EgressError


async def attempt(egress: Egress, due: DueDelivery, *, clock: Clock, timeout: float) -> Attempt:  # noqa: ASYNC109
    """Send a delivery once; `timeout` in seconds bounds everything from the name to the last byte of the answer.

    Signed at the moment of sending: receivers refuse a timestamp that is minutes old. Never raises for what the
    receiver does; a cancellation passes through, and then nothing is known of the attempt.
    """
    started = clock.now()
    headers = {
        "Content-Type": "application/json",
        **signing.headers(
            due.secret,
            message_id=due.event_id,
            event=due.event_type,
            timestamp=started // SECOND,
            body=due.body,
        ),
    }
    try:
        answer = await egress.post(due.url, due.body, headers, timeout=timeout)
    except EgressError as error:
        return Attempt(
            delivery_id=due.id,
            number=due.attempts + 1,
            started_at=started,
            duration_ms=error.elapsed_ms,
            outcome=AttemptOutcome(error.kind),
            status_code=None,
            error=error.message,
            response=b"",
            remote_ip=error.remote_ip,
            retry_after=None,
        )
    outcome = outcome_of(answer.status)
    return Attempt(
        delivery_id=due.id,
        number=due.attempts + 1,
        started_at=started,
        duration_ms=answer.elapsed_ms,
        outcome=outcome,
        status_code=answer.status,
        error=_explain(outcome, answer),
        response=answer.body,
        remote_ip=answer.remote_ip,
        retry_after=parse_retry_after(answer.headers.get("retry-after"), started),
    )


def broken_attempt(due: DueDelivery, now: int) -> Attempt:
    """An attempt that failed by a fault of dcvd's own, which is in the log."""
    return Attempt(
        delivery_id=due.id,
        number=due.attempts + 1,
        started_at=now,
        duration_ms=0,
        outcome=AttemptOutcome.PROTOCOL,
        status_code=None,
        error="dcvd itself failed at this attempt; its log says more.",
        response=b"",
        remote_ip=None,
        retry_after=None,
    )


def _explain(outcome: AttemptOutcome, answer: EgressAnswer) -> str | None:
    if outcome is AttemptOutcome.DELIVERED:
        return None
    if outcome is AttemptOutcome.REDIRECT:
        # A receiver's header may hold any bytes, which come as lone surrogates and could not be stored.
        location = answer.headers.get("location", "another address")
        target = location.encode("utf-8", "backslashreplace").decode()
        return f"The receiver redirected ({answer.status}) to {target}; redirects are not followed, put the final URL."
    if outcome is AttemptOutcome.GONE:
        return "The receiver answered 410 Gone: it does not want this any more."
    return f"The receiver answered {answer.status}; only 2xx counts as received."
