"""A delivery and its attempts as JSON."""

from collections.abc import Sequence
from typing import assert_never

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from dcvd.api.webhooks.advice_view import AdvicePartView, advice_view
from dcvd.core.addresses import is_public
from dcvd.core.events import EventType
from dcvd.core.http.exchanges import FailureReason
from dcvd.core.instants import format_instant, to_rfc3339
from dcvd.core.webhooks.advice import Advice, word_advice, word_as_call
from dcvd.core.webhooks.answers.status_codes import GONE_ANSWER
from dcvd.core.webhooks.deliveries import (
    AttemptConsequence,
    AttemptOutcome,
    DeliveryStatus,
    NextAttemptReason,
    RecordedAttempt,
)
from dcvd.core.webhooks.statements import Statement, render_statements
from dcvd.http.answers.instants import Instant
from dcvd.http.answers.views import build_view
from dcvd.services.webhooks.delivery_history import DeliveryDetail, DeliverySummary


class AwaitedDeliveryView(Struct, frozen=True, kw_only=True, rename="camel"):
    """The earlier delivery that has to end first: retry it, or cancel it."""

    delivery_id: str
    event: EventType
    status: DeliveryStatus
    next_attempt_at: Instant | None


class DeliveryView(Struct, frozen=True, kw_only=True, rename="camel"):
    """The delivery of one event to one endpoint. `attempts`: how many were made.

    `waitsForEarlier`: it is due once an earlier event of its domain was delivered or given up, which `waitsFor` names
    (null where it waits for none). `body`, exactly as it is
    signed and sent, is only in the answer about one delivery. `requestId` is the `X-Request-Id` of the request that
    caused its event, or asked for it again by a replay; null where no request did.
    """

    id: str
    webhook_id: str
    event_id: str
    event: EventType
    domain_id: str | None
    sequence: int
    status: DeliveryStatus
    attempts: int
    next_attempt_at: Instant | None
    waits_for_earlier: bool
    waits_for: AwaitedDeliveryView | None
    last_error: str | None
    request_id: str | None
    body: str | UnsetType = UNSET
    created_at: Instant
    updated_at: Instant


class TimingsView(Struct, frozen=True, kw_only=True, rename="camel"):
    """The phases of an attempt in milliseconds; null for one that was not reached, or that a reused connection skips.

    `firstByteMs` runs from the request's last byte to the answer's first.
    """

    dns_ms: int | None
    connect_ms: int | None
    tls_ms: int | None
    first_byte_ms: int | None
    total_ms: int


class AttemptView(Struct, frozen=True, kw_only=True, rename="camel"):
    """One attempt, which is one HTTP request. `errorClass` is null after a success; `reason` says why no answer came.

    `remoteIp` is the public address that was called, and null where it was none. `response` is at most the
    first KiB of the answer, and `bodyFault` says why the answer's body is not whole, in a clause (null where it is);
    `next` says when the next attempt was planned, and why then. `counted` is false for a request over a kept connection
    that the receiver had given up: it was repeated at once, by the attempt of the same number.
    """

    number: int
    counted: bool
    started_at: Instant
    timings: TimingsView
    remote_ip: str | None
    status_code: int | None
    error_class: AttemptOutcome | None
    reason: FailureReason | None
    error: str | None
    response_headers: dict[str, str]
    response: str
    body_fault: str | None
    next_attempt_at: Instant | None
    next: str


class DeliveryAnswer(Struct, frozen=True):
    delivery: DeliveryView


class DeliveryHistory(Struct, frozen=True):
    """A delivery with its body, and every attempt in order."""

    delivery: DeliveryView
    attempts: list[AttemptView]


class DeliveryList(Struct, frozen=True, kw_only=True, rename="camel"):
    deliveries: list[DeliveryView]
    next_cursor: str | None


class ExplanationView(Struct, frozen=True, rename="camel"):
    """What happened, and what to do about it; `fix` is null if there is nothing to do.

    `fixParts` are the texts and the calls that `fix` is made of.
    """

    sentence: str
    fix: str | None
    fix_parts: list[AdvicePartView]


class ExplanationAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """An explanation, and `curl`: a command that repeats the delivery, which receivers accept until `validUntil`.

    `curl` and `validUntil` are null when the endpoint's secrets cannot be read. In `curl`, fill in the values of the
    headers that you configured for the endpoint.
    """

    explanation: ExplanationView
    curl: str | None
    valid_until: Instant | None


def delivery_view(summary: DeliverySummary) -> DeliveryView:
    """Show a delivery without its body."""
    delivery = summary.delivery
    return build_view(
        DeliveryView,
        delivery,
        webhook_id=delivery.endpoint_id,
        event=delivery.event_type,
        status=summary.status,
        next_attempt_at=format_instant(summary.next_attempt_at),
        waits_for_earlier=summary.status is DeliveryStatus.PENDING and delivery.next_attempt_at is None,
        waits_for=None if summary.waits_for is None else _awaited_delivery_view(summary.waits_for),
    )


def _awaited_delivery_view(summary: DeliverySummary) -> AwaitedDeliveryView:
    return AwaitedDeliveryView(
        delivery_id=summary.delivery.id,
        event=summary.delivery.event_type,
        status=summary.status,
        next_attempt_at=format_instant(summary.next_attempt_at),
    )


def delivery_history(detail: DeliveryDetail) -> DeliveryHistory:
    """Show a delivery with its body and its attempts."""
    view = replace(delivery_view(detail.summary), body=detail.event.body.decode())
    return DeliveryHistory(view, [attempt_view(recorded_attempt) for recorded_attempt in detail.attempts])


def attempt_view(recorded_attempt: RecordedAttempt) -> AttemptView:
    """Show one attempt."""
    attempt, consequence = recorded_attempt.attempt, recorded_attempt.consequence
    return build_view(
        AttemptView,
        attempt,
        remote_ip=attempt.remote_ip if is_public(attempt.remote_ip) else None,
        error_class=None if attempt.outcome is AttemptOutcome.DELIVERED else attempt.outcome,
        response_headers=dict(attempt.response_headers),
        response=attempt.response_body.decode("utf-8", "replace"),
        body_fault=attempt.body_fault or None,
        next_attempt_at=format_instant(None if consequence is None else consequence.next_attempt_at),
        next=describe_next_attempt(consequence),
    )


def explanation_view(statements: Sequence[Statement], advice: Advice) -> ExplanationView:
    """Show what happened, and what to do."""
    return ExplanationView(
        render_statements(statements), word_advice(advice, word_as_call) or None, advice_view(advice)
    )


def describe_next_attempt(consequence: AttemptConsequence | None) -> str:
    """Describe when the next attempt was planned, and why then."""
    if consequence is None:
        return "Not recorded: an earlier version of dcvd made this attempt."
    due_at = consequence.next_attempt_at
    when = "after earlier events of its domain" if due_at is None else f"at {to_rfc3339(due_at)}"
    match consequence.reason:
        case NextAttemptReason.SCHEDULE | NextAttemptReason.RETRY_AFTER if due_at is None:
            return f"To be tried again {when}."
        case NextAttemptReason.SCHEDULE:
            return f"To be tried again {when} by the retry schedule."
        case NextAttemptReason.RETRY_AFTER:
            return f"To be tried again {when} because the receiver's Retry-After asked for it."
        case NextAttemptReason.REQUESTED:
            return f"To be tried again {when}: that was requested during this attempt."
        case NextAttemptReason.REPEATED:
            return (
                "Sent again at once over a new connection: the receiver had given up the kept one. It does not count."
            )
        case NextAttemptReason.DELIVERED:
            return "No more: it was delivered."
        case NextAttemptReason.GONE:
            return f"No more: the receiver answered {GONE_ANSWER}, which disabled the endpoint."
        case NextAttemptReason.SCHEDULE_ENDED:
            return "No more: its retry schedule has ended."
        case NextAttemptReason.CANCELLED:
            return "No more: it was cancelled during this attempt."
        case NextAttemptReason.ONCE:
            return "No more: a test is sent once."
        case _:
            assert_never(consequence.reason)
