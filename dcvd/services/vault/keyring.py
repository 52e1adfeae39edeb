"""The vault's keys as the daemon is given them: configured, earlier ones, and those in the file beside the database."""

import errno
import os
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Final

import structlog
from msgspec import Struct

from dcvd.config import Config
from dcvd.config.secrets import SecretSource
from dcvd.core.secret import Secret
from dcvd.errors import ConfigError, DiskFull
from dcvd.kit.new_file import create_file
from dcvd.kit.vault.key import KEY_FORMS, SALT_BYTES, VaultKey
from dcvd.kit.vault.key_file import format_keys
from dcvd.store.engine.files import adopt_owner
from dcvd.store.vault.vault_keys import ENVIRONMENT_SOURCE, VaultKeyRecord, key_path

log = structlog.get_logger(__name__)

KEY_VARIABLE: Final = "OAUTH_ENCRYPTION_KEY"
_SHORT_PASSPHRASE_CHARACTERS: Final = 16  # characters of a passphrase


class KeyringEntry(Struct, frozen=True, kw_only=True):
    """A key, where it was found, and its salt if it is derived from a passphrase."""

    key: VaultKey
    source: str
    salt: bytes | None = None

    @property
    def description(self) -> str:
        """Describe the key in an error about another key that was not found."""
        if self.salt is not None:
            return f"another passphrase in {self.source}"
        return f"key {self.key.id} from {self.source}"


class Keyring(Struct, frozen=True, kw_only=True):
    """The keys that were given: the one to seal with, None where there is none yet, and those that only open.

    `unknown_passphrase_sources`: where passphrases were found that give no key the database has ever had.
    """

    active_key: KeyringEntry | None
    older_keys: list[KeyringEntry]
    unknown_passphrase_sources: list[str]

    @property
    def all_keys(self) -> list[KeyringEntry]:
        return [*([] if self.active_key is None else [self.active_key]), *self.older_keys]

    @property
    def key_ids(self) -> set[str]:
        return {entry.key.id for entry in self.all_keys}


def gather_keys(
    config: Config,
    key_records: Sequence[VaultKeyRecord],
    needed_ids: Collection[str],
    environment_names: Collection[str],
) -> Keyring:
    """Gather every key that is given. Raises ConfigError for a file or a text that cannot be used.

    `key_records` are the keys that the database knows, with the salts of passphrases, and `needed_ids` the ids of those
    that it needs. Blocks while it reads files and derives keys from passphrases.
    """
    vault, path = config.vault, key_path(config.database.path)
    entries: list[KeyringEntry] = []
    unknown_sources: list[str] = []
    if vault.key is not None:
        is_in_environment = not vault.key_file or KEY_VARIABLE in environment_names
        source = ENVIRONMENT_SOURCE if is_in_environment else f"the file {vault.key_file} (vault.key_file)"
        entries += _parse_keys(vault.key, source) or [_derive_key(vault.key, source, key_records)]
    for file, text in zip(vault.old_key_files, vault.old_keys, strict=True):
        if text is None:
            continue
        source = f"the file {file} (vault.old_key_files)"
        old_entries = _parse_keys(text, source) or list(_find_derived_keys(text, source, key_records))
        unknown_sources += [] if old_entries else [source]
        entries += old_entries
    if vault.key is None:
        file_entries = read_key_file(path, is_needed=bool(needed_ids))
        if not file_entries:
            return Keyring(active_key=None, older_keys=entries, unknown_passphrase_sources=unknown_sources)
        entries = [*file_entries, *entries]
    elif not set(needed_ids) <= {entry.key.id for entry in entries}:
        entries += read_key_file(path, is_needed=True)  # the daemon moves from its key file to the configured key
    distinct: dict[str, KeyringEntry] = {}
    for entry in entries:
        distinct.setdefault(entry.key.id, entry)
    active, *older = distinct.values()
    return Keyring(active_key=active, older_keys=older, unknown_passphrase_sources=unknown_sources)


def read_key_file(path: Path, *, is_needed: bool) -> list[KeyringEntry]:
    """Read the keys of the file beside the database; [] where there is no such file.

    Raises ConfigError for a file that holds something else; `is_needed` says whether anything was sealed with it.
    """
    try:
        file = SecretSource(directory=path.parent, environ={}).read_file(path)
        keys = VaultKey.parse_lines(Secret(file.text))
    except ValueError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return []
        raise _unusable_file_error(path, str(error), is_needed=is_needed) from error
    if not keys:
        raise _unusable_file_error(
            path, f"does not hold a key of {KEY_FORMS}" if file.text else "is empty", is_needed=is_needed
        )
    if file.is_exposed:
        log.warning("vault.key_file_open", path=str(path), advice=f"group or others may use it: chmod 600 {path}")
    return [KeyringEntry(key=key, source=str(path)) for key in keys]


def create_key_file(path: Path) -> KeyringEntry:
    """Make a new key in a new file. Raises ConfigError where the file cannot be made, and DiskFull."""
    key = VaultKey.generate(os.urandom)
    try:
        with create_file(path) as draft:
            draft.write_text(format_keys([key]), encoding="ascii")
            adopt_owner(draft)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull(f"The disk is full: the key file {path} cannot be made. Free some space.") from error
        raise ConfigError(
            [
                f"The key file {path} cannot be made: {error.strerror}. Let the daemon write there, or give it a key "
                f"by {KEY_VARIABLE} or vault.key_file."
            ]
        ) from error
    log.warning(
        "vault.key_made",
        path=str(path),
        key_id=key.id,
        advice="back it up apart from the database: without it the stored secrets are lost",
    )
    return KeyringEntry(key=key, source=str(path))


def _parse_keys(text: Secret, source: str) -> list[KeyringEntry]:
    """Parse the keys of a text; [] for a passphrase."""
    try:
        return [KeyringEntry(key=key, source=source) for key in VaultKey.parse_lines(text)]
    except ValueError as error:
        raise ConfigError([f"What is in {source} {error}."]) from None


def _derive_key(text: Secret, source: str, key_records: Sequence[VaultKeyRecord]) -> KeyringEntry:
    if len(text.reveal()) < _SHORT_PASSPHRASE_CHARACTERS:
        log.warning(
            "vault.weak_passphrase",
            source=source,
            advice=f"it has fewer than {_SHORT_PASSPHRASE_CHARACTERS} characters, and whoever gets the database can "
            "find it by trying: use the key that `dcvd vault keygen` prints",
        )
    for entry in _find_derived_keys(text, source, key_records):
        return entry
    salt = os.urandom(SALT_BYTES)
    return KeyringEntry(key=VaultKey.from_passphrase(text, salt), source=source, salt=salt)


def _find_derived_keys(text: Secret, source: str, key_records: Sequence[VaultKeyRecord]) -> Iterator[KeyringEntry]:
    """Yield the keys that the database knows and that come from this passphrase with a salt in the database."""
    for record in key_records:
        if record.salt is not None:
            key = VaultKey.from_passphrase(text, record.salt)
            if key.id == record.key_id:
                yield KeyringEntry(key=key, source=source, salt=record.salt)


def _unusable_file_error(path: Path, fault: str, *, is_needed: bool) -> ConfigError:
    remedy = "put the right file back" if is_needed else "remove it, and a new one is made, as nothing is encrypted yet"
    return ConfigError([f"The key file {path} {fault}: {remedy}."])
