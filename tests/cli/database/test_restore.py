"""`dcvd restore`, as operators call it."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from dcvd.core.epochs import epoch_of
from dcvd.core.instants import HOUR
from dcvd.kit.clock import SystemClock
from dcvd.kit.vault.key import VaultKey
from dcvd.kit.vault.key_file import format_keys
from dcvd.kit.vault.sealing import Vault
from dcvd.store.engine.migrate import load_migrations
from dcvd.store.engine.transactions import Transaction
from dcvd.store.vault.vault_keys import key_path
from tests import sealing
from tests.cli.processes import House, environment
from tests.store.engine import version_four
from tests.warm.process import run

HOURS = (SystemClock().now() - 1_767_225_600_000) // HOUR


def names(path: Path) -> list[str]:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM organizations ORDER BY name")]


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        return connection.execute(sql).fetchall()


def given_backup(house: House, copy: Path) -> None:
    """A backup that knows Acme, and a database that knows a later organization too."""
    house.given(lambda operations: operations.create_organization("Acme"))
    house.json("backup", str(copy))
    house.given(lambda operations: operations.create_organization("Later"))


def test_the_backup_takes_the_place_and_what_was_there_is_kept(house: House, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    given_backup(house, copy)
    before, inode = copy.read_bytes(), house.database.stat().st_ino
    restored = house.json("restore", str(copy))["restore"]
    assert HOURS <= restored.pop("epoch") <= HOURS + 1
    kept = Path(restored.pop("keptFile"))
    assert restored == {
        "database": str(house.database),
        "file": str(copy),
        "schemaVersion": len(load_migrations()),
        "organizations": 1,
        "domains": 0,
    }
    assert (names(house.database), names(kept)) == (["Acme"], ["Acme", "Later"])
    assert house.database.stat().st_ino != inode
    assert house.database.stat().st_mode & 0o777 == 0o600
    assert copy.read_bytes() == before
    left = {path.name for path in tmp_path.iterdir() if path.name.startswith(("dcvd.db", ".dcvd"))}
    assert {name.removeprefix(kept.name) for name in left if name.startswith(kept.name)} <= {"", "-wal", "-shm"}
    assert {name for name in left if "replaced" not in name} <= {
        "dcvd.db", "dcvd.db-wal", "dcvd.db-shm", "dcvd.db.lock", "dcvd.db.last-backup",
    }  # fmt: skip
    assert rows(house.database, "SELECT action, actor FROM audit_entries WHERE action = 'database.restored'") == [
        ("database.restored", f"operator:{os.getuid()}")
    ]


def test_it_says_what_to_do_next(house: House, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    given_backup(house, copy)
    done = house.dcvd("restore", str(copy))
    assert (done.returncode, done.stderr) == (0, "")
    first, second, third, fourth = done.stdout.splitlines()
    assert first == f"Restored {house.database} from {copy}. It has domains: 0, organizations: 1."
    assert second.startswith(f"The database that was there is {house.database}.replaced-")
    assert third.startswith("Events are numbered on in epoch ")
    assert "dcvd orphans list" in fourth


def test_restored_again_and_again_no_epoch_comes_twice(house: House, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    given_backup(house, copy)
    epochs = []
    for _ in range(3):
        epochs.append(house.json("restore", str(copy))["restore"]["epoch"])
        (last,) = {row[0] for row in rows(house.database, "SELECT last_sequence FROM organizations")}
        assert isinstance(last, int)
        assert (epoch_of(last), last % 10**9) == (epochs[-1], 0)
    assert epochs == sorted(set(epochs))
    kept = [path for path in tmp_path.glob("dcvd.db.replaced-*") if path.name.endswith("Z")]
    assert sorted(map(names, kept)) == [["Acme"], ["Acme"], ["Acme", "Later"]]


def test_an_older_schema_is_brought_up_to_date_before_it_takes_the_place(house: House, tmp_path: Path) -> None:
    house.given_a_database()
    copy = tmp_path / "four.db"
    version_four.make(copy)
    done = run(
        ["restore", str(copy), "--config", str(house.config)],
        environ=environment({"OAUTH_ENCRYPTION_KEY": version_four.KEY.to_text().reveal()}),
    )
    assert done.returncode == 0, done.stderr
    assert f"brought up from schema version 4 to {len(load_migrations())}" in done.stdout
    assert rows(house.database, "PRAGMA user_version") == [(len(load_migrations()),)]
    assert rows(copy, "PRAGMA user_version") == [(4,)]
    assert rows(house.database, "SELECT count(*) FROM domains WHERE next_sync_at > 1000 * unixepoch() + 1000") == [(0,)]


def test_on_a_new_machine_there_is_nothing_to_keep(house: House, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    given_backup(house, copy)
    for path in tmp_path.glob("dcvd.db*"):
        path.unlink()
    assert house.json("restore", str(copy))["restore"]["keptFile"] is None
    assert names(house.database) == ["Acme"]


def test_a_running_daemon_is_named_and_nothing_is_changed(served: House, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    served.json("backup", str(copy))
    inode = served.database.stat().st_ino
    done = served.dcvd("restore", str(copy))
    assert done.returncode == os.EX_TEMPFAIL
    assert f"{served.lock} is locked by process " in done.stderr
    assert served.database.stat().st_ino == inode
    assert not list(served.database.parent.glob("*.rest*"))


def test_an_active_socket_unit_is_named(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "copy.db"
    given_backup(house, copy)
    systemctl = tmp_path / "bin" / "systemctl"
    systemctl.parent.mkdir()
    systemctl.write_text(f"#!/bin/sh\necho ActiveState=active\necho 'Listen={house.socket} (Stream)'\n")
    systemctl.chmod(0o755)
    monkeypatch.setenv("PATH", f"{systemctl.parent}:{os.environ['PATH']}")
    done = house.dcvd("restore", str(copy))
    assert done.returncode == os.EX_TEMPFAIL
    assert "`systemctl stop dcvd.socket dcvd.service` first" in done.stderr
    # Another daemon's, or one that is stopped, is none of ours.
    systemctl.write_text("#!/bin/sh\necho ActiveState=active\necho 'Listen=/run/other.sock (Stream)'\n")
    assert house.dcvd("restore", str(copy)).returncode == 0
    systemctl.write_text(f"#!/bin/sh\necho ActiveState=inactive\necho 'Listen={house.socket} (Stream)'\n")
    assert house.dcvd("restore", str(copy)).returncode == 0


def refused(house: House, file: Path, code: int = os.EX_CONFIG) -> str:
    """The sentence of a refusal; the database is as it was."""
    before = house.database.read_bytes()
    done = house.dcvd("restore", str(file))
    assert (done.returncode, done.stdout) == (code, "")
    assert house.database.read_bytes() == before
    assert not list(house.database.parent.glob("dcvd.db.rest*"))
    return done.stderr


def test_what_is_no_backup_for_this_dcvd_is_refused_and_the_database_stays(house: House, tmp_path: Path) -> None:
    given_backup(house, tmp_path / "good.db")
    good = (tmp_path / "good.db").read_bytes()
    (tmp_path / "text").write_text("no database at all, but long enough to look at" * 20)
    assert "text is no backup of dcvd, or a damaged one: file is not a database." in refused(house, tmp_path / "text")
    (tmp_path / "empty").touch()
    assert "is no backup of dcvd: it belongs to another program, or is empty" in refused(house, tmp_path / "empty")
    damaged = tmp_path / "damaged.db"
    damaged.write_bytes(good[:8192] + b"\xa5" * 4096 + good[12288:])
    assert "damaged" in refused(house, damaged)
    short = tmp_path / "short.db"
    short.write_bytes(good[: len(good) // 2])
    assert "damaged" in refused(house, short)
    newer = tmp_path / "newer.db"
    newer.write_bytes(good)
    with closing(sqlite3.connect(newer)) as connection:
        connection.execute("PRAGMA user_version = 4711")
    assert "has schema version 4711, but this dcvd knows" in refused(house, newer)
    assert "cannot be copied to" in refused(house, tmp_path / "missing", 1)
    assert "is the database itself" in refused(house, house.database, 1)


def test_a_key_that_its_secrets_need_is_asked_for_before_anything_changes(house: House, tmp_path: Path) -> None:
    copy, key = tmp_path / "copy.db", VaultKey(bytes(range(32)))
    house.given_a_database()
    with closing(sqlite3.connect(house.database, isolation_level=None)) as connection:
        connection.execute("INSERT INTO organizations (id, name, created_at) VALUES ('org_1', 'Acme', 1)")
        sealing.seal_one_more(Transaction(connection), Vault(key))
    house.json("backup", str(copy))
    assert f"need the vault key {key.id}" in refused(house, copy)
    assert house.dcvd("restore", str(copy), "--without-keys").returncode == 0
    key_file = key_path(house.database)
    key_file.write_text(format_keys([key]))
    key_file.chmod(0o600)
    assert house.dcvd("restore", str(copy)).returncode == 0


def test_a_copy_of_the_file_with_its_log_is_restored_with_what_is_in_the_log(house: House, tmp_path: Path) -> None:
    house.given_a_database()
    copy = tmp_path / "copy.db"
    with closing(sqlite3.connect(house.database, isolation_level=None)) as connection:
        connection.execute("INSERT INTO organizations (id, name, created_at) VALUES ('org_1', 'In the log', 1)")
        copy.write_bytes(house.database.read_bytes())
        (tmp_path / "copy.db-wal").write_bytes((tmp_path / "dcvd.db-wal").read_bytes())
    house.dcvd("restore", str(copy))
    assert names(house.database) == ["In the log"]
