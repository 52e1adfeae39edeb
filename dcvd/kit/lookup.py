"""Names to addresses by the system's own resolver, without letting a dead name server hold anything else up.

getaddrinfo has no deadline and blocks a thread for half a minute when nobody answers. The event loop's own pool has a
handful of threads: a few such names would stop all other lookups, and the process's exit would wait for them. So each
lookup has a thread of its own, a daemon thread, which is simply left behind when its caller has given up.
"""

import asyncio
import errno
import socket
import threading
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

import structlog

from dcvd.core.addresses import Address

log = structlog.get_logger(__name__)


class Lookups:
    """At most `limit` lookups at once, those counted whose caller has gone."""

    def __init__(self, limit: int) -> None:
        self._slots = asyncio.Semaphore(limit)

    async def addresses(self, name: str) -> list[Address]:
        """Every TCP address of the name. Raises OSError (socket.gaierror) as getaddrinfo does."""
        await self._slots.acquire()
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[list[Address]] = loop.create_future()

        def finish(found: list[Address] | None, error: Exception | None) -> None:
            self._slots.release()
            if outcome.done():
                return
            if error is not None:
                outcome.set_exception(error)
            else:
                outcome.set_result(found or [])

        def work() -> None:
            found, error = _look_up(name)
            _hand_over(loop, finish, found, error)

        try:
            threading.Thread(target=work, name=f"lookup {name}", daemon=True).start()
        except RuntimeError as error:
            self._slots.release()
            raise OSError(errno.EAGAIN, "the machine has no thread left for looking up a name") from error
        return await outcome


def _look_up(name: str) -> tuple[list[Address] | None, Exception | None]:
    try:
        infos = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    except (OSError, ValueError) as error:  # UnicodeError, a ValueError, is raised for a label that is too long
        return None, error if isinstance(error, OSError) else socket.gaierror(socket.EAI_NONAME, str(error))
    return [ip_address(str(target[0])) for *_, target in infos], None


def _hand_over(loop: asyncio.AbstractEventLoop, finish: Callable[..., None], *outcome: Any) -> None:
    try:
        loop.call_soon_threadsafe(finish, *outcome)
    except RuntimeError:  # the loop closed while the name server was silent
        log.debug("lookup.abandoned")
