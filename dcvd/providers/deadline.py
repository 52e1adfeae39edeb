"""Set one deadline for several calls of a driver."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from dcvd.errors import Retryable


@asynccontextmanager
async def limit_duration(limit_s: float, activity: str) -> AsyncIterator[None]:
    """Raise Retryable if the block takes longer; `activity` begins its message, such as "Reading a.example"."""
    try:
        async with asyncio.timeout(limit_s):
            yield
    except TimeoutError as error:
        raise Retryable(
            f"{activity} took longer than {limit_s:g} s; it is tried again.", code="provider_unavailable"
        ) from error
