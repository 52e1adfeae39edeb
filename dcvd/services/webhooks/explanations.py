"""What is the matter with a delivery: why its last attempt failed, what it waits for, and a command that repeats it."""

from typing import Final, assert_never

from msgspec import Struct

from dcvd.core.instants import MINUTE, SECOND, to_rfc3339
from dcvd.core.webhooks import signing
from dcvd.core.webhooks.curl import curl_command
from dcvd.core.webhooks.deliveries import DeliveryStatus
from dcvd.core.webhooks.endpoint import UnsealedEndpoint, select_signing_secrets
from dcvd.core.webhooks.explanation import Explanation
from dcvd.core.webhooks.explanation import explain as diagnose
from dcvd.core.webhooks.health import DisabledReason, EndpointHealth
from dcvd.services.context import Context
from dcvd.services.webhooks import delivery_history, endpoints
from dcvd.services.webhooks.delivery_history import DeliveryDetail
from dcvd.store.engine.database import Snapshot
from dcvd.store.webhooks.deliveries import find_first_ahead

SIGNATURE_LIFETIME_MS: Final = 5 * MINUTE
"""Receivers refuse what was signed longer ago (Standard Webhooks)."""


class DeliveryExplanation(Struct, frozen=True, kw_only=True):
    """`curl` is signed now, and taken by receivers until `valid_until`; both None when the secrets cannot be read."""

    explanation: Explanation
    curl: str | None
    valid_until: int | None


async def explain(context: Context, org_id: str, delivery_id: str) -> DeliveryExplanation:
    """The diagnosis of a delivery as it stands. Raises NotFound, also for another organization's.

    The command reveals no secret: the endpoint's own headers stand in it as placeholders.
    """
    full = await delivery_history.get(context, org_id, delivery_id)

    def query(snapshot: Snapshot) -> tuple[UnsealedEndpoint | None, str | None]:
        opened = endpoints.unseal_endpoint(context, snapshot, full.endpoint.id)
        return opened, find_first_ahead(snapshot, full.summary.delivery)

    opened, ahead = await context.database.read(query)
    now = context.now()
    parts = [explain_status(full, ahead, now)]
    if full.attempts:
        parts.insert(0, diagnose(full.attempts[-1].attempt, full.endpoint.url))
    if opened is None:
        parts.append(Explanation("The secrets of its webhook cannot be read.", "Rotate them, or ask your operator."))
    return DeliveryExplanation(
        explanation=Explanation(
            " ".join(part.sentence for part in parts if part.sentence),
            " ".join(part.fix for part in parts if part.fix),
        ),
        curl=None if opened is None else _build_curl_command(full, opened, now),
        valid_until=None if opened is None else now + SIGNATURE_LIFETIME_MS,
    )


def explain_status(delivery_detail: DeliveryDetail, blocking_delivery_id: str | None, now: int) -> Explanation:
    """Where a delivery stands, beside how its last attempt went; `blocking_delivery_id`.

    The delivery that has to end before.
    """
    delivery = delivery_detail.summary.delivery
    health = delivery_detail.endpoint.health
    again = f"POST /api/deliveries/{delivery.id}/retry"
    enable = f'PATCH /api/webhooks/{delivery_detail.endpoint.id} {{"enabled":true}}'
    match delivery_detail.summary.status:
        case DeliveryStatus.DELIVERED:
            return Explanation("" if delivery_detail.attempts else "It was delivered.", "")
        case DeliveryStatus.DEAD if health.is_enabled:
            return Explanation("It is a dead letter: it is not tried again by itself.", f"Then {again} sends it again.")
        case DeliveryStatus.DEAD:
            sentence = f"It is a dead letter, and its webhook is disabled: {_describe_disabled_reason(health)}."
            return Explanation(sentence, f"Then {enable} and {again} send it again.")
        case DeliveryStatus.DROPPED:
            sentence = f"It was dropped. {delivery.last_error or ''}".strip()
            return Explanation(sentence, f"{again} sends it all the same.")
        case DeliveryStatus.HELD:
            sentence = f"It is held, because its webhook is disabled: {_describe_disabled_reason(health)}."
            return Explanation(sentence, f"{enable} sends it.")
        case DeliveryStatus.PENDING:
            return _explain_pending(delivery_detail, blocking_delivery_id, now)
        case _:
            assert_never(delivery_detail.summary.status)


def _explain_pending(delivery_detail: DeliveryDetail, blocking_delivery_id: str | None, now: int) -> Explanation:
    due = delivery_detail.summary.delivery.next_attempt_at
    paused_until = delivery_detail.endpoint.health.paused_until
    if blocking_delivery_id is not None:
        return Explanation(
            f"It waits until the delivery {blocking_delivery_id} has ended, which tells of an earlier event of the "
            "same domain.",
            f"GET /api/deliveries/{blocking_delivery_id}/explain says what that one waits for.",
        )
    if paused_until is not None and paused_until > max(now, due or 0):
        sentence = (
            f"Nothing is sent to its webhook before {to_rfc3339(paused_until)}: an answer said that it is busy or out "
            "of order."
        )
        return Explanation(sentence, "")
    if due is None or due <= now:
        return Explanation("It is due now, and sent as soon as its turn comes.", "")
    which = "next" if delivery_detail.attempts else "first"
    return Explanation(f"The {which} attempt is due at {to_rfc3339(due)}.", "")


def _describe_disabled_reason(health: EndpointHealth) -> str:
    match health.reason:
        case DisabledReason.MANUAL | None:
            return "your organization has disabled it"
        case DisabledReason.GONE:
            return "it answered 410 Gone"
        case DisabledReason.EXHAUSTED:
            return "for days not one delivery to it had succeeded"
        case _:
            assert_never(health.reason)


def _build_curl_command(delivery_detail: DeliveryDetail, unsealed_endpoint: UnsealedEndpoint, now: int) -> str:
    event = delivery_detail.event
    signed = signing.build_headers(
        select_signing_secrets(unsealed_endpoint.secrets, now),
        message_id=event.id,
        event_type=event.type,
        timestamp_s=now // SECOND,
        body=event.body,
    )
    own = {name: f"<value of {name}>" for name in unsealed_endpoint.endpoint.header_names}
    return curl_command(
        unsealed_endpoint.endpoint.url, {"Content-Type": "application/json", **signed, **own}, event.body
    )
