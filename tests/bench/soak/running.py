"""The soak from its start to its verdict."""

import asyncio
import json
import random
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import uvloop
from msgspec import Struct

from dcvd.sandbox import Sandbox, SandboxSettings
from dcvd.sandbox.faults import ApiFault, DnsFault
from tests.bench.soak.daemon import SoakedDaemon
from tests.bench.soak.judging import Verdict, judge, largest_tables, table
from tests.bench.soak.ledger import Ledger
from tests.bench.soak.samples import Sample, take_sample
from tests.bench.soak.tenants import Tenant
from tests.waiting import until

_ORGANIZATIONS: Final = ("Acme", "Beta", "Cora")
_LONG_S: Final = 600.0
"""From so many seconds on the growth is judged: before, a process still warms up, and no retention is over."""
_SETTLED_S: Final = 180.0
_TABLES: Final = 7


class Outcome(Struct, frozen=True, kw_only=True):
    """What a soak came to; `complaints` and bad verdicts are its faults."""

    seed: int
    samples: Sequence[Sample]
    verdicts: Sequence[Verdict]
    complaints: Sequence[str]
    figures: Mapping[str, float | int]

    @property
    def is_well(self) -> bool:
        return not self.complaints and all(verdict.is_well for verdict in self.verdicts)


def run(minutes: float, seed: int | None = None) -> Outcome:
    """Soak for so long, from a program without a loop."""
    return uvloop.run(soak(minutes, seed))


async def soak(minutes: float, seed: int | None = None) -> Outcome:
    """Soak for so long. The seed is of what is tried, not of the moments at which the machine does it."""
    seconds = minutes * 60
    seed = random.randrange(1 << 32) if seed is None else seed
    dice = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="dcvd-soak-") as place:
        async with Sandbox(SandboxSettings(api_port=0, dns_port=0, edge_port=0, step_s=0.2)) as sandbox:
            daemon = SoakedDaemon(Path(place), sandbox, retention=f"{max(15, int(seconds / 15))}s")
            try:
                await daemon.start()
                async with _tenants(daemon, sandbox, dice) as tenants:
                    return await Soak(daemon, sandbox, tenants, dice, seconds, seed).run()
            finally:
                await daemon.close()


@asynccontextmanager
async def _tenants(daemon: SoakedDaemon, sandbox: Sandbox, dice: random.Random) -> AsyncIterator[list[Tenant]]:
    tenants = []
    for name in _ORGANIZATIONS:
        await daemon.command("org", "create", name)
        token = await daemon.command("token", "create", "--org", name, "--name", "soak", "--quiet")
        tenants.append(Tenant(Ledger(organization=name), sandbox, daemon.url, token, random.Random(dice.random())))
    try:
        for tenant in tenants:
            await tenant.start()
        yield tenants
    finally:
        for tenant in tenants:
            await tenant.close()


