"""The API beside the plainest handlers that serve the same bytes, in turns within one run."""

import asyncio
import hashlib
import random
import sqlite3
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Final

import msgspec
import uvloop
from msgspec import Struct

from dcvd.core.tokens.token import Role
from dcvd.services.tokens import minting
from dcvd.store.engine.paging import encode_cursor
from tests.bench.api_side import PLAIN_FILE
from tests.bench.http_load import Load, put_load, write_request
from tests.bench.scrape import fill, open_parts

DOMAINS: Final = 100_000
ORG_ID: Final = "org_0"
_ROUNDS: Final = 5
_REQUESTS: Final = 4_000
_PAGE: Final = 20

Figures = dict[str, float | int | str]


class Side(Struct, frozen=True):
    """A server in a process of its own."""

    process: asyncio.subprocess.Process
    port: int

    async def measure(self, requests: Sequence[bytes]) -> tuple[Load, float]:
        """Return what a load came to, and the CPU that the server used for each request, in microseconds."""
        await self.read_cpu()
        load = await put_load(self.port, requests)
        return load, await self.read_cpu() / len(requests) * 1e6

    async def read_cpu(self) -> float:
        """Return the CPU seconds that the server has used since it was asked before."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(b"\n")
        return float(await self.process.stdout.readline())


def run(rounds: int = _ROUNDS, requests: int = _REQUESTS, domains: int = DOMAINS) -> Figures:
    """Rates, times and CPU of each kind of request, and how they compare."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "dcvd.db"
        fill(path, domains, organizations=1)
        return uvloop.run(_measure(path, rounds, requests, domains))


async def _measure(path: Path, rounds: int, count: int, domains: int) -> Figures:
    token = await prepare(path, domains)
    chance = random.Random(1)
    numbers = [chance.randrange(1_000, domains) for _ in range(count)]
    lists = [write_request("GET", f"/api/domains?limit={_PAGE}", token=token)] * count
    pages = [
        write_request("GET", f"/api/domains?limit={_PAGE}&cursor={encode_cursor(f'dom_{number}')}", token=token)
        for number in numbers
    ]
    plain_lists = [write_request("GET", f"/api/domains?limit={_PAGE}&before=dom_a", token=token)] * count
    plain_pages = [
        write_request("GET", f"/api/domains?limit={_PAGE}&before=dom_{number}", token=token) for number in numbers
    ]
    singles = [write_request("GET", f"/api/domains/dom_{number}", token=token) for number in numbers]
    constants = [write_request("GET", "/constant")] * count
    async with start_side("ours", path) as ours, start_side("plain", path) as plain:
        rows = [
            _Row("list, ours", ours, lambda _: lists),
            _Row("list, plain", plain, lambda _: plain_lists),
            _Row("single, ours", ours, lambda _: singles),
            _Row("single, plain", plain, lambda _: singles),
            _Row("constant", plain, lambda _: constants),
            _Row("add, ours", ours, lambda number: _write_additions(token, number, count)),
            _Row("add, plain", plain, lambda number: _write_additions(token, number, count)),
        ]
        # Walks through more domains than are kept, so that nothing else is kept afterwards.
        walks = [_Row("pages, ours", ours, lambda _: pages), _Row("pages, plain", plain, lambda _: plain_pages)]
        results: dict[str, list[tuple[Load, float]]] = {row.name: [] for row in (*rows, *walks)}
        for some in (rows, walks):
            for number in range(rounds):
                for row in some:
                    results[row.name].append(await row.side.measure(row.build(number)))
    figures: Figures = {"domains": domains, "rounds": rounds}
    for name, measured in results.items():
        figures[f"{name}: a second"] = median(load.rate for load, _ in measured)
        figures[f"{name}: p50 ms"] = median(load.percentile_ms(0.5) for load, _ in measured)
        figures[f"{name}: p99 ms"] = median(load.percentile_ms(0.99) for load, _ in measured)
        figures[f"{name}: CPU µs"] = median(cpu for _, cpu in measured)
    for title, one, other in (
        ("list, of plain", "list, ours", "list, plain"),
        ("pages, of plain", "pages, ours", "pages, plain"),
        ("add, of plain", "add, ours", "add, plain"),
        # The constant route has one thread: whatever else the machine does, its CPU stays what it is.
        ("list, of constant", "list, ours", "constant"),
        ("single, of constant", "single, ours", "constant"),
        ("add, of constant", "add, ours", "constant"),
    ):
        pairs = list(zip(results[one], results[other], strict=True))
        figures[title] = median(mine.rate / theirs.rate for (mine, _), (theirs, _) in pairs)
        # By how much CPU both need: this swings less, whatever else the machine does.
        figures[f"{title}, by CPU"] = median(theirs / mine for (_, mine), (_, theirs) in pairs)
    figures["list, p99 of p50"] = median(
        load.percentile_ms(0.99) / load.percentile_ms(0.5) for load, _ in results["list, ours"]
    )
    return figures


class _Row(Struct, frozen=True):
    name: str
    side: Side
    build: Callable[[int], Sequence[bytes]]


def _write_additions(token: str, round_number: int, count: int) -> list[bytes]:
    return [
        write_request(
            "POST",
            "/api/domains",
            token=token,
            body=msgspec.json.encode({"domainName": f"r{round_number}n{number}.customer.com"}),
        )
        for number in range(count)
    ]


async def prepare(path: Path, domains: int) -> str:
    """Mint a token without limits, and give the plain side a database with the same bytes; return the token."""
    async with open_parts(path) as parts:
        context = parts.services.context
        minted = await minting.create(context, ORG_ID, name="bench", role=Role.OWNER, expires_at=None)
    token = minted.plaintext.reveal()
    plain = sqlite3.connect(path.with_name(PLAIN_FILE))
    plain.execute("PRAGMA journal_mode = WAL")
    plain.execute("CREATE TABLE tokens (hash TEXT PRIMARY KEY, org_id TEXT) WITHOUT ROWID")
    plain.execute("CREATE TABLE domains (org_id TEXT, id TEXT, json BLOB, PRIMARY KEY (org_id, id)) WITHOUT ROWID")
    plain.execute("INSERT INTO tokens VALUES (?, ?)", (hashlib.sha256(token.encode()).hexdigest(), ORG_ID))
    example = b'{"id":"' + b"x" * 880 + b'"}'
    plain.executemany(
        "INSERT INTO domains VALUES (?, ?, ?)", ((ORG_ID, f"dom_{number}", example) for number in range(domains))
    )
    plain.commit()
    plain.close()
    return token


@asynccontextmanager
async def start_side(side: str, path: Path) -> AsyncIterator[Side]:
    """Start a side of `api_side` over a database."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.api_side", side, str(path),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        yield Side(process, int(await process.stdout.readline()))
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()
