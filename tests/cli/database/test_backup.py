"""`dcvd backup`, as operators call it."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from dcvd.store.backups.mark import read_last_backup
from dcvd.store.engine.migrate import load_migrations
from dcvd.store.engine.transactions import Transaction
from dcvd.store.vault import vault_keys
from dcvd.store.vault.vault_keys import VaultKeyRecord
from tests.cli.processes import House


def _organizations(path: Path) -> list[str]:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
        return [row[0] for row in connection.execute("SELECT name FROM organizations ORDER BY name")]


def _need(house: House, *keys: VaultKeyRecord) -> None:
    with closing(sqlite3.connect(house.database, isolation_level=None)) as connection:
        for key in keys:
            vault_keys.record_active(Transaction(connection), key)


KEY = VaultKeyRecord(
    key_id="3fa95c0d1e2b4a68", source="/var/lib/dcvd/dcvd.db.key", salt=None, created_at=1_800_000_000_000
)


def test_it_says_what_it_made_and_which_key_that_needs(house: House, tmp_path: Path) -> None:
    house.given(lambda operations: operations.create_organization("Acme"))
    _need(house, KEY)
    copy = tmp_path / "copy.db"
    done = house.dcvd("backup", str(copy))
    assert (done.returncode, done.stderr) == (0, "")
    first, second = done.stdout.splitlines()
    assert first.startswith(f"Copied {house.database} to {copy}: ")
    assert first.endswith("KiB, checked.")
    assert second == f"It needs key {KEY.key_id}: {KEY.source}; keep that apart from the backup."
    assert _organizations(copy) == ["Acme"]


def test_for_programs_it_is_one_line_of_json(house: House, tmp_path: Path) -> None:
    house.given_a_database()
    _need(house, KEY)
    copy = tmp_path / "copy.db"
    assert house.json("backup", str(copy)) == {
        "backup": {
            "file": str(copy),
            "bytes": copy.stat().st_size,
            "schemaVersion": len(load_migrations()),
            "vaultKeys": [{"id": KEY.key_id, "source": KEY.source, "createdAt": "2027-01-15T08:00:00Z"}],
        }
    }


def test_where_nothing_is_encrypted_no_key_is_needed(house: House, tmp_path: Path) -> None:
    house.given_a_database()
    done = house.dcvd("backup", str(tmp_path / "copy.db"))
    assert done.stdout.splitlines()[1] == "It needs no key: nothing in it is encrypted."


def test_it_works_beside_a_daemon_which_notices_nothing(served: House, tmp_path: Path) -> None:
    served.json("org", "create", "before")
    copy = tmp_path / "copy.db"
    answer = served.json("backup", str(copy))["backup"]
    served.json("org", "create", "after")
    assert _organizations(copy) == ["before"]
    (key,) = answer["vaultKeys"]
    assert key["source"] == f"{served.database.resolve()}.key"


def test_a_relative_file_is_where_the_caller_is(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    house.given_a_database()
    (elsewhere := tmp_path / "elsewhere").mkdir()
    monkeypatch.syspath_prepend(str(Path.cwd()))
    monkeypatch.setenv("PYTHONPATH", str(Path.cwd()))
    monkeypatch.chdir(elsewhere)
    assert house.json("backup", "copy.db")["backup"]["file"] == str(elsewhere / "copy.db")
    assert (elsewhere / "copy.db").exists()


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        (False, "There is no database at {house.database}: there is nothing to back up.\n"),
        (True, "{copy} is already there, and a backup replaces nothing: name another file.\n"),
    ],
)
def test_a_refusal_is_one_sentence_and_1(house: House, tmp_path: Path, given: bool, complaint: str) -> None:
    copy = tmp_path / "copy.db"
    if given:
        house.given_a_database()
        copy.touch()
    done = house.dcvd("backup", str(copy))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == complaint.format(house=house, copy=copy)
    assert copy.exists() == given


def test_its_file_is_not_left_out(house: House) -> None:
    done = house.dcvd("backup")
    assert done.returncode == 2
    assert "Name a FILE for the copy, or give --directory" in done.stderr


def test_help_says_how_to_restore(house: House) -> None:
    shown = " ".join(house.dcvd("backup", "--help").stdout.split())
    assert "`dcvd restore` puts a copy in the database's place" in shown


def test_when_it_was_made_stands_beside_the_database_for_the_daemon(house: House, tmp_path: Path) -> None:
    house.given_a_database()
    assert read_last_backup(house.database) is None
    before = time.time_ns() // 1_000_000
    house.json("backup", str(tmp_path / "copy.db"))
    first = read_last_backup(house.database)
    assert first is not None
    assert before <= first <= time.time_ns() // 1_000_000
    assert house.dcvd("backup", str(tmp_path / "copy.db")).returncode != 0
    assert read_last_backup(house.database) == first, "a backup that was not made does not count"


def test_where_that_cannot_be_written_the_backup_is_whole_all_the_same(house: House, tmp_path: Path) -> None:
    house.given_a_database()
    house.database.with_name(f"{house.database.name}.last-backup").mkdir()
    done = house.dcvd("backup", str(tmp_path / "copy.db"))
    assert done.returncode == 0
    assert "The backup is whole, but" in done.stderr
    assert (tmp_path / "copy.db").exists()


def test_a_directory_keeps_the_newest_and_what_is_no_backup(house: House, tmp_path: Path) -> None:
    house.given_a_database()
    directory = tmp_path / "backups"
    assert "There is no directory" in house.dcvd("backup", "--directory", str(directory)).stderr
    directory.mkdir()
    others = ["dcvd-20200101T000000Z.db-wal", "dcvd-before-upgrade.db", "dcvd-20200101.db", "mine.db"]
    for name in (*others, "dcvd-20200101T000000Z.db", "dcvd-20210101T000000Z.db", "dcvd-20220101T000000Z.db"):
        (directory / name).touch()
    answer = house.json("backup", "--directory", str(directory), "--keep", "2")
    made = Path(answer["backup"]["file"])
    assert [Path(path).name for path in answer["removed"]] == ["dcvd-20200101T000000Z.db", "dcvd-20210101T000000Z.db"]
    assert sorted(path.name for path in directory.iterdir()) == sorted([*others, "dcvd-20220101T000000Z.db", made.name])
    assert _organizations(made) == []
    assert read_last_backup(house.database) is not None


def test_a_copy_that_fails_removes_none(house: House, tmp_path: Path) -> None:
    (tmp_path / "dcvd-20200101T000000Z.db").touch()
    done = house.dcvd("backup", "--directory", str(tmp_path), "--keep", "1")
    assert done.returncode == 1
    assert (tmp_path / "dcvd-20200101T000000Z.db").exists()


@pytest.mark.parametrize(
    "arguments", [[], ["copy.db", "--directory", "."], ["copy.db", "--keep", "3"], ["--directory", ".", "--keep", "0"]]
)
def test_it_wants_a_file_or_a_directory(arguments: list[str], house: House) -> None:
    house.given_a_database()
    assert house.dcvd("backup", *arguments).returncode == 2
