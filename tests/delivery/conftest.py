"""A real receiver, and a pool at work."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from msgspec.structs import replace

from dcvd.core.secret import Secret
from dcvd.delivery import DeliveryPool
from dcvd.metrics import Metrics
from dcvd.services.context import Context
from dcvd.services.webhooks import endpoints as webhooks
from tests.delivery.receivers import Receiver, receiving


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """An HTTP server on loopback."""
    async with receiving() as found:
        yield found


@pytest.fixture
async def endpoint(context: Context, org: str, receiver: Receiver) -> str:
    """The receiver as an endpoint for new domains; its id."""
    return (await subscribe(context, org, receiver.url))[0]


@asynccontextmanager
async def at_work(context: Context, metrics: Metrics | None = None, **pauses: Any) -> AsyncIterator[DeliveryPool]:
    """A pool at work, which soon sees a step of the manual clock; whatever is under way at the end is cut off."""
    pool = DeliveryPool(context, metrics or Metrics(), max_sleep_s=0.02, store_pause_s=0.05, **pauses)
    await pool.start()
    task = asyncio.create_task(pool.run(), name="delivery")
    try:
        yield pool
    finally:
        task.cancel()
        await asyncio.wait([task])
        await pool.pool.drain(0)
        await pool.close()


@pytest.fixture
async def pool(context: Context) -> AsyncIterator[DeliveryPool]:
    """The pool at work."""
    async with at_work(context) as found:
        yield found


async def subscribe(
    context: Context,
    org_id: str,
    url: str,
    *,
    events: tuple[str, ...] = ("domain.added",),
    max_per_second: int | None = None,
) -> tuple[str, Secret]:
    """A new endpoint: its id, and its secret."""
    made, secret = await webhooks.create(context, org_id, url=url, events=events, max_per_second=max_per_second)
    return made.id, secret


def configure(context: Context, **webhooks: object) -> None:
    """Other settings of the webhooks; for a pool that is started after it where they count at the start."""
    context.live_config.value = replace(context.config, webhooks=replace(context.config.webhooks, **webhooks))
