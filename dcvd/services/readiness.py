"""Readiness: which parts of dcvd work, as a load balancer or a monitor asks it.

Strangers may ask. So one round of checks answers all who ask within some seconds, and says nothing but good or bad.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from typing import Final

import structlog

from dcvd.errors import DcvdError
from dcvd.services.context import Context
from dcvd.store import write_checks

log = structlog.get_logger(__name__)

PartCheck = Callable[[], Awaitable[bool]]
"""Checks one part; False and a DcvdError say that it does not work."""

_MAX_AGE_S: Final = 5.0
_TIMEOUT_S: Final = 5.0


class PartStatus(StrEnum):
    """Whether a part works."""

    OK = "ok"
    FAILING = "failing"


class Readiness:
    """The parts whose state `/ready` shows, each with its check.

    max_age_s: for how long, in seconds, a round of checks is good. timeout_s: for how long a check may take.
    """

    def __init__(self, *, max_age_s: float = _MAX_AGE_S, timeout_s: float = _TIMEOUT_S) -> None:
        self._checks: dict[str, PartCheck] = {}
        self._max_age_s = max_age_s
        self._timeout_s = timeout_s
        self._statuses: dict[str, PartStatus] = {}
        self._checked_s: float | None = None
        self._lock = asyncio.Lock()

    def add(self, part: str, check: PartCheck) -> None:
        """Add a part. It is part of the answer from the next round on."""
        self._checks[part] = check

    async def check(self) -> Mapping[str, PartStatus]:
        """Return the status of each part, in the order in which they were added."""
        async with self._lock:
            if self._checked_s is None or time.monotonic() - self._checked_s >= self._max_age_s:
                statuses = await asyncio.gather(*map(self._check_part, self._checks.values()))
                self._note(dict(zip(self._checks, statuses, strict=True)))
                self._checked_s = time.monotonic()
            return self._statuses

    async def _check_part(self, check: PartCheck) -> PartStatus:
        try:
            async with asyncio.timeout(self._timeout_s):
                return PartStatus.OK if await check() else PartStatus.FAILING
        except (DcvdError, TimeoutError):
            return PartStatus.FAILING

    def _note(self, statuses: dict[str, PartStatus]) -> None:
        """Keep the statuses, and log the changes alone: a monitor asks all day."""
        for part, status in statuses.items():
            before = self._statuses.get(part, PartStatus.OK)
            if status is not before:
                (log.warning if status is PartStatus.FAILING else log.info)(f"ready.{status.value}", part=part)
        self._statuses = statuses


async def check_store(context: Context) -> bool:
    """Whether the database stores: by a write, since a disk that is full is often seen by nothing else."""
    await context.database.write(lambda tx: write_checks.record(tx, context.now()))
    return True
