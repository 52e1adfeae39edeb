"""The heartbeat: calls of the operator's URL as long as the daemon does its work, for a monitor that misses them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from enum import StrEnum
from http import HTTPStatus
from typing import Final

import structlog

from dcvd.core.instants import to_seconds
from dcvd.core.secret import Secret
from dcvd.errors import DcvdError
from dcvd.kit.egress.client import EgressClient
from dcvd.kit.egress.failures import EgressError
from dcvd.metrics import Metrics
from dcvd.services.context import Context

log = structlog.get_logger(__name__)

VitalSign = Callable[[], Awaitable[str | None]]
"""Finds out whether a part works; returns what is wrong with it, or None. A DcvdError says that it does not work."""

_TIMEOUT_S: Final = 10.0
_RETRY_S: Final = 30.0
"""Seconds after which a heartbeat that was not sent is due again, where the interval is longer."""
_REMINDER_S: Final = 3600.0
"""Seconds after which a failure that lasts is logged once more."""
_FIRST_WAIT_S: Final = 60.0
"""Seconds for which the first heartbeat waits until it is known whether the parts work."""


class HeartbeatOutcome(StrEnum):
    """What became of a heartbeat that was due."""

    SENT = "sent"
    FAILED = "failed"
    WITHHELD = "withheld"


async def _know_at_once() -> None:
    """Wait for nothing."""


class Heartbeat:
    """Sends heartbeats until it is cancelled, each only after every part was found to work.

    The URL is a secret: what is logged has neither its path nor its query.
    """

    def __init__(
        self,
        context: Context,
        metrics: Metrics,
        egress: EgressClient,
        vital_signs: Mapping[str, VitalSign],
        *,
        wait_until_known: Callable[[], Awaitable[object]] = _know_at_once,
        timeout_s: float = _TIMEOUT_S,
        retry_s: float = _RETRY_S,
    ) -> None:
        """vital_signs: by the name of the part. wait_until_known: returns once all of them can tell.

        timeout_s: seconds for a sign to be found out, and for the call. retry_s: seconds after which one that was not
        sent is due again.
        """
        self._context = context
        self._metrics = metrics
        self._egress = egress
        self._vital_signs = vital_signs
        self._wait_until_known = wait_until_known
        self._timeout_s = timeout_s
        self._retry_s = retry_s
        self._wake = asyncio.Event()
        self._outcome: HeartbeatOutcome | None = None
        self._faulty_parts: frozenset[str] = frozenset()
        self._failure: str | None = None
        self._logged_failure_s = 0.0
        context.live_config.derive(lambda _: self._wake.set())

    async def run(self) -> None:
        """Run until cancelled."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_FIRST_WAIT_S):
                await self._wait_until_known()
        while True:
            self._wake.clear()
            url = self._context.config.alerts.heartbeat
            wait_s = None if url is None else await self._beat(url)
            if url is None:
                self._forget()
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._wake.wait()

    def is_set_up(self) -> bool:
        """Whether there is a URL."""
        return self._context.config.alerts.heartbeat is not None

    async def check_sending(self) -> bool:
        """Whether the last heartbeat was sent, or none was due yet; for `/ready`."""
        return self._outcome in (None, HeartbeatOutcome.SENT)

    async def _beat(self, url: Secret) -> float:
        """Send a heartbeat if every part works; return the seconds until the next one is due."""
        interval_s = to_seconds(self._context.config.alerts.heartbeat_interval)
        started_s = asyncio.get_running_loop().time()
        try:
            outcome = await self._send_if_well(url)
        except Exception:
            # Nobody is to be without a daemon because of its heartbeat; that it stays away tells of this.
            log.exception("heartbeat.broke")
            outcome = HeartbeatOutcome.FAILED
        self._outcome = outcome
        self._metrics.count_heartbeat(outcome)
        if outcome is not HeartbeatOutcome.SENT:
            return min(interval_s, self._retry_s)
        return max(interval_s - (asyncio.get_running_loop().time() - started_s), 0.0)

    async def _send_if_well(self, url: Secret) -> HeartbeatOutcome:
        names = tuple(self._vital_signs)
        found = await asyncio.gather(*(self._find_fault(name) for name in names))
        faults = {name: fault for name, fault in zip(names, found, strict=True) if fault is not None}
        self._note_faults(faults)
        if faults:
            return HeartbeatOutcome.WITHHELD
        failure = await self._send(url)
        self._note_failure(failure)
        return HeartbeatOutcome.SENT if failure is None else HeartbeatOutcome.FAILED

    async def _find_fault(self, name: str) -> str | None:
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._vital_signs[name]()
        except TimeoutError:
            return f"It gave no answer within {self._timeout_s:g} s."
        except DcvdError as error:
            return error.message

    async def _send(self, url: Secret) -> str | None:
        """Call the URL; return why that failed, or None."""
        try:
            answer = await self._egress.post(url.reveal(), b"", {}, timeout_s=self._timeout_s, owner="heartbeat")
        except EgressError as error:
            # Its message may quote the URL.
            return error.reason or error.kind
        return None if HTTPStatus(200) <= answer.status < HTTPStatus(300) else f"status {answer.status}"

    def _note_faults(self, faults: Mapping[str, str]) -> None:
        """Log which parts keep the heartbeat from being sent, where others do than before."""
        parts = frozenset(faults)
        if parts == self._faulty_parts:
            return
        self._faulty_parts = parts
        if parts:
            log.warning("heartbeat.withheld", parts=dict(faults))
        else:
            log.info("heartbeat.resumed")

    def _note_failure(self, failure: str | None) -> None:
        """Log a failure that is new, or that has lasted for an hour."""
        now_s = asyncio.get_running_loop().time()
        if failure is None:
            if self._failure is not None:
                log.info("heartbeat.recovered")
        elif failure != self._failure or now_s - self._logged_failure_s >= _REMINDER_S:
            self._logged_failure_s = now_s
            log.warning("heartbeat.failed", reason=failure)
        self._failure = failure

    def _forget(self) -> None:
        """Begin anew when there is a URL again."""
        self._outcome, self._failure, self._faulty_parts = None, None, frozenset()
