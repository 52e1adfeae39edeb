"""TLS contexts that show a client certificate. Each costs 20 ms and most of a megabyte, and tenants bring many."""

import asyncio
import ssl
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import Final

from dcvd.core.http.client_certificates import ClientCredentials
from dcvd.kit.limits.shared_slots import SharedSlots

_MAX_CONTEXTS: Final = 64
_MAX_OF_OWNER: Final = 8
_MAX_BUILDS: Final = 2

_Key = tuple[str, str]
"""An owner, and the digest of its credentials."""


class ClientContexts:
    """Keeps the contexts that were used of late: some for each owner, so that none has those of others forgotten.

    They are built on threads, one of each owner at a time.
    """

    def __init__(self, build: Callable[[ClientCredentials], ssl.SSLContext]) -> None:
        """`build` may raise ssl.SSLError; it is called on a thread."""
        self._build = build
        self._contexts: OrderedDict[_Key, ssl.SSLContext] = OrderedDict()
        self._in_flight: dict[_Key, asyncio.Future[ssl.SSLContext]] = {}
        self._slots = SharedSlots[str](_MAX_BUILDS, 1)

    async def find(self, credentials: ClientCredentials, owner: str) -> ssl.SSLContext:
        """Return the context of an owner's credentials. Raises ssl.SSLError for bad ones."""
        key = (owner, credentials.digest)
        context = self._contexts.get(key)
        if context is not None:
            self._contexts.move_to_end(key)
            return context
        building = self._in_flight.get(key)
        if building is None:
            async with self._slots.wait(owner):
                building = self._in_flight.get(key) or self._start(key, credentials)
                # Shielded: others may wait for it too, and a thread cannot be stopped.
                return await asyncio.shield(building)
        return await asyncio.shield(building)

    def _start(self, key: _Key, credentials: ClientCredentials) -> "asyncio.Future[ssl.SSLContext]":
        building = asyncio.get_running_loop().run_in_executor(None, self._build, credentials)
        self._in_flight[key] = building
        building.add_done_callback(partial(self._finish, key))
        return building

    def _finish(self, key: _Key, building: "asyncio.Future[ssl.SSLContext]") -> None:
        del self._in_flight[key]
        # To ask for the error is to take note of it, where nobody waits for it any more.
        if building.cancelled() or building.exception() is not None:
            return
        self._contexts[key] = building.result()
        of_owner = [each for each in self._contexts if each[0] == key[0]]
        if len(of_owner) > _MAX_OF_OWNER:
            del self._contexts[of_owner[0]]
        elif len(self._contexts) > _MAX_CONTEXTS:
            self._contexts.popitem(last=False)
