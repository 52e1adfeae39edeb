"""What a start does before anything runs: it settles what time it is, and puts right what was planned by another."""

from dcvd.janitor import ClockWatch
from dcvd.services import clock_skew
from dcvd.services.context import Context
from dcvd.services.webhooks import delivery_order


async def put_plans_right(context: Context, clock_watch: ClockWatch) -> None:
    """Put right what an earlier process has planned. Raises StoreError."""
    await clock_watch.begin()
    await clock_skew.repair_clock_skew(context)
    await delivery_order.repair_delivery_order(context)
