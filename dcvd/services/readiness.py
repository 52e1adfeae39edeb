"""Readiness: which parts of dcvd work, as a load balancer or a monitor asks it.

Strangers may ask. So one round of checks answers all who ask within some seconds, and they learn nothing but good or
bad; what is wrong, in sentences, is for operators.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from typing import Final

import structlog
from msgspec import Struct

from dcvd.errors import DcvdError
from dcvd.services.context import Context
from dcvd.store.engine.writing import write_checks

log = structlog.get_logger(__name__)

PartCheck = Callable[[], Awaitable[str | None]]
"""Checks one part: None where it works, else a sentence that says what is wrong. A DcvdError says it too."""

_MAX_AGE_S: Final = 5.0
_TIMEOUT_S: Final = 5.0
_GLANCE_S: Final = 0.5
_INTERVAL_S: Final = 30.0
"""Seconds between two rounds where nobody asks: metrics show what the last one found."""


class PartStatus(StrEnum):
    """Whether a part works."""

    OK = "ok"
    FAILING = "failing"


class OverallStatus(StrEnum):
    """Whether all of it works: `degraded` is what serves all requests, while something else does not work."""

    OK = "ok"
    DEGRADED = "degraded"
    FAILING = "failing"


class PartReport(Struct, frozen=True, kw_only=True):
    """How a part is. fault: a sentence on what is wrong with it; None where it works.

    is_dispensable: whether requests are served as well while it does not work.
    """

    fault: str | None
    is_dispensable: bool

    @property
    def status(self) -> PartStatus:
        return PartStatus.OK if self.fault is None else PartStatus.FAILING


class Readiness:
    """The parts whose state `/ready` shows, each with its check.

    max_age_s: for how long, in seconds, a round of checks is good. timeout_s: for how long a check may take.
    """

    def __init__(self, *, max_age_s: float = _MAX_AGE_S, timeout_s: float = _TIMEOUT_S) -> None:
        self._checks: dict[str, PartCheck] = {}
        self._dispensable_parts: set[str] = set()
        self._usages: dict[str, Callable[[], bool]] = {}
        self._max_age_s = max_age_s
        self._timeout_s = timeout_s
        self._reports: dict[str, PartReport] = {}
        self._checked_s: float | None = None
        self._round: asyncio.Task[Mapping[str, PartReport]] | None = None
        self._round_s: float | None = None
        self._lock = asyncio.Lock()

    def add(
        self,
        part: str,
        check: PartCheck,
        *,
        is_dispensable: bool = False,
        is_used: Callable[[], bool] = lambda: True,
    ) -> None:
        """Add a part. It is part of the answer from the next round on.

        is_dispensable: whether requests are served as well while it does not work. is_used: whether the operator has
        set it up; a part that is not used is no part of the answer.
        """
        self._checks[part] = check
        self._usages[part] = is_used
        if is_dispensable:
            self._dispensable_parts.add(part)

    def list_reports(self, *, max_age_s: float) -> Mapping[str, PartReport]:
        """List what the last round of checks found; nothing where that is longer ago than `max_age_s` seconds."""
        if self._round_s is None or time.monotonic() - self._round_s > max_age_s:
            return {}
        return self._reports

    async def run(self, *, interval_s: float = _INTERVAL_S) -> None:
        """Check every `interval_s` seconds, whether or not anybody asks, until cancelled.

        Who asks gets a round of their own: one that nobody waited for may be older than they expect.
        """
        while True:
            async with self._lock:
                await self._check_all()
            await asyncio.sleep(interval_s)

    async def check(self) -> Mapping[str, PartReport]:
        """Return the report of each part, in the order in which they were added."""
        async with self._lock:
            if self._checked_s is None or time.monotonic() - self._checked_s >= self._max_age_s:
                await self._check_all()
                self._checked_s = time.monotonic()
            return self._reports

    async def glance(self, wait_s: float = _GLANCE_S) -> Mapping[str, PartReport]:
        """Like `check`, but after `wait_s` seconds the last round will do: a part that is silent holds nobody up."""
        if self._round is None or self._round.done():
            self._round = asyncio.create_task(self.check(), name="readiness.round")
        has_last = self._checked_s is not None
        await asyncio.wait({self._round}, timeout=wait_s if has_last else None)
        return self._round.result() if self._round.done() else self._reports

    async def close(self) -> None:
        """End a round that is under way."""
        if self._round is not None:
            self._round.cancel()
            await asyncio.wait({self._round})

    async def _check_all(self) -> None:
        checks = {part: check for part, check in self._checks.items() if self._usages[part]()}
        tasks = [
            asyncio.create_task(self._check_part(check), name=f"readiness.{part}") for part, check in checks.items()
        ]
        faults = await asyncio.gather(*tasks)
        self._note(dict(zip(checks, faults, strict=True)))
        self._round_s = time.monotonic()

    async def _check_part(self, check: PartCheck) -> str | None:
        try:
            async with asyncio.timeout(self._timeout_s):
                return await check()
        except DcvdError as error:
            return error.message
        except TimeoutError:
            return f"It did not tell within {self._timeout_s:g} seconds whether it works."

    def _note(self, faults: dict[str, str | None]) -> None:
        """Keep the reports, and log the changes alone: a monitor asks all day."""
        for part, fault in faults.items():
            before = self._reports.get(part)
            was_well = before is None or before.fault is None
            if fault is not None and was_well:
                log.warning("ready.failing", part=part, fault=fault)
            elif fault is None and not was_well:
                log.info("ready.ok", part=part)
        self._reports = {
            part: PartReport(fault=fault, is_dispensable=part in self._dispensable_parts)
            for part, fault in faults.items()
        }


def judge_readiness(reports: Mapping[str, PartReport]) -> OverallStatus:
    """Judge from all parts whether dcvd works."""
    faulty = [report for report in reports.values() if report.fault is not None]
    if not faulty:
        return OverallStatus.OK
    return OverallStatus.DEGRADED if all(report.is_dispensable for report in faulty) else OverallStatus.FAILING


async def check_store(context: Context) -> None:
    """Check whether the database stores: by a write, since a disk that is full is often seen by nothing else.

    Raises StoreError where it does not.
    """
    await context.database.write(lambda tx: write_checks.record(tx, context.now()))