class Soak:
    """One soak: its first half has restarts, its second half is one life, so that what a process gathers shows."""

    def __init__(
        self,
        daemon: SoakedDaemon,
        sandbox: Sandbox,
        tenants: Sequence[Tenant],
        dice: random.Random,
        seconds: float,
        seed: int,
    ) -> None:
        self._daemon = daemon
        self._sandbox = sandbox
        self._tenants = tenants
        self._dice = dice
        self._seconds = seconds
        self._seed = seed
        self._samples: list[Sample] = []
        self._complaints: list[str] = []
        self._kills = 0
        self._terms = 0
        self._began = 0.0

    async def run(self) -> Outcome:
        self._began = time.monotonic()
        watching = [asyncio.create_task(each) for tenant in self._tenants for each in tenant.watch()]
        working = [asyncio.create_task(each) for tenant in self._tenants for each in tenant.work()]
        working += [
            asyncio.create_task(each) for each in (self._sample(), self._restart(), self._reload(), self._fail())
        ]
        try:
            await asyncio.wait([*watching, *working], timeout=self._seconds, return_when=asyncio.FIRST_EXCEPTION)
            await _end(working)
            self._sandbox.world.faults.clear()
            # The last life ends as the worst one does.
            await self._daemon.kill()
            self._kills += 1
            await self._daemon.start()
            for tenant in self._tenants:
                await tenant.calm()
            settled_s = await self._settle()
        finally:
            await _end(watching)
        for tenant in self._tenants:
            await tenant.judge()
        await self._judge_stop()
        return self._outcome(settled_s)

    async def _sample(self) -> None:
        while True:
            at_s = time.monotonic() - self._began
            sample = await asyncio.to_thread(
                take_sample, self._daemon.database, self._daemon.pid, at_s=at_s, life=self._daemon.starts
            )
            if sample is not None:
                self._samples.append(sample)
            await asyncio.sleep(2)

    async def _restart(self) -> None:
        """kill -9 and SIGTERM by turns, every few minutes of the first half."""
        while True:
            pause = min(self._dice.uniform(60, 200), self._seconds / 8)
            if time.monotonic() - self._began + pause > self._seconds * 0.45:
                return
            await asyncio.sleep(pause)
            if self._kills <= self._terms:
                await self._daemon.kill()
                self._kills += 1
            else:
                self._terms += 1
                if (code := await self._daemon.terminate()) != 0:
                    self._complaints.append(f"SIGTERM ended with {code}")
            await asyncio.sleep(self._dice.uniform(0, 2))
            await self._daemon.start()

    async def _reload(self) -> None:
        while True:
            await asyncio.sleep(min(self._dice.uniform(20, 60), self._seconds / 6))
            self._daemon.reload()

    async def _fail(self) -> None:
        """Cloudflare and DNS fail now and then."""
        faults = self._sandbox.world.faults
        while True:
            await asyncio.sleep(self._dice.uniform(5, 20))
            number = self._dice.randrange(1, 20)
            match self._dice.randrange(4):
                case 0:
                    status = self._dice.choice([429, 500, 502, 503])
                    faults.add(ApiFault(id=faults.new_id(), kind="status", status=status), number)
                case 1:
                    faults.add(ApiFault(id=faults.new_id(), kind="refuse"), number)
                case 2:
                    faults.add(ApiFault(id=faults.new_id(), kind="lost_answer"), number)
                case _:
                    faults.add(DnsFault(id=faults.new_id(), kind=self._dice.choice(["servfail", "refuse"])), number)

    async def _settle(self) -> float:
        """Wait until nothing is owed any more; for how long, in seconds."""
        began = time.monotonic()

        async def rested() -> bool:
            await asyncio.sleep(0.5)
            (owed,) = self._read(
                "SELECT (SELECT count(*) FROM deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint_id"
                " WHERE d.state = 'pending' AND e.name NOT LIKE 'hopeless%')"
                " + (SELECT count(*) FROM jobs WHERE state = 'pending')"
            )
            missing = [await tenant.count_missing() for tenant in self._tenants]
            return owed == 0 and not any(missing)

        try:
            await until(rested, seconds=_SETTLED_S)
        except TimeoutError:
            self._complaints.append(f"{_SETTLED_S:.0f} s after the end not everything had come to rest")
        return time.monotonic() - began

    async def _judge_stop(self) -> None:
        if (code := await self._daemon.terminate()) != 0:
            self._complaints.append(f"SIGTERM ended with {code}")
        if (found := self._read("PRAGMA integrity_check")) != ("ok",):
            self._complaints.append(f"the database is damaged: {found}")
        if self._read("SELECT count(*) FROM pragma_foreign_key_check") != (0,):
            self._complaints.append("foreign keys point nowhere")
        if b"Traceback" in self._daemon.log.read_bytes():
            self._complaints.append(f"the log has a traceback: {_first_traceback(self._daemon.log)}")

    def _read(self, sql: str) -> tuple[Any, ...]:
        connection = sqlite3.connect(f"file:{self._daemon.database}?mode=ro", uri=True)
        try:
            row: tuple[Any, ...] = connection.execute(sql).fetchone()
        finally:
            connection.close()
        return row

    def _outcome(self, settled_s: float) -> Outcome:
        ledgers = [tenant.ledger for tenant in self._tenants]
        calls: Counter[int] = sum((tenant.calls for tenant in self._tenants), Counter())
        return Outcome(
            seed=self._seed,
            samples=self._samples,
            verdicts=judge(self._samples) if self._seconds >= _LONG_S else [],
            complaints=[*self._complaints, *(each for ledger in ledgers for each in ledger.complaints)],
            figures={
                "organizations": len(ledgers),
                "kills": self._kills,
                "orderly stops": self._terms + 1,
                "reloads": self._daemon.reloads,
                "slowest start, s": round(self._daemon.slowest_start_s, 2),
                "calls answered": sum(count for status, count in calls.items() if status),
                "calls without an answer": calls[0],
                **{f"calls answered {status}": calls[status] for status in sorted(calls) if status},
                "domains added": sum(len(ledger.domains) + len(ledger.removed) for ledger in ledgers),
                "domains removed": sum(len(ledger.removed) for ledger in ledgers),
                "tokens revoked": sum(len(ledger.revoked) for ledger in ledgers),
                "events": sum(len(ledger.events) for ledger in ledgers),
                "deliveries taken": sum(c.total() for ledger in ledgers for c in ledger.arrivals.values()),
                "given up": sum(len(dead) for ledger in ledgers for dead in ledger.dead.values()),
                "came to rest after, s": round(settled_s, 1),
            },
        )


async def _end(tasks: Sequence["asyncio.Task[None]"]) -> None:
    """Cancel them; raises what one of them failed with."""
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, Exception):
            raise result


def _first_traceback(log: Path) -> str:
    return next(line for line in log.read_text(errors="replace").splitlines() if "Traceback" in line)[:2000]


def show(outcome: Outcome, *, as_json: bool) -> str:
    """The table by minute, the verdicts, the figures and the complaints."""
    rows = table(outcome.samples, largest_tables(outcome.samples, _TABLES))
    if as_json:
        return json.dumps(
            {
                "seed": outcome.seed,
                "well": outcome.is_well,
                "minutes": rows,
                "verdicts": [
                    {"name": v.name, "level": v.level, "growth": v.growth, "limit": v.limit, "well": v.is_well}
                    for v in outcome.verdicts
                ],
                "figures": outcome.figures,
                "complaints": outcome.complaints,
            }
        )
    widths = {name: max(len(name), 7) for name in rows[0]} if rows else {}
    lines = ["  ".join(f"{name:>{width}}" for name, width in widths.items())]
    lines += ["  ".join(f"{row[name]:>{width}}" for name, width in widths.items()) for row in rows]
    lines.append("")
    for verdict in outcome.verdicts:
        word = "well" if verdict.is_well else "TOO MUCH"
        lines.append(
            f"{verdict.name:<34} {verdict.level:>10.1f}  {verdict.growth:>+9.2f} of {verdict.limit:>7.2f}  {word}"
        )
    lines.append("")
    lines += [f"{name:<28} {value}" for name, value in outcome.figures.items()]
    lines.append("")
    lines += outcome.complaints or ["everything acknowledged is there, and every event arrived"]
    return "\n".join(lines)
