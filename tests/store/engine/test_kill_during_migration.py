"""kill -9 while a database is migrated: each step is there whole or not at all, and the next start does the rest."""

import hashlib
import shutil
import sqlite3
from pathlib import Path
from types import ModuleType

import pytest
import structlog

from dcvd.store.engine.migrate import load_migrations, migrate
from tests.store.engine import version_four, version_one
from tests.store.engine.killed_migrations import kill_at_every_point

pytestmark = pytest.mark.sweep


def _dump(path: Path) -> list[str]:
    """All of a file as SQL, with its version; and that it is not damaged."""
    connection = sqlite3.connect(path)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        return [str(connection.execute("PRAGMA user_version").fetchone()[0]), *connection.iterdump()]
    finally:
        connection.close()


def _migrate(path: Path, version: int | None = None) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    migrate(connection, load_migrations()[:version])
    connection.close()


def _dump_every_version(database: Path) -> list[list[str]]:
    """What a file holds, and what it holds after each step."""
    copy = database.with_name("step.db")
    shutil.copyfile(database, copy)
    dumps = [_dump(copy)]
    for version in range(int(dumps[0][0]) + 1, len(load_migrations()) + 1):
        _migrate(copy, version)
        dumps.append(_dump(copy))
    return dumps


def _recover(path: Path) -> bytes:
    """Open what a kill left, so that SQLite recovers it, and move its WAL into it; return a hash of all that it is."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    assert not path.with_name(f"{path.name}-wal").exists()
    return hashlib.sha256(path.read_bytes()).digest()


def _check(database: Path, stride_frames: float) -> None:
    with structlog.testing.capture_logs():
        dumps = _dump_every_version(database)
        killed = kill_at_every_point(database, database.with_name("killed"), stride_frames=stride_frames)
        # Most are the same, byte for byte, once they are recovered: one of each stands for all of them.
        distinct = {_recover(path): path for path in killed}
        print(f"killed at {len(killed)} points, which left {len(distinct)} states")
        found = {path: _dump(path) for path in distinct.values()}
        assert [path.name for path, dump in found.items() if dump not in dumps] == []
        assert all(dump in found.values() for dump in dumps[:-1])
        for path in found:
            _migrate(path)
        assert [path.name for path in found if _dump(path) != dumps[-1]] == []


def test_killed_before_a_statement_or_in_the_middle_of_a_write_it_is_the_version_before_or_after(
    tmp_path: Path,
) -> None:
    path = tmp_path / "old.db"
    version_four.make(path)
    _check(path, stride_frames=32)


@pytest.mark.timeout(1200)
@pytest.mark.parametrize(("earlier", "stride_frames"), [(version_one, 2.25), (version_four, 1.25)])
def test_killed_at_page_after_page_that_is_written_or_within_one_it_is_the_version_before_or_after(
    earlier: ModuleType, stride_frames: float, tmp_path: Path
) -> None:
    path = tmp_path / "old.db"
    earlier.make(path)
    _check(path, stride_frames=stride_frames)
