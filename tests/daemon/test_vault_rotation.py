"""The key changes, in a real daemon that is killed meanwhile, and nothing is lost."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from dcvd.core.secret import Secret
from dcvd.kit.vault.key import VaultKey
from dcvd.kit.vault.key_file import format_keys
from dcvd.kit.vault.sealing import Vault
from dcvd.store.engine.transactions import Transaction
from dcvd.store.vault import sealed_columns
from tests import sealing
from tests.daemon.place import Place
from tests.daemon.process import DaemonProcess, write_config
from tests.waiting import until

A = VaultKey(b"a" * 32)
MANY = 3000
VALUES = MANY + 1 + 1 + 2


@pytest.mark.sweep
async def test_a_key_is_changed_and_taken_away_and_missed_only_where_it_is_needed(tmp_path: Path) -> None:
    config = write_config(
        tmp_path,
        api="http://127.0.0.1:9/client/v4",
        dns="127.0.0.1:9",
        extra='[vault]\nkey_file = "vault-key"\n',
    )
    key_file = tmp_path / "vault-key"
    key_file.write_text(format_keys([A]))
    key_file.chmod(0o600)
    place = Place(tmp_path)
    await place.start(A.to_text().reveal(), file="vault-key")
    _change(place.database, lambda tx: sealing.add_secrets(tx, Vault(A), MANY - 1, start=1))
    daemon = DaemonProcess(config)
    try:
        await _change_the_key(daemon, key_file, place.database)
    finally:
        if daemon.process.poll() is None:
            await daemon.kill()


async def _change_the_key(daemon: DaemonProcess, key_file: Path, database: Path) -> None:
    shown = json.loads(await daemon.command("vault", "rotate", "--json"))["rotated"]
    new, _ = _keys(key_file)
    assert (shown["active"], shown["earlier"]) == (new.id, [A.id])
    await daemon.spawn()
    await until(lambda: _named(database, new))
    await daemon.kill()
    with closing(sqlite3.connect(database)) as connection:
        assert sealing.opened(Transaction(connection), Vault(new, A)) == VALUES

    await daemon.start()

    async def only_the_new() -> bool:
        status = await _status(daemon)
        return status["waiting"] == {} and [key["id"] for key in status["keys"]] == [new.id]

    await until(only_the_new)
    assert (await _status(daemon))["unneeded"][0]["id"] == A.id
    with closing(sqlite3.connect(database)) as connection:
        assert sealing.opened(Transaction(connection), Vault(new)) == VALUES
    assert f"Removed key {A.id}" in await daemon.command("vault", "rotate", "--drop-old")
    assert _keys(key_file) == [new]
    assert await daemon.terminate() == 0
    await daemon.start()
    assert await daemon.terminate() == 0

    _change(database, lambda tx: sealing.add_secrets(tx, Vault(A), 1, start=MANY))
    await daemon.spawn()
    assert await daemon.process.ended() == 78
    log = daemon.log.read_text()
    assert f"(1 webhook secret: sec_{MANY:06d}) need the vault key {A.id}" in log
    for secret in (sealing.SECRET, sealing.TOKEN, A.to_text(), new.to_text()):
        assert secret.reveal() not in log


def _keys(path: Path) -> list[VaultKey]:
    return VaultKey.parse_lines(Secret(path.read_text()))


def _change(database: Path, work: Any) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        work(Transaction(connection))
        connection.execute("COMMIT")


async def _named(database: Path, key: VaultKey) -> bool:
    with closing(sqlite3.connect(database)) as connection:
        return key.id in sealed_columns.key_ids(sealed_columns.list_groups(Transaction(connection)))


async def _status(daemon: DaemonProcess) -> Any:
    return json.loads(await daemon.command("vault", "status", "--json"))["vault"]
