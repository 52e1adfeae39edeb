"""Find out whether a request failed because of our own network or resolver, whatever its receiver did.

A tenant could make any of their own names and addresses fail. So the evidence comes from elsewhere: a name that is
known to exist, and the routes of this machine.
"""

import asyncio
import errno
import socket
import threading
from contextlib import suppress
from typing import Final

CONTROL_NAME: Final = "a.root-servers.net"
"""A name that every resolver with a way to the Internet can resolve."""
_CONTROL_TIMEOUT_S: Final = 2.0
_VERDICT_LIFETIME_S: Final = 5.0
_FAR_ADDRESSES: Final = ((socket.AF_INET, "192.0.0.9"), (socket.AF_INET6, "2001:1::1"))
"""Anycast addresses of RFC 7723, to which nothing is sent."""


class OwnNetwork:
    """Judges this machine's resolver and routes."""

    def __init__(self, *, control_timeout_s: float = _CONTROL_TIMEOUT_S) -> None:
        self._control_timeout_s = control_timeout_s
        self._control: asyncio.Future[bool] | None = None
        self._works_until = 0.0

    async def is_resolver_down(self) -> bool:
        """Whether the system's resolver answers nothing at all, as far as one name tells.

        It answers within seconds. That the resolver works is believed for a while, that it does not is asked each time.
        """
        loop = asyncio.get_running_loop()
        if loop.time() < self._works_until:
            return False
        if self._control is None:
            self._control = _start_lookup(loop)
            self._control.add_done_callback(self._on_answer)
        with suppress(TimeoutError):
            async with asyncio.timeout(self._control_timeout_s):
                return not await asyncio.shield(self._control)
        return True

    def _on_answer(self, control: "asyncio.Future[bool]") -> None:
        self._control = None
        if not control.cancelled() and control.result():
            self._works_until = control.get_loop().time() + _VERDICT_LIFETIME_S


def has_route() -> bool:
    """Whether this machine has a route to the Internet, by IPv4 or by IPv6; nothing is sent."""
    return any(_has_route_to(family, address) for family, address in _FAR_ADDRESSES)


def _has_route_to(family: socket.AddressFamily, address: str) -> bool:
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address, 9))
    except OSError as error:
        return error.errno not in (
            errno.ENETUNREACH,
            errno.ENETDOWN,
            errno.EHOSTUNREACH,
            errno.EADDRNOTAVAIL,
            errno.EAFNOSUPPORT,
        )
    return True


def _start_lookup(loop: asyncio.AbstractEventLoop) -> "asyncio.Future[bool]":
    """Look up the control name on a thread of its own; the result is whether the resolver gave any answer."""
    outcome: asyncio.Future[bool] = loop.create_future()

    def finish(is_answered: bool) -> None:  # called by the event loop
        if not outcome.done():
            outcome.set_result(is_answered)

    def work() -> None:
        try:
            socket.getaddrinfo(f"{CONTROL_NAME}.", None, type=socket.SOCK_STREAM)
            is_answered = True
        except socket.gaierror as error:
            is_answered = error.errno not in (socket.EAI_AGAIN, socket.EAI_FAIL, socket.EAI_SYSTEM, socket.EAI_MEMORY)
        except OSError:
            is_answered = False
        with suppress(RuntimeError):  # the loop closed while the resolver was silent
            loop.call_soon_threadsafe(finish, is_answered)

    try:
        threading.Thread(target=work, name="lookup of the control name", daemon=True).start()
    except RuntimeError:
        outcome.set_result(False)  # no thread is left, which is our own fault too
    return outcome
