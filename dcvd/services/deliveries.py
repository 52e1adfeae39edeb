"""Deliveries: what follows from an attempt."""

from msgspec import Struct

from dcvd.core.backoff import next_attempt
from dcvd.core.webhooks import Attempt, AttemptOutcome, DeliveryState
from dcvd.services.context import Context
from dcvd.store import deliveries
from dcvd.store.database import Transaction


class Recorded(Struct, frozen=True):
    """What became of a delivery by an attempt; `next_attempt_at` in milliseconds, None when it has ended."""

    state: DeliveryState
    next_attempt_at: int | None
    stored: bool


async def record_attempt(context: Context, attempt: Attempt) -> Recorded:
    """Store how a try went: delivered, due again by the schedule, or a dead letter once that has ended."""
    now = context.now()
    state, due = _what_follows(context, attempt, now)

    def unit(tx: Transaction) -> Recorded:
        stored = deliveries.record_attempt(tx, attempt, state, due, now)
        return Recorded(state, due, stored)

    return await context.database.write(unit)


def _what_follows(context: Context, attempt: Attempt, now: int) -> tuple[DeliveryState, int | None]:
    if attempt.outcome is AttemptOutcome.DELIVERED:
        return DeliveryState.DELIVERED, None
    if attempt.outcome is AttemptOutcome.GONE:
        return DeliveryState.DEAD, None
    due = next_attempt(context.config.webhooks.retry_schedule, attempt.number, now, context.fraction())
    if due is None:
        return DeliveryState.DEAD, None
    if attempt.retry_after is not None:
        due = max(due, now + attempt.retry_after)
    return DeliveryState.PENDING, due
