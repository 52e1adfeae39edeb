"""Answers that clients leave unread: for how long, and how much of them all lies with us."""

import os
import socket
from typing import Any

import pytest

from dcvd.kit.http.client_addresses import ClientAddresses
from dcvd.kit.http.server.http_limits import HttpLimits
from dcvd.kit.http.server.sockets import bind_tcp
from dcvd.kit.http.server.unread_answers import UnreadAnswers
from tests.kit.http.peer import answer, serving
from tests.waiting import until

_PATIENCE_S = 10.0
_SMALL = 50_000  # less than the buffer of a transport, which says nothing of it


class Unread:
    """A connection that holds so much, and whose client is given ten seconds."""

    def __init__(self, size: int, address: str = "192.0.2.1") -> None:
        self.unread_bytes, self.address = size, address
        self.is_cut = False

    def is_late_to_read(self, unread_since: float, now: float) -> bool:
        return now - unread_since >= _PATIENCE_S

    def cut(self) -> None:
        self.is_cut = True
        self.unread_bytes = 0


def looking(max_bytes: int = 1 << 20) -> UnreadAnswers:
    return UnreadAnswers(max_bytes, ClientAddresses().find_claimant)


def test_who_reads_nothing_is_cut_when_it_is_time_and_who_reads_a_little_is_not() -> None:
    answers, silent, slow, done = looking(), Unread(100), Unread(100), Unread(100)
    for now in range(11):
        slow.unread_bytes -= 1
        done.unread_bytes = 0 if now % 5 == 4 else 100
        assert not silent.is_cut
        answers.look([silent, slow, done], float(now))
    assert [connection.is_cut for connection in (silent, slow, done)] == [True, False, False]


def test_of_too_much_the_oldest_of_the_greediest_client_goes_and_the_others_stay() -> None:
    answers = looking(max_bytes=1000)
    modest, greedy = Unread(300, "192.0.2.9"), [Unread(200) for _ in range(5)]
    answers.look([modest], 0.0)
    for count in range(1, 6):
        answers.look([modest, *greedy[:count]], float(count))
    assert not modest.is_cut
    assert [connection.is_cut for connection in greedy] == [True, True, False, False, False]


def test_the_addresses_of_one_network_of_ipv6_are_one_client() -> None:
    answers = looking(max_bytes=1000)
    modest, greedy = Unread(400, "192.0.2.9"), [Unread(300, f"2001:db8::{number}") for number in range(3)]
    answers.look([modest, *greedy], 0.0)
    assert not modest.is_cut
    assert sum(connection.is_cut for connection in greedy) == 1


def with_small_buffers() -> socket.socket:
    """Accepts connections in which the kernel keeps little."""
    listener = bind_tcp("127.0.0.1:0")
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    return listener


def count_sockets() -> int:
    return len(os.listdir("/proc/self/fd"))


async def answer_small(scope: dict[str, Any], receive: Any, send: Any) -> None:
    await answer(send, 200, b"x" * _SMALL)


@pytest.mark.sweep
@pytest.mark.parametrize("ending", [b"", b"Connection: close\r\n"])
@pytest.mark.parametrize(
    "limits", [HttpLimits(write_timeout_s=0.1), HttpLimits(unread_bytes=1)], ids=["for too long", "too much"]
)
async def test_a_client_that_reads_nothing_of_even_a_small_answer_is_cut(limits: HttpLimits, ending: bytes) -> None:
    async with serving(answer_small, with_small_buffers(), limits=limits) as (_, [address]):
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(address)
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n" + ending + b"\r\n")

            async def is_accepted() -> bool:
                return count_sockets() == sockets + 1

            async def is_cut() -> bool:
                return count_sockets() == sockets

            sockets = count_sockets()
            await until(is_accepted)
            await until(is_cut)
            received = b""
            while piece := client.recv(65_536):
                received += piece
            assert 0 < len(received) < _SMALL
