"""Open a database as a start does, and say what came of it: `python -m tests.sweep.opening DATABASE`."""

import asyncio
import sys
from pathlib import Path

from dcvd.errors import StoreError
from dcvd.store.engine.database import Database


async def _main(path: Path) -> None:
    try:
        database = await Database.open(path, check=True)
    except StoreError as error:
        print(type(error).__name__)
        return
    await database.close()
    print("open")


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1])))
