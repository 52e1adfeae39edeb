"""The client of each request, and how many requests one client may have under way."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from litestar.types import Scope

from dcvd.config import ServerConfig
from dcvd.core.sentences.wording import word
from dcvd.errors import TooManyRequests
from dcvd.kit.http.client_addresses import ClientAddresses
from dcvd.kit.limits.shared_slots import SharedSlots

CLIENT_ADDRESS: Final = "dcvd.client_address"
"""The key in the scope's state of the client's IP address; None over the unix socket."""
CLIENT_CLAIMANT: Final = "dcvd.client_claimant"
"""The key in the scope's state of what stands for the client; None where many may have one address."""
_FORWARDED_FOR: Final = b"x-forwarded-for"
_RETRY_AFTER_S: Final = 5.0


class ClientRequests:
    """Finds the client behind each request, and counts the requests of each one that are under way."""

    def __init__(self, server: ServerConfig) -> None:
        self._addresses = ClientAddresses(server.trusted_proxies)
        self._max_requests = server.max_requests_per_address
        self._slots = SharedSlots[str](sys.maxsize, self._max_requests)

    def find_address(self, scope: Scope) -> str | None:
        """Return the IP address of the request's client, which a trusted proxy may name; None over a unix socket."""
        peer = scope.get("client")
        if not peer:
            return None
        lines = [value for name, value in scope["headers"] if name == _FORWARDED_FOR]
        return self._addresses.find_client(peer[0], lines)

    def find_claimant(self, address: str | None) -> str | None:
        """Return what stands for the client at an address, however many it has; None where many may share it."""
        return None if address is None else self._addresses.find_claimant(address)

    @contextmanager
    def admit(self, address: str | None) -> Iterator[None]:
        """Count a request as under way as long as the block lasts. Raises TooManyRequests.

        Addresses behind which many clients may be are not counted.
        """
        claimant = self.find_claimant(address)
        if claimant is None:
            yield
            return
        if not self._slots.has_room(claimant):
            message = word("requests_under_way", most=self._max_requests)
            raise TooManyRequests(message, retry_after_s=_RETRY_AFTER_S)
        with self._slots.take(claimant):
            yield
