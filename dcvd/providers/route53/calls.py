"""Signed calls of AWS: in a pace that leaves room for the account's other programs, and repeated where AWS is busy."""

import asyncio
import time
from collections import OrderedDict
from typing import Final

from msgspec import Struct

from dcvd.errors import Retryable
from dcvd.kit.clock import Clock, SystemClock
from dcvd.kit.http.fetch import Fetcher
from dcvd.kit.limits.sliding_window import Window
from dcvd.providers.route53.faults import error_of, read_fault
from dcvd.providers.route53.sigv4 import Scope, SigningKeys, signed
from dcvd.providers.route53.xml import BadXml, Element, parse

_CALLS: Final = 25
_SECONDS: Final = 5.0
"""The limits are the account's: a burst of 50 calls, refilled by 10 a second (Route 53, "Throttling API requests")."""
_ACCOUNTS: Final = 1000
_MOST_BYTES: Final = 2 << 20
_TRIES: Final = 4
_FIRST_PAUSE: Final = 0.4
_TIMEOUT: Final = 10.0
_REPEATED: Final = frozenset({"provider_throttled", "provider_busy"})
"""Nothing was done, and soon it may be."""


class Call(Struct, frozen=True, kw_only=True):
    """One call. action: AWS's name for it with its service, as policies have it. url: as it is sent. body: empty for
    none, else of `content_type`.
    """

    action: str
    method: str
    url: str
    scope: Scope
    body: bytes = b""
    content_type: str = ""


class AwsCalls:
    """One for the whole process, because the pace is an account's.

    most: calls of one account in `window` seconds. first_pause: seconds before the first repetition.
    """

    def __init__(
        self,
        fetcher: Fetcher,
        clock: Clock | None = None,
        *,
        most: int = _CALLS,
        window: float = _SECONDS,
        first_pause: float = _FIRST_PAUSE,
    ) -> None:
        self.clock = clock if clock is not None else SystemClock()
        self._fetcher = fetcher
        self._most = most
        self._window = window
        self._first_pause = first_pause
        self._windows: OrderedDict[str, Window] = OrderedDict()

    async def send(self, account: str, keys: SigningKeys, call: Call) -> Element:
        """The root of a successful answer. `account`: whose limits it uses up.

        Raises Unauthorized (KeysExpired where new keys will do), Permanent, Retryable.
        """
        pause = self._first_pause
        for _ in range(_TRIES - 1):
            try:
                return await self._once(account, keys, call)
            except Retryable as error:
                if error.code not in _REPEATED:
                    raise
            await asyncio.sleep(pause)
            pause *= 2
        return await self._once(account, keys, call)

    async def _once(self, account: str, keys: SigningKeys, call: Call) -> Element:
        await self._turn(account)
        headers = {"Content-Type": call.content_type} if call.content_type else {}
        headers = signed(keys, call.method, call.url, headers, call.body, call.scope, self.clock.now())
        answer = await self._fetcher.send(
            call.method, call.url, headers=headers, body=call.body or None, timeout=_TIMEOUT, most=_MOST_BYTES
        )
        if not 200 <= answer.status < 300:
            raise error_of(call.action, read_fault(answer))
        try:
            return parse(answer.body)
        except BadXml as error:
            raise Retryable(f"AWS answered {call.action} with what is no XML.", code="provider_unavailable") from error

    async def _turn(self, account: str) -> None:
        """Wait until the account's pace allows a call."""
        window = self._windows.pop(account, None) or Window(self._most, self._window, time.monotonic)
        self._windows[account] = window
        if len(self._windows) > _ACCOUNTS:
            self._windows.popitem(last=False)
        wait = window.wait()
        while wait > 0:
            await asyncio.sleep(wait)
            wait = window.wait()
        window.take()
