"""Name servers of Debian as child processes, in the foreground on ports of loopback that nobody else has."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import dns.asyncquery
import dns.exception
import dns.message
import dns.rcode
import pytest

from dcvd.config import SocketAddress
from tests.free_ports import find_free_port

_SECONDS = 10.0


def program(name: str) -> str:
    """Where it is installed; skips the test where it is not."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def free_address(host: str = "127.0.0.1") -> SocketAddress:
    """A port that is free for both UDP and TCP."""
    return SocketAddress(host, find_free_port(host))


@asynccontextmanager
async def running(
    command: list[str], directory: Path, address: SocketAddress, *, zone: str | None = None
) -> AsyncIterator[None]:
    """The program, from its first answer at `address` on; what it wrote is shown where it does not come up.

    zone: one that it serves, to be asked for where it would not go on refusing all else.
    """
    output = directory / "output"
    with output.open("wb") as log:
        process = await asyncio.create_subprocess_exec(*command, stdout=log, stderr=log, cwd=directory)
    try:
        await _answers(process, address, output, zone)
        yield
    finally:
        if process.returncode is None:
            process.kill()  # it has nothing to put in order
        await process.wait()


async def _answers(process: asyncio.subprocess.Process, address: SocketAddress, output: Path, zone: str | None) -> None:
    query = dns.message.make_query(*(("version.server", "TXT", "CH") if zone is None else (zone, "SOA", "IN")))
    async with asyncio.timeout(_SECONDS):
        while True:
            assert process.returncode is None, output.read_text()  # noqa: ASYNC240  # the test is over anyway
            try:
                answer = await dns.asyncquery.udp(query, address.host, port=address.port, timeout=0.01)
            except (dns.exception.DNSException, OSError):
                await asyncio.sleep(0.002)
                continue
            if zone is None or answer.rcode() == dns.rcode.NOERROR:
                return
            await asyncio.sleep(0.002)
