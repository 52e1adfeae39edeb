"""How many wrong tokens may come from one client's address: whoever guesses is slowed down."""

import time
from collections.abc import Callable
from typing import Final

from dcvd.core.instants import to_seconds
from dcvd.core.sentences.wording import word
from dcvd.errors import TooManyRequests
from dcvd.kit.http.client_addresses import ClientAddresses
from dcvd.kit.limits.recent_entries import RecentEntries
from dcvd.services.context import Context

_MAX_CLAIMANTS: Final = 10_000
"""Clients that are remembered; beyond that, the one that failed least recently is forgotten."""


class _Failures:
    """The failures of one client, which are forgotten at `ends_at`, in monotonic seconds."""

    __slots__ = ("count", "ends_at")

    def __init__(self, ends_at: float) -> None:
        self.count = 0
        self.ends_at = ends_at


class FailedAuthentications:
    """Counts failed authentications by client, in memory. Whoever shows a valid token is not asked about them."""

    def __init__(self, context: Context, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._context = context
        self._monotonic = monotonic
        self._failures = RecentEntries[str, _Failures](_MAX_CLAIMANTS)
        self._addresses = ClientAddresses(context.config.server.trusted_proxies)

    def __len__(self) -> int:
        """Return how many clients are remembered."""
        return len(self._failures)

    def record(self, address: str | None) -> TooManyRequests | None:
        """Count a failure of a client; return the refusal that they get instead, if there were too many.

        Addresses behind which many clients may be are not counted.
        """
        limits = self._context.config.limits
        claimant = None if address is None else self._addresses.find_claimant(address)
        if claimant is None or not limits.failed_authentications:
            return None
        now = self._monotonic()
        window_s = to_seconds(limits.failed_authentication_window)
        failures = self._failures.use(claimant, lambda: _Failures(now + window_s))
        if failures.ends_at <= now:
            failures = self._failures[claimant] = _Failures(now + window_s)
        failures.count += 1
        if failures.count == limits.failed_authentications:
            # What follows is refused for a whole window, however late in the first one it comes.
            failures.ends_at = now + window_s
        if failures.count <= limits.failed_authentications:
            return None
        return TooManyRequests(
            word("tokens_wrong"),
            retry_after_s=failures.ends_at - now,
        )
