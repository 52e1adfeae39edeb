"""A receiver on loopback that plays the answer whose number stands in the address that was called.

So an answer can begin before the request is there, and no client can use a connection for two answers.
Run as a program, it prints its port, and plays until its input ends.
"""

import asyncio
import re
import socket
import struct
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final

import uvloop

from tests.kit.egress.grammar.answers import Answer, Ending, Start, make_answer

_FIRST_ADDRESS: Final = int(IPv4Address("127.64.0.0"))
_LENGTH: Final = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
FIRST: Final = b"/first "
"""Ends the path of a request that gets a good answer, so that the next one meets a kept connection."""
_GOOD: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
_LONGEST_S: Final = 30.0
_ROOT: Final = Path(__file__).parents[4]


def build_url(port: int, number: int) -> str:
    """The URL at which the answer of a number is played."""
    return f"http://{IPv4Address(_FIRST_ADDRESS + number)}:{port}/{number}"


class _Player:
    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.tasks: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        try:
            number = int(IPv4Address(writer.get_extra_info("sockname")[0])) - _FIRST_ADDRESS
            if number >= 0:
                async with asyncio.timeout(_LONGEST_S):
                    await self._play(make_answer(self._seed, number), reader, writer)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # whatever the client did to the connection
        finally:
            self.tasks.discard(task)
            writer.transport.abort()

    async def _play(self, answer: Answer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        match answer.start:
            case Start.AFTER_REQUEST:
                while FIRST in await _read_request(reader):
                    writer.write(_GOOD)
            case Start.AT_FIRST_BYTES:
                await reader.readexactly(4)
            case Start.BEFORE_REQUEST:
                pass
        for piece in answer.pieces:
            if piece.delay_s:
                await asyncio.sleep(piece.delay_s)
            if writer.is_closing():
                return
            writer.write(piece.data)
            await writer.drain()
        if answer.start is not Start.AFTER_REQUEST:
            # What is left unread when a socket is closed turns the close into a reset, which may overtake the answer.
            with suppress(asyncio.IncompleteReadError):
                await _read_request(reader)
        match answer.ending:
            case Ending.STAY:
                await reader.read()
            case Ending.HALF_CLOSE:
                if not writer.is_closing():
                    writer.write_eof()
                await reader.read()
            case Ending.RESET:
                while writer.transport.get_write_buffer_size() and not writer.is_closing():
                    await asyncio.sleep(0.001)  # what is not sent yet, a reset throws away
                taken: socket.socket = writer.get_extra_info("socket")
                taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            case Ending.CLOSE:
                writer.close()
                await writer.wait_closed()


async def _read_request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = _LENGTH.search(head)
    await reader.readexactly(int(length[1]) if length else 0)
    return head


@asynccontextmanager
async def playing(seed: int) -> AsyncIterator[int]:
    """A receiver of a seed's answers; gives its port."""
    player = _Player(seed)
    # asyncio leaves Nagle's algorithm on where the protocol is not named, and a reset throws away what it holds back.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    with suppress(OSError):  # an old kernel: there, others may call, and are not answered
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
    listening.bind(("0.0.0.0", 0))
    server = await asyncio.start_server(player.serve, sock=listening, backlog=4096)
    try:
        yield listening.getsockname()[1]
    finally:
        server.close()
        for task in player.tasks:
            task.cancel()
        await asyncio.gather(*player.tasks, return_exceptions=True)
        await server.wait_closed()


@contextmanager
def playing_apart(seed: int) -> Iterator[int]:
    """The same in a process of its own."""
    command = [sys.executable, "-m", __name__, str(seed)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=_ROOT) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.communicate("")


async def _main(seed: int) -> None:
    async with playing(seed) as port:
        print(port, flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_main(int(sys.argv[1])))
