"""Bulk additions: 100,000 domains by one call, each in a zone of its own; the CPU of the server alone."""

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from time import perf_counter
from typing import Final

import aiohttp
import msgspec
import uvloop

from tests.bench.api import prepare, start_side
from tests.bench.scrape import fill

_STORED: Final = 1_000
_LINES: Final = 100_000
_LINES_A_CHUNK: Final = 500

Figures = dict[str, float | int | str]


class _Outcome(msgspec.Struct, frozen=True):
    outcome: str = ""


def run() -> Figures:
    """Seconds of one call, and of the CPU that it took."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "dcvd.db"
        fill(path, _STORED, organizations=1)
        return uvloop.run(_measure(path))


async def _measure(path: Path) -> Figures:
    token = await prepare(path, _STORED)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/x-ndjson"}
    async with start_side("ours", path) as side, aiohttp.ClientSession(headers=headers) as session:
        await side.read_cpu()
        began, created = perf_counter(), 0
        async with session.post(f"http://127.0.0.1:{side.port}/api/domains/bulk", data=_write_lines()) as response:
            assert response.status == 200, await response.text()
            async for line in response.content:
                created += msgspec.json.decode(line, type=_Outcome).outcome == "created"
        seconds, cpu = perf_counter() - began, await side.read_cpu()
    assert created == _LINES, created
    return {
        "lines": _LINES,
        "seconds": seconds,
        "seconds CPU of the server (target: 8)": cpu,
        "us CPU a line": cpu / _LINES * 1e6,
    }


async def _write_lines() -> AsyncIterator[bytes]:
    for number in range(0, _LINES, _LINES_A_CHUNK):
        yield b"".join(
            b'{"domainName":"www.customer-%d.com"}\n' % each for each in range(number, number + _LINES_A_CHUNK)
        )
