"""A damaged log is told at the start, and kept."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from dcvd.errors import DiskFull
from dcvd.store.engine.database import Database
from dcvd.store.engine.opening.log_check import keep_damaged_log
from dcvd.store.engine.transactions import Transaction
from dcvd.store.organizations.organizations import Organization, insert, list_all
from tests.store.engine.opening.logs import flip, leave_log, list_frames


async def _leave(path: Path, count: int) -> None:
    """A database as a process leaves it that is killed."""
    made = path.with_name("made.db")
    database = await Database.open(made)
    for number in range(count):

        def store(tx: Transaction, number: int = number) -> None:
            insert(tx, Organization(id=f"org_{number:04d}", name=f"n{number}", created_at=1))

        await database.write(store)
    for suffix in ("", "-wal"):
        path.with_name(f"{path.name}{suffix}").write_bytes(made.with_name(f"{made.name}{suffix}").read_bytes())
    await database.close()


def _list_copies(directory: Path) -> list[Path]:
    return list(directory.glob("dcvd.db-wal.damaged-*"))


async def test_what_a_damaged_byte_loses_is_told_once_and_kept_before_anything_is_written(tmp_path: Path) -> None:
    path, log = tmp_path / "dcvd.db", tmp_path / "dcvd.db-wal"
    await _leave(path, 20)
    frames = list(list_frames(log, 4096))
    flip(log, frames[len(frames) // 2] + 100)
    damaged = log.read_bytes()
    for _ in range(2):
        with capture_logs() as lines:
            database = await Database.open(path, check=True)
        stored = len(await database.read(list_all))
        await database.close()
        told = [line for line in lines if line["event"] == "store.log_damaged"]
        if not told:
            break
        assert told[0]["commits"] == 20 - stored
        (copy,) = _list_copies(tmp_path)
        assert (str(copy), copy.read_bytes()) == (told[0]["copy"], damaged)
        assert copy.stat().st_mode & 0o077 == 0
    else:
        pytest.fail("it is told at each start")
    assert 0 < stored < 20
    assert len(_list_copies(tmp_path)) == 1


async def test_a_log_as_a_crash_leaves_it_is_recovered_without_a_word(tmp_path: Path) -> None:
    path = tmp_path / "dcvd.db"
    await _leave(path, 5)
    with capture_logs() as lines:
        database = await Database.open(path)
    assert len(await database.read(list_all)) == 5
    await database.close()
    assert [line["event"] for line in lines if line["log_level"] not in ("debug", "info")] == []


async def test_without_room_for_the_copy_nothing_is_recovered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, log = tmp_path / "dcvd.db", tmp_path / "dcvd.db-wal"
    await _leave(path, 5)
    flip(log, 32 + 100)
    before = path.read_bytes(), log.read_bytes()

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("shutil.copyfile", refuse)
        with pytest.raises(DiskFull):
            await Database.open(path)
    assert (path.read_bytes(), log.read_bytes()) == before
    assert _list_copies(tmp_path) == []
    await (await Database.open(path)).close()
    assert len(_list_copies(tmp_path)) == 1


def test_each_damaged_log_has_a_copy_of_its_own(tmp_path: Path) -> None:
    for name in ("a", "b"):
        path = tmp_path / f"{name}.db"
        leave_log(path, [1] * 5)
        flip(tmp_path / f"{name}.db-wal", 32 + 30)
        for _ in range(2):
            assert keep_damaged_log(path) is not None
        assert len(list(tmp_path.glob(f"{name}.db-wal.damaged-*"))) == 1
