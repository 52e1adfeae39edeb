"""TCP connections to one of a host's addresses, each judged at the very dial (RFC 8305, "happy eyeballs")."""

import asyncio
import itertools
import socket
from collections.abc import Sequence
from typing import Final

from dcvd.core.addresses import IpAddress
from dcvd.kit.egress.guard import EgressPolicy, create_guarded_socket

_ATTEMPT_DELAY_S: Final = 0.25  # seconds that an address gets before the next is tried beside it
_MAX_ADDRESSES: Final = 8  # addresses; who owns the name chooses how many there are


class ConnectError(Exception):
    """No address could be connected to; one error for each that was tried."""

    def __init__(self, errors: list[OSError]) -> None:
        super().__init__("; ".join(str(error) for error in errors))
        self.errors = errors


async def connect_first(
    addresses: Sequence[IpAddress], port: int, policy: EgressPolicy
) -> tuple[socket.socket, IpAddress]:
    """The first address that accepts, tried in turn, each with a head start over the next.

    Raises ConnectErrors; a cancellation leaves no socket behind.
    """
    if len(addresses) == 1:
        try:
            return await _connect(addresses[0], port, policy), addresses[0]
        except OSError as error:
            raise ConnectError([error]) from error
    return await _race(_interlace_families(addresses)[:_MAX_ADDRESSES], port, policy)


async def _race(addresses: list[IpAddress], port: int, policy: EgressPolicy) -> tuple[socket.socket, IpAddress]:
    under_way: dict[asyncio.Task[socket.socket], IpAddress] = {}
    errors: list[OSError] = []
    try:
        while addresses or under_way:
            if addresses:
                address = addresses.pop(0)
                task = asyncio.create_task(_connect(address, port, policy), name=f"egress.connect {address}")
                under_way[task] = address
            ended, _ = await asyncio.wait(
                under_way, timeout=_ATTEMPT_DELAY_S if addresses else None, return_when=asyncio.FIRST_COMPLETED
            )
            for task in ended:
                error = task.exception()
                if error is None:
                    address = under_way.pop(task)
                    return task.result(), address
                if not isinstance(error, OSError):
                    raise error
                del under_way[task]
                errors.append(error)
    finally:
        # Not waited for: a cancellation in that wait would lose the winner.
        for task in under_way:
            task.cancel()
            task.add_done_callback(_close_result)
    raise ConnectError(errors)


def _close_result(loser: asyncio.Task[socket.socket]) -> None:
    """One may have connected at the very moment in which it was cancelled."""
    if not loser.cancelled() and loser.exception() is None:
        loser.result().close()


async def _connect(address: IpAddress, port: int, policy: EgressPolicy) -> socket.socket:
    made = create_guarded_socket(address, port, policy)
    try:
        await asyncio.get_running_loop().sock_connect(made, (str(address), port))
    except BaseException:
        made.close()
        raise
    return made


def _interlace_families(addresses: Sequence[IpAddress]) -> list[IpAddress]:
    """The resolver's order within each family, and its first choice first: a family without a route costs one turn."""
    preferred = [address for address in addresses if address.version == addresses[0].version]
    others = [address for address in addresses if address.version != addresses[0].version]
    pairs = itertools.zip_longest(preferred, others)
    return [address for pair in pairs for address in pair if address is not None]
