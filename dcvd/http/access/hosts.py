"""The names under which tenants may reach the API: a browser that was led here by another name is turned away."""

from collections.abc import Collection
from http import HTTPStatus

from litestar.types import Scope

from dcvd.core.http.host_header import strip_port
from dcvd.core.sentences.wording import word
from dcvd.http.answers.problems import HttpRefusal
from dcvd.kit.http.server.peer import PEER_EXTENSION


class AllowedHosts:
    """Checks the Host of requests over TCP."""

    def __init__(self, hosts: Collection[str]) -> None:
        """`hosts`: names and IP addresses in lower case, IPv6 in brackets; none: any is allowed."""
        self._hosts = frozenset(host.encode() for host in hosts)

    def check(self, scope: Scope) -> None:
        """Check a request. Raises HttpRefusal with the status 421."""
        if not self._hosts or PEER_EXTENSION in (scope.get("extensions") or {}):
            return
        values = [value for name, value in scope["headers"] if name == b"host"]
        if len(values) != 1 or strip_port(values[0].lower()) not in self._hosts:
            raise HttpRefusal(
                HTTPStatus.MISDIRECTED_REQUEST,
                "misdirected_request",
                word("host_unknown"),
            )
