"""Which key the daemon encrypts with: the configured one, else that of the key file beside the database."""

import asyncio
import os
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

import structlog
from msgspec import Struct

from dcvd.config import Config
from dcvd.config.secrets import SecretSource
from dcvd.core.secret import Secret
from dcvd.errors import ConfigError
from dcvd.kit.new_file import new_file
from dcvd.kit.vault import Vault
from dcvd.kit.vault_key import SALT_BYTES, VaultKey
from dcvd.store import vault_keys
from dcvd.store.database import Database
from dcvd.store.files import adopt_owner
from dcvd.store.vault_keys import NeededKey, key_path

log = structlog.get_logger(__name__)

_VARIABLE: Final = "OAUTH_ENCRYPTION_KEY"
_SHORT: Final = 16  # characters of a passphrase
_FORMS: Final = "44 base64 or 64 hexadecimal characters"


class _Found(Struct, frozen=True, kw_only=True):
    """A key, where it was found, and its salt where it comes of a passphrase."""

    key: VaultKey
    source: str
    salt: bytes | None = None


async def open_vault(database: Database, config: Config, now: int, *, from_environment: Collection[str] = ()) -> Vault:
    """The vault with every key that the database needs; where it needs none and none is configured, a key file is made.

    `from_environment` names the variables that won over the TOML. The database's lock is held. Raises ConfigError when
    a needed key is not given, or the key file is damaged; then nothing was changed.
    """
    needed = await database.read(vault_keys.list_all)
    active, *older = await asyncio.to_thread(_keyring, config, needed, from_environment)
    await _record(database, needed, active, now)
    log.info("vault.opened", key_id=active.key.id, source=active.source, older=[found.key.id for found in older])
    configured = config.oauth.encryption_key is not None
    return Vault(active.key, *(found.key for found in older), configured=configured)


def _keyring(config: Config, needed: Sequence[NeededKey], from_environment: Collection[str]) -> list[_Found]:
    """The key to seal with first; blocks, with files and with the derivation of a passphrase."""
    path = key_path(config.database.path)
    configured = config.oauth.encryption_key
    if configured is None:
        file = _read(path, needed)
        if file is None and not needed:
            file = _make(path)
        ring = [] if file is None else [file]
    else:
        ring = [_configured(configured, _source(config.oauth.encryption_key_file, from_environment), needed)]
        if any(known.key_id != ring[0].key.id for known in needed):
            file = _read(path, needed)  # the daemon moves from its key file to the configured key
            ring += [] if file is None else [file]
    have = {found.key.id for found in ring}
    missing = [known for known in needed if known.key_id not in have]
    if missing:
        raise ConfigError([_not_given(known, ring, config.database.path, path) for known in missing])
    return ring


async def _record(database: Database, needed: Sequence[NeededKey], active: _Found, now: int) -> None:
    known = next((known for known in needed if known.key_id == active.key.id), None)
    if known is not None and known.source == active.source:
        return
    row = NeededKey(key_id=active.key.id, source=active.source, salt=active.salt, created_at=now)
    await database.write(lambda tx: vault_keys.record(tx, row))


def _configured(text: Secret, source: str, needed: Sequence[NeededKey]) -> _Found:
    raw = VaultKey.parse(text)
    if raw is not None:
        return _Found(key=raw, source=source)
    if len(text.reveal()) < _SHORT:
        log.warning(
            "vault.weak_passphrase",
            source=source,
            advice=f"it has fewer than {_SHORT} characters, and whoever gets the database can try out such a one: "
            "use the key that `openssl rand -base64 32` prints",
        )
    for known in needed:
        if known.salt is not None:
            key = VaultKey.from_passphrase(text, known.salt)
            if key.id == known.key_id:
                return _Found(key=key, source=source, salt=known.salt)
    salt = os.urandom(SALT_BYTES)
    return _Found(key=VaultKey.from_passphrase(text, salt), source=source, salt=salt)


def _source(file: str, from_environment: Collection[str]) -> str:
    if not file or _VARIABLE in from_environment:
        return f"{_VARIABLE} in the daemon's environment"
    return f"the file {file} (oauth.encryption_key_file)"


def _read(path: Path, needed: Sequence[NeededKey]) -> _Found | None:
    """The key file's key; None where there is no such file."""
    try:
        file = SecretSource(directory=path.parent, environ={}).read(path)
    except ValueError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return None
        raise _unusable(path, str(error), needed) from error
    key = VaultKey.parse(Secret(file.text))
    if key is None:
        raise _unusable(path, f"does not hold a key of {_FORMS}" if file.text else "is empty", needed)
    if file.loose:
        log.warning("vault.key_file_open", path=str(path), advice=f"group or others may use it: chmod 600 {path}")
    return _Found(key=key, source=str(path))


def _make(path: Path) -> _Found:
    key = VaultKey.generate(os.urandom)
    try:
        with new_file(path) as draft:
            draft.write_text(f"{key.written().reveal()}\n", encoding="ascii")
            adopt_owner(draft)
    except OSError as error:
        raise ConfigError(
            [
                f"The key file {path} cannot be made: {error.strerror}. Let the daemon write there, or give it a key "
                f"by {_VARIABLE} or oauth.encryption_key_file."
            ]
        ) from error
    log.warning(
        "vault.key_made",
        path=str(path),
        key_id=key.id,
        advice="back it up apart from the database: without it the stored secrets are lost",
    )
    return _Found(key=key, source=str(path))


def _unusable(path: Path, fault: str, needed: Sequence[NeededKey]) -> ConfigError:
    remedy = "put the right file back" if needed else "remove it, and a new one is made, as nothing is encrypted yet"
    return ConfigError([f"The key file {path} {fault}: {remedy}."])


def _not_given(known: NeededKey, ring: Sequence[_Found], database: Path, path: Path) -> str:
    need = f"The secrets in the database {database} need the vault key {known.key_id}, last found in {known.source}"
    ways = f"as {path} (mode 0600), or by {_VARIABLE} or oauth.encryption_key_file"
    if not ring:
        return f"{need}, and no key is given now: put that key back {ways}. Without it they are lost."
    given = " and ".join(_name(found) for found in ring)
    change = f" To change to another key, configure it and leave this one in {path}." if known.salt is None else ""
    return f"{need}, but what is given is {given}: give that key again, {ways}.{change}"


def _name(found: _Found) -> str:
    if found.salt is not None:
        return f"another passphrase in {found.source}"
    return f"key {found.key.id} from {found.source}"
