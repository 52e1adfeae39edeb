"""Notice the types of events that an endpoint refuses for good, and tell it once, without harm to its health."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from dcvd.core.events import OPERATIONAL_TYPES
from dcvd.core.instants import DAY
from dcvd.core.webhooks.deliveries import AttemptOutcome, FinishedAttempt
from dcvd.core.webhooks.endpoint import Endpoint
from dcvd.core.webhooks.event_refusals import EventRefusal, apply_refusal, is_refusal
from dcvd.core.webhooks.subscriptions import is_subscribed, list_types
from dcvd.services.context import Context
from dcvd.services.webhooks import endpoint_health
from dcvd.store.engine.transactions import Transaction
from dcvd.store.webhooks import attempts, endpoints, event_refusals
from dcvd.store.webhooks.event_refusals import Pair

_SUCCESS_COUNTS_FOR_MS: Final = 7 * DAY
"""Within this time a success of another type shows that the endpoint itself is well."""


class RecordedRefusals(Struct, frozen=True, kw_only=True):
    """What some attempts say of types that are refused.

    harmless_ids: the deliveries whose refusal says nothing of their endpoint, because it takes other types.
    to_tell: the refusals that are for good from now on.
    """

    harmless_ids: frozenset[str] = frozenset()
    to_tell: tuple[EventRefusal, ...] = ()


_NOTHING: Final = RecordedRefusals()


def record(tx: Transaction, finished_attempts: Sequence[FinishedAttempt], now: int) -> RecordedRefusals:
    """Store which types were refused, and forget the refusals of those that were delivered.

    The attempts, in the order in which they ended, are counted for their endpoints' rates already.
    """
    refused_pairs = {_get_pair(each) for each in finished_attempts if is_refusal(each.attempt)}
    delivered_pairs = {
        _get_pair(each) for each in finished_attempts if each.attempt.outcome is AttemptOutcome.DELIVERED
    }
    if not refused_pairs:
        event_refusals.delete(tx, delivered_pairs)
        return _NOTHING
    # Not those that were removed while their last attempt was in flight.
    endpoints_by_id = endpoints.find_by_ids(tx, {endpoint_id for endpoint_id, _ in refused_pairs})
    refusals = event_refusals.find(tx, refused_pairs)
    event_refusals.delete(tx, delivered_pairs | refused_pairs)
    harmless_ids: set[str] = set()
    to_tell: list[EventRefusal] = []
    for finished in finished_attempts:
        pair = _get_pair(finished)
        endpoint = endpoints_by_id.get(finished.endpoint_id)
        if pair not in refused_pairs or endpoint is None:
            continue
        if finished.attempt.outcome is AttemptOutcome.DELIVERED:
            refusals.pop(pair, None)
        elif is_refusal(finished.attempt):
            known = refusals.get(pair) or EventRefusal(endpoint_id=endpoint.id, event_type=pair[1])
            refusal = apply_refusal(known, finished.attempt, now)
            if _is_harmless(tx, refusal, now):
                harmless_ids.add(finished.due_delivery.id)
            if refusal.told_at is None and _is_to_be_told(endpoint, refusal):
                refusal = replace(refusal, told_at=now)
                to_tell.append(refusal)
            refusals[pair] = refusal
    event_refusals.insert_all(tx, refusals.values())
    return RecordedRefusals(harmless_ids=frozenset(harmless_ids), to_tell=tuple(to_tell))


def tell(context: Context, tx: Transaction, refusals: Sequence[EventRefusal]) -> None:
    """Tell the organizations' other endpoints of refusals that are for good."""
    if not refusals:
        return
    endpoints_by_id = endpoints.find_by_ids(tx, {refusal.endpoint_id for refusal in refusals})
    for refusal in refusals:
        endpoint_health.record_refusal(context, tx, endpoints_by_id[refusal.endpoint_id], refusal)


def forget(tx: Transaction, before: Endpoint, after: Endpoint) -> None:
    """Forget the refusals that a change of an endpoint makes void: of another receiver, or of types not wanted now."""
    is_new = before.url != after.url or (after.health.is_enabled and not before.health.is_enabled)
    kept_types = () if is_new else list_types(after.events)
    event_refusals.delete_of_endpoint(tx, after.id, kept_types=kept_types)


async def list_lasting(context: Context, endpoint_id: str) -> list[EventRefusal]:
    """List the types that an endpoint refuses for good."""
    refusals = await context.database.read(lambda snapshot: event_refusals.list_of_endpoint(snapshot, endpoint_id))
    return [refusal for refusal in refusals if refusal.lasting_answer is not None]


def _get_pair(finished: FinishedAttempt) -> Pair:
    return finished.endpoint_id, finished.due_delivery.event_type


def _is_harmless(tx: Transaction, refusal: EventRefusal, now: int) -> bool:
    """Whether the endpoint has taken other types while it refused this one, so that only the type is at fault."""
    answer = refusal.lasting_answer
    if answer is None:
        return False
    return attempts.has_delivered_after(tx, refusal.endpoint_id, max(answer.first_at, now - _SUCCESS_COUNTS_FOR_MS))


def _is_to_be_told(endpoint: Endpoint, refusal: EventRefusal) -> bool:
    """Whether a refusal is for good, and of a type that its tenant wants. Events about deliveries cause no others."""
    return (
        refusal.lasting_answer is not None
        and is_subscribed(endpoint.events, refusal.event_type)
        and refusal.event_type not in OPERATIONAL_TYPES
    )
