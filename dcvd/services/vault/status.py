"""What the vault's keys have sealed, and what is still to be done, as an operator sees it from beside the daemon."""

from collections.abc import Collection, Iterable, Sequence

from msgspec import Struct

from dcvd.config import Config
from dcvd.core.instants import to_rfc3339
from dcvd.errors import ConfigError
from dcvd.kit.vault.sealing import head_of
from dcvd.services.vault.keyring import Keyring, gather
from dcvd.store.engine.database import Snapshot
from dcvd.store.vault import sealed_columns, vault_keys
from dcvd.store.vault.sealed_columns import Kind
from dcvd.store.vault.vault_keys import FROM_ENVIRONMENT, NeededKey

Counts = dict[str, int]
"""Values by the vault's name of their field, such as `webhook_secrets.secret`."""


class GivenKey(Struct, frozen=True):
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
    rows: Counts


class VaultStatus(Struct, frozen=True, kw_only=True, rename="camel"):
    """`waiting` is what is to be sealed anew, and `damaged` what the vault has never sealed.

    `next` is the key that the next start would seal with, where that is another. `unneeded` are keys that are given and
    that nothing in the database needs. `connections`: whether a key is configured, as they need it. `problems` say what
    of the configuration could not be read.
    """

    keys: list[KeyStatus]
    waiting: Counts
    damaged: Counts
    next: GivenKey | None
    unneeded: list[GivenKey]
    connections: bool
    problems: list[str]


def status(snapshot: Snapshot, config: Config, from_environment: Collection[str]) -> VaultStatus:
    """Blocks for some tenths of a second where there are passphrases. Raises StoreError."""
    recorded, kinds = vault_keys.list_all(snapshot), sealed_columns.kinds(snapshot)
    active = vault_keys.active(snapshot)
    needed = sealed_columns.key_ids(kinds)
    problems: list[str] = []
    ring = _given(config, recorded, needed, from_environment, problems)
    known = {key.key_id: key for key in recorded}
    source = known[active].source if active is not None else None
    in_environment = source == FROM_ENVIRONMENT and config.oauth.encryption_key is None
    following = None if ring is None or in_environment else ring.active
    unneeded = [] if ring is None else [found for found in ring.older if found.key.id not in {*needed, *known}]
    return VaultStatus(
        keys=[
            _key(key_id, known.get(key_id), active, snapshot, kinds)
            for key_id in [*known, *sorted(needed - known.keys())]
        ],
        waiting=_counts(
            snapshot,
            (
                kind
                for kind in kinds
                if active is not None and kind.head != head_of(active) and kind.key_id and not kind.column.brief
            ),
        ),
        damaged=_counts(snapshot, (kind for kind in kinds if kind.key_id is None)),
        next=None if following is None or following.key.id == active else GivenKey(following.key.id, following.source),
        unneeded=[GivenKey(found.key.id, found.source) for found in unneeded],
        connections=in_environment or bool(config.oauth.encryption_key_file) or config.oauth.encryption_key is not None,
        problems=problems,
    )


def _given(
    config: Config,
    recorded: Sequence[NeededKey],
    needed: Collection[str],
    from_environment: Collection[str],
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
        return gather(config, recorded, needed, from_environment)
    except ConfigError as error:
        problems += error.problems
        return None


def _key(
    key_id: str, known: NeededKey | None, active: str | None, snapshot: Snapshot, kinds: Sequence[Kind]
) -> KeyStatus:
    return KeyStatus(
        id=key_id,
        source=None if known is None else known.source,
        active=key_id == active,
        passphrase=known is not None and known.salt is not None,
        created_at=None if known is None else to_rfc3339(known.created_at),
        rows=_counts(snapshot, (kind for kind in kinds if kind.key_id == key_id)),
    )


def _counts(snapshot: Snapshot, kinds: Iterable[Kind]) -> Counts:
    counts: Counts = {}
    for kind in kinds:
        field = kind.column.field
        counts[field] = counts.get(field, 0) + sealed_columns.count(snapshot, kind)
    return counts
