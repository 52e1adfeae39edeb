"""Explain a delivery: why its last attempt failed, what it waits for, and a command that repeats it."""

from collections.abc import Callable, Mapping
from typing import Final, assert_never

from msgspec import Struct

from dcvd.core.http.exchanges import OwnFault
from dcvd.core.instants import MINUTE, SECOND, to_rfc3339
from dcvd.core.webhooks import signing
from dcvd.core.webhooks.advice import Action, Advice, Step, join_advice
from dcvd.core.webhooks.answers.status_codes import GONE_ANSWER
from dcvd.core.webhooks.curl import curl_command
from dcvd.core.webhooks.deliveries import DeliveryStatus
from dcvd.core.webhooks.endpoint import UnsealedEndpoint, select_signing_secrets
from dcvd.core.webhooks.explanation import explain as explain_attempt
from dcvd.core.webhooks.health import DisabledReason, EndpointHealth
from dcvd.services.context import Context
from dcvd.services.webhooks import delivery_history, endpoints
from dcvd.services.webhooks.delivery_history import DeliveryDetail
from dcvd.store.engine.transactions import Snapshot

SIGNATURE_LIFETIME_MS: Final = 5 * MINUTE
"""Receivers refuse a signature that is older (Standard Webhooks)."""


class StatusExplanation(Struct, frozen=True):
    """A sentence on where a delivery stands, and what to do about it."""

    sentence: str
    advice: Advice = ()


class DeliveryExplanation(Struct, frozen=True, kw_only=True):
    """An explanation, and a command that repeats the delivery.

    `curl` is signed now, and receivers accept it until `valid_until`; both are None when the secrets cannot be read.
    headers: those that the command sends; empty where there is none.
    """

    sentence: str
    advice: Advice
    headers: Mapping[str, str]
    curl: str | None
    valid_until: int | None


async def explain(
    context: Context, org_id: str, delivery_id: str, *, find_own_fault: Callable[[str], OwnFault | None]
) -> DeliveryExplanation:
    """Explain a delivery as it stands. Raises NotFound, also for another organization's. See `explain_detail`."""
    detail = await delivery_history.get(context, org_id, delivery_id)
    return await explain_detail(context, detail, find_own_fault=find_own_fault)


async def explain_detail(
    context: Context, detail: DeliveryDetail, *, find_own_fault: Callable[[str], OwnFault | None]
) -> DeliveryExplanation:
    """Explain a delivery that has been read.

    find_own_fault: returns the fault of our own by which deliveries to an endpoint wait, if there is one.
    The command reveals no secret: it has placeholders for the endpoint's own headers.
    """

    def query(snapshot: Snapshot) -> UnsealedEndpoint | None:
        return endpoints.unseal_endpoint(context, snapshot, detail.endpoint.id)

    unsealed_endpoint = await context.database.read(query)
    now = context.now()
    own_fault = find_own_fault(detail.endpoint.id)
    if own_fault is not None and detail.summary.status is DeliveryStatus.PENDING:
        explanations = [_explain_own_fault(own_fault)]
    else:
        explanations = [explain_status(detail, now)]
    if detail.attempts:
        attempted = explain_attempt(detail.attempts[-1].attempt, detail.endpoint.url)
        explanations.insert(0, StatusExplanation(attempted.sentence, (attempted.fix,) if attempted.fix else ()))
    if unsealed_endpoint is None:
        explanations.append(
            StatusExplanation("The secrets of its webhook cannot be read.", ("Rotate them, or ask your operator.",))
        )
    headers = {} if unsealed_endpoint is None else _build_headers(detail, unsealed_endpoint, now)
    return DeliveryExplanation(
        sentence=" ".join(explanation.sentence for explanation in explanations if explanation.sentence),
        advice=join_advice(explanation.advice for explanation in explanations),
        headers=headers,
        curl=curl_command(detail.endpoint.url, headers, detail.event.body) if headers else None,
        valid_until=None if unsealed_endpoint is None else now + SIGNATURE_LIFETIME_MS,
    )


