"""One side of the delivery bench, in a process of its own: `python -m tests.bench.delivery_side SIDE DATABASE URL N`.

Sides: `ours` delivers N of what the database holds, `bare` signs and posts N bodies and stores nothing, `bursts`
delivers N again and again, `latency` records N events at 20 a second, `beside_dead` the same beside an endpoint that
never answers. Prints its figures as JSON.
"""

import asyncio
import os
import random
import resource
import sys
import time
import traceback
from ipaddress import IPv4Network
from pathlib import Path
from statistics import quantiles
from typing import Any, Final

import aiohttp
import msgspec
import uvloop

from dcvd.config import Config, Live
from dcvd.config.sections import WebhooksConfig
from dcvd.core.events import EventDraft, EventType
from dcvd.core.instants import SECOND
from dcvd.core.secret import Secret
from dcvd.core.webhooks import signing
from dcvd.daemon.run import SWITCH_INTERVAL_S
from dcvd.delivery import DeliveryPool
from dcvd.kit.garbage import settle_garbage_collection
from dcvd.kit.logs.configuration import configure_logging
from dcvd.kit.vault.key import VaultKey
from dcvd.kit.vault.sealing import Vault
from dcvd.metrics import Metrics
from dcvd.services import organizations
from dcvd.services.context import Context
from dcvd.services.events import recording
from dcvd.services.webhooks import endpoints
from dcvd.store.engine.database import Database
from dcvd.store.engine.transactions import Transaction

ENDPOINTS: Final = 50
_CONCURRENCY: Final = 64
_BURSTS: Final = 20
_EVENTS_A_SECOND: Final = 20
_OWED_TO_DEAD: Final = 50_000
_CONFIG: Final = Config(
    webhooks=WebhooksConfig(
        concurrency=_CONCURRENCY, allow_http=True, allow_private=(IPv4Network("127.0.0.0/8"),), endpoint_concurrency=8
    )
)

Figures = dict[str, Any]


class Counted(Metrics):
    """Tells when so many deliveries have ended, which is after their outcomes are on disk."""

    def __init__(self) -> None:
        super().__init__()
        self.ended = 0
        self.wanted = 0
        self.reached = asyncio.Event()

    def count_finished_delivery(self, state: str) -> None:
        super().count_finished_delivery(state)
        self.ended += 1
        if self.ended == self.wanted:
            self.reached.set()

    def expect(self, count: int) -> None:
        self.wanted = self.ended + count
        self.reached.clear()


def draft(number: int) -> EventDraft:
    """An event of a domain of its own, of the usual size."""
    domain = f"dom_{number:026d}"
    data = {
        "domain_id": domain,
        "domain_name": f"n{number}.customer.test",
        "status": "active",
        "expires_at": "2027-02-21T21:47:00Z",
    }
    return EventDraft(EventType.DOMAIN_ACTIVE, data, domain)


async def fill(database: Database, url: str, count: int) -> str:
    """An organization with its endpoints, and `count` deliveries owed to them; the organization's id."""
    context = context_of(database)
    org = await organizations.create(context, "bench")
    for number in range(ENDPOINTS):
        await endpoints.create(context, org.id, url=f"{url}hooks/{number}", events=[EventType.DOMAIN_ACTIVE])
    await owe(context, org.id, count)
    return org.id


