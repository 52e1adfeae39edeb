"""Explain a delivery: why its last attempt failed, what it waits for, and a command that repeats it."""

from collections.abc import Callable, Mapping
from typing import Final, assert_never

from msgspec import Struct

from dcvd.core.http.exchanges import OwnFault
from dcvd.core.instants import MINUTE, SECOND, to_rfc3339
from dcvd.core.sentences.rendering import render
from dcvd.core.sentences.sentence import Param, Sentence, say
from dcvd.core.webhooks import signing
from dcvd.core.webhooks.advice import Action, Advice, say_step
from dcvd.core.webhooks.answers.status_codes import GONE_ANSWER
from dcvd.core.webhooks.curl import curl_command
from dcvd.core.webhooks.deliveries import DeliveryStatus
from dcvd.core.webhooks.endpoint import UnsealedEndpoint, select_signing_secrets
from dcvd.core.webhooks.explanation import explain as explain_attempt
from dcvd.core.webhooks.health import DisabledReason, EndpointHealth
from dcvd.core.webhooks.statements import Statement
from dcvd.services.context import Context
from dcvd.services.webhooks import delivery_history, endpoints
from dcvd.services.webhooks.delivery_history import DeliveryDetail
from dcvd.store.engine.transactions import Snapshot

SIGNATURE_LIFETIME_MS: Final = 5 * MINUTE
"""Receivers refuse a signature that is older (Standard Webhooks)."""


class StatusExplanation(Struct, frozen=True):
    """Where a delivery stands, and what to do about it; `statement` is None where that goes without saying."""

    statement: Statement | None
    advice: Advice = ()


class DeliveryExplanation(Struct, frozen=True, kw_only=True):
    """An explanation, and a command that repeats the delivery.

    `curl` is signed now, and receivers accept it until `valid_until`; both are None when the secrets cannot be read.
    headers: those that the command sends; empty where there is none.
    """

    statements: tuple[Statement, ...]
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
        explanations.insert(0, StatusExplanation(attempted.statement, (attempted.fix,) if attempted.fix else ()))
    if unsealed_endpoint is None:
        explanations.append(_explain("delivery_secrets_unreadable", (say("delivery_secrets_unreadable_fix"),)))
    headers = {} if unsealed_endpoint is None else _build_headers(detail, unsealed_endpoint, now)
    return DeliveryExplanation(
        statements=tuple(each.statement for each in explanations if each.statement is not None),
        advice=tuple(sentence for each in explanations for sentence in each.advice),
        headers=headers,
        curl=curl_command(detail.endpoint.url, headers, detail.event.body) if headers else None,
        valid_until=None if unsealed_endpoint is None else now + SIGNATURE_LIFETIME_MS,
    )


def explain_status(delivery_detail: DeliveryDetail, now: int) -> StatusExplanation:
    """Explain where a delivery stands, apart from how its last attempt went."""
    delivery = delivery_detail.summary.delivery
    health = delivery_detail.endpoint.health
    retry = say_step(Action.RETRY_DELIVERY, delivery.id)
    enable = say_step(Action.ENABLE_WEBHOOK, delivery_detail.endpoint.id)
    match delivery_detail.summary.status:
        case DeliveryStatus.DELIVERED:
            return StatusExplanation(None) if delivery_detail.attempts else _explain("delivery_delivered")
        case DeliveryStatus.DEAD if health.is_enabled:
            return _explain("delivery_dead", (say("delivery_dead_fix", retry=retry),))
        case DeliveryStatus.DEAD:
            fix = say("delivery_dead_disabled_fix", enable=enable, retry=retry)
            return _explain("delivery_dead_disabled", (fix,), reason=_say_disabled_reason(health))
        case DeliveryStatus.DROPPED:
            return StatusExplanation(_state_drop(delivery.last_error or ""), (say("delivery_ended_fix", retry=retry),))
        case DeliveryStatus.CANCELLED:
            return _explain("delivery_cancelled", (say("delivery_ended_fix", retry=retry),))
        case DeliveryStatus.HELD:
            fix = say("delivery_held_fix", enable=enable)
            return _explain("delivery_held", (fix,), reason=_say_disabled_reason(health))
        case DeliveryStatus.PENDING:
            return _explain_pending(delivery_detail, now)
        case _:
            assert_never(delivery_detail.summary.status)


def _explain(sentence_id: str, advice: Advice = (), **params: Param) -> StatusExplanation:
    return StatusExplanation(Statement(say(sentence_id, **params)), advice)


def _state_drop(reason: str) -> Statement:
    """State that a delivery was dropped; why was recorded with it, in English."""
    sentence = say("delivery_dropped")
    return Statement(sentence, f"{render((sentence,))} {reason}", reason) if reason else Statement(sentence)


def _explain_pending(delivery_detail: DeliveryDetail, now: int) -> StatusExplanation:
    awaited = delivery_detail.summary.waits_for
    due_at = delivery_detail.summary.delivery.next_attempt_at
    paused_until = delivery_detail.endpoint.health.paused_until
    if awaited is not None:
        steps = {
            name: say_step(action, awaited.delivery.id)
            for name, action in (
                ("explain", Action.EXPLAIN_DELIVERY),
                ("retry", Action.RETRY_DELIVERY),
                ("cancel", Action.CANCEL_DELIVERY),
            )
        }
        return _explain("delivery_waits", (say("delivery_waits_fix", **steps),), delivery=awaited.delivery.id)
    if paused_until is not None and paused_until > max(now, due_at or 0):
        return _explain("delivery_paused", when=to_rfc3339(paused_until))
    if due_at is None or due_at <= now:
        return _explain("delivery_due")
    sentence_id = "delivery_next_due" if delivery_detail.attempts else "delivery_first_due"
    return _explain(sentence_id, when=to_rfc3339(due_at))


def _explain_own_fault(fault: OwnFault) -> StatusExplanation:
    """Explain what a tenant's deliveries wait for, without what is the operator's alone to know."""
    return _explain("delivery_own_fault", (say("delivery_own_fault_fix"),), fault=_say_own_fault(fault))


def _say_own_fault(fault: OwnFault) -> Sentence:
    match fault:
        case OwnFault.LIMIT:
            return say("delivery_fault_limit")
        case OwnFault.NO_ROUTE | OwnFault.NETWORK:
            return say("delivery_fault_network")
        case OwnFault.RESOLVER:
            return say("delivery_fault_resolver")
        case OwnFault.PROXY:
            return say("delivery_fault_proxy")
        case OwnFault.CLOCK:
            return say("delivery_fault_clock")
        case OwnFault.TRUST_STORE:
            return say("delivery_fault_trust_store")
        case _:
            assert_never(fault)


def _say_disabled_reason(health: EndpointHealth) -> Sentence:
    match health.reason:
        case DisabledReason.MANUAL | None:
            return say("delivery_disabled_by_organization")
        case DisabledReason.GONE:
            return say("delivery_disabled_gone", status=GONE_ANSWER)
        case DisabledReason.EXHAUSTED:
            return say("delivery_disabled_exhausted")
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
