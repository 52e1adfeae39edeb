"""A scrape of the metrics over HTTP, at many domains and deliveries, and for how long it holds up the event loop."""

import asyncio
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Final

import aiohttp
import uvloop
from litestar.types import ASGIApp
from msgspec.structs import replace

from dcvd.api.operators.metrics_app import MetricsApp
from dcvd.config import Config, Live, LoadedConfig
from dcvd.config.sections import DatabaseConfig
from dcvd.daemon.parts import Parts, build_parts
from dcvd.daemon.storage import TeardownStep
from dcvd.kit.disciplined_clock import DisciplinedClock
from dcvd.kit.http.server.server import HttpServer
from dcvd.kit.http.server.sockets import bind_tcp
from dcvd.metrics import Metrics
from dcvd.services.configuration import RunningConfiguration
from dcvd.services.context import Context
from dcvd.store.engine.database import Database
from dcvd.store.engine.migrate import migrate
from dcvd.store.engine.pragmas import prepare_writer

SIZE: Final = 100_000
LIMIT_MS: Final = 20.0
_ORGANIZATIONS: Final = 500
_SCRAPES: Final = 200
_HOUR_MS: Final = 3_600_000
_CONFIG: Final = Config()


def run(size: int = SIZE) -> dict[str, float | int | str]:
    """Times of scrapes in milliseconds, of 200 one after the other."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "dcvd.db"
        fill(path, size)
        return uvloop.run(_measure(path, size))


def fill(path: Path, size: int, *, organizations: int = _ORGANIZATIONS) -> None:
    """A database of domains in every state, with an endpoint and a dead letter or more for each organization."""
    now = time.time_ns() // 1_000_000
    connection = sqlite3.connect(path, isolation_level=None)
    prepare_writer(connection)
    connection.execute("PRAGMA synchronous = OFF")
    migrate(connection)
    connection.execute("BEGIN")
    parameters = {"organizations": organizations, "size": size, "now": now, "hour": _HOUR_MS}
    for statement in _STATEMENTS:
        connection.execute(statement, parameters)
    connection.execute("COMMIT")
    connection.close()


_UP_TO: Final = "WITH RECURSIVE few (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM few WHERE n < {} - 1)"
_ORGANIZATION: Final = "'org_' || (n % :organizations)"
_STATEMENTS: Final = (
    f"{_UP_TO.format(':organizations')} INSERT INTO organizations (id, name, created_at, last_sequence)"
    " SELECT 'org_' || n, 'o' || n, 1, :size / :organizations FROM few",
    f"{_UP_TO.format(':organizations')} INSERT INTO webhook_endpoints (id, org_id, url, events, health,"
    " disabled_reason, created_at, updated_at) SELECT 'wh_' || n, 'org_' || n, 'https://a.test', '[]',"
    " iif(n % 9 = 0, 'disabled', iif(n % 5 = 0, 'failing', 'healthy')), iif(n % 9 = 0, 'manual', NULL), 1, 1 FROM few",
    f"{_UP_TO.format(':size')} INSERT INTO domains (id, org_id, name, registrable, status, cname_target, dns_state,"
    " lane, next_sync_at, created_at, updated_at, waits_for, expires_at, latest_expiry, ready_since,"
    f" cf_id, renewal_overdue_at) SELECT 'dom_' || n, {_ORGANIZATION}, n || '.test', 'test',"
    " iif(n % 50 = 0, 'error', iif(n % 20 = 0, 'pending_cname', 'active')), 'edge.test', 'verified',"
    " iif(n % 20 = 0, 0, 1), :now + (n % 1000 - 10) * 1000, 1, 1,"
    " iif(n % 50 = 0, 'operator', iif(n % 20 = 0, 'customer', NULL)), :now + (n % 2160) * :hour, :now,"
    " iif(n % 20 = 0, NULL, 1), 'cf-' || n, iif(n % 100 = 0, :now - 1, :now + :hour) FROM few",
    f"{_UP_TO.format(':size')} INSERT INTO events (id, org_id, sequence, type, body, created_at)"
    f" SELECT 'evt_' || n, {_ORGANIZATION}, n / :organizations + 1, 'domain.added', x'00', 1 FROM few",
    f"{_UP_TO.format(':size')} INSERT INTO deliveries (id, org_id, endpoint_id, event_id, event_type, sequence, state,"
    f" next_attempt_at, created_at, updated_at) SELECT 'dlv_' || n, {_ORGANIZATION}, 'wh_' || (n % :organizations),"
    " 'evt_' || n, 'domain.added', n / :organizations + 1, iif(n % 7 = 0, 'dead', iif(n % 3 = 0, 'pending',"
    " 'delivered')), iif(n % 7 <> 0 AND n % 3 = 0, :now - n, NULL), 1, 1 FROM few",
    f"{_UP_TO.format(':size / 10')} INSERT INTO jobs (id, org_id, kind, state, next_attempt_at, created_at, updated_at)"
    f" SELECT 'job_' || n, {_ORGANIZATION}, iif(n % 2 = 0, 'register', 'write_dns'), 'pending', :now, 1, 1 FROM few",
)


@asynccontextmanager
async def open_parts(path: Path, base: Config = _CONFIG) -> AsyncIterator[Parts]:
    """All parts of a daemon over a database, without its tasks. base: its configuration but for the database."""
    database = await Database.open(path)
    config = replace(base, database=DatabaseConfig(path=path))
    context = Context(database, Live(config))
    loaded = LoadedConfig(config=config, path=path.with_name("dcvd.toml"), from_environment=(), warnings=())
    steps: list[TeardownStep] = []
    parts = await build_parts(context, RunningConfiguration(loaded), DisciplinedClock(), Metrics(), steps)
    try:
        yield parts
    finally:
        for step in reversed(steps):
            if (pending := step()) is not None:
                await pending
        await database.close()


@asynccontextmanager
async def serve(app: ASGIApp) -> AsyncIterator[int]:
    """Serve an application on loopback; gives the port."""
    listener = bind_tcp("127.0.0.1:0")
    server = HttpServer(app, sockets=[listener], name="bench")
    serving = asyncio.create_task(server.serve())
    await server.listening_event.wait()
    try:
        yield listener.getsockname()[1]
    finally:
        await server.stop(timeout_s=1)
        await serving


async def _measure(path: Path, size: int) -> dict[str, float | int | str]:
    times_ms: list[float] = []
    gaps_ms: list[float] = []
    length = 0
    async with (
        open_parts(path) as parts,
        serve(MetricsApp(parts.services.exposition)) as port,
        aiohttp.ClientSession() as session,
    ):
        for number in range(_SCRAPES):
            # The watch of the loop takes time itself, so it watches only every fourth scrape.
            watch = asyncio.create_task(_find_longest_gap(gaps_ms)) if number % 4 == 0 else None
            began = time.perf_counter()
            async with session.get(f"http://127.0.0.1:{port}/metrics") as response:
                length = len(await response.read())
            if watch is None:
                times_ms.append((time.perf_counter() - began) * 1000)
            else:
                watch.cancel()
                await asyncio.wait([watch])
    return {
        "domains": size,
        "bytes": length,
        "scrape, median ms": median(times_ms),
        "scrape, p99 ms": quantiles(times_ms, n=100)[98],
        "loop held up, median ms": median(gaps_ms),
        "limit ms": LIMIT_MS,
        "within the limit": "yes" if median(times_ms) < LIMIT_MS else "NO",
    }


async def _find_longest_gap(gaps_ms: list[float]) -> None:
    """Note the longest time for which the loop did not come round, once this is cancelled."""
    longest, last = 0.0, time.perf_counter()
    try:
        while True:
            await asyncio.sleep(0)
            now = time.perf_counter()
            longest, last = max(longest, now - last), now
    finally:
        gaps_ms.append(longest * 1000)
