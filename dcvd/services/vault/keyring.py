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
from dcvd.kit.new_file import new_file
from dcvd.kit.vault.key import FORMS, SALT_BYTES, VaultKey
from dcvd.kit.vault.key_file import written
from dcvd.store.engine.files import adopt_owner
from dcvd.store.vault.vault_keys import FROM_ENVIRONMENT, NeededKey, key_path

log = structlog.get_logger(__name__)

VARIABLE: Final = "OAUTH_ENCRYPTION_KEY"
_SHORT: Final = 16  # characters of a passphrase


class Found(Struct, frozen=True, kw_only=True):
    """A key, where it was found, and its salt where it comes of a passphrase."""

    key: VaultKey
    source: str
    salt: bytes | None = None

    @property
    def name(self) -> str:
        """For a sentence about a key that was looked for in vain."""
        if self.salt is not None:
            return f"another passphrase in {self.source}"
        return f"key {self.key.id} from {self.source}"


class Keyring(Struct, frozen=True, kw_only=True):
    """What was given: the key to seal with, None where there is none yet, and the keys that only open.

    `strangers`: where there are passphrases from which no key comes that the database has ever had.
    """

    active: Found | None
    older: list[Found]
    strangers: list[str]

    @property
    def all(self) -> list[Found]:
        return [*([] if self.active is None else [self.active]), *self.older]

    @property
    def ids(self) -> set[str]:
        return {found.key.id for found in self.all}


def gather(
    config: Config, recorded: Sequence[NeededKey], named: Collection[str], from_environment: Collection[str]
) -> Keyring:
    """Every key that is given. Raises ConfigError for a file or a text that cannot be used.

    `recorded` are the keys that the database knows, with the salts of passphrases, and `named` the ids of those that it
    needs. Blocks, with files and with the derivation of passphrases.
    """
    oauth, path = config.oauth, key_path(config.database.path)
    found: list[Found] = []
    strangers: list[str] = []
    if oauth.encryption_key is not None:
        source = source_of(oauth.encryption_key_file, from_environment)
        found += _raw(oauth.encryption_key, source) or [_passphrase(oauth.encryption_key, source, recorded)]
    for file, text in zip(oauth.old_key_files, oauth.old_keys, strict=True):
        if text is None:
            continue
        source = f"the file {file} (oauth.old_key_files)"
        earlier = _raw(text, source) or list(_derived(text, source, recorded))
        strangers += [] if earlier else [source]
        found += earlier
    if oauth.encryption_key is None:
        beside = read_key_file(path, needed=bool(named))
        if not beside:
            return Keyring(active=None, older=found, strangers=strangers)
        found = [*beside, *found]
    elif not set(named) <= {each.key.id for each in found}:
        found += read_key_file(path, needed=True)  # the daemon moves from its key file to the configured key
    distinct: dict[str, Found] = {}
    for each in found:
        distinct.setdefault(each.key.id, each)
    active, *older = distinct.values()
    return Keyring(active=active, older=older, strangers=strangers)


def source_of(file: str, from_environment: Collection[str]) -> str:
    """Where the configured key stands, for people."""
    if not file or VARIABLE in from_environment:
        return FROM_ENVIRONMENT
    return f"the file {file} (oauth.encryption_key_file)"


def read_key_file(path: Path, *, needed: bool) -> list[Found]:
    """The keys of the file beside the database; [] where there is no such file.

    Raises ConfigError for one that holds something else; `needed` says whether anything was sealed with it.
    """
    try:
        file = SecretSource(directory=path.parent, environ={}).read(path)
        keys = VaultKey.parse_lines(Secret(file.text))
    except ValueError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return []
        raise _unusable(path, str(error), needed=needed) from error
    if not keys:
        raise _unusable(path, f"does not hold a key of {FORMS}" if file.text else "is empty", needed=needed)
    if file.loose:
        log.warning("vault.key_file_open", path=str(path), advice=f"group or others may use it: chmod 600 {path}")
    return [Found(key=key, source=str(path)) for key in keys]


def make_key_file(path: Path) -> Found:
    """A new key in a new file. Raises ConfigError where it cannot be made."""
    key = VaultKey.generate(os.urandom)
    try:
        with new_file(path) as draft:
            draft.write_text(written([key]), encoding="ascii")
            adopt_owner(draft)
    except OSError as error:
        raise ConfigError(
            [
                f"The key file {path} cannot be made: {error.strerror}. Let the daemon write there, or give it a key "
                f"by {VARIABLE} or oauth.encryption_key_file."
            ]
        ) from error
    log.warning(
        "vault.key_made",
        path=str(path),
        key_id=key.id,
        advice="back it up apart from the database: without it the stored secrets are lost",
    )
    return Found(key=key, source=str(path))


def _raw(text: Secret, source: str) -> list[Found]:
    """The keys of a text; [] for a passphrase."""
    try:
        return [Found(key=key, source=source) for key in VaultKey.parse_lines(text)]
    except ValueError as error:
        raise ConfigError([f"What is in {source} {error}."]) from None


def _passphrase(text: Secret, source: str, recorded: Sequence[NeededKey]) -> Found:
    if len(text.reveal()) < _SHORT:
        log.warning(
            "vault.weak_passphrase",
            source=source,
            advice=f"it has fewer than {_SHORT} characters, and whoever gets the database can try out such a one: "
            "use the key that `dcvd vault keygen` prints",
        )
    for known in _derived(text, source, recorded):
        return known
    salt = os.urandom(SALT_BYTES)
    return Found(key=VaultKey.from_passphrase(text, salt), source=source, salt=salt)


def _derived(text: Secret, source: str, recorded: Sequence[NeededKey]) -> Iterator[Found]:
    """The keys that a passphrase gives with the salts that the database keeps."""
    for known in recorded:
        if known.salt is not None:
            key = VaultKey.from_passphrase(text, known.salt)
            if key.id == known.key_id:
                yield Found(key=key, source=source, salt=known.salt)


def _unusable(path: Path, fault: str, *, needed: bool) -> ConfigError:
    remedy = "put the right file back" if needed else "remove it, and a new one is made, as nothing is encrypted yet"
    return ConfigError([f"The key file {path} {fault}: {remedy}."])
