"""The sync loop at 1,000 to 1,000,000 domains, for a bounded time; the bench `sweep` checks all of them.

The daemon, the sandbox and whoever calls the API run in processes of their own; only picking, and the pace under
Cloudflare's budget, are measured in this one.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Final

import aiohttp
import msgspec
import uvloop
from msgspec import Struct
from msgspec.structs import replace

from dcvd.config import CloudflareConfig, Config, DnsConfig, Live, parse_address
from dcvd.core.domains.observations import CloudflareHostname
from dcvd.core.lifecycle.schedule import CheckLane
from dcvd.core.secret import Secret
from dcvd.custom_hostnames.client import CloudflareClient
from dcvd.dns import DnsObserver
from dcvd.kit.clock import SystemClock
from dcvd.metrics import Metrics
from dcvd.services.context import Context
from dcvd.store import domains
from dcvd.store.engine.database import Database
from dcvd.store.engine.transactions import Snapshot, Transaction
from dcvd.sync.checker import DomainChecker
from dcvd.sync.loop import SyncLoop
from tests.bench import sync_data
from tests.daemon.process import DaemonProcess, write_config

Figures = dict[str, float | int | str]

SIZES: Final = (1_000, 100_000, 1_000_000)
_PART_DUE: Final = {1_000: 1.0, 10_000: 1.0, 100_000: 0.05, 1_000_000: 1.0}
"""Of 100,000 some are due, so that a whole walk through the list, which compares them all, ends within the bench."""
_LONGEST: Final = {1_000: 30.0, 10_000: 60.0, 100_000: 120.0, 1_000_000: 30.0}
"""Seconds; of 1,000,000 this is far from the whole."""
_IDLE: Final = 10.0
_ALONE: Final = 12.0
_PICKS: Final = 30
_BATCH: Final = 32
_CALLS: Final = 1_500
_EVERY: Final = 0.015
_BUDGET: Final = 100
_WINDOW: Final = 2.0
_BUDGET_SECONDS: Final = 20.0
_BUDGET_DOMAINS: Final = 2_000


class Sandbox(Struct, frozen=True):
    """A sandbox in a process of its own."""

    api: str
    dns: str
    process: "subprocess.Popen[str]"

    def end(self) -> int:
        """How many requests it refused with 429."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        refused: int = msgspec.json.decode(self.process.stdout.readline())["refused"]
        return refused


class _Counts(Struct, frozen=True):
    looks: float
    calls: float


def run(sizes: tuple[int, ...] = SIZES) -> Figures:
    """Each figure's target stands in its name."""
    figures: Figures = {"load of the machine before": os.getloadavg()[0]}
    with tempfile.TemporaryDirectory() as directory:
        for size in sizes:
            where = Path(directory) / str(size)
            where.mkdir()
            figures |= uvloop.run(_size(where, size))
        where = Path(directory) / "budget"
        where.mkdir()
        figures |= uvloop.run(_budget(where))
    picks = [value for name, value in figures.items() if "pick" in name and isinstance(value, float)]
    if len(picks) > 1:
        figures["slowest pick against the fastest (target: 1.5)"] = max(picks) / min(picks)
    return figures


async def _size(directory: Path, size: int) -> Figures:
    with start_sandbox(size) as sandbox:
        config = write_config(directory, api=sandbox.api, dns=sandbox.dns)
        database = directory / "dcvd.db"
        token = await sync_data.fill(database, size, await _first(sandbox))
        idle, _, _ = await _daemon(config, token, 0, _IDLE)
        now = SystemClock().now()
        due = sync_data.make_due(database, _PART_DUE[size], now)
        pick = await _pick(database)
        due = sync_data.make_due(database, _PART_DUE[size], now)
        _, alone, (_, alone_seconds) = await _daemon(config, token, due, _ALONE, called=False)
        due = sync_data.make_due(database, _PART_DUE[size], SystemClock().now())
        busy, counts, (rss, seconds) = await _daemon(config, token, due, _LONGEST[size])
    name = f"{size:,}: "
    whole = counts.looks >= due
    walked = size if whole else counts.looks
    return {
        f"{name}pick {_BATCH} due, ms": pick,
        f"{name}looks/s while nobody calls ({alone.looks:,.0f} in {alone_seconds:.0f} s)": alone.looks / alone_seconds,
        f"{name}looks/s while the API is called ({counts.looks:,.0f} in {seconds:.0f} s)": counts.looks / seconds,
        f"{name}domains a call, {'whole sweep' if whole else 'bounded span'} (target: 45)": walked / counts.calls,
        f"{name}daemon's peak RSS MiB (target: 250)": rss,
        f"{name}GET /api/domains p50 ms idle": idle[0],
        f"{name}GET /api/domains p50 ms while syncing": busy[0],
        f"{name}GET /api/domains p99 ms idle": idle[1],
        f"{name}GET /api/domains p99 ms while syncing (target: twice idle)": busy[1],
    }


async def _daemon(
    config: Path, token: str, due: int, longest: float, *, called: bool = True
) -> tuple[tuple[float, float], _Counts, tuple[float, float]]:
    """One life of the daemon: p50 and p99 of a list call where it is called, what it did, its RSS and how long it
    looked."""
    daemon = DaemonProcess(config)
    await daemon.start()
    try:
        return await _observe(daemon, token, due, longest, called=called)
    finally:
        await daemon.terminate()


