"""Connect to one of a host's addresses; each is checked as it is dialled (RFC 8305, "happy eyeballs")."""

import asyncio
import itertools
import socket
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, Final, Protocol, TypeVar

from dcvd.core.addresses import IpAddress
from dcvd.kit.egress.guard import EgressPolicy, create_guarded_socket

_ATTEMPT_DELAY_S: Final = 0.25  # seconds that an address gets before the next is tried as well
_MAX_ADDRESSES: Final = 8  # the owner of the name chooses how many addresses it has


class Closable(Protocol):
    """Something open, such as a socket."""

    def close(self) -> object:
        """Close it."""


T = TypeVar("T", bound=Closable)


class ConnectError(Exception):
    """No address could be connected to. errors: one for each address that was tried."""

    def __init__(self, errors: list[OSError]) -> None:
        super().__init__("; ".join(str(error) for error in errors))
        self.errors = errors


async def connect_first(
    addresses: Sequence[IpAddress], port: int, policy: EgressPolicy
) -> tuple[socket.socket, IpAddress]:
    """Connect to the first address that accepts, as `open_first` does."""
    return await open_first(addresses, partial(_connect, port=port, policy=policy))


async def open_first(
    addresses: Sequence[IpAddress], open_way: Callable[[IpAddress], Coroutine[Any, Any, T]]
) -> tuple[T, IpAddress]:
    """Open a way to the first address that accepts; they are tried in turn, each with a head start over the next.

    open_way: opens the way to one address, or raises OSError. Raises ConnectError; a cancellation leaves nothing open.
    """
    if len(addresses) == 1:
        try:
            return await open_way(addresses[0]), addresses[0]
        except OSError as error:
            raise ConnectError([error]) from error
    return await _race(_interlace_families(addresses)[:_MAX_ADDRESSES], open_way)


async def _race(
    addresses: list[IpAddress], open_way: Callable[[IpAddress], Coroutine[Any, Any, T]]
) -> tuple[T, IpAddress]:
    in_flight: dict[asyncio.Task[T], IpAddress] = {}
    errors: list[OSError] = []
    try:
        while addresses or in_flight:
            if addresses:
                address = addresses.pop(0)
                task = asyncio.create_task(open_way(address), name=f"egress.connect {address}")
                in_flight[task] = address
            done_tasks, _ = await asyncio.wait(
                in_flight, timeout=_ATTEMPT_DELAY_S if addresses else None, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done_tasks:
                error = task.exception()
                if error is None:
                    address = in_flight.pop(task)
                    return task.result(), address
                if not isinstance(error, OSError):
                    raise error
                del in_flight[task]
                errors.append(error)
    finally:
        # The tasks are not awaited: a cancellation during that would lose the connection that succeeded.
        for task in in_flight:
            task.cancel()
            task.add_done_callback(_close_result)
    raise ConnectError(errors)


def _close_result(loser: asyncio.Task[T]) -> None:
    """Close what a task opened just before it was cancelled."""
    if not loser.cancelled() and loser.exception() is None:
        loser.result().close()


async def _connect(address: IpAddress, port: int, policy: EgressPolicy) -> socket.socket:
    new_socket = create_guarded_socket(address, port, policy)
    try:
        await asyncio.get_running_loop().sock_connect(new_socket, (str(address), port))
    except BaseException:
        new_socket.close()
        raise
    return new_socket


def _interlace_families(addresses: Sequence[IpAddress]) -> list[IpAddress]:
    """Alternate the families, the resolver's first choice first, so that a family without a route costs one turn."""
    preferred = [address for address in addresses if address.version == addresses[0].version]
    others = [address for address in addresses if address.version != addresses[0].version]
    pairs = itertools.zip_longest(preferred, others)
    return [address for pair in pairs for address in pair if address is not None]
