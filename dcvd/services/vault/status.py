"""Report what the vault's keys have sealed and what is still to be resealed, for an operator beside the daemon."""

from collections.abc import Collection, Iterable, Sequence

from msgspec import Struct

from dcvd.config import Config
from dcvd.core.instants import to_rfc3339
from dcvd.errors import ConfigError
from dcvd.kit.vault.sealing import build_head
from dcvd.services.vault.keyring import Keyring, gather_keys
from dcvd.store.engine.transactions import Snapshot
from dcvd.store.vault import sealed_columns, vault_keys
from dcvd.store.vault.sealed_columns import SealedGroup
from dcvd.store.vault.vault_keys import ENVIRONMENT_SOURCE, VaultKeyRecord

ValueCounts = dict[str, int]
"""Values by the vault's name of their field, such as `webhook_secrets.secret`."""


class KeyLocation(Struct, frozen=True):
    """A key's id, and where the key is."""

    id: str
    source: str


class KeyStatus(Struct, frozen=True, kw_only=True, rename="camel"):
    """A key that the database knows or needs; `source` and `created_at` are null where only rows name it.

    `active`: the daemon's last start began to seal with it.
    """

    id: str
    source: str | None
    active: bool
    passphrase: bool
    created_at: str | None
    rows: ValueCounts


class VaultStatus(Struct, frozen=True, kw_only=True, rename="camel"):
    """The vault's state: `waiting` counts values that are to be sealed anew, `damaged` those the vault never sealed.

    `next` is the key that the next start would seal with, where it is another. `unneeded` are keys that are given and
    that nothing in the database needs. `connections`: whether a key is configured, as they need it. `problems` say what
    part of the configuration could not be read.
    """

    keys: list[KeyStatus]
    waiting: ValueCounts
    damaged: ValueCounts
    next: KeyLocation | None
    unneeded: list[KeyLocation]
    connections: bool
    problems: list[str]


def read_status(snapshot: Snapshot, config: Config, environment_names: Collection[str]) -> VaultStatus:
    """Report the vault's state. Blocks for some tenths of a second where there are passphrases. Raises StoreError."""
    key_records, groups = vault_keys.list_all(snapshot), sealed_columns.list_groups(snapshot)
    active_id = vault_keys.find_active_id(snapshot)
    needed_ids = sealed_columns.key_ids(groups)
    problems: list[str] = []
    keyring = _gather_readable_keys(config, key_records, needed_ids, environment_names, problems)
    records_by_id = {key.key_id: key for key in key_records}
    source = records_by_id[active_id].source if active_id is not None else None
    in_environment = source == ENVIRONMENT_SOURCE and config.vault.key is None
    next_key = None if keyring is None or in_environment else keyring.active_key
    unneeded_entries = (
        []
        if keyring is None
        else [entry for entry in keyring.older_keys if entry.key.id not in {*needed_ids, *records_by_id}]
    )
    return VaultStatus(
        keys=[
            _describe_key(key_id, records_by_id.get(key_id), active_id, snapshot, groups)
            for key_id in [*records_by_id, *sorted(needed_ids - records_by_id.keys())]
        ],
        waiting=count_values(
            snapshot,
            (
                group
                for group in groups
                if active_id is not None
                and group.head != build_head(active_id)
                and group.key_id
                and not group.column.is_short_lived
            ),
        ),
        damaged=count_values(snapshot, (group for group in groups if group.key_id is None)),
        next=None
        if next_key is None or next_key.key.id == active_id
        else KeyLocation(next_key.key.id, next_key.source),
        unneeded=[KeyLocation(entry.key.id, entry.source) for entry in unneeded_entries],
        connections=in_environment or bool(config.vault.key_file) or config.vault.key is not None,
        problems=problems,
    )


def _gather_readable_keys(
    config: Config,
    key_records: Sequence[VaultKeyRecord],
    needed_ids: Collection[str],
    environment_names: Collection[str],
    problems: list[str],
) -> Keyring | None:
    """Gather the keys that can be read from here; None, and a problem, where the daemon may have others."""
    vault = config.vault
    if vault.key is None and vault.key_file:
        problems.append(f"The file {vault.key_file} (vault.key_file) cannot be read from here.")
        return None
    unread = [file for file, text in zip(vault.old_key_files, vault.old_keys, strict=True) if file and text is None]
    problems += [f"The file {file} (vault.old_key_files) cannot be read from here." for file in unread]
    try:
        return gather_keys(config, key_records, needed_ids, environment_names)
    except ConfigError as error:
        problems += error.problems
        return None


def _describe_key(
    key_id: str,
    key_record: VaultKeyRecord | None,
    active_id: str | None,
    snapshot: Snapshot,
    groups: Sequence[SealedGroup],
) -> KeyStatus:
    return KeyStatus(
        id=key_id,
        source=None if key_record is None else key_record.source,
        active=key_id == active_id,
        passphrase=key_record is not None and key_record.salt is not None,
        created_at=None if key_record is None else to_rfc3339(key_record.created_at),
        rows=count_values(snapshot, (group for group in groups if group.key_id == key_id)),
    )


def count_values(snapshot: Snapshot, groups: Iterable[SealedGroup]) -> ValueCounts:
    """Count the values of these groups by their field."""
    counts: ValueCounts = {}
    for group in groups:
        field = group.column.field
        counts[field] = counts.get(field, 0) + sealed_columns.count_values(snapshot, group)
    return counts
