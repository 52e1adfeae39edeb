"""One deadline over a driver's several calls."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from dcvd.errors import Retryable


@asynccontextmanager
async def deadline(seconds: float, doing: str) -> AsyncIterator[None]:
    """Raises Retryable when the block takes longer; `doing` begins the sentence, as "Reading a.example"."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise Retryable(
            f"{doing} took longer than {seconds:g} s; it is tried again.", code="provider_unavailable"
        ) from error
