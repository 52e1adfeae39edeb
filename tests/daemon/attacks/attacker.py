"""One attack, until standard input ends: `python -m tests.daemon.attacks.attacker NAME HOST PORT TOKEN`.

Once it is under way in full, a line says so. Whatever the daemon cuts is begun anew.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

Reader = asyncio.StreamReader
Writer = asyncio.StreamWriter
Step = Callable[[Reader, Writer], Awaitable[None]]

_FOREVER: Final = 3600.0
_PAUSE_S: Final = 0.05  # between a connection that was cut and the next


class Attack:
    """Holds `connections` connections, in each of which `begin` is followed by `go_on`."""

    def __init__(self, connections: int, begin: Step, go_on: Step) -> None:
        self._connections = connections
        self._begin = begin
        self._go_on = go_on
        self._begun = 0
        self._is_up = asyncio.Event()

    async def run(self, host: str, port: int) -> None:
        attackers = [asyncio.create_task(self._attack(host, port)) for _ in range(self._connections)]
        await self._is_up.wait()
        print("up", flush=True)
        await asyncio.gather(*attackers)

    async def _attack(self, host: str, port: int) -> None:
        is_first = True
        while True:
            with suppress(OSError, asyncio.IncompleteReadError):
                reader, writer = await asyncio.open_connection(host, port, limit=1 << 12)
                try:
                    await self._begin(reader, writer)
                    if is_first:
                        is_first = False
                        self._begun += 1
                        if self._begun == self._connections:
                            self._is_up.set()
                    await self._go_on(reader, writer)
                finally:
                    writer.transport.abort()
            await asyncio.sleep(_PAUSE_S)


async def wait_for_the_end(reader: Reader, _: Writer) -> None:
    while await reader.read(1 << 12):
        pass


async def read_nothing(_: Reader, writer: Writer) -> None:
    await asyncio.sleep(_FOREVER)


def write(data: bytes, *, drained: bool = True) -> Step:
    async def step(_: Reader, writer: Writer) -> None:
        writer.write(data)
        if drained:
            await writer.drain()

    return step


def drip(data: bytes, interval_s: float = 0.5) -> Step:
    async def step(_: Reader, writer: Writer) -> None:
        for number in range(1_000_000):
            writer.write(data[number % len(data) :][:1])
            await writer.drain()
            await asyncio.sleep(interval_s)

    return step


async def sip(reader: Reader, _: Writer) -> None:
    while await reader.read(1):
        await asyncio.sleep(0.5)


async def ask_once(reader: Reader, writer: Writer) -> None:
    writer.write(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")


def attacks(token: str) -> dict[str, Attack]:
    """All attacks by name; `token` is that of a tenant who attacks."""
    bearer = b"Authorization: Bearer %s\r\n" % token.encode()
    anonymous_post = b"POST /api/domains HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    post = anonymous_post + bearer
    poll = b"GET /api/events HTTP/1.1\r\nHost: x\r\nPrefer: wait=1\r\n" + bearer
    sized_megabyte = b"Content-Length: 1000000\r\n\r\n" + b" " * 999_999
    chunked_megabyte = b"Transfer-Encoding: chunked\r\n\r\n" + (b"3e8\r\n" + b" " * 1000 + b"\r\n") * 1000
    schema = b"GET /schema HTTP/1.1\r\nHost: x\r\n\r\n"
    smuggling = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    return {
        "silent": Attack(1000, write(b""), wait_for_the_end),
        "idle": Attack(1000, ask_once, wait_for_the_end),
        "half-open": Attack(400, write(b"GET / HTTP/1.1\r\nHo"), wait_for_the_end),
        "slow-head": Attack(300, write(b"GET / HTTP/1.1\r\nX-Slow: "), drip(b"y")),
        "slow-body": Attack(300, write(post + b"Content-Length: 100000\r\n\r\n"), drip(b" ")),
        "slow-chunks": Attack(300, write(post + b"Transfer-Encoding: chunked\r\n\r\n"), drip(b"1\r\n \r\n")),
        "slow-reader": Attack(300, write(schema), sip),
        "unread": Attack(100, write(schema * 500, drained=False), read_nothing),
        "pipelined": Attack(10, write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 77_672, drained=False), read_nothing),
        "huge-head": Attack(
            20, write(b"GET / HTTP/1.1\r\nX-Big: " + b"y" * 10_485_760, drained=False), wait_for_the_end
        ),
        "huge-bodies": Attack(400, write(post + sized_megabyte, drained=False), wait_for_the_end),
        "huge-anonymous-bodies": Attack(400, write(anonymous_post + sized_megabyte, drained=False), wait_for_the_end),
        "huge-chunked-bodies": Attack(400, write(post + chunked_megabyte, drained=False), wait_for_the_end),
        "huge-unwanted-bodies": Attack(400, write(poll + chunked_megabyte, drained=False), wait_for_the_end),
        "smuggled": Attack(20, write((smuggling + schema) * 50, drained=False), wait_for_the_end),
    }


async def main() -> None:
    name, host, port, token = sys.argv[1:]
    attack = asyncio.create_task(attacks(token)[name].run(host, int(port)))
    ended = asyncio.create_task(asyncio.to_thread(sys.stdin.buffer.read))
    await asyncio.wait({attack, ended}, return_when=asyncio.FIRST_COMPLETED)
    if attack.done():
        attack.result()


if __name__ == "__main__":
    asyncio.run(main())
