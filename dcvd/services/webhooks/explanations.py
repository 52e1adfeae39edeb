"""What is the matter with a delivery: why its last attempt failed, what it waits for, and a command that repeats it."""

from typing import Final, assert_never

from msgspec import Struct

from dcvd.core.instants import MINUTE, SECOND, to_rfc3339
from dcvd.core.webhooks import signing
from dcvd.core.webhooks.curl import curl_command
from dcvd.core.webhooks.deliveries import DeliveryStatus
from dcvd.core.webhooks.endpoint import OpenedEndpoint, signing_secrets
from dcvd.core.webhooks.explanation import Explanation
from dcvd.core.webhooks.explanation import explain as diagnose
from dcvd.core.webhooks.health import DisabledReason, Health
from dcvd.services.context import Context
from dcvd.services.webhooks import delivery_history, endpoints
from dcvd.services.webhooks.delivery_history import FullDelivery
from dcvd.store.engine.database import Snapshot
from dcvd.store.webhooks.deliveries import first_ahead_of

SIGNATURE_LIFE: Final = 5 * MINUTE
"""Receivers refuse what was signed longer ago (Standard Webhooks)."""


class Explained(Struct, frozen=True, kw_only=True):
    """`curl` is signed now, and taken by receivers until `valid_until`; both None when the secrets cannot be read."""

    explanation: Explanation
    curl: str | None
    valid_until: int | None


async def explain(context: Context, org_id: str, delivery_id: str) -> Explained:
    """The diagnosis of a delivery as it stands. Raises NotFound, also for another organization's.

    The command reveals no secret: the endpoint's own headers stand in it as placeholders.
    """
    full = await delivery_history.get(context, org_id, delivery_id)

    def query(snapshot: Snapshot) -> tuple[OpenedEndpoint | None, str | None]:
        opened = endpoints.opened(context, snapshot, full.endpoint.id)
        return opened, first_ahead_of(snapshot, full.seen.delivery)

    opened, ahead = await context.database.read(query)
    now = context.now()
    parts = [situation(full, ahead, now)]
    if full.attempts:
        parts.insert(0, diagnose(full.attempts[-1].attempt, full.endpoint.url))
    if opened is None:
        parts.append(Explanation("The secrets of its webhook cannot be read.", "Rotate them, or ask your operator."))
    return Explained(
        explanation=Explanation(
            " ".join(part.sentence for part in parts if part.sentence),
            " ".join(part.fix for part in parts if part.fix),
        ),
        curl=None if opened is None else _command(full, opened, now),
        valid_until=None if opened is None else now + SIGNATURE_LIFE,
    )


def situation(full: FullDelivery, ahead: str | None, now: int) -> Explanation:
    """Where a delivery stands, beside how its last attempt went; `ahead`: the delivery that has to end before."""
    delivery = full.seen.delivery
    health = full.endpoint.health
    again = f"POST /api/deliveries/{delivery.id}/retry"
    enable = f'PATCH /api/webhooks/{full.endpoint.id} {{"enabled":true}}'
    match full.seen.status:
        case DeliveryStatus.DELIVERED:
            return Explanation("" if full.attempts else "It was delivered.", "")
        case DeliveryStatus.DEAD if health.enabled:
            return Explanation("It is a dead letter: it is not tried again by itself.", f"Then {again} sends it again.")
        case DeliveryStatus.DEAD:
            sentence = f"It is a dead letter, and its webhook is disabled: {_disabled(health)}."
            return Explanation(sentence, f"Then {enable} and {again} send it again.")
        case DeliveryStatus.DROPPED:
            sentence = f"It was dropped. {delivery.last_error or ''}".strip()
            return Explanation(sentence, f"{again} sends it all the same.")
        case DeliveryStatus.HELD:
            sentence = f"It is held, because its webhook is disabled: {_disabled(health)}."
            return Explanation(sentence, f"{enable} sends it.")
        case DeliveryStatus.PENDING:
            return _pending(full, ahead, now)
        case _:
            assert_never(full.seen.status)


def _pending(full: FullDelivery, ahead: str | None, now: int) -> Explanation:
    due = full.seen.delivery.next_attempt_at
    paused_until = full.endpoint.health.paused_until
    if ahead is not None:
        return Explanation(
            f"It waits until the delivery {ahead} has ended, which tells of an earlier event of the same domain.",
            f"GET /api/deliveries/{ahead}/explain says what that one waits for.",
        )
    if paused_until is not None and paused_until > max(now, due or 0):
        sentence = (
            f"Nothing is sent to its webhook before {to_rfc3339(paused_until)}: an answer said that it is busy or out "
            "of order."
        )
        return Explanation(sentence, "")
    if due is None or due <= now:
        return Explanation("It is due now, and sent as soon as its turn comes.", "")
    which = "next" if full.attempts else "first"
    return Explanation(f"The {which} attempt is due at {to_rfc3339(due)}.", "")


def _disabled(health: Health) -> str:
    match health.reason:
        case DisabledReason.MANUAL | None:
            return "your organization has disabled it"
        case DisabledReason.GONE:
            return "it answered 410 Gone"
        case DisabledReason.EXHAUSTED:
            return "for days not one delivery to it had succeeded"
        case _:
            assert_never(health.reason)


def _command(full: FullDelivery, opened: OpenedEndpoint, now: int) -> str:
    event = full.event
    signed = signing.headers(
        signing_secrets(opened.secrets, now),
        message_id=event.id,
        event=event.type,
        timestamp=now // SECOND,
        body=event.body,
    )
    own = {name: f"<value of {name}>" for name in opened.endpoint.header_names}
    return curl_command(opened.endpoint.url, {"Content-Type": "application/json", **signed, **own}, event.body)
