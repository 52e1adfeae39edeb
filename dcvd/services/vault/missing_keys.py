"""Find the keys that sealed values need and that nobody has given."""

from collections.abc import Collection, Sequence
from typing import Final

from dcvd.config import Config
from dcvd.services.vault.keyring import KEY_VARIABLE, Keyring, gather_keys
from dcvd.services.vault.status import count_values
from dcvd.store.connections import oauth_states
from dcvd.store.engine.caller_database import DatabaseAccess
from dcvd.store.engine.transactions import Snapshot
from dcvd.store.vault import sealed_columns, vault_keys
from dcvd.store.vault.sealed_columns import SealedGroup
from dcvd.store.vault.vault_keys import VaultKeyRecord, key_path

_MAX_EXAMPLES: Final = 3
_BATCH: Final = 1000


def find_missing_keys(snapshot: Snapshot, config: Config, from_environment: Collection[str]) -> list[str]:
    """Find the keys that the database needs and that are not given; return a sentence for each.

    Raises ConfigError for a file or a text that is no key. Blocks while it derives keys from passphrases.
    """
    key_records, sealed_groups = vault_keys.list_all(snapshot), sealed_columns.list_groups(snapshot)
    needed_ids = sealed_columns.key_ids(sealed_groups)
    keyring = gather_keys(config, key_records, needed_ids, from_environment)
    missing = needed_ids - keyring.key_ids
    return describe_missing_keys(snapshot, config, keyring, key_records, sealed_groups, missing) if missing else []


async def delete_expired_authorizations(database: DatabaseAccess, now: int) -> None:
    """Delete expired authorizations first, so that their key is not needed; the janitor runs only after the start."""
    while await database.write(lambda tx: oauth_states.delete_expired(tx, now, _BATCH)) == _BATCH:
        pass


def describe_missing_keys(
    snapshot: Snapshot,
    config: Config,
    keyring: Keyring,
    recorded: Sequence[VaultKeyRecord],
    kinds: Sequence[SealedGroup],
    missing: Collection[str],
) -> list[str]:
    """Describe each missing key in a sentence: what it has sealed, where it was, and what to do."""
    records_by_id = {key.key_id: key for key in recorded}
    path = key_path(config.database.path)
    given_keys = [entry.description for entry in keyring.all_keys] + [
        f"another passphrase in {source}" for source in keyring.unknown_passphrase_sources
    ]
    sentences = []
    for key_id in sorted(missing, key=lambda key_id: (key_id not in records_by_id, key_id)):
        key = records_by_id.get(key_id)
        groups_of_key = [group for group in kinds if group.key_id == key_id]
        contents = _describe_sealed_values(snapshot, groups_of_key, examples=key is None)
        place = "of which the database does not know where it was" if key is None else f"last found in {key.source}"
        need = f"The secrets in the database {config.database.path} ({contents}) need the vault key {key_id}, {place}"
        ways = f"as {path} (mode 0600), or by {KEY_VARIABLE}, vault.key_file or vault.old_key_files"
        if not given_keys:
            sentences.append(f"{need}, and no key is given now: put that key back {ways}. Without it they are lost.")
            continue
        if key is None:
            hint = " If there never was such a key, they are damaged: restore the database from a backup."
        elif key.salt is None:
            hint = f" To change to another key, configure it and leave this one in {path}, or in an old key file."
        else:
            hint = " To change to another key, configure it and leave this passphrase in an old key file."
        sentences.append(f"{need}, but what is given is {' and '.join(given_keys)}: give that key again, {ways}.{hint}")
    return sentences


def _describe_sealed_values(snapshot: Snapshot, kinds: Sequence[SealedGroup], *, examples: bool) -> str:
    """Describe values as in `2 webhook secrets, 1 connection's credentials`; `examples` adds ids of a few rows."""
    counts = count_values(snapshot, kinds)
    rows: dict[str, list[str]] = {}
    columns = {group.column.field: group.column for group in kinds}
    for group in kinds:
        field = group.column.field
        if examples and group.column.primary_key == group.column.row_sql:
            values = sealed_columns.list_values(snapshot, group, after="", limit=_MAX_EXAMPLES)
            rows[field] = [*rows.get(field, []), *(value.row for value in values)][:_MAX_EXAMPLES]
    return ", ".join(
        column.describe_count(counts[field]) + (f": {', '.join(rows[field])}" if rows.get(field) else "")
        for field, column in columns.items()
    )
