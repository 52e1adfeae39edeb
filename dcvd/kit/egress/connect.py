"""TCP connections to one of a host's addresses, each judged at the very dial (RFC 8305, "happy eyeballs")."""

import asyncio
import itertools
import socket
from collections.abc import Sequence
from typing import Final

from dcvd.core.addresses import Address
from dcvd.kit.egress.guard import EgressPolicy, guarded_socket

_STAGGER: Final = 0.25  # seconds that an address gets before the next is tried beside it
_MOST: Final = 8  # addresses; who owns the name chooses how many there are


class ConnectErrors(Exception):
    """No address could be connected to; one error for each that was tried."""

    def __init__(self, each: list[OSError]) -> None:
        super().__init__("; ".join(str(error) for error in each))
        self.each = each


async def first_connected(
    addresses: Sequence[Address], port: int, policy: EgressPolicy
) -> tuple[socket.socket, Address]:
    """The first address that accepts, tried in turn, each with a head start over the next.

    Raises ConnectErrors; a cancellation leaves no socket behind.
    """
    if len(addresses) == 1:
        try:
            return await _connected(addresses[0], port, policy), addresses[0]
        except OSError as error:
            raise ConnectErrors([error]) from error
    return await _race(_families_in_turn(addresses)[:_MOST], port, policy)


async def _race(untried: list[Address], port: int, policy: EgressPolicy) -> tuple[socket.socket, Address]:
    under_way: dict[asyncio.Task[socket.socket], Address] = {}
    errors: list[OSError] = []
    try:
        while untried or under_way:
            if untried:
                address = untried.pop(0)
                task = asyncio.create_task(_connected(address, port, policy), name=f"egress.connect {address}")
                under_way[task] = address
            ended, _ = await asyncio.wait(
                under_way, timeout=_STAGGER if untried else None, return_when=asyncio.FIRST_COMPLETED
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
    raise ConnectErrors(errors)


def _close_result(loser: asyncio.Task[socket.socket]) -> None:
    """One may have connected at the very moment in which it was cancelled."""
    if not loser.cancelled() and loser.exception() is None:
        loser.result().close()


async def _connected(address: Address, port: int, policy: EgressPolicy) -> socket.socket:
    made = guarded_socket(address, port, policy)
    try:
        await asyncio.get_running_loop().sock_connect(made, (str(address), port))
    except BaseException:
        made.close()
        raise
    return made


def _families_in_turn(addresses: Sequence[Address]) -> list[Address]:
    """The resolver's order within each family, and its first choice first: a family without a route costs one turn."""
    preferred = [address for address in addresses if address.version == addresses[0].version]
    others = [address for address in addresses if address.version != addresses[0].version]
    pairs = itertools.zip_longest(preferred, others)
    return [address for pair in pairs for address in pair if address is not None]
