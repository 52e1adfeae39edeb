"""`dcvd vault`, as operators call it."""

import os
import resource
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from dcvd.core.secret import Secret
from dcvd.kit.vault.key import VaultKey
from dcvd.kit.vault.key_file import change_keys, format_keys
from dcvd.kit.vault.sealing import Vault
from dcvd.store.engine.transactions import Transaction
from dcvd.store.vault import vault_keys
from dcvd.store.vault.vault_keys import ENVIRONMENT_SOURCE, VaultKeyRecord
from tests import sealing
from tests.cli.processes import House, answer, dcvd

A, B = (VaultKey(letter * 32) for letter in (b"a", b"b"))
NOBODY = 65534


def _keys(path: Path) -> list[VaultKey]:
    return VaultKey.parse_lines(Secret(path.read_text()))


def _key_file(path: Path, *keys: VaultKey) -> Path:
    path.write_text(format_keys(list(keys)))
    path.chmod(0o600)
    return path


def _given(
    house: House, *, sealed_with: VaultKey | None, recorded: Sequence[VaultKey] = (), source: str = "there"
) -> None:
    """A database as a daemon leaves it that has known these keys, the last of them last."""
    house.given_a_database()
    with closing(sqlite3.connect(house.database, isolation_level=None)) as connection:
        tx = Transaction(connection)
        for key in recorded:
            vault_keys.record_active(
                tx, VaultKeyRecord(key_id=key.id, source=source, salt=None, created_at=1_800_000_000_000)
            )
        if sealed_with is not None:
            sealing.fill(tx, Vault(sealed_with))


def _sentence(house: House, *arguments: str, environ: dict[str, str] | None = None, code: int = 78) -> str:
    done = dcvd(*arguments, "--config", str(house.config), environ=environ)
    assert (done.returncode, done.stdout) == (code, "")
    return done.stderr


@pytest.fixture
def configured(tmp_path: Path) -> House:
    """A house whose key is in a file of its own."""
    return House(tmp_path, more='[vault]\nkey_file = "vault-key"\nold_key_files = ["old-key"]')


def test_a_new_key_is_printed_alone_for_a_variable_or_a_pipe() -> None:
    done = dcvd("vault", "keygen")
    assert (done.returncode, done.stderr, len(done.stdout)) == (0, "", 45)
    assert VaultKey.parse(Secret(done.stdout.strip())) is not None
    shown = answer(dcvd("vault", "keygen", "--json"))["key"]
    key = VaultKey.parse(Secret(shown["key"]))
    assert key is not None
    assert shown["id"] == key.id


def test_a_new_key_in_a_file_is_its_owners_alone_and_replaces_nothing(tmp_path: Path) -> None:
    path = tmp_path / "key"
    done = dcvd("vault", "keygen", "--output", str(path))
    (key,) = _keys(path)
    assert (path.stat().st_mode & 0o777, done.stdout) == (0o600, f"Wrote key {key.id} to {path}.\n")
    assert key.to_text().reveal() not in done.stdout + done.stderr
    again = dcvd("vault", "keygen", "--output", str(path))
    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr == f"{path} is already there, and a key replaces nothing: name another file.\n"
    assert _keys(path) == [key]


def test_a_rotation_puts_a_new_key_first_and_keeps_what_the_file_is(house: House, tmp_path: Path) -> None:
    _given(house, sealed_with=A, recorded=[A], source=str(house.database) + ".key")
    (real := tmp_path / "elsewhere").mkdir()
    target = _key_file(real / "key", A)
    target.chmod(0o440)
    if os.geteuid() == 0:
        os.chown(target, NOBODY, NOBODY)
    before = target.stat()
    link = Path(f"{house.database}.key")
    link.symlink_to(target)
    done = house.dcvd("vault", "rotate")
    new, old = _keys(target)
    assert (done.returncode, done.stderr, old) == (0, "", A)
    assert f"Put the new key {new.id} into {link}." in done.stdout
    assert f"encrypts anew what was encrypted with key {A.id}." in done.stdout
    after = target.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert link.is_symlink()
    assert [path.name for path in real.iterdir()] == ["key"]
    assert new.to_text().reveal() not in done.stdout


def test_a_rotation_goes_to_the_file_that_is_configured(configured: House) -> None:
    path = _key_file(configured.config.parent / "vault-key", A)
    shown = configured.json("vault", "rotate")["rotated"]
    assert shown == {"file": str(path), "active": _keys(path)[0].id, "earlier": [A.id], "dropped": []}


@pytest.mark.parametrize("known_from", ["here", "the database"])
def test_a_key_in_the_environment_is_not_for_us_to_change(configured: House, known_from: str) -> None:
    path = _key_file(configured.config.parent / "vault-key", A)
    if known_from == "the database":
        _given(configured, sealed_with=B, recorded=[B], source=ENVIRONMENT_SOURCE)
    environ = {"OAUTH_ENCRYPTION_KEY": B.to_text().reveal()} if known_from == "here" else None
    said = _sentence(configured, "vault", "rotate", environ=environ)
    assert "The key comes from OAUTH_ENCRYPTION_KEY, where dcvd cannot change it" in said
    assert "name that in vault.old_key_files" in said
    assert B.to_text().reveal() not in said
    assert _keys(path) == [A]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("correct horse battery staple", "holds a passphrase, or nothing"),
        ("", "holds a passphrase, or nothing"),
        (f"{A.to_text().reveal()}\nnonsense", "has keys, but none in line 2"),
        (None, "There is no key file"),
    ],
    ids=["passphrase", "empty", "mixed", "none"],
)
def test_a_file_beside_whose_content_no_key_can_stand_is_left_as_it_is(
    configured: House, content: str | None, expected: str
) -> None:
    path = configured.config.parent / "vault-key"
    if content is not None:
        path.write_text(content)
    said = _sentence(configured, "vault", "rotate")
    assert expected in said
    assert content is None or not content or content not in said
    assert (path.read_text() if path.exists() else None) == content


