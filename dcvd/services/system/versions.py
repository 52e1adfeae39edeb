"""What this process runs with."""

import platform
import sqlite3
import ssl
from typing import Final

from msgspec import Struct

from dcvd import __version__
from dcvd.store.engine.migrate import load_migrations
from dcvd.store.engine.sqlite_version import has_wal_reset_bug

_WAL_RESET_BUG: Final = (
    "two processes that write and checkpoint a file at once can corrupt it with SQLite before 3.51.3; dcvd alone is "
    "safe, Litestream beside it is not"
)


class RuntimeVersions(Struct, frozen=True, kw_only=True):
    """The versions of dcvd and of what it stands on. `schema`: the newest that this version knows."""

    version: str
    python: str
    sqlite: str
    sqlite_note: str | None
    openssl: str
    schema: int
    platform: str


def read_versions() -> RuntimeVersions:
    """Read them."""
    return RuntimeVersions(
        version=__version__,
        python=f"{platform.python_implementation()} {platform.python_version()}",
        sqlite=sqlite3.sqlite_version,
        sqlite_note=_WAL_RESET_BUG if has_wal_reset_bug() else None,
        openssl=ssl.OPENSSL_VERSION,
        schema=len(load_migrations()),
        platform=platform.platform(),
    )
