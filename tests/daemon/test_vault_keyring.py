"""Several keys at once: those of old files, those of one file, and those that nobody has written down."""

import base64
import os
from pathlib import Path

import pytest

from dcvd.core.secret import Secret
from dcvd.errors import ConfigError, StoreError
from dcvd.kit.vault.key import VaultKey
from dcvd.kit.vault.sealing import Vault
from dcvd.store.engine.transactions import Transaction
from dcvd.store.vault import sealed_columns, vault_keys
from dcvd.store.vault.sealed_columns import WEBHOOK_SECRETS
from tests import sealing
from tests.daemon.place import NOW, Place

A, B, C = (VaultKey(letter * 32) for letter in (b"a", b"b", b"c"))
PASSPHRASE = "correct horse battery staple"
ANOTHER = "another good passphrase"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def _file(*keys: VaultKey) -> str:
    return "\n".join(key.to_text().reveal() for key in keys)


async def _opened(place: Place, vault: Vault) -> set[str]:
    """Everything opens; the keys that were needed for it."""
    async with place.opened() as database:
        assert await database.read(lambda snapshot: sealing.opened(snapshot, vault)) > 0
        return await database.read(sealing.key_ids)


async def test_a_file_with_several_keys_seals_with_the_first_and_opens_with_all(place: Place) -> None:
    await place.start(_file(A))
    assert await _opened(place, await place.start(_file(B, A))) == {A.id, B.id}


async def test_so_does_the_file_beside_the_database(place: Place) -> None:
    await place.start()
    first = VaultKey.parse(Secret(place.key.read_text().strip()))
    assert first is not None
    place.key.write_text(_file(B, first) + "\n")
    assert await _opened(place, await place.start()) == {first.id, B.id}


async def test_the_earlier_keys_of_a_file_are_missed_when_they_are_taken_out(place: Place) -> None:
    await place.start(_file(A))
    await place.start(_file(B, A))
    assert f"need the vault key {A.id}" in await place.refusal(_file(B))


async def test_old_files_open_what_they_sealed_be_they_keys_or_passphrases(place: Place) -> None:
    await place.start(_file(A))
    await place.start(PASSPHRASE, old={"a": _file(A)})
    await place.start(ANOTHER, old={"a": _file(A), "b": PASSPHRASE})
    vault = await place.start(_file(C), old={"old": _file(B, A), "one": PASSPHRASE, "two": ANOTHER})
    assert len(await _opened(place, vault)) == 4


async def test_an_old_passphrase_that_was_never_the_key_is_named_by_its_file_alone(place: Place) -> None:
    await place.start(PASSPHRASE)
    sentence = await place.refusal(_file(A), old={"old-key": ANOTHER})
    assert "another passphrase in the file old-key (vault.old_key_files)" in sentence
    assert "leave this passphrase in an old key file" in sentence


async def test_the_way_back_to_the_file_beside_the_database_needs_the_old_file_alone(place: Place) -> None:
    await place.start(_file(A))
    vault = await place.start(old={"old-key": _file(A)})
    assert place.key.exists()
    assert not vault.is_configured
    assert A.id in await _opened(place, vault)


async def test_a_key_file_is_not_made_while_a_needed_key_is_missed(place: Place) -> None:
    await place.start(_file(A))
    assert A.id in await place.refusal(old={"old-key": _file(B)})
    assert not place.key.exists()


@pytest.mark.parametrize("where", ["configured", "old", "beside"])
async def test_a_file_of_keys_with_a_line_that_is_none_is_refused_by_the_lines_number(place: Place, where: str) -> None:
    broken = f"{_file(A)}\n\n{_file(B)[:-1]}\n{_file(C)}"
    if where == "beside":
        async with place.opened():
            pass  # a key beside no database is what is left of one
        place.key.write_text(broken)
    with pytest.raises(ConfigError, match="has keys, but none in line 3: ") as caught:
        await place.start(
            broken if where == "configured" else None, old={"old-key": broken} if where == "old" else None
        )
    assert _file(B)[:-1] not in str(caught.value)


async def test_a_key_that_nothing_names_is_not_missed(place: Place) -> None:
    async with place.opened() as database:
        await database.write(
            lambda tx: vault_keys.record_active(
                tx, vault_keys.VaultKeyRecord(key_id="ab" * 8, source="/gone", salt=None, created_at=1)
            )
        )
    assert await _opened(place, await place.start(_file(A))) == {A.id}


async def test_a_key_that_a_row_names_is_missed_whether_it_was_written_down_or_not(place: Place) -> None:
    await place.start(_file(A))
    async with place.opened() as database:
        await database.write(lambda tx: sealing.add_secrets(tx, Vault(B), 4, start=1))
        await database.write(lambda tx: sealing.add_connection(tx, Vault(B), "conn_b"))
    sentence = await place.refusal(_file(A))
    assert (
        f"(4 webhook secrets: sec_000001, sec_000002, sec_000003, 1 connection's credentials: conn_b,"
        f" 1 connection's refresh token: conn_b) need the vault key {B.id}, of which the database does not know where"
        " it was" in sentence
    )
    assert "restore the database from a backup" in sentence
    await place.start(_file(A, B))


