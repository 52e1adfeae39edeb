"""A writer that is busy for as long as a test has it so: what is asked for meanwhile waits, and is done together."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from dcvd.store.engine.caller_database import DatabaseAccess
from dcvd.store.engine.transactions import Transaction


@asynccontextmanager
async def busy_writer(database: DatabaseAccess) -> AsyncIterator[None]:
    """Keep the writer busy for as long as the block lasts, and until the tasks that it began have asked."""
    has_begun, may_end = threading.Event(), threading.Event()

    def unit(_: Transaction) -> None:
        has_begun.set()
        may_end.wait()

    writing = asyncio.create_task(database.write(unit))
    await asyncio.to_thread(has_begun.wait)
    try:
        yield
        await asyncio.sleep(0)
    finally:
        may_end.set()
    await writing
