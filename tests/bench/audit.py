"""What the audit adds to a write, and what its chain adds to that.

Units of work with an entry, with one that is in no chain, and without one alternate in one run.
"""

import asyncio
import gc
import tempfile
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from statistics import median
from typing import Final

import uvloop

from dcvd.config import Live, load
from dcvd.core.audit import FIRST_HASH, AuditAction, AuditEntry, encode_members
from dcvd.core.ids import IdPrefix
from dcvd.services import audit, organizations
from dcvd.services.context import Context
from dcvd.store.engine.database import Database
from dcvd.store.engine.struct_table import StructTable
from dcvd.store.engine.transactions import Transaction
from dcvd.store.organizations import organizations as store

_ROUNDS: Final = 40
_UNITS: Final = 512
_LIMIT: Final = 4.0
"""How many times a bare write the audit may cost."""
_CHAIN_LIMIT: Final = 2.0
"""How many times a bare write the chain may cost, which on an idle machine is some 20 microseconds."""

Unit = Callable[[Transaction], None]


def run() -> dict[str, float | int | str]:
    """Microseconds of CPU a write, all threads together. Raises SystemExit where the audit or its chain costs too much.

    The units share commits, as under load; the best rounds count, in which nobody else ran.
    """
    bare, unchained, audited = (_best(rounds) for rounds in uvloop.run(_measure()))
    figures: dict[str, float | int | str] = {
        "us a write": bare,
        "us a write with an entry": audited,
        "us of the audit": audited - bare,
        "us of the audit, limit": _LIMIT * bare,
        "us of the chain": audited - unchained,
        "us of the chain, limit": _CHAIN_LIMIT * bare,
    }
    if audited - bare > _LIMIT * bare or audited - unchained > _CHAIN_LIMIT * bare:
        raise SystemExit(f"the audit costs a write too much: {figures}")
    return figures


def _best(rounds: list[float]) -> float:
    return median(sorted(rounds)[: _ROUNDS // 4])


async def _measure() -> tuple[list[float], list[float], list[float]]:
    with tempfile.TemporaryDirectory() as directory:
        (Path(directory) / "dcvd.toml").write_text('[server]\npublic_url = "https://dcv.example.net"\n')
        config = load(Path(directory) / "dcvd.toml", {}, need_cloudflare=False).config
        database = await Database.open(Path(directory) / "dcvd.db", readers=1)
        context = Context(database, Live(config))
        org_id = (await organizations.create(context, "Acme")).id

        def change(tx: Transaction) -> None:
            store.rename(tx, org_id, "Acme")

        def change_and_log(tx: Transaction) -> None:
            change(tx)
            entry = AuditEntry(
                id=context.new_id(IdPrefix.AUDIT_ENTRY),
                org_id=org_id,
                sequence=next(numbers),
                occurred_at=context.now(),
                actor=context.caller.actor,
                action=AuditAction.ORGANIZATION_CHANGED.value,
                object_id=org_id,
                address=context.caller.address,
                request_id=context.caller.request_id,
                before=None,
                after=encode_members({"name": "Acme"}),
                hash=FIRST_HASH,
            )
            unchained_entries.insert_all(tx, [entry])

        def change_and_record(tx: Transaction) -> None:
            change(tx)
            audit.record(context, tx, org_id, AuditAction.ORGANIZATION_CHANGED, org_id, after={"name": "Acme"})

        numbers, unchained_entries = count(1), StructTable("unchained_entries", AuditEntry)
        await database.write(_create_unchained_table)
        units: tuple[Unit, ...] = (change, change_and_log, change_and_record)
        results = [await _count(database, unit) for _ in range(_ROUNDS) for unit in units]
        await database.close()
    return results[::3], results[1::3], results[2::3]


def _create_unchained_table(tx: Transaction) -> None:
    """Create a table as that of the audit's entries is, without its triggers."""
    sql = tx.fetch_one("SELECT sql FROM sqlite_master WHERE name = 'audit_entries'")
    assert sql is not None, "there is an audit"
    tx.execute(str(sql[0]).replace("audit_entries", "unchained_entries"))


async def _count(database: Database, unit: Unit) -> float:
    gc.collect()
    began = time.process_time()
    await asyncio.gather(*(database.write(unit) for _ in range(_UNITS)))
    return (time.process_time() - began) / _UNITS * 1e6
