"""The watch over the store: its write-ahead log is kept short, and whether anything can be stored is known."""

import asyncio
from typing import Final

import structlog

from dcvd.errors import StoreError
from dcvd.services.context import Context
from dcvd.services.readiness import check_store
from dcvd.store.engine import maintenance
from dcvd.store.engine.disk import measure_log

log = structlog.get_logger(__name__)

_INTERVAL_S: Final = 2.0
_LARGE_LOG_BYTES: Final = 4 << 20
_QUIET_S: Final = 1.0
"""Seconds without a commit after which a checkpoint holds nobody up."""
_LONGEST_WAIT_S: Final = 60.0
"""Seconds for which a large log waits for a quiet moment."""
_READERS_WAIT_MS: Final = 20
"""Milliseconds for which reads that have begun may hold up a checkpoint where it is never quiet."""
_SMALL_LOG_MAX_AGE_S: Final = 300.0
"""Seconds for which changes may stand in a log that is not large, and nowhere else."""
_BUSY_WARNING_S: Final = 3600.0
_PROBE_S: Final = 60.0
"""Seconds without a commit after which a small write finds out whether one would succeed."""
_OUTAGE_PROBE_S: Final = 5.0


def is_checkpoint_due(log_bytes: int, *, quiet_s: float, age_s: float) -> bool:
    """Whether the log is to be moved into the database.

    log_bytes: its size. quiet_s: seconds since the last commit. age_s: seconds since the last checkpoint.
    """
    if not log_bytes:
        return False
    if log_bytes >= _LARGE_LOG_BYTES and (quiet_s >= _QUIET_S or age_s >= _LONGEST_WAIT_S):
        return True
    return age_s >= _SMALL_LOG_MAX_AGE_S


class StoreWatch:
    """Looks every few seconds until it is cancelled.

    The log is the only copy of what is in it: what damages one byte there takes all that was stored later.
    """

    def __init__(
        self, context: Context, *, interval_s: float = _INTERVAL_S, outage_probe_s: float = _OUTAGE_PROBE_S
    ) -> None:
        self._context = context
        self._interval_s = interval_s
        self._outage_probe_s = outage_probe_s
        now_s = asyncio.get_running_loop().time()
        self._checkpoint_s = now_s
        self._busy_since_s: float | None = None
        self._probe_s = now_s

    async def run(self) -> None:
        """Run until cancelled."""
        while True:
            await asyncio.sleep(self._interval_s)
            try:
                await self.run_once()
            except StoreError as error:
                if self._context.database.writer_state.can_store:  # else the database has told of it
                    log.warning("store_watch.failed", code=error.code, error=error.message)

    async def run_once(self) -> None:
        """Look once. Raises StoreError."""
        await self._probe()
        writer_state = self._context.database.writer_state
        now_s = asyncio.get_running_loop().time()
        log_bytes = await asyncio.to_thread(self.measure_log)
        if not log_bytes:
            self._checkpoint_s = now_s
        # Litestream moves the log itself, and would lose what is moved before it has read it.
        if self._context.config.database.litestream or not writer_state.can_store:
            return
        quiet_s, age_s = writer_state.measure_commit_age(), now_s - self._checkpoint_s
        if is_checkpoint_due(log_bytes, quiet_s=quiet_s, age_s=age_s):
            await self._checkpoint(now_s, 0 if quiet_s >= _QUIET_S else _READERS_WAIT_MS)

    def measure_log(self) -> int:
        """Measure the log's size in bytes; 0 where there is none."""
        return measure_log(self._context.config.database.path) or 0

    async def _probe(self) -> None:
        """Write the row that tells whether anything can be written, where nothing else has told it lately."""
        writer_state = self._context.database.writer_state
        now_s = asyncio.get_running_loop().time()
        if writer_state.can_store:
            is_due = writer_state.measure_commit_age() >= _PROBE_S and now_s - self._probe_s >= _PROBE_S
        else:
            is_due = now_s - self._probe_s >= self._outage_probe_s
        if is_due:
            self._probe_s = now_s
            await check_store(self._context)

    async def _checkpoint(self, now_s: float, wait_ms: int) -> None:
        if await self._context.database.maintain(lambda raw: maintenance.checkpoint(raw, wait_ms=wait_ms)):
            self._checkpoint_s, self._busy_since_s = now_s, None
            return
        # A reader was in the way, such as a backup: the next look tries again.
        if self._busy_since_s is None:
            self._busy_since_s = now_s
        elif now_s - self._busy_since_s >= _BUSY_WARNING_S:
            self._busy_since_s = now_s
            log.warning("janitor.checkpoint_busy")
