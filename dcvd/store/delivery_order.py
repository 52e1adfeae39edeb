"""The order in which one endpoint gets the events of one domain."""

from dcvd.core.deliveries import Delivery
from dcvd.store.database import Snapshot


def first_ahead_of(snapshot: Snapshot, delivery: Delivery) -> str | None:
    """The pending delivery of an earlier event of the same domain that is to end first; None when there is none."""
    if delivery.domain_id is None:
        return None
    row = snapshot.one(
        "SELECT id FROM deliveries WHERE endpoint_id = ? AND domain_id = ? AND state = 'pending' AND sequence < ?"
        " ORDER BY sequence LIMIT 1",
        (delivery.endpoint_id, delivery.domain_id, delivery.sequence),
    )
    return None if row is None else row[0]