async def _observe(
    daemon: DaemonProcess, token: str, due: int, longest: float, *, called: bool
) -> tuple[tuple[float, float], _Counts, tuple[float, float]]:
    began = time.monotonic()
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(daemon.directory / "dcvd.sock"))) as operator,
    ):
        enough = asyncio.Event()
        latencies = asyncio.create_task(_latencies(session, f"{daemon.url}/api/domains", enough)) if called else None
        counts = await _counts(operator)
        while time.monotonic() - began < longest:
            counts = await _counts(operator)
            if due and counts.looks >= due:
                break
            await asyncio.sleep(0.5)
        seconds = time.monotonic() - began
        enough.set()
        latency = (0.0, 0.0) if latencies is None else await latencies
    return latency, counts, (_peak_rss(daemon.process.pid), seconds)


async def _latencies(session: aiohttp.ClientSession, url: str, enough: asyncio.Event) -> tuple[float, float]:
    """Calls one after the other until it is enough."""
    spans: list[float] = []
    while len(spans) < _CALLS and not (enough.is_set() and len(spans) > 100):
        began = time.perf_counter()
        async with session.get(url) as response:
            assert response.status == 200
            await response.read()
        spans.append((time.perf_counter() - began) * 1000)
        await asyncio.sleep(_EVERY)
    cuts = quantiles(spans[20:], n=100)
    return cuts[49], cuts[98]


async def _counts(operator: aiohttp.ClientSession) -> _Counts:
    async with operator.get("http://dcvd/metrics") as response:
        text = await response.text()
    totals = {"dcvd_checks_total": 0.0, "dcvd_cloudflare_calls_total": 0.0}
    for line in text.splitlines():
        name = line.partition("{")[0]
        if name in totals:
            totals[name] += float(line.rpartition(" ")[2])
    return _Counts(totals["dcvd_checks_total"], totals["dcvd_cloudflare_calls_total"])


async def _pick(path: Path) -> float:
    """Milliseconds to read the next due ones, each time others."""
    database = await Database.open(path)
    now = SystemClock().now()
    spans = []

    def query(snapshot: Snapshot) -> list[str]:
        ids = [found for kind in CheckLane for found in domains.list_due_ids(snapshot, kind, now, _BATCH)]
        return list(domains.find_by_ids(snapshot, ids))

    for _ in range(_PICKS):
        began = time.perf_counter()
        picked = await database.read(query)
        spans.append((time.perf_counter() - began) * 1000)
        assert len(picked) == _BATCH

        def put_off(tx: Transaction, picked: list[str] = picked) -> None:
            for domain_id in picked:
                domains.set_next_check(tx, domain_id, now + 86_400_000)

        await database.write(put_off)
    await database.close()
    return median(spans)


async def _budget(directory: Path) -> Figures:
    """With a call for each domain, and a limit that is the only one: the list is so long that no walk is worth it."""
    path = directory / "dcvd.db"
    with start_sandbox(1_000_000, _BUDGET, _WINDOW) as sandbox:
        await sync_data.fill(path, _BUDGET_DOMAINS, await _first(sandbox))
        await asyncio.sleep(_WINDOW)
        sync_data.make_due(path, 1.0, SystemClock().now())
        database = await Database.open(path)
        config = Config(
            cloudflare=replace(_cloudflare(sandbox), requests_per_5m=_BUDGET),
            dns=DnsConfig(resolvers=(parse_address(sandbox.dns),), authoritative=False),
        )
        context, metrics = Context(database, Live(config)), Metrics()
        client = CloudflareClient(Live(config), metrics, window_s=_WINDOW)
        await client.start()
        loop = SyncLoop(context, DomainChecker(context, client, DnsObserver(config), metrics), client)
        task = asyncio.create_task(loop.run())
        # The pace of looks begins low; it is no part of the budget.
        await asyncio.sleep(2 * _WINDOW)
        before = _made(metrics)
        await asyncio.sleep(_BUDGET_SECONDS)
        calls = _made(metrics) - before
        task.cancel()
        await asyncio.wait([task])
        await loop.pool.drain(1)
        each = _total(metrics, "dcvd_checks_total") / _made(metrics)
        await client.close()
        await database.close()
        refused = sandbox.end()
    name = f"budget of {_BUDGET} calls in {_WINDOW:g} s: "
    return {
        f"{name}share used (target: 0.95)": calls / (_BUDGET * _BUDGET_SECONDS / _WINDOW),
        f"{name}answers 429 (target: 0)": refused,
        f"{name}domains a call, single GETs": each,
    }


def _made(metrics: Metrics) -> float:
    """Calls to Cloudflare that have ended."""
    return _total(metrics, "dcvd_cloudflare_calls_total")


def _total(metrics: Metrics, name: str) -> float:
    samples = (sample for metric in metrics.registry.collect() for sample in metric.samples)
    return sum(sample.value for sample in samples if sample.name == name)


async def _first(sandbox: Sandbox) -> CloudflareHostname:
    client = CloudflareClient(Live(Config(cloudflare=_cloudflare(sandbox))), Metrics())
    await client.start()
    page = await client.list_page(1)
    await client.close()
    return page.hostnames[0]


def _cloudflare(sandbox: Sandbox) -> CloudflareConfig:
    return CloudflareConfig(
        base_url=sandbox.api,
        api_token=Secret("sandbox-token"),
        zone_id="5a4d0b0c5a4d0b0c5a4d0b0c5a4d0b0c",
        cname_target="edge.sandbox.test",
        certificates_per_minute=0,
        requests_per_5m=0,
    )


@contextmanager
def start_sandbox(hostnames: int, limit: int = 0, window: float = 300.0) -> Iterator[Sandbox]:
    """Run a sandbox that has so many healthy hostnames, and takes `limit` calls in `window` seconds (0: any number)."""
    command = [sys.executable, "-m", "tests.bench.sync_sandbox", str(hostnames), str(limit), str(window)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = msgspec.json.decode(process.stdout.readline())
        try:
            yield Sandbox(told["api"], told["dns"], process)
        finally:
            process.kill()


def _peak_rss(pid: int) -> float:
    """MiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024
