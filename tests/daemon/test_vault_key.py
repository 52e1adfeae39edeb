"""Which key the daemon takes at its start, and when it refuses to start without the right one."""

import base64
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from dcvd.core.secret import Secret
from dcvd.errors import ConfigError, StoreError
from dcvd.kit.vault.key import VaultKey
from dcvd.kit.vault.sealing import Vault
from dcvd.services.vault.keyring import create_key_file
from dcvd.store.backups.backup import back_up
from dcvd.store.vault.vault_keys import VaultKeyRecord
from tests.daemon.place import NOW, Place
from tests.daemon.rows import rows
from tests.unreliable_database import Fate, Strike

ORG = "org_1"
ROW, FIELD = "sec_1", "webhook_secrets.secret"
PLAIN = Secret("the-very-secret")
RAW = base64.b64encode(b"k" * 32).decode()
OTHER_RAW = (b"o" * 32).hex()
PASSPHRASE = "correct horse battery staple"
NOBODY = 65534


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def _seal(vault: Vault) -> bytes:
    return vault.seal(PLAIN, org=ORG, row=ROW, field=FIELD)


def _opens(vault: Vault, sealed: bytes) -> bool:
    return vault.open(sealed, org=ORG, row=ROW, field=FIELD) == PLAIN


def _id(written: str) -> str:
    key = VaultKey.parse(Secret(written))
    assert key is not None
    return key.id


async def test_the_first_start_makes_a_private_key_file_and_says_so(place: Place) -> None:
    with capture_logs() as logs:
        await place.start()
    assert place.key.stat().st_mode & 0o777 == 0o600
    (made,) = [line for line in logs if line["event"] == "vault.key_made"]
    assert (made["log_level"], made["path"]) == ("warning", str(place.key))
    assert "back it up apart from the database" in made["advice"]
    assert place.key.read_text().strip() not in repr(logs)
    written = place.key.read_text()
    assert written.endswith("\n")
    assert await place.needed() == [
        VaultKeyRecord(key_id=_id(written.strip()), source=str(place.key), salt=None, created_at=NOW)
    ]


async def test_later_starts_use_it_and_change_nothing(place: Place) -> None:
    sealed = _seal(await place.start())
    before, needed = place.key.read_bytes(), await place.needed()
    with capture_logs() as logs:
        vault = await place.start(now=NOW + 1)
    assert _opens(vault, sealed)
    assert (place.key.read_bytes(), await place.needed()) == (before, needed)
    assert [line["log_level"] for line in logs if line["event"].startswith("vault.")] == ["info"]


async def test_a_lost_key_file_is_never_replaced_and_the_refusal_names_the_key_and_its_place(place: Place) -> None:
    await place.start()
    ((key_id, source),) = [(key.key_id, key.source) for key in await place.needed()]
    place.key.unlink()
    sentence = await place.refusal()
    assert not place.key.exists()
    assert f"need the vault key {key_id}, last found in {source}, and no key is given now" in sentence
    assert f"as {place.key} (mode 0600)" in sentence


async def test_a_crash_between_the_key_file_and_its_row_heals_at_the_next_start(
    place: Place,
) -> None:
    strike = Strike("_record_active_key", 1, Fate.LOST)
    with pytest.raises(StoreError, match="disk I/O error"):
        await place.start(strikes=[strike])
    assert strike.has_struck
    written = place.key.read_bytes()
    assert await place.needed() == []
    await place.start()
    assert place.key.read_bytes() == written
    assert [key.key_id for key in await place.needed()] == [_id(written.decode().strip())]


async def test_a_key_file_of_another_database_is_refused_naming_both_keys(place: Place) -> None:
    await place.start()
    (needed,) = await place.needed()
    place.key.write_text(RAW)
    sentence = await place.refusal()
    assert f"need the vault key {needed.key_id}" in sentence
    assert f"what is given is key {_id(RAW)} from {place.key}" in sentence


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        (RAW.encode()[:-5], "does not hold a key of 44 base64 or 64 hexadecimal characters"),
        (b"a passphrase", "does not hold a key of 44 base64 or 64 hexadecimal characters"),
        (b"\xff\xfe", "is not UTF-8 text"),
    ],
)
@pytest.mark.parametrize("used", [False, True], ids=["before anything is sealed", "later"])
@pytest.mark.sampled(3)
async def test_a_damaged_key_file_is_refused_and_kept(place: Place, content: bytes, fault: str, used: bool) -> None:
    if used:
        await place.start()
    else:
        async with place.opened():
            pass  # a key beside no database is what is left of one
    place.key.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        await place.start()
    remedy = "put the right file back" if used else "remove it, and a new one is made"
    assert caught.value.problems[0].startswith(f"The key file {place.key} {fault}: {remedy}")
    assert place.key.read_bytes() == content


