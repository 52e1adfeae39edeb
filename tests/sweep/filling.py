"""Fill a small disk with rows until it refuses them, make room, and go on.

Run as `python -m tests.sweep.filling DATABASE BALLAST`; BALLAST is a file whose removal makes room. Says `whole` where
all was as it should be.
"""

import asyncio
import logging
import sys
from pathlib import Path

import structlog

from dcvd.errors import DiskFull
from dcvd.store.engine.database import Database
from dcvd.store.engine.transactions import Transaction
from dcvd.store.organizations.organizations import Organization, insert, list_all
from tests.sweep.judgement import judge_database


async def _main(path: Path, ballast: Path) -> None:
    database = await Database.open(path, readers=1)
    stored: set[str] = set()

    async def store(number: int) -> bool:
        identifier = f"org_{number:06d}"

        def unit(tx: Transaction) -> None:
            insert(tx, Organization(id=identifier, name=f"n{number}".ljust(20_000), created_at=1))

        try:
            await database.write(unit)
        except DiskFull:
            return False
        stored.add(identifier)
        return True

    number = 0
    while await store(number):
        number += 1
    assert number, "there was no room at all"
    assert database.writer_state.measure_outage() > 0
    assert len(await database.read(list_all)) == number, "reads go on"
    assert not await store(number)
    await asyncio.to_thread(ballast.unlink)
    assert await store(number)
    assert database.writer_state.measure_outage() == 0
    await database.close()
    judge_database(path)
    database = await Database.open(path, readers=1)
    assert {found.id for found in await database.read(list_all)} == stored
    await database.close()
    print("whole")


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    asyncio.run(_main(Path(sys.argv[1]), Path(sys.argv[2])))
