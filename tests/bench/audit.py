"""What the audit adds to a write: units of work with an entry and without one, alternating in one run."""

import asyncio
import gc
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Final

import uvloop

from dcvd.config import Live, load
from dcvd.core.audit import AuditAction
from dcvd.services import audit, organizations
from dcvd.services.context import Context
from dcvd.store.engine.database import Database, Transaction
from dcvd.store.organizations import organizations as store

_ROUNDS: Final = 40
_UNITS: Final = 512
_LIMIT: Final = 4.0
"""How many times a bare write the audit may cost."""


def run() -> dict[str, float | int | str]:
    """Microseconds of CPU a write, all threads together. Raises SystemExit where the audit costs more than its limit.

    The units share commits, as under load; the best rounds count, in which nobody else ran.
    """
    bare, audited = uvloop.run(_measure())
    cost = _best(audited) - _best(bare)
    limit = _LIMIT * _best(bare)
    figures: dict[str, float | int | str] = {
        "us a write": _best(bare),
        "us a write with an entry": _best(audited),
        "us of the audit": cost,
        "us of the audit, limit": limit,
    }
    if cost > limit:
        raise SystemExit(f"the audit costs a write too much: {figures}")
    return figures


def _best(rounds: list[float]) -> float:
    return median(sorted(rounds)[: _ROUNDS // 4])


async def _measure() -> tuple[list[float], list[float]]:
    with tempfile.TemporaryDirectory() as directory:
        (Path(directory) / "dcvd.toml").write_text('[server]\npublic_url = "https://dcv.example.net"\n')
        config = load(Path(directory) / "dcvd.toml", {}, need_cloudflare=False).config
        database = await Database.open(Path(directory) / "dcvd.db", readers=1)
        context = Context(database, Live(config))
        org_id = (await organizations.create(context, "Acme")).id

        def change(tx: Transaction) -> None:
            store.rename(tx, org_id, "Acme")

        def change_and_record(tx: Transaction) -> None:
            store.rename(tx, org_id, "Acme")
            audit.record(context, tx, org_id, AuditAction.ORGANIZATION_CHANGED, org_id, after={"name": "Acme"})

        results = [await _count(database, unit) for _ in range(_ROUNDS) for unit in (change, change_and_record)]
        await database.close()
    return results[::2], results[1::2]


async def _count(database: Database, unit: Callable[[Transaction], None]) -> float:
    gc.collect()
    began = time.process_time()
    await asyncio.gather(*(database.write(unit) for _ in range(_UNITS)))
    return (time.process_time() - began) / _UNITS * 1e6
