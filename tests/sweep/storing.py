"""A process that stores rows, says which of them were acknowledged, and may be killed.

Run as `python -m tests.sweep.storing DATABASE FIRST COUNT SIZE [CHECKPOINTS]`: it opens the database, and stores
organizations one after the other, the names of SIZE characters. It says a line for each: `stored NUMBER`, or
`CODE NUMBER` where the database refused. Then it moves the log into the database so many times. A line on its standard
input ends it, by SIGKILL on itself.
"""

import asyncio
import logging
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

import structlog

from dcvd.errors import StoreError
from dcvd.store.engine import maintenance
from dcvd.store.engine.database import Database
from dcvd.store.engine.transactions import Transaction
from dcvd.store.organizations.organizations import Organization, insert


def name_of(number: int, size: int) -> str:
    """The name of a row."""
    return f"n{number:06d}".ljust(size, "x")


async def _main(path: Path, first: int, count: int, size: int, checkpoints: int = 0) -> None:
    database = await Database.open(path, readers=1)
    print("open", flush=True)
    for number in range(first, first + count):

        def store(tx: Transaction, number: int = number) -> None:
            insert(tx, Organization(id=f"org_{number:06d}", name=name_of(number, size), created_at=1))

        try:
            await database.write(store)
        except StoreError as error:
            print(error.code, number, flush=True)
        else:
            print("stored", number, flush=True)
    for _ in range(checkpoints):
        with suppress(StoreError):
            await database.maintain(maintenance.checkpoint)
    print("done", flush=True)
    sys.stdin.readline()
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    asyncio.run(_main(Path(sys.argv[1]), *map(int, sys.argv[2:])))