def test_only_one_changes_a_file_at_a_time_and_no_key_is_lost(tmp_path: Path) -> None:
    path = _key_file(tmp_path / "key", A)

    def meanwhile(keys: list[VaultKey]) -> list[VaultKey]:
        with pytest.raises(ValueError, match="is being changed by another command"):
            change_keys(path, lambda keys: [B])
        return [B, *keys]

    change_keys(path, meanwhile)
    assert _keys(path) == [B, A]


def test_a_change_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = _key_file(tmp_path / "key", A)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            change_keys(path, lambda keys: [B, *keys])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (_keys(path), [each.name for each in tmp_path.iterdir()]) == ([A], ["key"])


def test_old_keys_are_dropped_only_when_neither_a_row_nor_the_daemon_needs_them(configured: House) -> None:
    row, running, next_start, unneeded = A, B, VaultKey(b"n" * 32), VaultKey(b"u" * 32)
    path = _key_file(configured.config.parent / "vault-key", next_start, running, unneeded, row)
    _given(configured, sealed_with=row, recorded=[running])
    done = configured.dcvd("vault", "rotate", "--drop-old")
    assert _keys(path) == [next_start, running, row]
    assert f"Removed key {unneeded.id} from {path}. Backups made before still need it" in done.stdout
    assert f"Still needed: key {running.id} and {row.id}" in done.stdout
    assert configured.json("vault", "rotate", "--drop-old")["rotated"]["dropped"] == []


def test_without_the_database_nothing_is_dropped(configured: House) -> None:
    path = _key_file(configured.config.parent / "vault-key", A, B)
    assert "There is no database" in _sentence(configured, "vault", "rotate", "--drop-old", code=1)
    assert _keys(path) == [A, B]


def test_the_status_says_what_each_key_has_sealed_and_what_is_to_be_done(configured: House) -> None:
    beside = configured.config.parent
    _key_file(beside / "vault-key", VaultKey(b"n" * 32), B, A)
    _key_file(beside / "old-key", VaultKey(b"u" * 32))
    _given(configured, sealed_with=A, recorded=[A, B])
    fields = {
        "webhook_secrets.secret": 2,
        "webhook_endpoints.headers": 1,
        "webhook_endpoints.client_certificate": 1,
        "oauth_connections.encrypted_access_token": 1,
        "oauth_connections.encrypted_refresh_token": 1,
    }
    common = {"source": "there", "passphrase": False, "createdAt": "2027-01-15T08:00:00Z"}
    expected: dict[str, Any] = {
        "keys": [
            {"id": A.id, "active": False, "rows": {**fields, "oauth_states.sealed_verifier": 1}, **common},
            {"id": B.id, "active": True, "rows": {}, **common},
        ],
        "waiting": fields,
        "damaged": {},
        "next": {"id": VaultKey(b"n" * 32).id, "source": "the file vault-key (vault.key_file)"},
        "unneeded": [{"id": VaultKey(b"u" * 32).id, "source": "the file old-key (vault.old_key_files)"}],
        "connections": True,
        "problems": [],
    }
    shown = configured.json("vault", "status")["vault"]
    assert sorted(shown.pop("keys"), key=str) == sorted(expected.pop("keys"), key=str)
    assert shown == expected
    text = configured.dcvd("vault", "status").stdout
    assert "To be encrypted anew by the daemon: 2 webhook secrets, 1 webhook's headers, 1 webhook's client" in text
    assert f"The next start of dcvd encrypts with key {VaultKey(b'n' * 32).id}" in text
    assert f"Nothing in the database needs key {VaultKey(b'u' * 32).id} any more" in text
    for key in (A, B):
        assert key.to_text().reveal() not in text


def test_the_status_of_a_row_whose_key_nobody_knows(house: House) -> None:
    _given(house, sealed_with=B, recorded=[A])
    _key_file(Path(f"{house.database}.key"), A)
    done = house.dcvd("vault", "status")
    assert (done.returncode, done.stderr) == (0, "")
    (line,) = [line for line in done.stdout.splitlines() if line.startswith(B.id)]
    assert "nowhere: the daemon does not start without it" in line
    assert "Connections to DNS providers need a key that you set" in done.stdout


def test_the_status_names_what_cannot_be_read_from_here(configured: House) -> None:
    _given(configured, sealed_with=A, recorded=[A])
    done = configured.dcvd("vault", "status")
    assert done.returncode == 0
    assert done.stderr == "The file vault-key (vault.key_file) cannot be read from here.\n"


def test_the_status_of_no_database_is_a_sentence(house: House) -> None:
    assert _sentence(house, "vault", "status", code=1) == (
        f"There is no database at {house.database} yet: start the daemon.\n"
    )


def test_a_database_of_an_earlier_version_is_left_to_the_daemon(house: House) -> None:
    house.given_a_database()
    with closing(sqlite3.connect(house.database, isolation_level=None)) as connection:
        connection.execute("PRAGMA user_version = 3")
    assert "has schema version 3, and this dcvd has" in _sentence(house, "vault", "status", code=1)