async def test_what_a_known_key_is_needed_for_is_counted(place: Place) -> None:
    await place.start(_file(A))
    sentence = await place.refusal(_file(B))
    assert (
        "(1 webhook secret, 1 webhook's headers, 1 webhook's client certificate, 1 connection's credentials, 1"
        " connection's refresh token) need the" in sentence
    )


async def test_a_key_id_that_was_flipped_in_a_row_refuses_the_start_and_names_the_row(place: Place) -> None:
    await place.start(_file(A))
    async with place.opened() as database:
        (row,) = await database.read(
            lambda snapshot: snapshot.fetch_all("SELECT id, sealed FROM webhook_secrets WHERE id > ''")
        )
        flipped = row[1][:8] + bytes([row[1][8] ^ 1]) + row[1][9:]
        await database.write(
            lambda tx: tx.execute("UPDATE webhook_secrets SET sealed = ? WHERE id = ?", (flipped, row[0]))
        )
    assert f"1 webhook secret: {row[0]}" in await place.refusal(_file(A))


@pytest.mark.parametrize("ended", [False, True])
async def test_an_authorization_needs_its_key_until_it_ends_and_then_is_in_nobodys_way(
    place: Place, ended: bool
) -> None:
    await place.start(_file(B))
    async with place.opened() as database:
        await database.write(lambda tx: tx.execute("DELETE FROM organizations WHERE id = ?", (sealing.ORG,)))
        await database.write(lambda tx: sealing.fill(tx, Vault(B)))
        verifier = Vault(A).seal(
            sealing.TOKEN, org=sealing.ORG, row=sealing.STATE.hex(), field="oauth_states.sealed_verifier"
        )
        await database.write(
            lambda tx: tx.execute(
                "UPDATE oauth_states SET sealed_verifier = ?, expires_at = ? WHERE state_hash = ?",
                (verifier, NOW - 1 if ended else NOW + 1, sealing.STATE),
            )
        )
    if ended:
        await place.start(_file(B))
    else:
        assert f"(1 authorization under way) need the vault key {A.id}" in await place.refusal(_file(B))


async def test_a_version_that_the_vault_never_had_is_damage_and_needs_no_key(place: Place) -> None:
    vault = await place.start(_file(A))
    async with place.opened() as database:
        await database.write(
            lambda tx: tx.execute("UPDATE webhook_secrets SET sealed = x'070102030405060708090a' WHERE id > ''")
        )
        assert await database.read(sealing.key_ids) == {A.id}
    assert vault.head == (await place.start(_file(A))).head


async def test_a_column_of_noise_is_damage_and_is_not_read_for_ever(place: Place) -> None:
    await place.start(_file(A))
    async with place.opened() as database:

        def spoil(tx: Transaction) -> None:
            sealing.add_secrets(tx, Vault(A), 150, start=5)
            for (secret_id,) in tx.fetch_all("SELECT id FROM webhook_secrets WHERE id > ''"):
                value = b"\x02" + os.urandom(40)
                tx.execute("UPDATE webhook_secrets SET sealed = ? WHERE id = ?", (value, secret_id))

        await database.write(spoil)
    with pytest.raises(StoreError, match=r"webhook_secrets\.sealed names more than 100 keys, so it was damaged"):
        await place.start(_file(A))


async def test_the_key_that_seals_is_known_even_when_it_is_an_earlier_one_again(place: Place) -> None:
    for keys in ((A,), (B, A), (A, B)):
        await place.start(_file(*keys))
        async with place.opened() as database:
            assert await database.read(vault_keys.find_active_id) == keys[0].id


async def test_a_value_is_found_by_its_row_for_every_column(place: Place) -> None:
    async with place.opened() as database:
        await database.write(lambda tx: sealing.fill(tx, Vault(A)))
        await database.write(lambda tx: sealing.add_revocation(tx, Vault(A)))
        await database.write(lambda tx: sealing.add_answer(tx, Vault(A)))
        await database.write(lambda tx: sealing.add_contact(tx, Vault(A)))
        kinds = await database.read(sealed_columns.list_groups)
        assert [kind.column for kind in kinds] == list(sealed_columns.COLUMNS)
        rows = {
            kind.column.table: [
                value.row
                for value in await database.read(
                    lambda snapshot, kind=kind: sealed_columns.list_values(snapshot, kind, after="", limit=9)  # type: ignore[misc]
                )
            ]
            for kind in kinds
        }
    assert rows["pending_revocations"] == [sealing.REMOVED_CONNECTION]
    assert rows["oauth_states"] == [sealing.STATE.hex()]
    assert rows["idempotency_answers"] == [sealing.ANSWER]
    assert rows["alert_contacts"] == [sealing.CONTACT]
    assert kinds[0].column is WEBHOOK_SECRETS


def test_keys_are_written_as_lines_that_any_editor_leaves_behind() -> None:
    text = Secret(f"\r\n  {_file(A)}\r\n\n{base64.urlsafe_b64encode(b'b' * 32).decode()}\n{_file(A)}\n")
    assert VaultKey.parse_lines(text) == [A, B]
    assert VaultKey.parse_lines(Secret("two words\nin two lines")) == []