async def test_a_key_file_that_others_may_read_is_used_with_a_warning(place: Place) -> None:
    sealed = _seal(await place.start())
    place.key.chmod(0o640)
    with capture_logs() as logs:
        assert _opens(await place.start(), sealed)
    (warned,) = [line for line in logs if line["log_level"] == "warning"]
    assert (warned["event"], warned["path"]) == ("vault.key_file_open", str(place.key))
    assert f"chmod 600 {place.key}" in warned["advice"]


def test_a_key_file_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "gone" / "dcvd.db.key"
    with pytest.raises(ConfigError) as caught:
        create_key_file(path)
    (sentence,) = caught.value.problems
    assert sentence.startswith(f"The key file {path} cannot be made: No such file or directory.")


async def test_the_key_file_lies_beside_the_file_itself_whatever_link_leads_to_it(place: Place, tmp_path: Path) -> None:
    (real := tmp_path / "real").mkdir()
    await (inside := Place(real)).start()
    place.database.symlink_to(inside.database)
    await place.start()
    assert not place.key.exists()
    assert [key.source for key in await place.needed()] == [str(inside.key)]


async def test_a_key_file_belongs_to_the_owner_of_its_directory(place: Place, tmp_path: Path) -> None:
    # Root alone can work in a directory of somebody else's; everybody else's is their own.
    owner = NOBODY if os.geteuid() == 0 else os.geteuid()
    os.chown(tmp_path, owner, -1)
    await place.start()
    assert place.key.stat().st_uid == owner


async def test_a_configured_key_is_used_and_no_key_file_made(place: Place) -> None:
    sealed = _seal(await place.start(RAW))
    assert not place.key.exists()
    assert _opens(Vault(VaultKey(b"k" * 32)), sealed)
    assert [(key.key_id, key.salt) for key in await place.needed()] == [(_id(RAW), None)]


@pytest.mark.parametrize(
    ("file", "from_environment", "source"),
    [
        ("", (), "OAUTH_ENCRYPTION_KEY in the daemon's environment"),
        ("vault-key", (), "the file vault-key (vault.key_file)"),
        ("vault-key", ("OAUTH_ENCRYPTION_KEY",), "OAUTH_ENCRYPTION_KEY in the daemon's environment"),
    ],
)
async def test_the_database_says_where_its_key_was_last_found(
    place: Place, file: str, from_environment: Sequence[str], source: str
) -> None:
    await place.start(RAW, file="earlier-name")
    await place.start(RAW, file=file, from_environment=from_environment, now=NOW + 1)
    assert [(key.source, key.created_at) for key in await place.needed()] == [(source, NOW)]


async def test_a_configured_key_that_does_not_fit_is_refused_naming_both(place: Place) -> None:
    await place.start(RAW)
    sentence = await place.refusal(OTHER_RAW)
    assert f"need the vault key {_id(RAW)}" in sentence
    assert f"what is given is key {_id(OTHER_RAW)} from OAUTH_ENCRYPTION_KEY" in sentence


async def test_a_configured_key_that_is_taken_away_is_missed_and_no_key_file_made(place: Place) -> None:
    await place.start(RAW)
    assert f"need the vault key {_id(RAW)}, last found in OAUTH_ENCRYPTION_KEY" in await place.refusal()
    assert not place.key.exists()


async def test_the_move_from_the_key_file_to_a_configured_key_opens_both_and_seals_with_the_new(place: Place) -> None:
    old = _seal(await place.start())
    for _ in range(2):
        vault = await place.start(RAW, now=NOW + 1)
        assert _opens(vault, old)
        assert _opens(Vault(VaultKey(b"k" * 32)), _seal(vault))
    assert [key.key_id for key in await place.needed()] == [
        _id(place.key.read_text().strip()), _id(RAW)
    ]  # fmt: skip


