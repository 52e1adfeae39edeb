"""Routine looks in DNS at healthy domains: the CPU of a look, against datagrams that nobody reads.

The name servers run in a process of their own. Each round is a day after the one before, and looks at domains that no
round has seen: a look finds what looks at others have left in memory, and nothing of its own.
"""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from ipaddress import IPv4Network
from statistics import median
from typing import Final, TypeVar

import uvloop
from msgspec import Struct

from dcvd.config import Config, DnsConfig, SocketAddress
from dcvd.core.dns.facts import DnsCheckRequest
from dcvd.dns import DnsObserver
from dcvd.dns.queries.reachability import Reachability
from dcvd.kit.garbage import settle_garbage_collection
from tests.bench.look_servers import RESOLVER, TARGET
from tests.free_ports import find_free_port

T = TypeVar("T")

_DOMAINS: Final = 350
"""As many as are looked at within five minutes, the most that a reply is kept, where 100,000 are once a day."""
_ROUNDS: Final = 8
_AT_ONCE: Final = 16
_DAY_S: Final = 86_400.0


class _Servers(Struct, frozen=True):
    port: int
    process: "subprocess.Popen[str]"

    def count_queries(self) -> int:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


class _Clock:
    def __init__(self) -> None:
        self.days = 0

    def __call__(self) -> float:
        return time.monotonic() + self.days * _DAY_S


def run(rounds: int = _ROUNDS) -> dict[str, float | int | str]:
    """CPU of this process alone, best and median of the rounds."""
    figures: dict[str, float | int | str] = {"load of the machine before": os.getloadavg()[0]}
    with _serve() as servers:
        for name, authoritative in (("through delegations", True), ("by the resolver alone", False)):
            figures |= uvloop.run(_measure(name, servers, rounds, authoritative=authoritative))
    return figures


async def _measure(name: str, servers: _Servers, rounds: int, *, authoritative: bool) -> dict[str, float | int | str]:
    clock = _Clock()
    config = Config(dns=DnsConfig(resolvers=(SocketAddress(RESOLVER, servers.port),), authoritative=authoritative))
    # On loopback, name servers have neither public addresses nor port 53.
    reachability = Reachability(
        clock, find_ipv6_route=lambda: False, allow_private=(IPv4Network("127.0.0.0/8"),), port=servers.port
    )
    observer = DnsObserver(config, monotonic=clock, reachability=reachability)

    async def look(request: DnsCheckRequest) -> None:
        facts = (await observer.observe(request)).facts
        assert facts.chain == (TARGET,), facts
        assert not authoritative or [server.outcome for server in facts.servers] == ["answered"] * 2, facts

    async def look_at_all(day: int) -> float:
        hostnames = [f"www.c{day}-{number}.test" for number in range(_DOMAINS)]
        return await _time_all(look, [DnsCheckRequest(hostname=hostname, target=TARGET) for hostname in hostnames])

    await look_at_all(0)
    settle_garbage_collection()  # as a daemon does, once it has begun
    before = servers.count_queries()
    spans, bare = [], []
    queries = 0
    for _ in range(rounds):
        clock.days += 1
        spans.append(await look_at_all(clock.days))
        queries += servers.count_queries() - before
        bare.append(await _measure_bare(servers))
        before = servers.count_queries()
    return {
        f"a look {name}: queries": queries / (rounds * _DOMAINS),
        f"a look {name}: us CPU, best round (target: 400)": min(spans),
        f"a look {name}: us CPU, median": median(spans),
        f"a look {name}, of as many bare datagrams": median(
            own * queries / (rounds * _DOMAINS) / span for span, own in zip(spans, bare, strict=True)
        ),
        f"a look {name}: a bare datagram there and back, us CPU": min(bare),
    }


async def _measure_bare(servers: _Servers) -> float:
    loop = asyncio.get_running_loop()
    wire = b"\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03www\x02c1\x04test\x00\x00\x05\x00\x01"

    async def exchange(_number: int) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as bare:
            bare.connect((RESOLVER, servers.port))
            bare.send(wire)
            await loop.sock_recv(bare, 4096)

    return await _time_all(exchange, list(range(2_000)))


async def _time_all(act: Callable[[T], Awaitable[None]], things: list[T]) -> float:
    """Do all, some at once; return the CPU microseconds of each."""
    left = iter(things)

    async def work() -> None:
        for thing in left:
            await act(thing)

    began = time.process_time()
    async with asyncio.TaskGroup() as group:
        for number in range(_AT_ONCE):
            group.create_task(work(), name=f"bench.look.{number}")
    return (time.process_time() - began) / len(things) * 1e6


@contextmanager
def _serve() -> Iterator[_Servers]:
    port = find_free_port("127.0.0.1")
    command = [sys.executable, "-m", "tests.bench.look_servers", str(port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "ready\n"
            yield _Servers(port, process)
        finally:
            process.kill()
