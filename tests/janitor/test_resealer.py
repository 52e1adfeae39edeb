"""After a change of the key everything is sealed anew, whatever is in the way."""

import asyncio
from functools import partial

import pytest
from structlog.testing import capture_logs

from dcvd.config import Config, Live
from dcvd.core.audit import DAEMON_CHAIN
from dcvd.core.secret import Secret
from dcvd.core.webhooks.endpoint import SigningSecret
from dcvd.errors import DiskFull
from dcvd.janitor import Resealer
from dcvd.kit.vault.key import VaultKey
from dcvd.kit.vault.sealing import Vault, VaultError
from dcvd.services.context import Context
from dcvd.services.vault import resealing
from dcvd.store import audit
from dcvd.store.engine.database import Database
from dcvd.store.engine.transactions import Snapshot, Transaction
from dcvd.store.vault import sealed_columns, vault_keys
from dcvd.store.vault.sealed_columns import SealedGroup
from dcvd.store.vault.vault_keys import VaultKeyRecord
from dcvd.store.webhooks import signing_secrets
from tests import sealing
from tests.manual_clock import ManualClock
from tests.unreliable_database import UnreliableDatabase
from tests.waiting import until

OLD, NEW = VaultKey(b"o" * 32), VaultKey(b"n" * 32)
VALUES = 2 + 1 + 1 + 2 + 1  # secrets, headers, a client certificate, tokens, a token to be revoked


@pytest.fixture
async def rotated(database: UnreliableDatabase, config: Config, clock: ManualClock) -> Context:
    """A context whose key was changed: everything in the database is sealed with the one before."""

    def given(tx: Transaction) -> None:
        for key in (OLD, NEW):
            vault_keys.record_active(
                tx, VaultKeyRecord(key_id=key.id, source=f"the {key.id} file", salt=None, created_at=1)
            )
        sealing.fill(tx, Vault(OLD), states=False)
        sealing.add_revocation(tx, Vault(OLD))

    await database.write(given)
    return Context(database, Live(config), vault=Vault(NEW, OLD), clock=clock)


async def _read(context: Context) -> tuple[int, set[str], list[str]]:
    """How many values open with the new key alone, the keys that values name, and those that the database knows."""

    def query(snapshot: Snapshot) -> tuple[int, set[str], list[str]]:
        known = [key.key_id for key in vault_keys.list_all(snapshot)]
        return sealing.opened(snapshot, Vault(NEW)), sealing.key_ids(snapshot), known

    return await context.database.read(query)


async def _kind(context: Context, field: str) -> SealedGroup:
    (kind,) = [kind for kind in await resealing.list_outdated(context) if kind.column.field == field]
    return kind


async def test_one_round_seals_everything_anew_and_the_old_key_is_not_needed_any_more(rotated: Context) -> None:
    with capture_logs() as logs:
        assert not await Resealer(rotated).run_once()
    assert await _read(rotated) == (VALUES, {NEW.id}, [NEW.id])
    (told,) = [line for line in logs if line["event"] == "vault.key_unneeded"]
    assert (told["key_id"], told["source"]) == (OLD.id, f"the {OLD.id} file")
    assert "backups made before still do" in told["advice"]
    entries = await rotated.database.read(lambda snapshot: audit.list_forward(snapshot, DAEMON_CHAIN, after=0, limit=9))
    assert [(entry.action, entry.object_id) for entry in entries] == [("vault.key_forgotten", OLD.id)]
    assert sum(line["resealed"] for line in logs if line["event"] == "vault.resealed") == VALUES
    for secret in (sealing.TOKEN, sealing.SECRET):
        assert secret.reveal() not in repr(logs)


async def test_a_round_with_nothing_to_do_writes_nothing(rotated: Context) -> None:
    await Resealer(rotated).run_once()
    before = await rotated.database.read(
        lambda snapshot: snapshot.fetch_all("SELECT sealed FROM webhook_secrets WHERE id > ''")
    )
    with capture_logs() as logs:
        await Resealer(rotated).run_once()
    assert logs == []
    assert before == await rotated.database.read(
        lambda snapshot: snapshot.fetch_all("SELECT sealed FROM webhook_secrets WHERE id > ''")
    )


async def test_what_the_first_version_sealed_without_the_organization_is_bound_to_it(
    database: Database, config: Config
) -> None:
    def given(tx: Transaction) -> None:
        sealing.fill(tx, Vault(NEW), states=False)
        sealing.add_revocation(tx, Vault(NEW))
        tx.execute("UPDATE webhook_secrets SET sealed = ? WHERE id = 'sec_000000'", (sealing.first_version(NEW),))

    await database.write(given)
    context = Context(database, Live(config), vault=Vault(NEW))
    assert [kind.head[:1] for kind in await resealing.list_outdated(context)] == [b"\x01"]
    await Resealer(context).run_once()
    assert await resealing.list_outdated(context) == []
    assert (await _read(context))[0] == VALUES


async def test_a_round_that_is_killed_after_any_batch_is_gone_on_with(rotated: Context) -> None:
    await rotated.database.write(lambda tx: sealing.add_secrets(tx, Vault(OLD), 20, start=2))
    both = Vault(NEW, OLD)
    for done in range(22):
        assert await rotated.database.read(lambda snapshot: sealing.opened(snapshot, both)) == VALUES + 20
        assert OLD.id in (await rotated.database.read(sealing.key_ids))
        kind = await _kind(rotated, "webhook_secrets.secret")
        assert await rotated.database.read(partial(sealed_columns.count_values, group=kind)) == 22 - done
        await resealing.reseal(rotated, kind, after="", limit=1)
    await Resealer(rotated).run_once()
    assert await _read(rotated) == (VALUES + 20, {NEW.id}, [NEW.id])


