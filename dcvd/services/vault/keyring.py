"""The vault's keys as the daemon is given them: configured, of earlier days, and in the file beside the database."""

import os
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Final

import structlog
from msgspec import Struct

from dcvd.config import Config
from dcvd.config.secrets import SecretSource
from dcvd.core.secret import Secret
from dcvd.errors import ConfigError
from dcvd.kit.new_file import create_file
from dcvd.kit.vault.key import KEY_FORMS, SALT_BYTES, VaultKey
from dcvd.kit.vault.key_file import format_keys
from dcvd.store.engine.files import adopt_owner
from dcvd.store.vault.vault_keys import ENVIRONMENT_SOURCE, VaultKeyRecord, key_path

log = structlog.get_logger(__name__)

KEY_VARIABLE: Final = "OAUTH_ENCRYPTION_KEY"
_SHORT_PASSPHRASE_CHARACTERS: Final = 16  # characters of a passphrase


class KeyringEntry(Struct, frozen=True, kw_only=True):
    """A key, where it was found, and its salt where it comes of a passphrase."""

    key: VaultKey
    source: str
    salt: bytes | None = None

    @property
    def description(self) -> str:
        """For a sentence about a key that was looked for in vain."""
        if self.salt is not None:
            return f"another passphrase in {self.source}"
        return f"key {self.key.id} from {self.source}"


class Keyring(Struct, frozen=True, kw_only=True):
    """What was given: the key to seal with, None where there is none yet, and the keys that only open.

    `unknown_passphrase_sources`: where there are passphrases from which no key comes that the database has ever had.
    """

    active_key: KeyringEntry | None
    older_keys: list[KeyringEntry]
    unknown_passphrase_sources: list[str]

    @property
    def all_keys(self) -> list[KeyringEntry]:
        return [*([] if self.active_key is None else [self.active_key]), *self.older_keys]

    @property
    def key_ids(self) -> set[str]:
        return {found.key.id for found in self.all_keys}


def gather_keys(
    config: Config,
    key_records: Sequence[VaultKeyRecord],
    needed_ids: Collection[str],
    environment_names: Collection[str],
) -> Keyring:
    """Every key that is given. Raises ConfigError for a file or a text that cannot be used.

    `key_records` are the keys that the database knows, with the salts of passphrases, and `needed_ids` the ids of those
    that it needs. Blocks, with files and with the derivation of passphrases.
    """
    oauth, path = config.oauth, key_path(config.database.path)
    found: list[KeyringEntry] = []
    strangers: list[str] = []
    if oauth.encryption_key is not None:
        source = describe_source(oauth.encryption_key_file, environment_names)
        found += _parse_keys(oauth.encryption_key, source) or [_derive_key(oauth.encryption_key, source, key_records)]
    for file, text in zip(oauth.old_key_files, oauth.old_keys, strict=True):
        if text is None:
            continue
        source = f"the file {file} (oauth.old_key_files)"
        earlier = _parse_keys(text, source) or list(_find_derived_keys(text, source, key_records))
        strangers += [] if earlier else [source]
        found += earlier
    if oauth.encryption_key is None:
        beside = read_key_file(path, is_needed=bool(needed_ids))
        if not beside:
            return Keyring(active_key=None, older_keys=found, unknown_passphrase_sources=strangers)
        found = [*beside, *found]
    elif not set(needed_ids) <= {each.key.id for each in found}:
        found += read_key_file(path, is_needed=True)  # the daemon moves from its key file to the configured key
    distinct: dict[str, KeyringEntry] = {}
    for each in found:
        distinct.setdefault(each.key.id, each)
    active, *older = distinct.values()
    return Keyring(active_key=active, older_keys=older, unknown_passphrase_sources=strangers)


def describe_source(file: str, environment_names: Collection[str]) -> str:
    """Where the configured key stands, for people."""
    if not file or KEY_VARIABLE in environment_names:
        return ENVIRONMENT_SOURCE
    return f"the file {file} (oauth.encryption_key_file)"


def read_key_file(path: Path, *, is_needed: bool) -> list[KeyringEntry]:
    """The keys of the file beside the database; [] where there is no such file.

    Raises ConfigError for one that holds something else; `is_needed` says whether anything was sealed with it.
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
    """A new key in a new file. Raises ConfigError where it cannot be made."""
    key = VaultKey.generate(os.urandom)
    try:
        with create_file(path) as draft:
            draft.write_text(format_keys([key]), encoding="ascii")
            adopt_owner(draft)
    except OSError as error:
        raise ConfigError(
            [
                f"The key file {path} cannot be made: {error.strerror}. Let the daemon write there, or give it a key "
                f"by {KEY_VARIABLE} or oauth.encryption_key_file."
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
    """The keys of a text; [] for a passphrase."""
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
            "try out such a one: "
            "use the key that `dcvd vault keygen` prints",
        )
    for known in _find_derived_keys(text, source, key_records):
        return known
    salt = os.urandom(SALT_BYTES)
    return KeyringEntry(key=VaultKey.from_passphrase(text, salt), source=source, salt=salt)


def _find_derived_keys(text: Secret, source: str, key_records: Sequence[VaultKeyRecord]) -> Iterator[KeyringEntry]:
    """The keys that a passphrase gives with the salts that the database keeps."""
    for known in key_records:
        if known.salt is not None:
            key = VaultKey.from_passphrase(text, known.salt)
            if key.id == known.key_id:
                yield KeyringEntry(key=key, source=source, salt=known.salt)


def _unusable_file_error(path: Path, fault: str, *, is_needed: bool) -> ConfigError:
    remedy = "put the right file back" if is_needed else "remove it, and a new one is made, as nothing is encrypted yet"
    return ConfigError([f"The key file {path} {fault}: {remedy}."])
