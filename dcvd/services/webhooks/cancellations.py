"""Cancel a delivery: nobody wants it any more, or its receiver never takes it, and what waits for it can go."""

from typing import assert_never

from dcvd.core.audit import AuditAction
from dcvd.core.sentences.sentence import say
from dcvd.core.sentences.wording import word
from dcvd.core.webhooks.deliveries import Delivery, DeliveryState
from dcvd.errors import Conflict
from dcvd.services import audit
from dcvd.services.context import Context
from dcvd.services.webhooks import deliveries as delivery_service
from dcvd.services.webhooks import delivery_history
from dcvd.services.webhooks.delivery_history import DeliverySummary
from dcvd.store.engine.transactions import Transaction
from dcvd.store.webhooks import delivery_endings


async def cancel(context: Context, org_id: str, delivery_id: str) -> DeliverySummary:
    """Cancel a pending or held delivery; the next one of its domain is due at once.

    An attempt that is in flight is not cut off: if it delivers, the delivery is delivered, and otherwise it is not
    tried again. Raises NotFound, and Conflict for one that has ended.
    """

    def unit(tx: Transaction) -> DeliverySummary:
        delivery = delivery_service.get_owned(tx, org_id, delivery_id)
        _refuse_ended(delivery)
        delivery_endings.cancel(tx, delivery_id, context.now())
        before = {"status": delivery.state.value, "attempts": delivery.attempts}
        audit.record(context, tx, org_id, AuditAction.DELIVERY_CANCELLED, delivery_id, before=before)
        summary = delivery_history.get_summary(tx, org_id, delivery_id)
        context.remember_result(tx, lambda: summary)
        return summary

    return await context.database.write(unit)


def _refuse_ended(delivery: Delivery) -> None:
    """Raise Conflict for a delivery that has ended."""
    match delivery.state:
        case DeliveryState.PENDING:
            return
        case DeliveryState.CANCELLED:
            ending = "delivery_is_cancelled"
        case DeliveryState.DELIVERED:
            ending = "delivery_was_delivered"
        case DeliveryState.DEAD:
            ending = "delivery_is_dead"
        case DeliveryState.DROPPED:
            ending = "delivery_was_dropped"
        case _:
            assert_never(delivery.state)
    raise Conflict(word("delivery_ended", delivery=delivery.id, ending=say(ending)), code="delivery_ended")
