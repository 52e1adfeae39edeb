"""What the vault's keys have sealed, and what is still to be done, as an operator sees it from beside the daemon."""

from collections.abc import Collection, Iterable, Sequence

from msgspec import Struct

from dcvd.config import Config
from dcvd.core.instants import to_rfc3339
from dcvd.errors import ConfigError
from dcvd.kit.vault.sealing import build_head
from dcvd.services.vault.keyring import Keyring, gather_keys
from dcvd.store.engine.database import Snapshot
from dcvd.store.vault import sealed_columns, vault_keys
from dcvd.store.vault.sealed_columns import SealedGroup
from dcvd.store.vault.vault_keys import ENVIRONMENT_SOURCE, VaultKeyRecord

ValueCounts = dict[str, int]
"""Values by the vault's name of their field, such as `webhook_secrets.secret`."""


class KeyLocation(Struct, frozen=True):
    """A key, and where it is."""

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
    """`waiting` is what is to be sealed anew, and `damaged` what the vault has never sealed.

    `next` is the key that the next start would seal with, where that is another. `unneeded` are keys that are given and
    that nothing in the database needs. `connections`: whether a key is configured, as they need it. `problems` say what
    of the configuration could not be read.
    """

    keys: list[KeyStatus]
    waiting: ValueCounts
    damaged: ValueCounts
    next: KeyLocation | None
    unneeded: list[KeyLocation]
    connections: bool
    problems: list[str]


def read_status(snapshot: Snapshot, config: Config, environment_names: Collection[str]) -> VaultStatus:
    """Blocks for some tenths of a second where there are passphrases. Raises StoreError."""
    recorded, kinds = vault_keys.list_all(snapshot), sealed_columns.list_groups(snapshot)
    active = vault_keys.find_active_id(snapshot)
    needed = sealed_columns.key_ids(kinds)
    problems: list[str] = []
    ring = _gather_readable_keys(config, recorded, needed, environment_names, problems)
    known = {key.key_id: key for key in recorded}
    source = known[active].source if active is not None else None
    in_environment = source == ENVIRONMENT_SOURCE and config.oauth.encryption_key is None
    following = None if ring is None or in_environment else ring.active_key
    unneeded = [] if ring is None else [found for found in ring.older_keys if found.key.id not in {*needed, *known}]
    return VaultStatus(
        keys=[
            _describe_key(key_id, known.get(key_id), active, snapshot, kinds)
            for key_id in [*known, *sorted(needed - known.keys())]
        ],
        waiting=_count_values(
            snapshot,
            (
                kind
                for kind in kinds
                if active is not None
                and kind.head != build_head(active)
                and kind.key_id
                and not kind.column.is_short_lived
            ),
        ),
        damaged=_count_values(snapshot, (kind for kind in kinds if kind.key_id is None)),
        next=None
        if following is None or following.key.id == active
        else KeyLocation(following.key.id, following.source),
        unneeded=[KeyLocation(found.key.id, found.source) for found in unneeded],
        connections=in_environment or bool(config.oauth.encryption_key_file) or config.oauth.encryption_key is not None,
        problems=problems,
    )


def _gather_readable_keys(
    config: Config,
    key_records: Sequence[VaultKeyRecord],
    needed_ids: Collection[str],
    environment_names: Collection[str],
    problems: list[str],
) -> Keyring | None:
    """The keys that can be read from here; None, and a problem, where that leaves in the dark what the daemon has."""
    oauth = config.oauth
    if oauth.encryption_key is None and oauth.encryption_key_file:
        problems.append(f"The file {oauth.encryption_key_file} (oauth.encryption_key_file) cannot be read from here.")
        return None
    unread = [file for file, text in zip(oauth.old_key_files, oauth.old_keys, strict=True) if file and text is None]
    problems += [f"The file {file} (oauth.old_key_files) cannot be read from here." for file in unread]
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
        rows=_count_values(snapshot, (kind for kind in groups if kind.key_id == key_id)),
    )


def _count_values(snapshot: Snapshot, groups: Iterable[SealedGroup]) -> ValueCounts:
    counts: ValueCounts = {}
    for kind in groups:
        field = kind.column.field
        counts[field] = counts.get(field, 0) + sealed_columns.count_values(snapshot, kind)
    return counts