async def test_after_the_move_neither_key_can_be_left_out(place: Place) -> None:
    await place.start()
    await place.start(RAW)
    assert f"need the vault key {_id(RAW)}" in await place.refusal()
    old = _id(place.key.read_text().strip())
    place.key.unlink()
    assert f"need the vault key {old}, last found in {place.key}" in await place.refusal(RAW)


async def test_a_move_beside_a_key_file_that_is_not_the_old_one_names_all_three(place: Place) -> None:
    await place.start()
    (needed,) = await place.needed()
    place.key.write_text(OTHER_RAW)
    sentence = await place.refusal(RAW)
    assert all(key in sentence for key in (needed.key_id, _id(RAW), _id(OTHER_RAW)))


async def test_a_configured_key_replaced_by_another_opens_both_when_the_old_is_left_as_the_key_file(
    place: Place,
) -> None:
    sealed = _seal(await place.start(RAW))
    assert f"configure it and leave this one in {place.key}" in await place.refusal(OTHER_RAW)
    place.key.write_text(RAW)
    place.key.chmod(0o600)
    assert _opens(await place.start(OTHER_RAW), sealed)
    (entry,) = rows(place.database, "SELECT org_id, actor, action, object_id, before, after FROM audit_entries")
    assert entry == ("", "daemon", "vault.key_changed", _id(OTHER_RAW), f'{{"keyId":"{_id(RAW)}"}}', None)


async def test_a_damaged_key_file_that_nothing_needs_is_in_nobodys_way(place: Place) -> None:
    await place.start(RAW)
    place.key.write_text("")
    await place.start(RAW)


async def test_a_passphrase_gives_the_same_key_at_every_start_by_its_stored_salt(place: Place) -> None:
    with capture_logs() as logs:
        sealed = _seal(await place.start(PASSPHRASE))
    assert _opens(await place.start(PASSPHRASE), sealed)
    (needed,) = await place.needed()
    assert needed.salt is not None
    assert len(needed.salt) == 16
    assert needed.key_id == VaultKey.from_passphrase(Secret(PASSPHRASE), needed.salt).id
    assert not [line for line in logs if line["log_level"] == "warning"]
    assert PASSPHRASE not in repr(logs)


async def test_another_passphrase_is_refused(place: Place) -> None:
    await place.start(PASSPHRASE)
    (needed,) = await place.needed()
    sentence = await place.refusal("another good passphrase")
    assert f"need the vault key {needed.key_id}" in sentence
    assert "another passphrase in OAUTH_ENCRYPTION_KEY" in sentence


@pytest.mark.parametrize(("passphrase", "warned"), [("x" * 15, True), ("x" * 16, False)])
async def test_a_short_passphrase_is_taken_with_a_warning(place: Place, passphrase: str, warned: bool) -> None:
    with capture_logs() as logs:
        await place.start(passphrase)
    assert [line["event"] for line in logs if line["log_level"] == "warning"] == ["vault.weak_passphrase"] * warned
    assert passphrase not in repr(logs)


async def test_two_databases_with_one_passphrase_have_different_keys(tmp_path: Path) -> None:
    ids = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        await (place := Place(tmp_path / name)).start(PASSPHRASE)
        ids += [key.key_id for key in await place.needed()]
    assert len(set(ids)) == 2


async def test_a_restored_backup_opens_with_its_key_and_without_it_is_refused_by_name(
    place: Place, tmp_path: Path
) -> None:
    sealed = _seal(await place.start())
    (restored := tmp_path / "restored").mkdir()
    copy = Place(restored)
    made = back_up(place.database, copy.database)
    (needed,) = made.keys
    sentence = await copy.refusal()
    assert f"need the vault key {needed.key_id}, last found in {place.key}" in sentence
    assert f"put that key back as {copy.key}" in sentence
    shutil.copy(place.key, copy.key)
    assert _opens(await copy.start(), sealed)
    assert [key.source for key in await copy.needed()] == [str(copy.key)]
