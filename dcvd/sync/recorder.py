"""Store checks: those that end within a moment share one unit of work."""

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog

from dcvd.errors import StoreError
from dcvd.services.context import Context
from dcvd.services.lifecycle import checks
from dcvd.services.lifecycle.checks import DomainCheck

log = structlog.get_logger(__name__)

_MAX_BATCH: Final = 32
"""The most checks in a unit of work, so that it holds the writer for only some milliseconds."""
_FULL_DIVISOR: Final = 2
"""One in this many of the checks that may run at once need not wait for more: the others go on while they are stored.
Were it all of them, those that hang would have the rest wait each time."""
_GATHER_S: Final = 0.020
"""Each unit costs a sync to disk and two switches of threads."""


class CheckRecorder:
    """Stores checks in batches; `record` returns when the check is on disk, and raises what storing it raised.

    A caller that is cancelled before its check is in a batch leaves nothing behind: its domain is still due.
    """

    def __init__(self, context: Context, *, gather_s: float = _GATHER_S) -> None:
        """`gather_s`: for how many seconds a check waits for others."""
        self._context = context
        self._gather_s = gather_s
        self._full_count = max(1, min(_MAX_BATCH, context.config.sync.concurrency // _FULL_DIVISOR))
        self._pending: list[tuple[DomainCheck, asyncio.Future[None]]] = []
        self._full_event = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def record(self, check: DomainCheck) -> None:
        """Store one check."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pending.append((check, future))
        if len(self._pending) >= self._full_count:
            self._full_event.set()
        if self._task is None:
            self._task = asyncio.create_task(self._store(), name="sync.recorder")
        await future

    async def _store(self) -> None:
        try:
            while self._pending:
                await self._gather()
                batch, self._pending = self._pending[:_MAX_BATCH], self._pending[_MAX_BATCH:]
                await self._store_batch([entry for entry in batch if not entry[1].cancelled()])
        finally:
            self._task = None
            for _, future in self._pending:
                future.cancel()

    async def _gather(self) -> None:
        if len(self._pending) >= self._full_count:
            return
        self._full_event.clear()
        try:
            async with asyncio.timeout(self._gather_s):
                await self._full_event.wait()
        except TimeoutError:
            return

    async def _store_batch(self, batch: Sequence[tuple[DomainCheck, "asyncio.Future[None]"]]) -> None:
        if not batch:
            return
        try:
            await checks.record_many(self._context, [check for check, _ in batch])
        except Exception as error:  # noqa: BLE001  # it goes to the callers whose checks these were
            if len(batch) > 1 and not isinstance(error, StoreError):
                # Only one of them may be impossible to store; the others must not suffer for it.
                for single in batch:
                    await self._store_batch([single])
                return
            for _, future in batch:
                if future.cancelled():
                    log.warning("sync.look_lost", error=repr(error))
                else:
                    future.set_exception(error)
            return
        for _, future in batch:
            if not future.cancelled():
                future.set_result(None)
