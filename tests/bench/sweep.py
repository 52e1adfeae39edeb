"""A whole sweep of 1,000 to 1,000,000 due domains, and how what a domain costs grows with their number.

Cloudflare and DNS answer at once, from this process: the store, the lanes and the loop are what costs anything.
"""

import asyncio
import os
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Final

import uvloop
from msgspec import Struct

from dcvd.config import Config, Live
from dcvd.config.sections import SyncConfig
from dcvd.core.dns.facts import DnsFacts, DnsObservation
from dcvd.core.domains.domain import Domain
from dcvd.core.domains.observations import CloudflareCertificate, CloudflareHostname
from dcvd.core.instants import DAY
from dcvd.core.lifecycle.schedule import CheckLane
from dcvd.core.lifecycle.transitions import Observation
from dcvd.custom_hostnames.wire import CustomHostnamePage
from dcvd.kit.clock import SystemClock
from dcvd.services.context import Context
from dcvd.services.lifecycle.checks import CheckStart, DomainCheck
from dcvd.store.engine.database import Database
from dcvd.sync.checker import ListedHostname
from dcvd.sync.loop import SyncLoop
from dcvd.sync.recorder import CheckRecorder
from dcvd.sync.sweep import SweepTiming
from tests.bench import sync_data
from tests.sync.fleet import Unpaced

Figures = dict[str, float | int | str]

SIZES: Final = (1_000, 10_000, 100_000, 1_000_000)
LIMIT: Final = 1.3
"""How many times as much a domain of the most costly size may cost as one of the cheapest."""
_PAGE: Final = 50
_AT_LEAST: Final = 20_000
"""Domains that are swept of each size, in one sweep or in several."""
_SINGLE: Final = 20_000
"""Domains of each size that are checked by calls of their own, in the order in which they are due."""
_CONFIG: Final = Config(sync=SyncConfig(concurrency=128))
"""As many at once as fill the recorder's batches: nobody waits for others to come then."""
_NEVER: Final = 10_000_000
"""Pages of a list that no sweep is worth."""


def run(sizes: Sequence[int] = SIZES) -> Figures:
    """Microseconds of processor time that a domain costs, in all threads."""
    figures: Figures = {"load of the machine before": os.getloadavg()[0]}
    by_list: list[float] = []
    by_calls: list[float] = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "dcvd.db"
            uvloop.run(sync_data.fill(path, size, _describe(0)))
            count = -(-_AT_LEAST // size)
            sweeps = [uvloop.run(_sweep(path, size, pages=-(-size // _PAGE), part=1.0)) for _ in range(count)]
            calls = uvloop.run(_sweep(path, size, pages=_NEVER, part=min(_SINGLE / size, 1.0)))
            figures[f"{size:,}: file, MiB"] = path.stat().st_size / (1 << 20)
        by_list.append(median(sweep.cost_us for sweep in sweeps))
        by_calls.append(calls.cost_us)
        figures |= {
            f"{size:,}: whole sweep, seconds": median(sweep.seconds for sweep in sweeps),
            f"{size:,}: whole sweep, µs a domain": by_list[-1],
            f"{size:,}: whole sweep, domains a call": median(sweep.checks / sweep.calls for sweep in sweeps),
            f"{size:,}: {calls.checks:,} by calls of their own, µs a domain": calls.cost_us,
        }
    for name, costs in (("whole sweep", by_list), ("calls of their own", by_calls)):
        growth = max(costs) / min(costs)
        figures[f"{name}: the most costly size against the cheapest (target: {LIMIT})"] = growth
    return figures


class _Sweep(Struct, frozen=True):
    """What came of a sweep: the domains that were checked, and what that took."""

    checks: int
    calls: int
    cpu_s: float
    seconds: float

    @property
    def cost_us(self) -> float:
        return self.cpu_s / self.checks * 1e6


class _Cloudflare:
    """Cloudflare's list of healthy hostnames, in the order in which they were made."""

    def __init__(self, size: int, pages: int) -> None:
        self.calls = 0
        self._size = size
        self._pages = pages

    async def list_page(self, number: int) -> CustomHostnamePage:
        self.calls += 1
        numbers = range((number - 1) * _PAGE, min(number * _PAGE, self._size))
        return CustomHostnamePage([_describe(each) for each in numbers], self._pages)


class _Checker:
    """Finds every domain as it should be, and stores that."""

    def __init__(self, context: Context, cloudflare: _Cloudflare, due: int) -> None:
        self.done = asyncio.Event()
        self.checked: set[str] = set()
        self._context = context
        self._cloudflare = cloudflare
        self._due = due
        self._recorder = CheckRecorder(context)

    async def check_due(self, domain: Domain, _lane: CheckLane, listed: ListedHostname | None = None) -> None:
        now = self._context.now()
        facts = DnsFacts(
            hostname=domain.name, target=domain.cname_target, outcome="answered", exists=True,
            chain=(domain.cname_target,),
        )  # fmt: skip
        if listed is None:
            self._cloudflare.calls += 1
            listed = ListedHostname(_describe(int(domain.id.removeprefix("dom_"))), now)
        observations: list[Observation] = [DnsObservation(facts), listed.cloudflare_hostname]
        start = CheckStart(now, domain.next_check_at)
        await self._recorder.record(DomainCheck(domain.id, observations, listed.asked_at, start))
        self.checked.add(domain.id)
        if len(self.checked) >= self._due:
            self.done.set()


async def _sweep(path: Path, size: int, *, pages: int, part: float) -> _Sweep:
    """Make a part of the domains due, and check them all."""
    due = sync_data.make_due(path, part, SystemClock().now())
    database = await Database.open(path)
    context = Context(database, Live(_CONFIG))
    cloudflare = _Cloudflare(size, pages)
    checker = _Checker(context, cloudflare, due)
    timing = SweepTiming(interval_s=0.0 if pages < _NEVER else 3600.0)
    loop = SyncLoop(context, checker, cloudflare, rate=Unpaced(), sweep_timing=timing)
    began, cpu = time.perf_counter(), time.process_time()
    task = asyncio.create_task(loop.run())
    await checker.done.wait()
    figures = _Sweep(due, cloudflare.calls, time.process_time() - cpu, time.perf_counter() - began)
    task.cancel()
    await asyncio.wait([task])
    await loop.pool.drain(1)
    await database.close()
    _assert_all_checked(path)
    return figures


def _assert_all_checked(path: Path) -> None:
    connection = sqlite3.connect(path)
    (left,) = connection.execute(
        "SELECT count(*) FROM domains WHERE next_sync_at < ?", (SystemClock().now(),)
    ).fetchone()
    connection.close()
    assert left == 0, f"{left} domains are still due"


_EXPIRES_AT: Final = SystemClock().now() + 80 * DAY
_CERTIFICATE: Final = CloudflareCertificate(
    serial="01", issuer="CA", issued_at=_EXPIRES_AT - 90 * DAY, expires_at=_EXPIRES_AT
)


def _describe(number: int) -> CloudflareHostname:
    """What Cloudflare says of a hostname that `sync_data` made."""
    return CloudflareHostname(
        id=f"00000000-0000-4000-8000-{number + 1:012x}",
        hostname=f"n{number}.customer.test",
        status="active",
        ssl_status="active",
        certificates=(_CERTIFICATE,),
    )
