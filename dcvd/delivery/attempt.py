"""One attempt: sign, send, and say how it went."""

from collections.abc import Mapping

from dcvd.core.http_exchanges import Timings
from dcvd.core.instants import SECOND
from dcvd.core.retry_after import parse_retry_after
from dcvd.core.webhooks import signing
from dcvd.core.webhooks.deliveries import Attempt, AttemptOutcome, DueDelivery, outcome_of
from dcvd.core.webhooks.endpoint import OpenedEndpoint, signing_secrets
from dcvd.kit.clock import Clock
from dcvd.kit.egress import Egress, EgressAnswer, EgressError


async def attempt(
    egress: Egress,
    opened: OpenedEndpoint,
    due: DueDelivery,
    *,
    clock: Clock,
    timeout: float,  # noqa: ASYNC109  # bounds the whole attempt, down where the socket is
) -> Attempt:
    """Send a delivery once; `timeout` in seconds bounds everything from the name to the last byte of the answer.

    Signed at the moment of sending: receivers refuse a timestamp that is minutes old. Never raises for what the
    receiver does; a cancellation passes through, and then nothing is known of the attempt.
    """
    started = clock.now()
    headers = signing.headers(
        signing_secrets(opened.secrets, started),
        message_id=due.event_id,
        event=due.event_type,
        timestamp=started // SECOND,
        body=due.body,
    )
    return await send(egress, opened, due, headers, started=started, timeout=timeout)


async def send(
    egress: Egress,
    opened: OpenedEndpoint,
    due: DueDelivery,
    headers: Mapping[str, str],
    *,
    started: int,
    timeout: float,  # noqa: ASYNC109  # as above
) -> Attempt:
    """`attempt` with signature headers that were made elsewhere; `started` in milliseconds."""
    number = due.attempts + 1
    every = {"Content-Type": "application/json", **headers}
    for name, value in opened.headers.items():
        every[name] = value.reveal()
    try:
        answer = await egress.post(opened.endpoint.url, due.body, every, timeout=timeout, owner=opened.endpoint.org_id)
    except EgressError as error:
        return Attempt(
            delivery_id=due.id,
            number=number,
            started_at=started,
            timings=error.timings,
            outcome=AttemptOutcome(error.kind),
            reason=error.reason,
            error=error.message,
            remote_ip=error.remote_ip,
        )
    outcome = outcome_of(answer.status)
    return Attempt(
        delivery_id=due.id,
        number=number,
        started_at=started,
        timings=answer.timings,
        outcome=outcome,
        status_code=answer.status,
        error=_explain(outcome, answer),
        headers=answer.headers,
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
        timings=Timings(total_ms=0),
        outcome=AttemptOutcome.INTERNAL,
        error="dcvd itself failed at this attempt; its log says more.",
    )


def _explain(outcome: AttemptOutcome, answer: EgressAnswer) -> str | None:
    if outcome is AttemptOutcome.DELIVERED:
        return None
    if outcome is AttemptOutcome.REDIRECT:
        target = answer.headers.get("location", "another address")
        return f"The receiver redirected ({answer.status}) to {target}; redirects are not followed, put the final URL."
    if outcome is AttemptOutcome.GONE:
        return "The receiver answered 410 Gone: it does not want this any more."
    return f"The receiver answered {answer.status}; only 2xx counts as received."