async def owe(context: Context, org_id: str, count: int, *, first: int = 0) -> None:
    """Record so many events that `count` deliveries are owed."""
    step = 20
    for start in range(first, first + count // ENDPOINTS, step):
        drafts = [draft(number) for number in range(start, min(start + step, first + count // ENDPOINTS))]

        def unit(tx: Transaction, drafts: list[EventDraft] = drafts) -> None:
            recording.record(context, tx, org_id, drafts)

        await context.database.write(unit)


def context_of(database: Database) -> Context:
    return Context(database, Live(_CONFIG), vault=Vault(VaultKey(bytes(32))))


async def _ours(path: Path, url: str, count: int) -> Figures:
    database = await Database.open(path)
    context = context_of(database)
    metrics = Counted()
    metrics.expect(count)
    pool = DeliveryPool(context, metrics)
    await pool.start()
    began, cpu, loop_cpu = time.perf_counter(), _cpu(), time.thread_time()
    task = asyncio.create_task(pool.run())
    await metrics.reached.wait()
    seconds, cpu, loop_cpu = time.perf_counter() - began, _cpu() - cpu, time.thread_time() - loop_cpu
    await _stop(pool, task)
    await database.close()
    return {"rate": count / seconds, "cpu_us": cpu / count * 1e6, "loop_cpu_us": loop_cpu / count * 1e6}


async def _bursts(path: Path, url: str, count: int) -> Figures:
    database = await Database.open(path)
    org_id = await fill(database, url, count)
    context = context_of(database)
    seconds = 0.0
    for burst in range(_BURSTS):
        if burst:
            await owe(context, org_id, count, first=burst * count)
        metrics = Counted()
        metrics.expect(count)
        pool = DeliveryPool(context, metrics)
        await pool.start()
        began = time.perf_counter()
        task = asyncio.create_task(pool.run())
        await metrics.reached.wait()
        if burst:
            seconds += time.perf_counter() - began
        await _stop(pool, task)
    await database.close()
    return {"rate": count * (_BURSTS - 1) / seconds}


async def _latency(path: Path, url: str, count: int) -> Figures:
    """From the return of the commit to the arrival, each event for one endpoint."""
    database = await Database.open(path)
    context = context_of(database)
    org = await organizations.create(context, "bench")
    await endpoints.create(context, org.id, url=f"{url}latency", events=[EventType.DOMAIN_ACTIVE])
    return await _latencies(context, database, org.id, url, count)


async def _beside_dead(path: Path, url: str, count: int) -> Figures:
    """The same, beside an endpoint of the same organization that never answers and is owed 50,000 deliveries."""
    database = await Database.open(path)
    context = context_of(database)
    org = await organizations.create(context, "bench")

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        dead = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        await endpoints.create(context, org.id, url=dead, events=[EventType.DOMAIN_ADDED])

        def owe_to_dead(tx: Transaction) -> None:
            drafts = [EventDraft(EventType.DOMAIN_ADDED, {"n": number}) for number in range(500)]
            recording.record(context, tx, org.id, drafts)

        for _ in range(_OWED_TO_DEAD // 500):
            await database.write(owe_to_dead)
        await endpoints.create(context, org.id, url=f"{url}latency", events=[EventType.DOMAIN_ACTIVE])
        return await _latencies(context, database, org.id, url, count)


async def _latencies(context: Context, database: Database, org_id: str, url: str, count: int) -> Figures:
    """Record so many events, tell how long each took to arrive, and close the database."""
    metrics = Counted()
    metrics.expect(count)
    pool = DeliveryPool(context, metrics)
    await pool.start()
    task = asyncio.create_task(pool.run())
    committed: dict[str, float] = {}
    source = random.Random(1)
    loop = asyncio.get_running_loop()
    next_at = loop.time()
    for number in range(count):

        def unit(tx: Transaction, number: int = number) -> str:
            (event,) = recording.record(context, tx, org_id, [draft(number)])
            return event.id

        event_id = await database.write(unit)
        committed[event_id] = time.time()
        next_at += source.uniform(0.5, 1.5) / _EVENTS_A_SECOND
        await asyncio.sleep(max(next_at - loop.time(), 0))
    await metrics.reached.wait()
    await _stop(pool, task)
    await database.close()
    async with aiohttp.ClientSession() as session, session.get(f"{url}arrivals") as response:
        arrivals = await response.json(content_type=None)
    # The first ones find cold caches and no connection.
    spans = [1000 * (arrivals[event_id] - instant) for event_id, instant in list(committed.items())[20:]]
    cuts = quantiles(spans, n=100)
    return {"p50_ms": cuts[49], "p99_ms": cuts[98]}


async def _bare(path: Path, url: str, count: int) -> Figures:
    secret = signing.new_secret(os.urandom)
    body = msgspec.json.encode(draft(1).data)
    padded = body + b" " * 120
    began, cpu = time.perf_counter(), _cpu()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=_CONCURRENCY)) as session:

        async def worker(first: int) -> None:
            for number in range(first, count, _CONCURRENCY):
                await _post(session, f"{url}hooks/{number % ENDPOINTS}", secret, f"evt_{number:026d}", padded)

        await asyncio.gather(*(worker(first) for first in range(_CONCURRENCY)))
    seconds, cpu = time.perf_counter() - began, _cpu() - cpu
    return {"rate": count / seconds, "cpu_us": cpu / count * 1e6}


async def _post(session: aiohttp.ClientSession, url: str, secret: Secret, event_id: str, body: bytes) -> None:
    headers = signing.build_headers(
        [secret],
        message_id=event_id,
        event_type=EventType.DOMAIN_ACTIVE,
        timestamp_s=time.time_ns() // 1_000_000 // SECOND,
        body=body,
    )
    headers["Content-Type"] = "application/json"
    async with session.post(url, data=body, headers=headers, allow_redirects=False) as response:
        await response.read()


async def _stop(pool: DeliveryPool, task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait([task])
    await pool.pool.drain(5)
    await pool.close()


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def _fill(path: Path, url: str, count: int) -> Figures:
    database = await Database.open(path)
    await fill(database, url, count)
    await database.close()
    return {}


_SIDES: Final = {
    "ours": _ours,
    "bare": _bare,
    "bursts": _bursts,
    "latency": _latency,
    "beside_dead": _beside_dead,
    "fill": _fill,
}


def main() -> None:
    side, path, url, count = sys.argv[1:]
    configure_logging(level="error")
    settle_garbage_collection()  # as a daemon does, once it has begun
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    try:
        figures = uvloop.run(_SIDES[side](Path(path), url, int(count)))
    except Exception:  # noqa: BLE001  # whatever it was
        traceback.print_exc()
        # The threads of a database that was not closed would keep the process alive, and its caller waiting.
        os._exit(1)
    figures["rss_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(msgspec.json.encode(figures).decode())


if __name__ == "__main__":
    main()