async def test_a_value_that_changed_meanwhile_is_not_put_back(rotated: Context, database: UnreliableDatabase) -> None:
    fresh = Secret("f" * 64)
    kind = await _kind(rotated, "webhook_secrets.secret")
    sealed = rotated.vault.seal(fresh, org=sealing.ORG, row="sec_000000", field=kind.column.field)

    async def meanwhile() -> None:
        database.before_write = None
        await database.write(
            lambda tx: tx.execute("UPDATE webhook_secrets SET sealed = ? WHERE id = 'sec_000000'", (sealed,))
        )

    database.before_write = meanwhile
    batch = await resealing.reseal(rotated, kind, after="", limit=10)
    assert (batch.examined_count, batch.resealed_count, batch.damaged_count) == (2, 1, 0)
    secrets = await rotated.database.read(
        lambda snapshot: signing_secrets.unseal_all(snapshot, Vault(NEW), sealing.ORG, sealing.ENDPOINT)
    )
    assert secrets == [
        SigningSecret(secret=fresh, created_at=0, expires_at=None),
        SigningSecret(secret=sealing.SECRET, created_at=1, expires_at=1 << 50),
    ]


async def test_a_damaged_value_is_named_and_stops_nothing_and_keeps_its_key_needed(rotated: Context) -> None:
    def spoil(tx: Transaction) -> None:
        (value,) = tx.fetch_one("SELECT sealed FROM webhook_secrets WHERE id = 'sec_000000'") or (b"",)
        tx.execute(
            "UPDATE webhook_secrets SET sealed = ? WHERE id = 'sec_000000'", (value[:-1] + bytes([value[-1] ^ 1]),)
        )

    await rotated.database.write(spoil)
    with capture_logs() as logs:
        assert not await Resealer(rotated).run_once()
    (warned,) = [line for line in logs if line["log_level"] == "warning"]
    assert (warned["event"], warned["row"], warned["code"]) == (
        "vault.value_damaged", "sec_000000", "vault_value_damaged",
    )  # fmt: skip
    assert await rotated.database.read(sealing.key_ids) == {OLD.id, NEW.id}
    assert [key.key_id for key in await rotated.database.read(vault_keys.list_all)] == sorted([OLD.id, NEW.id])
    (kind,) = await resealing.list_outdated(rotated)
    assert await rotated.database.read(lambda snapshot: sealed_columns.count_values(snapshot, kind)) == 1


@pytest.mark.parametrize("to", ["row", "org", "field"])
async def test_a_ciphertext_moved_elsewhere_is_refused_by_name(rotated: Context, to: str) -> None:
    for kind in await resealing.list_outdated(rotated):
        (value, *_) = await rotated.database.read(partial(sealed_columns.list_values, group=kind, after="", limit=1))
        place = {"org": value.org_id, "row": value.row, "field": kind.column.field}
        place[to] += "x"
        with pytest.raises(VaultError) as caught:
            Vault(NEW, OLD).reseal(value.sealed_bytes, **place)
        assert caught.value.code == "vault_value_damaged"
        assert f"{place['field']} of {place['row']}" in caught.value.message
        for secret in (sealing.TOKEN, sealing.SECRET):
            assert secret.reveal() not in f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r}"


async def test_an_organization_that_takes_anothers_connection_gets_nothing_out_of_it(rotated: Context) -> None:
    def moved(tx: Transaction) -> None:
        tx.execute("INSERT INTO organizations (id, name, created_at) VALUES ('org_thief', 'Thief', 1)")
        tx.execute("UPDATE oauth_connections SET org_id = 'org_thief' WHERE id = ?", (sealing.CONNECTION,))

    await rotated.database.write(moved)
    with capture_logs() as logs:
        await Resealer(rotated).run_once()
    assert [line["field"] for line in logs if line["event"] == "vault.value_damaged"] == [
        "oauth_connections.encrypted_access_token",
        "oauth_connections.encrypted_refresh_token",
    ]
    assert sealing.TOKEN.reveal() not in repr(logs)


async def test_what_lives_for_minutes_is_left_alone_and_its_key_is_needed_until_it_has_ended(rotated: Context) -> None:
    verifier = Vault(OLD).seal(sealing.TOKEN, org=sealing.ORG, row="aa", field="oauth_states.sealed_verifier")
    await rotated.database.write(
        lambda tx: tx.execute(
            "INSERT INTO oauth_states (state_hash, org_id, token_id, provider, redirect_uri, sealed_verifier, scopes,"
            " created_at, expires_at) VALUES (x'aa', ?, 'token_1', 'cloudflare', 'https://a.example/', ?, '[]', 1, 2)",
            (sealing.ORG, verifier),
        )
    )
    assert await Resealer(rotated).run_once()
    assert len(await rotated.database.read(vault_keys.list_all)) == 2
    await rotated.database.write(lambda tx: tx.execute("DELETE FROM oauth_states WHERE state_hash = x'aa'"))
    assert not await Resealer(rotated).run_once()
    assert [key.key_id for key in await rotated.database.read(vault_keys.list_all)] == [NEW.id]


async def test_a_disk_that_is_full_for_a_while_only_delays_it(rotated: Context, database: UnreliableDatabase) -> None:
    refusals = iter([DiskFull("The disk is full.")] * 2)

    async def full() -> None:
        for refusal in refusals:
            raise refusal

    database.before_write = full
    running = asyncio.create_task(Resealer(rotated, failure_pause_s=0.0).run(), name="vault")

    async def done() -> bool:
        return await _read_keys(rotated) == [NEW.id]

    await until(done)
    assert not running.done()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def _read_keys(context: Context) -> list[str]:
    return [key.key_id for key in await context.database.read(vault_keys.list_all)]
