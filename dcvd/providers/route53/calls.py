"""Make signed calls of AWS, slowly enough for the account's other programs, and repeat them if AWS is busy."""

import asyncio
import time
from typing import Final

from msgspec import Struct

from dcvd.errors import Retryable
from dcvd.kit.clock import Clock, SystemClock
from dcvd.kit.http.fetch import Fetcher
from dcvd.kit.limits.recent_entries import RecentEntries
from dcvd.kit.limits.sliding_window import SlidingWindow
from dcvd.providers.route53.faults import read_fault, to_error
from dcvd.providers.route53.sigv4 import CredentialScope, SigningKeys, sign_headers
from dcvd.providers.route53.xml import BadXml, Element, parse_xml

_MAX_CALLS_PER_WINDOW: Final = 25
_WINDOW_S: Final = 5.0
"""AWS limits the account to a burst of 50 calls, refilled by 10 a second (Route 53, "Throttling API requests")."""
_MAX_ACCOUNTS: Final = 1000
_MAX_ANSWER_BYTES: Final = 2 << 20
_MAX_TRIES: Final = 4
_FIRST_PAUSE_S: Final = 0.4
_TIMEOUT_S: Final = 10.0
_REPEATABLE_CODES: Final = frozenset({"provider_throttled", "provider_busy"})
"""Errors after which nothing was done, and another try may soon succeed."""


class AwsCall(Struct, frozen=True, kw_only=True):
    """One call of AWS.

    action: AWS's name for it with its service, as in policies. url: as it is sent. body: empty, or of `content_type`.
    """

    action: str
    method: str
    url: str
    scope: CredentialScope
    body: bytes = b""
    content_type: str = ""


class AwsClient:
    """Sends calls. There is one client in a process, because the rate limit is an account's.

    max_calls: calls of one account in `window_s` seconds. first_pause_s: seconds before the first repetition.
    """

    def __init__(
        self,
        fetcher: Fetcher,
        clock: Clock | None = None,
        *,
        max_calls: int = _MAX_CALLS_PER_WINDOW,
        window_s: float = _WINDOW_S,
        first_pause_s: float = _FIRST_PAUSE_S,
    ) -> None:
        self.clock = clock if clock is not None else SystemClock()
        self._fetcher = fetcher
        self._max_calls = max_calls
        self._window_s = window_s
        self._first_pause_s = first_pause_s
        self._windows = RecentEntries[str, SlidingWindow](_MAX_ACCOUNTS, lambda window: window.is_idle)

    async def send(self, account: str, keys: SigningKeys, call: AwsCall) -> Element:
        """Make a call and return the root of its answer. `account`: the account whose limits the call counts towards.

        Raises Unauthorized (KeysExpired if new keys would help), Permanent, Retryable.
        """
        pause = self._first_pause_s
        for _ in range(_MAX_TRIES - 1):
            try:
                return await self._send_once(account, keys, call)
            except Retryable as error:
                if error.code not in _REPEATABLE_CODES:
                    raise
            await asyncio.sleep(pause)
            pause *= 2
        return await self._send_once(account, keys, call)

    async def _send_once(self, account: str, keys: SigningKeys, call: AwsCall) -> Element:
        window = self._windows.use(account, lambda: SlidingWindow(self._max_calls, self._window_s, time.monotonic))
        async with window.reserve():
            headers = {"Content-Type": call.content_type} if call.content_type else {}
            headers = sign_headers(keys, call.method, call.url, headers, call.body, call.scope, self.clock.now())
            answer = await self._fetcher.send(
                call.method,
                call.url,
                headers=headers,
                body=call.body or None,
                timeout_s=_TIMEOUT_S,
                max_bytes=_MAX_ANSWER_BYTES,
            )
        if not 200 <= answer.status < 300:
            raise to_error(call.action, read_fault(answer))
        try:
            return parse_xml(answer.body)
        except BadXml as error:
            raise Retryable(f"AWS answered {call.action} with what is no XML.", code="provider_unavailable") from error
