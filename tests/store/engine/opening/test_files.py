"""A database that is lost is told from one that never was, and nothing that is left of it is touched."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dcvd.errors import DatabaseUnusable, DiskFull
from dcvd.kit.lockfile import LockFile
from dcvd.store.engine.database import Database
from dcvd.store.engine.files import IN_USE_NOTE, find_database, lock_path
from dcvd.store.engine.opening.file_systems import find_file_system, refuse_unsuitable
from dcvd.store.engine.pragmas import prepare_writer
from dcvd.store.organizations.organizations import Organization, insert

_TRACES = ("-wal", "-shm", "-journal", ".key", ".last-backup")

_MOUNTS = """\
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime master:1 - ext4 /dev/vda rw
30 27 0:30 / /srv/a\\040b rw - nfs4 server:/export rw,vers=4.2
31 27 0:31 / /srv/a\\040b/local rw - btrfs /dev/vdb rw
32 27 0:32 / /srv/ssh rw - fuse.sshfs box:/ rw
33 27 0:33 / /srv/twice rw - 9p share rw
34 27 0:34 / /srv/twice rw - tmpfs tmpfs rw
damaged
"""


def _list_files(directory: Path) -> dict[str, bytes | None]:
    return {path.name: path.read_bytes() if path.is_file() else None for path in directory.iterdir()}


async def _refuse(path: Path) -> str:
    """The sentence of an opening that is refused, which changes nothing."""
    before = _list_files(path.parent)
    with pytest.raises(DatabaseUnusable) as caught:
        await Database.open(path)
    assert _list_files(path.parent) == before
    return caught.value.message


@pytest.mark.parametrize("is_empty", [False, True], ids=["missing", "empty"])
@pytest.mark.parametrize("suffix", [*_TRACES, ".replaced-20260101T000000Z", ".schema-0046"])
async def test_no_new_database_is_made_beside_what_is_left_of_one(tmp_path: Path, suffix: str, is_empty: bool) -> None:
    path = tmp_path / "dcvd.db"
    trace = tmp_path / f"dcvd.db{suffix}"
    trace.write_bytes(b"something")
    if is_empty:
        path.touch()
    sentence = await _refuse(path)
    assert str(trace) in sentence
    assert ("empty file" in sentence) is is_empty
    assert "restore a backup" in sentence


async def test_a_log_that_lost_its_database_is_there_for_the_database_when_it_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "dcvd.db"
    database = await Database.open(path)
    await database.write(lambda tx: insert(tx, Organization(id="org_a", name="a", created_at=1)))
    for name in ("dcvd.db", "dcvd.db-wal"):
        shutil.copy(tmp_path / name, tmp_path / f"kept-{name}")
    await database.close()
    path.unlink()
    (tmp_path / "kept-dcvd.db-wal").rename(tmp_path / "dcvd.db-wal")
    await _refuse(path)
    (tmp_path / "kept-dcvd.db").rename(path)
    database = await Database.open(path)
    assert await database.read(lambda snapshot: snapshot.fetch_column("SELECT id FROM organizations")) == ["org_a"]
    await database.close()


@pytest.mark.parametrize("is_used", [False, True], ids=["never used", "used"])
async def test_a_lock_file_is_a_trace_where_it_says_that_there_was_a_database(tmp_path: Path, is_used: bool) -> None:
    """The first start makes it before the database, and may be killed between the two."""
    path = tmp_path / "dcvd.db"
    for _ in range(2):
        with await LockFile.acquire(lock_path(path)) as lock:
            if is_used:
                lock.note(IN_USE_NOTE)
    if is_used:
        assert str(lock_path(path)) in await _refuse(path)
    else:
        await (await Database.open(path)).close()


async def test_an_empty_file_with_nothing_beside_it_becomes_the_first_database(tmp_path: Path) -> None:
    path = tmp_path / "dcvd.db"
    path.touch(0o644)
    await (await Database.open(path)).close()
    assert path.stat().st_size
    assert path.stat().st_mode & 0o077 == 0
    assert list(_list_files(tmp_path)) == ["dcvd.db"], "no draft is left"


def test_a_database_for_which_there_is_no_room_leaves_nothing(tmp_path: Path) -> None:
    source = (
        "import asyncio, resource, sys; from pathlib import Path; from dcvd.store.engine.database import Database\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        "asyncio.run(Database.open(Path(sys.argv[1])))"
    )
    command = [sys.executable, "-c", source, str(tmp_path / "dcvd.db")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1].startswith(("dcvd.errors.DiskFull", "dcvd.errors.StoreError")), done.stderr
    assert _list_files(tmp_path) == {}


async def test_a_path_that_leads_nowhere_is_told_and_not_tried_again(tmp_path: Path) -> None:
    loop, file = tmp_path / "loop.db", tmp_path / "file"
    loop.symlink_to(loop)
    file.touch()
    for path in (loop, file / "dcvd.db"):
        with pytest.raises(DatabaseUnusable, match="leads to no place for a file"):
            find_database(path)
    with pytest.raises(DatabaseUnusable, match="leads to itself"):
        lock_path(loop)


def _make_link(path: Path) -> None:
    path.symlink_to(path.parent / "not mounted" / "dcvd.db")


@pytest.mark.parametrize(
    ("make", "says"),
    [(Path.mkdir, "is a directory"), (os.mkfifo, "device, pipe or socket"), (_make_link, "nothing is there")],
    ids=["directory", "pipe", "link"],
)
async def test_what_is_no_file_is_named(tmp_path: Path, make: Callable[[Path], None], says: str) -> None:
    path = tmp_path / "dcvd.db"
    make(path)
    assert says in await _refuse(path)


async def test_a_link_to_a_database_is_followed_and_what_is_left_of_one_is_looked_for_where_it_leads(
    tmp_path: Path,
) -> None:
    real, path = tmp_path / "disk" / "real.db", tmp_path / "dcvd.db"
    real.parent.mkdir()
    await (await Database.open(real)).close()
    path.symlink_to(real)
    assert find_database(path)
    (real.parent / "real.db.key").write_text("key")
    real.write_bytes(b"")
    assert "real.db.key" in await _refuse(path)


def test_a_file_system_is_found_by_the_nearest_mount_point() -> None:
    for place, name in {
        "/srv/x": "ext4",
        "/srv/a b": "nfs4",
        "/srv/a b/dcvd/dcvd.db": "nfs4",
        "/srv/a b/local/dcvd.db": "btrfs",
        "/srv/a bc": "ext4",
        "/srv/ssh/dcvd.db": "fuse.sshfs",
        "/srv/twice/dcvd.db": "tmpfs",
    }.items():
        assert find_file_system(Path(place), _MOUNTS) == name
    assert find_file_system(Path("/srv"), "") is None


@pytest.mark.parametrize(
    ("place", "name"), [("/srv/a b/dcvd.db", "nfs4"), ("/srv/ssh/dcvd.db", "fuse.sshfs"), ("/srv/x/dcvd.db", None)]
)
def test_a_file_system_of_the_network_or_behind_a_program_is_refused_by_name(
    tmp_path: Path, place: str, name: str | None
) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(_MOUNTS)
    if name is None:
        refuse_unsuitable(Path(place), mounts=mounts)
        return
    with pytest.raises(DatabaseUnusable, match=rf"type {name}, on which SQLite can lose or damage it"):
        refuse_unsuitable(Path(place), mounts=mounts)


def test_without_the_kernels_list_nothing_is_refused(tmp_path: Path) -> None:
    refuse_unsuitable(Path("/srv/x"), mounts=tmp_path / "none")


def test_a_place_where_sqlite_keeps_no_write_ahead_log_is_refused(tmp_path: Path) -> None:
    """As on a file system without shared memory maps."""
    connection = sqlite3.connect(f"file:{tmp_path}/x.db?vfs=unix-dotfile", uri=True, isolation_level=None)
    with pytest.raises(DatabaseUnusable, match="cannot keep a write-ahead log here"):
        prepare_writer(connection)
    connection.close()


async def test_a_file_that_belongs_to_somebody_else_is_no_fault_of_the_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "dcvd.db"
    await (await Database.open(path)).close()
    monkeypatch.setattr("os.access", lambda *_: False)  # root may do everything
    with pytest.raises(DatabaseUnusable, match="is not for the user"):
        await Database.open(path)


async def test_a_lock_file_for_which_there_is_no_space_is_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.pwrite", refuse)
    with pytest.raises(DiskFull, match="disk is full: the lock file"):
        await LockFile.acquire(tmp_path / "dcvd.db.lock")
