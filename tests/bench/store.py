"""The writer: units of work a second, against bare sqlite3 that commits each one, alternating in one run."""

import asyncio
import sqlite3
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Final

import uvloop

from dcvd.store.engine.database import Database
from dcvd.store.engine.migrate import migrate
from dcvd.store.engine.transactions import Transaction
from dcvd.store.organizations.organizations import Organization, insert

_ROUNDS: Final = 5
_UNITS: Final = 4_000
_TASKS: Final = 64
_SQL: Final = "INSERT INTO organizations (id, name, created_at) VALUES (?, ?, 1)"


def run() -> dict[str, float | int | str]:
    """Medians of five alternating rounds; both sides sync to disk before they acknowledge."""
    bare: list[float] = []
    grouped: list[float] = []
    with tempfile.TemporaryDirectory() as directory:
        for number in range(_ROUNDS):
            bare.append(_bare(Path(directory) / f"bare{number}.db"))
            grouped.append(uvloop.run(_grouped(Path(directory) / f"ours{number}.db")))
    return {
        "bare commits/s": median(bare),
        f"dcvd units/s, {_TASKS} tasks": median(grouped),
        "ratio": median(ours / theirs for ours, theirs in zip(grouped, bare, strict=True)),
    }


def _bare(path: Path) -> float:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    migrate(connection)
    began = time.perf_counter()
    for number in range(_UNITS // 4):
        connection.execute(_SQL, (f"org_{number}", f"n{number}"))
    rate = (_UNITS // 4) / (time.perf_counter() - began)
    connection.close()
    return rate


async def _grouped(path: Path) -> float:
    database = await Database.open(path)

    async def task(first: int) -> None:
        for number in range(first, _UNITS, _TASKS):
            organization = Organization(id=f"org_{number}", name=f"n{number}", created_at=1)

            def unit(tx: Transaction, organization: Organization = organization) -> None:
                insert(tx, organization)

            await database.write(unit)

    began = time.perf_counter()
    await asyncio.gather(*(task(first) for first in range(_TASKS)))
    rate = _UNITS / (time.perf_counter() - began)
    await database.close()
    return rate
