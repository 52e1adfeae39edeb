"""`dcvd backup`, as operators call it."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

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
    assert "Missing argument 'FILE'" in done.stderr


def test_help_says_how_to_restore(house: House) -> None:
    shown = " ".join(house.dcvd("backup", "--help").stdout.split())
    assert "To restore, stop the daemon, remove the database with its -wal and -shm files" in shown
