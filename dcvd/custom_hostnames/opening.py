"""A client of Cloudflare for one piece of work, opened and closed around it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from dcvd.config import Config, Live
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.kit.tls.trust import TrustStore, load_system_trust
from dcvd.metrics import Metrics


@asynccontextmanager
async def open_client(
    config: Config, *, get_trust: Callable[[], TrustStore] = load_system_trust
) -> AsyncIterator[CloudflareClient]:
    """Open a client that knows nothing of the zone yet, and close it at the end."""
    client = CloudflareClient(Live(config), Metrics(), get_trust=get_trust)
    await client.start()
    try:
        yield client
    finally:
        await client.close()
