"""Make one attempt: sign the delivery, send it, and describe the outcome."""

from collections.abc import Coroutine, Mapping
from http import HTTPStatus
from typing import Any

from dcvd.core.http.exchanges import OwnFault, ReceivedResponse, RepeatedExchange, Timings
from dcvd.core.http.retry_after import parse_retry_after_ms
from dcvd.core.instants import SECOND
from dcvd.core.webhooks import signing
from dcvd.core.webhooks.answers.firewalls import judge_answer
from dcvd.core.webhooks.answers.receiver_clock import DATE_HEADER, describe_difference, measure_difference
from dcvd.core.webhooks.deliveries import Attempt, AttemptOutcome, DueDelivery
from dcvd.core.webhooks.endpoint import UnsealedEndpoint, select_signing_secrets
from dcvd.kit.clock import Clock
from dcvd.kit.egress.client import EgressClient
from dcvd.kit.egress.failures import EgressError
from dcvd.kit.egress.guard import find_origin


def make_attempt(
    egress: EgressClient,
    unsealed_endpoint: UnsealedEndpoint,
    due_delivery: DueDelivery,
    *,
    clock: Clock,
    timeout_s: float,  # bounds the whole attempt, down where the socket is
    counts_own_faults: bool = False,
) -> Coroutine[Any, Any, Attempt]:
    """Sign a delivery, and return what sends it once.

    `timeout_s` in seconds bounds everything from the name to the last byte of the answer.

    It is signed at the moment of sending: receivers refuse a timestamp that is minutes old. Never raises for what the
    receiver does, but EgressError where our own machine is to blame: then no attempt was made, unless
    `counts_own_faults`. A cancellation passes through; whether the receiver got the delivery is then unknown.
    """
    started_at = clock.now()
    headers = signing.build_headers(
        select_signing_secrets(unsealed_endpoint.secrets, started_at),
        message_id=due_delivery.event_id,
        event_type=due_delivery.event_type,
        timestamp_s=started_at // SECOND,
        body=due_delivery.body,
    )
    return send_signed(
        egress,
        unsealed_endpoint,
        due_delivery,
        headers,
        started_at=started_at,
        timeout_s=timeout_s,
        counts_own_faults=counts_own_faults,
    )


async def send_signed(
    egress: EgressClient,
    unsealed_endpoint: UnsealedEndpoint,
    due_delivery: DueDelivery,
    headers: Mapping[str, str],
    *,
    started_at: int,
    timeout_s: float,  # as above
    counts_own_faults: bool = False,
) -> Attempt:
    """Send a delivery once with the given signature headers; `started_at` in milliseconds. See `make_attempt`."""
    all_headers = {"Content-Type": "application/json", **headers}
    for name, value in unsealed_endpoint.headers.items():
        all_headers[name] = value.reveal()
    try:
        response = await egress.post(
            unsealed_endpoint.endpoint.url,
            due_delivery.body,
            all_headers,
            timeout_s=timeout_s,
            owner=unsealed_endpoint.endpoint.org_id,
            credentials=unsealed_endpoint.credentials,
        )
    except EgressError as error:
        if error.own_fault is not None and not counts_own_faults:
            raise
        return Attempt(
            delivery_id=due_delivery.id,
            number=due_delivery.attempts + 1,
            started_at=started_at,
            timings=error.timings,
            outcome=AttemptOutcome(error.kind),
            reason=error.reason,
            error=error.message,
            remote_ip=error.remote_ip,
            repeated=None if error.repeated is None else _build_repeated(due_delivery, started_at, error.repeated),
        )
    if _may_refuse_timestamp(response.status):
        # Dates are costly to parse, so nobody does where all is well.
        ahead_ms = measure_difference(response.headers, started_at + response.timings.total_ms)
        if ahead_ms is not None and await egress.is_clock_wrong(ahead_ms):
            raise _build_clock_error(unsealed_endpoint.endpoint.url, response.status, ahead_ms)
    repeated = None if response.repeated is None else _build_repeated(due_delivery, started_at, response.repeated)
    return _build_answered(due_delivery, started_at, response, response.timings, response.remote_ip, repeated=repeated)


def _may_refuse_timestamp(status: int) -> bool:
    return 400 <= status < 500 and status != HTTPStatus.GONE


def _build_clock_error(url: str, status: int, ahead_ms: int) -> EgressError:
    apart = describe_difference(ahead_ms)
    message = f"{find_origin(url)} answered {status}, and the clock of this machine is wrong by {apart}: set it right."
    error = EgressError("protocol", None, message)
    error.own_fault = OwnFault.CLOCK
    return error


def _build_answered(
    due_delivery: DueDelivery,
    started_at: int,
    response: ReceivedResponse,
    timings: Timings,
    remote_ip: str | None,
    *,
    counted: bool = True,
    repeated: Attempt | None = None,
) -> Attempt:
    headers = response.headers
    meaning = judge_answer(response.status, headers)
    return Attempt(
        delivery_id=due_delivery.id,
        number=due_delivery.attempts + 1,
        started_at=started_at,
        timings=timings,
        outcome=meaning.outcome,
        status_code=response.status,
        error=meaning.error
        and meaning.error.format(status=response.status, location=headers.get("location", "another address")),
        response_headers=_drop_usual_date(headers, meaning.outcome, started_at + timings.total_ms),
        response_body=response.body,
        body_fault=response.body_fault,
        remote_ip=remote_ip,
        retry_after_ms=parse_retry_after_ms(headers.get("retry-after"), started_at),
        counted=counted,
        repeated=repeated,
    )


def _build_repeated(due_delivery: DueDelivery, started_at: int, exchange: RepeatedExchange) -> Attempt:
    """Build the attempt that does not count, from the exchange that was repeated at once."""
    if exchange.response is not None:
        response, timings = exchange.response, exchange.timings
        return _build_answered(due_delivery, started_at, response, timings, exchange.remote_ip, counted=False)
    return Attempt(
        delivery_id=due_delivery.id,
        number=due_delivery.attempts + 1,
        started_at=started_at,
        timings=exchange.timings,
        outcome=AttemptOutcome.PROTOCOL,
        reason=exchange.reason,
        error=exchange.message,
        remote_ip=exchange.remote_ip,
        counted=False,
    )


def _drop_usual_date(headers: dict[str, str], outcome: AttemptOutcome, answered_at: int) -> dict[str, str]:
    """Return the headers with the `Date` only where it may explain why the receiver refused a timestamp."""
    if DATE_HEADER not in headers:
        return headers
    if outcome is not AttemptOutcome.DELIVERED and measure_difference(headers, answered_at) is not None:
        return headers
    kept_headers = headers.copy()
    del kept_headers[DATE_HEADER]
    return kept_headers


def build_internal_failure(due_delivery: DueDelivery, now: int) -> Attempt:
    """Build the attempt that failed by a fault of dcvd's own, which is in the log."""
    return Attempt(
        delivery_id=due_delivery.id,
        number=due_delivery.attempts + 1,
        started_at=now,
        timings=Timings(total_ms=0),
        outcome=AttemptOutcome.INTERNAL,
        error="dcvd itself failed at this attempt; its log says more.",
    )
