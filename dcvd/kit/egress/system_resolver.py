"""Resolve names by the system's own resolver, so that a dead name server delays nothing else.

getaddrinfo has no deadline, and blocks a thread for half a minute when nobody answers. The event loop's own pool has a
handful of threads: a few such names would stop all other lookups, and the process's exit would wait for them. So each
lookup has its own daemon thread, which is abandoned when its caller has given up.

An abandoned lookup keeps its slot until its thread ends, which may be long after. So an owner of requests may hold only
as many slots as it leaves free: whoever has many dead names leaves the others what they need.
"""

import asyncio
import errno
import socket
import threading
from collections.abc import Callable
from ipaddress import ip_address

import structlog

from dcvd.core.addresses import IpAddress, parse_ip
from dcvd.kit.egress.hosts_file import HostsFile
from dcvd.kit.limits.shared_slots import SharedSlots

log = structlog.get_logger(__name__)

_LookupOutcome = tuple[list[IpAddress], OSError | None]


class _LookupSlots(SharedSlots[str]):
    """Slots of which each owner leaves as many free as it holds: of n owners that want all, a part in n + 1 is left."""

    def has_room(self, claimant: str) -> bool:
        return super().has_room(claimant) and self.count_held(claimant) < self.free_slots


class SystemResolver:
    """Runs lookups, each on a thread of its own. Callers with the same name share one lookup."""

    def __init__(self, limit: int) -> None:
        """`limit`: how many lookups one owner may have in flight, abandoned ones included; all have twice as many."""
        self._slots = _LookupSlots(2 * limit, limit)
        self._in_flight: dict[str, asyncio.Future[_LookupOutcome]] = {}
        self._hosts_file = HostsFile()

    async def resolve(self, name: str, owner: str) -> list[IpAddress]:
        """Return every TCP address of a name. Raises OSError (socket.gaierror) as getaddrinfo does.

        `owner`: on whose behalf; a lookup counts for the owner that asked first.
        """
        outcome = self._in_flight.get(name)
        if outcome is None:
            await self._slots.acquire(owner)
            outcome = self._in_flight.get(name)
            if outcome is None:
                outcome = self._start(name, owner)
            else:
                self._slots.release(owner)
        # Shielded: the thread goes on if this caller is cancelled, and others may be waiting for it.
        addresses, error = await asyncio.shield(outcome)
        if error is not None:
            raise error
        return addresses

    def _start(self, name: str, owner: str) -> "asyncio.Future[_LookupOutcome]":
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[_LookupOutcome] = loop.create_future()

        def finish(result: _LookupOutcome) -> None:
            self._slots.release(owner)
            del self._in_flight[name]
            outcome.set_result(result)

        def work() -> None:
            _hand_over(loop, finish, _look_up(name, self._hosts_file))

        try:
            threading.Thread(target=work, name=f"lookup {name}", daemon=True).start()
        except RuntimeError as error:
            self._slots.release(owner)
            raise OSError(errno.EAGAIN, "the machine has no thread left for looking up a name") from error
        self._in_flight[name] = outcome
        return outcome


def make_absolute(name: str, hosts_file: HostsFile) -> str:
    """Return a name with the final dot, by which the system's search domains are left out.

    Otherwise the operator's own domain might answer for a name that is dead. A name of the hosts file is left as it is,
    since that file is searched for the very text.
    """
    bare_name = name.rstrip(".")
    is_complete = parse_ip(bare_name) is not None or hosts_file.holds(bare_name)
    return bare_name if is_complete else f"{bare_name}."


def _look_up(name: str, hosts_file: HostsFile) -> _LookupOutcome:
    try:
        infos = socket.getaddrinfo(
            make_absolute(name, hosts_file), None, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
        )
    except (OSError, ValueError) as error:  # UnicodeError, a ValueError, is raised for a label that is too long
        return [], error if isinstance(error, OSError) else socket.gaierror(socket.EAI_NONAME, str(error))
    return [ip_address(str(target[0])) for *_, target in infos], None


def _hand_over(
    loop: asyncio.AbstractEventLoop, finish: Callable[[_LookupOutcome], None], outcome: _LookupOutcome
) -> None:
    try:
        loop.call_soon_threadsafe(finish, outcome)
    except RuntimeError:  # the loop closed while the name server was silent
        log.debug("lookup.abandoned")