def explain_status(delivery_detail: DeliveryDetail, now: int) -> StatusExplanation:
    """Explain where a delivery stands, apart from how its last attempt went."""
    delivery = delivery_detail.summary.delivery
    health = delivery_detail.endpoint.health
    retry = Step(Action.RETRY_DELIVERY, delivery.id)
    enable = Step(Action.ENABLE_WEBHOOK, delivery_detail.endpoint.id)
    match delivery_detail.summary.status:
        case DeliveryStatus.DELIVERED:
            return StatusExplanation("" if delivery_detail.attempts else "It was delivered.")
        case DeliveryStatus.DEAD if health.is_enabled:
            sentence = "It is a dead letter: it is not tried again by itself."
            return StatusExplanation(sentence, ("Then ", retry, " sends it again."))
        case DeliveryStatus.DEAD:
            sentence = f"It is a dead letter, and its webhook is disabled: {_describe_disabled_reason(health)}."
            return StatusExplanation(sentence, ("Then ", enable, " and ", retry, " send it again."))
        case DeliveryStatus.DROPPED:
            sentence = f"It was dropped. {delivery.last_error or ''}".strip()
            return StatusExplanation(sentence, (retry, " sends it all the same."))
        case DeliveryStatus.CANCELLED:
            return StatusExplanation("It was cancelled, as somebody asked.", (retry, " sends it all the same."))
        case DeliveryStatus.HELD:
            sentence = f"It is held, because its webhook is disabled: {_describe_disabled_reason(health)}."
            return StatusExplanation(sentence, (enable, " sends it."))
        case DeliveryStatus.PENDING:
            return _explain_pending(delivery_detail, now)
        case _:
            assert_never(delivery_detail.summary.status)


def _explain_pending(delivery_detail: DeliveryDetail, now: int) -> StatusExplanation:
    awaited = delivery_detail.summary.waits_for
    due_at = delivery_detail.summary.delivery.next_attempt_at
    paused_until = delivery_detail.endpoint.health.paused_until
    if awaited is not None:
        explain, retry, cancel = (
            Step(action, awaited.delivery.id)
            for action in (Action.EXPLAIN_DELIVERY, Action.RETRY_DELIVERY, Action.CANCEL_DELIVERY)
        )
        return StatusExplanation(
            f"It waits until the delivery {awaited.delivery.id} of an earlier event of the same domain has ended.",
            (explain, " says what that one waits for, ", retry, " sends it now, and ", cancel, " gives it up."),
        )
    if paused_until is not None and paused_until > max(now, due_at or 0):
        return StatusExplanation(
            f"Nothing is sent to its webhook before {to_rfc3339(paused_until)}: an answer said that it is busy or out "
            "of order."
        )
    if due_at is None or due_at <= now:
        return StatusExplanation("It is due now, and sent as soon as its turn comes.")
    which = "next" if delivery_detail.attempts else "first"
    return StatusExplanation(f"The {which} attempt is due at {to_rfc3339(due_at)}.")


def _explain_own_fault(fault: OwnFault) -> StatusExplanation:
    """Explain what a tenant's deliveries wait for, without what is the operator's alone to know."""
    return StatusExplanation(
        f"It waits for a fault of dcvd's own to end: {_describe_own_fault(fault)}. It is tried again soon, and no "
        "attempt is used up.",
        ("Your receiver has nothing to do with it; if it lasts, tell your operator.",),
    )


def _describe_own_fault(fault: OwnFault) -> str:
    match fault:
        case OwnFault.LIMIT:
            return "its machine has no connection left"
        case OwnFault.NO_ROUTE | OwnFault.NETWORK:
            return "its network does not reach the Internet"
        case OwnFault.RESOLVER:
            return "its resolver does not answer"
        case OwnFault.PROXY:
            return "the proxy through which it sends does not work for this receiver"
        case OwnFault.CLOCK:
            return "its clock is wrong"
        case OwnFault.TRUST_STORE:
            return "its list of certificate authorities is out of date"
        case _:
            assert_never(fault)


def _describe_disabled_reason(health: EndpointHealth) -> str:
    match health.reason:
        case DisabledReason.MANUAL | None:
            return "your organization has disabled it"
        case DisabledReason.GONE:
            return f"it answered {GONE_ANSWER}"
        case DisabledReason.EXHAUSTED:
            return "for days not one delivery to it had succeeded"
        case _:
            assert_never(health.reason)


def _build_headers(delivery_detail: DeliveryDetail, unsealed_endpoint: UnsealedEndpoint, now: int) -> Mapping[str, str]:
    """Build the headers of the delivery, signed now, without the values that are the tenant's secrets."""
    event = delivery_detail.event
    signed_headers = signing.build_headers(
        select_signing_secrets(unsealed_endpoint.secrets, now),
        message_id=event.id,
        event_type=event.type,
        timestamp_s=now // SECOND,
        body=event.body,
    )
    own_headers = {name: f"<value of {name}>" for name in unsealed_endpoint.endpoint.header_names}
    return {"Content-Type": "application/json", **signed_headers, **own_headers}
