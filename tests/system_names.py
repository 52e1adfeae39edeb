"""A stand-in for the system's resolver: which addresses a name has, as a test wants."""

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest


class Resolver:
    """Gives the addresses of `answers`, in turn; every other name does not exist. `asked` holds what was asked.

    Names are given here without the final dot; `asked_exactly` holds them as they were asked.

    silent_names: those that get no answer until `silent` is set, or for half a minute.
    failing_names: those whose own name servers do not answer. is_down: the resolver itself cannot ask anybody.
    """

    def __init__(self) -> None:
        self.answers: dict[str, list[list[str]]] = {}
        self.asked: list[str] = []
        self.asked_exactly: list[str] = []
        self.silent = threading.Event()
        self.silent_names: set[str] = set()
        self.failing_names: set[str] = set()
        self.is_down = False

    def getaddrinfo(self, host: Any, port: Any, *rest: Any, **options: Any) -> list[Any]:
        self.asked_exactly.append(host)
        host = host.rstrip(".")
        self.asked.append(host)
        if host in self.silent_names:
            self.silent.wait(30)
        if self.is_down or host in self.failing_names:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        if host not in self.answers:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        turns = self.answers[host]
        addresses = turns.pop(0) if len(turns) > 1 else turns[0]
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (address, port or 0, 0, 0))
            if ":" in address
            else (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port or 0))
            for address in addresses
        ]


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Resolver]:
    """The system's names. The C library's resolver, which the machine's configuration rules, cannot be had otherwise
    than by replacing the call of the standard library that reaches it."""
    stand_in = Resolver()
    monkeypatch.setattr(socket, "getaddrinfo", stand_in.getaddrinfo)
    yield stand_in
    stand_in.silent.set()
