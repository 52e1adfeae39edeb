"""Open pages: what one costs, how soon it is told of a change, and how little many of them delay the API."""

import asyncio
import os
import socket
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median, quantiles
from typing import Final

import aiohttp
import uvloop
from msgspec.structs import replace

from dcvd.api.app import Api
from dcvd.core.instants import HOUR
from dcvd.core.tokens.token import Role
from dcvd.http.limits.live_streams import MAX_STREAMS_PER_BEARER
from dcvd.services.context import Context
from dcvd.services.links import creation
from dcvd.services.tokens import minting
from dcvd.store import domains
from dcvd.store.engine.transactions import Transaction
from dcvd.web.entrance import PAGE_ENTRANCE
from tests.bench.scrape import fill, open_parts, serve

PAGES_OPEN: Final = 500
DOMAINS: Final = 100_000
_ORG_ID: Final = "org_1"
_DOMAIN_ID: Final = "dom_1001"
_CALLS: Final = 1_500
_SETTLING_S: Final = 2.0
_CHANGES: Final = 20
_BETWEEN_CHANGES_S: Final = 0.5
_MIB: Final = 1 << 20


def run() -> dict[str, float | int | str]:
    """Figures of 500 pages that follow one domain of 100,000."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "dcvd.db"
        fill(path, DOMAINS)
        return uvloop.run(_measure(path))


async def _measure(path: Path) -> dict[str, float | int | str]:
    async with open_parts(path) as parts:
        context = parts.services.context
        links = [await _mint_link(context) for _ in range(-(-PAGES_OPEN // MAX_STREAMS_PER_BEARER))]
        minted = await minting.create(context, _ORG_ID, name="bench", role=Role.OWNER, expires_at=None)
        token = minted.plaintext.reveal()
        async with serve(Api(parts.services, PAGE_ENTRANCE)) as port, aiohttp.ClientSession() as session:
            url = f"http://127.0.0.1:{port}"
            page_ms = await _time_calls(session, f"{url}/connect/{links[0]}", None)
            await _time_calls(session, f"{url}/api/domains?limit=20", token)
            alone_ms = await _time_calls(session, f"{url}/api/domains?limit=20", token)
            before = _read_rss()
            with ExitStack() as stack:
                streams = [stack.enter_context(_open_stream(port, links[n % len(links)])) for n in range(PAGES_OPEN)]
                while len(parts.services.watchers) < PAGES_OPEN:
                    await asyncio.sleep(0.01)
                await asyncio.sleep(_SETTLING_S)
                held = _read_rss() - before
                beside_ms = await _time_calls(session, f"{url}/api/domains?limit=20", token)
                told_ms = []
                for _ in range(_CHANGES):
                    told_ms.append(await _time_change(context, streams))
                    await asyncio.sleep(_BETWEEN_CHANGES_S)
    alone_p99, beside_p99 = quantiles(alone_ms, n=100)[98], quantiles(beside_ms, n=100)[98]
    return {
        "pages open": PAGES_OPEN,
        "a page, median ms": median(page_ms),
        "MiB held by all open pages": held / _MIB,
        "all told of a change, median ms": median(told_ms),
        "all told of a change, longest ms": max(told_ms),
        "API beside none, p99 ms": alone_p99,
        "API beside all, p99 ms": beside_p99,
        "API delayed, times": beside_p99 / alone_p99,
    }


async def _mint_link(context: Context) -> str:
    created = await creation.create(context, _ORG_ID, domain_id=_DOMAIN_ID, lifetime_ms=HOUR)
    return created.token.reveal()


async def _time_calls(session: aiohttp.ClientSession, url: str, token: str | None) -> list[float]:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    times_ms = []
    for _ in range(_CALLS):
        began = time.perf_counter()
        async with session.get(url, headers=headers) as response:
            assert response.status == 200, await response.text()
            await response.read()
        times_ms.append((time.perf_counter() - began) * 1000)
    return times_ms


def _open_stream(port: int, link: str) -> socket.socket:
    """A page that follows, as cheap as it can be: what it costs the daemon is what counts."""
    stream = socket.create_connection(("127.0.0.1", port))
    stream.sendall(f"GET /connect/{link}/changes HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
    stream.setblocking(False)
    return stream


async def _time_change(context: Context, streams: Sequence[socket.socket]) -> float:
    """How long it takes from a commit until every page has been told."""
    for stream in streams:
        _drain(stream)

    def unit(tx: Transaction) -> None:
        domain = domains.get(tx, _DOMAIN_ID)
        assert domain is not None
        domains.update(tx, replace(domain, checks_since_change=domain.checks_since_change + 1))

    await context.database.write(unit)
    began = time.perf_counter()
    loop = asyncio.get_running_loop()
    await asyncio.gather(*(loop.sock_recv(stream, 4096) for stream in streams))
    return (time.perf_counter() - began) * 1000


def _drain(stream: socket.socket) -> None:
    try:
        while stream.recv(4096):
            pass
    except BlockingIOError:
        return


def _read_rss() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
